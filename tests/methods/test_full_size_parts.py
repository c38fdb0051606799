"""The random files of full size beside those of `test_full_size`: as large as the published ones,
under the names that the program reads. What is large is built on the meta device."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import full_size
import full_size_networks
import full_size_powerpaint
import full_size_sams
from full_size import CLIP_L, SD15
from golden_cases import golden_folder
from methods.clipaway.weights import IP_ADAPTER, REPOSITORY
from methods.magic_eraser.panoptic import MASK2FORMER
from methods.powerpaint.weights import V1, V2
from segmentation._engine.registry import found
from tiers import rest_is_slow
from tiny_powerpaint import authors_name, with_tasks_apart

Tensors = dict[str, Any]


def tensors_of(make: Callable[[], Any]) -> Tensors:
    """Without numbers."""
    return dict(full_size.built(make, "meta", half=False).state_dict())


def on_meta(make: Callable[[], Tensors]) -> Tensors:
    import torch

    with torch.device("meta"):
        return make()


def count(tensors: Tensors) -> int:
    return sum(tensor.numel() for tensor in tensors.values())


def size_of(repository: Any, end: str) -> int:
    """Bytes of the one published file whose path ends so."""
    (size,) = (file.size for file in repository.files if file.path.endswith(end))
    return int(size)


def full_keys(method: str) -> dict[str, Any]:
    folder = golden_folder(method)
    path = folder.parent / "full_size_keys.json" if folder else Path()
    if not path.is_file():
        pytest.skip(f"there is no {method}/full_size_keys.json")
    keys: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return keys


def shapes(tensors: Tensors) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in tensors.items()}


# --- PowerPaint ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "repository", "end"),
    [
        (partial(full_size.unet, SD15, 9), V1, "unet.safetensors"),
        (full_size_powerpaint.task_encoder, V1, "text_encoder.safetensors"),
        (full_size_powerpaint.task_encoder, V2, "Brushnet/pytorch_model.bin"),
        (
            full_size_powerpaint.brushnet,
            V2,
            "PowerPaint_Brushnet/diffusion_pytorch_model.safetensors",
        ),
        (partial(full_size.unet, SD15, 4), V2, "unet/diffusion_pytorch_model.bin"),
        (full_size.vae, V2, "vae/diffusion_pytorch_model.bin"),
        (
            partial(full_size.text_encoder, CLIP_L),
            V2,
            "VAE/text_encoder/pytorch_model.bin",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_powerpaint_has_the_published_sizes(make: Any, repository: Any, end: str) -> None:
    assert 4 * count(tensors_of(make)) == pytest.approx(size_of(repository, end), rel=1e-3)


def test_powerpaint_is_read_under_the_authors_names() -> None:
    from methods.powerpaint.network import named_for_brushnet
    from methods.powerpaint.weights import with_task_words

    brushnet = tensors_of(full_size_powerpaint.brushnet)
    published = {authors_name(name): tensor for name, tensor in brushnet.items()}
    assert shapes(named_for_brushnet(published)) == shapes(brushnet)
    assert "conv_in_condition.weight" in published
    start = "text_model."
    words = tensors_of(full_size_powerpaint.task_encoder)
    named = {start + key.removeprefix(start): tensor for key, tensor in words.items()}
    joined = with_task_words(with_tasks_apart(named))
    assert joined.keys() - named.keys() == {"text_model.embeddings.position_ids"}
    assert shapes(named).items() <= shapes(joined).items()


# --- CLIPAway ------------------------------------------------------------------------------


def test_clipaway_has_the_published_sizes() -> None:
    clip, mlp = (file.size for file in REPOSITORY.files)
    assert 4 * count(on_meta(full_size_networks.alpha_clip)) == pytest.approx(clip, rel=1e-2)
    assert 4 * count(on_meta(full_size_networks.projection)) == pytest.approx(mlp, rel=1e-3)
    adapter = on_meta(full_size_networks.ip_adapter)
    assert 2 * count(adapter) == pytest.approx(IP_ADAPTER.files[0].size, rel=1e-3)


def test_alpha_clip_is_read_as_a_vit_of_large_size() -> None:
    from transformers import CLIPVisionModelWithProjection

    from methods.clipaway.weights import alpha_clip_config, renamed

    named = renamed(on_meta(full_size_networks.alpha_clip))
    config = alpha_clip_config(named)
    assert (config.hidden_size, config.image_size, config.patch_size) == (1024, 224, 14)
    ours = on_meta(lambda: CLIPVisionModelWithProjection(config).state_dict())
    assert {k: v for k, v in shapes(named).items() if k in ours} == shapes(ours)


@pytest.mark.slow
def test_ip_adapter_and_the_projection_are_read_from_their_files(tmp_path: Path) -> None:
    import torch

    from methods.clipaway.network import projection
    from methods.clipaway.weights import read_adapter

    full_size_networks.save_ip_adapter(tmp_path, "cpu")
    adapter = read_adapter(tmp_path / "models", torch.float32)
    assert adapter.processors(full_size.built(partial(full_size.unet, SD15, 9), "meta"), 1.0)
    assert projection(full_size_networks.projection())[-1].out_features == 1024


@pytest.mark.golden
def test_clipaways_projection_has_the_authors_shapes() -> None:
    made = on_meta(full_size_networks.projection)
    assert shapes(made) == full_keys("clipaway")["mlp_projection_layer"]


# --- CAT-Diffusion, Mask2Former, MI-GAN ----------------------------------------------------


def catdiffusion() -> tuple[Tensors, Tensors]:
    """The UNet's and the semantic inpainter's, under the checkpoint's names without prefix."""
    unet = full_size.built(full_size_networks.referring_unet, "meta", half=False)
    named = {
        full_size_networks.original_name(unet, name): tensor
        for name, tensor in unet.state_dict().items()
    }
    return named, tensors_of(full_size_networks.inpainter)


@pytest.mark.slow
def test_catdiffusion_is_read_whole() -> None:
    from methods.catdiffusion.weights import PUBLISHED, build_inpainter, build_unet

    unet, inpainter = catdiffusion()
    assert len(build_unet(unet, PUBLISHED["unet"]).state_dict()) == len(unet)
    assert len(build_inpainter(inpainter, PUBLISHED["heads"]).state_dict()) == len(inpainter)


@pytest.mark.golden
def test_catdiffusion_has_the_authors_names_and_shapes() -> None:
    keys, (unet, inpainter) = full_keys("catdiffusion"), catdiffusion()
    assert {f"model.diffusion_model.{k}": v for k, v in shapes(unet).items()} == keys["unet_all"]
    named = {f"fusion_model.{k}": v for k, v in shapes(inpainter).items()}
    assert named == keys["semantic_inpainter"]


def test_mask2former_is_as_large_as_the_published_one() -> None:
    made = tensors_of(full_size_networks.mask2former)
    # The published file also holds the places of each window, four megabytes that are computed.
    assert 4 * count(made) == pytest.approx(size_of(MASK2FORMER, "model.safetensors"), rel=0.015)


def test_migans_file_is_read(tmp_path: Path) -> None:
    from methods.migan.network import migan_from, state_of_pipeline
    from methods.migan.onnx_weights import read_onnx

    file = full_size_networks.save_migan(tmp_path / "migan.onnx", "cpu")
    state = state_of_pipeline(read_onnx(file))
    assert migan_from(state) is not None
    assert file.stat().st_size == pytest.approx(29_500_000, rel=0.1)


# --- segmenters ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", rest_is_slow(["vit_b", "vit_l", "vit_h"]))
def test_the_first_sam_has_the_published_size(kind: str) -> None:
    (weight,) = found()[f"sam_{kind}"].spec.weights
    made = tensors_of(partial(full_size_sams.sam_vit, kind))
    assert 4 * count(made) == pytest.approx(weight.size, rel=1e-3)
    assert weight.name in full_size_sams.SAMS


@pytest.mark.parametrize("size", rest_is_slow(full_size_sams.HIERA))
def test_sam2_has_the_published_size_less_the_memory_for_videos(size: str) -> None:
    config, network = found()[f"sam2_1_{size.replace('-', '_')}"].spec.weights
    made = tensors_of(partial(full_size_sams.sam2, size))
    assert network.size - 4 * count(made) == pytest.approx(30e6, abs=5e5)
    assert config.name.split("/")[0] in full_size_sams.SAMS


@pytest.mark.slow
def test_mobile_sam_is_read_under_the_authors_names(tmp_path: Path) -> None:
    from segmentation.mobile_sam import WEIGHTS, MobileSam

    file = full_size_sams.save_mobile_sam(tmp_path / WEIGHTS.name, "cpu")
    assert file.stat().st_size == pytest.approx(WEIGHTS.size, rel=0.05)
    assert MobileSam.from_file(file)
