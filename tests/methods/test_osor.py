"""OSOR against the outputs of its authors' code, stage by stage; and that mistakes show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attention_tools import one_thread as one_thread
from golden_cases import golden_folder
from golden_measure import needs, ratio
from golden_sdxl import embedding, every_case, off, save_base, source_of, tensors_of
from methods import Stopped, Unavailable
from methods._base import no_progress
from methods._diffusion.eraser import generator, read_scheduler, sdxl_inpaint_pipeline, store
from methods._diffusion.merging import _by_layer, merge_lora
from methods._diffusion.repositories import SDXL_INPAINTING
from methods._weights.store import use_local
from methods.osor import eraser as osor
from methods.osor import weights as models
from methods.osor.eraser import Osor
from tiny_removers import low_rank

METHOD = "osor_sdxl"
EPS, LATENT, PICTURE = 3e-5, 1e-4, 1e-4
"""Shares of a stage's spread."""
golden = pytest.mark.golden
every = pytest.mark.parametrize("case", every_case(METHOD))
smallest = pytest.mark.parametrize("case", every_case(METHOD)[:1])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cases' tiny networks in place of the published ones."""
    home = tmp_path_factory.mktemp("golden")
    base = save_base(METHOD, home / "base", "EulerDiscreteScheduler")
    own = home / "own" / models._FOLDER
    own.mkdir(parents=True)
    shutil.copyfile(source_of(METHOD) / "osor_trainable.safetensors", own / "x.safetensors")
    use_local(SDXL_INPAINTING.name, base)
    use_local(models.REPOSITORY.name, home / "own")
    yield
    use_local(SDXL_INPAINTING.name, None)
    use_local(models.REPOSITORY.name, None)


@pytest.fixture
def eraser(model: None) -> Iterator[Osor]:
    made = Osor()
    made.load("cpu", None)
    yield made
    made.unload()


def stages(eraser: Osor, case: dict[str, Any], patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the one step is given and finds, from the photo's latents on."""
    import torch

    theirs = tensors_of(METHOD, case)
    seen: dict[str, Any] = {}
    with store.borrow(models.UNET, torch.float32) as unet:
        forward = unet.forward

        def watched(given: Any, time: Any, **call: Any) -> Any:
            seen.update(given=given, time_ids=call["added_cond_kwargs"]["time_ids"])
            seen["found"] = forward(given, time, **call)[0]
            return (seen["found"],)

        patch.setattr(unet, "forward", watched)
        folder = SDXL_INPAINTING.folder("scheduler")
        pipeline = sdxl_inpaint_pipeline({"unet": unet, "vae": None}, read_scheduler(folder))
        photo = torch.from_numpy(theirs["unet_input_9ch"][:, 5:].copy())
        draw = generator(case["global_seed"])
        torch.randn(photo.shape, generator=draw)  # the VAE's sample comes first
        mask = theirs["resized_mask"] > 127
        with torch.no_grad():
            mixed = eraser._step(pipeline, photo, mask, embedding(theirs), case["t"], draw)
    return {**seen, "mixed": mixed}


def differences(eraser: Osor, case: dict[str, Any], patch: pytest.MonkeyPatch) -> dict[str, float]:
    """Each stage's distance from theirs, in units of what it may be."""
    found, theirs = stages(eraser, case, patch), tensors_of(METHOD, case)
    latent = found["mixed"] / 0.13025
    return {
        "given": ratio(found["given"], theirs["unet_input_9ch"], EPS),
        "time_ids": ratio(found["time_ids"], theirs["time_ids"], EPS),
        "eps": ratio(found["found"][:, :4], theirs["eps"], EPS),
        "alpha": ratio(found["found"][:, 4:], theirs["alpha_logits"], EPS),
        "latent": ratio(latent, theirs["latent_to_decoder"], LATENT),
    }


@golden
@every
def test_every_stage_is_theirs(
    eraser: Osor, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = differences(eraser, case, monkeypatch)
    assert max(found.values()) < 1, found


@golden
@every
def test_the_picture_is_theirs(
    eraser: Osor, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tensors_of(METHOD, case)
    if "output_image" not in theirs:
        pytest.skip("the case has no picture")
    seen: list[Any] = []
    monkeypatch.setattr(eraser, "embed", lambda *_: (embedding(theirs),))
    rounded = keeping_to_uint8(seen)
    monkeypatch.setattr("methods.osor.eraser.to_uint8", rounded)
    mask = theirs["resized_mask"] > 127
    settings = eraser.Settings(t=case["t"])
    erased = eraser.erase(theirs["resized_image"], mask, settings, case["global_seed"], no_progress)
    expected = theirs["output_image"][0].transpose(1, 2, 0)
    assert ratio(seen[0].clip(0, 1), expected, PICTURE) < 1
    assert off(erased, np.rint(expected * 255)) <= 1


def keeping_to_uint8(seen: list[Any]) -> Callable[[Any], Any]:
    """`to_uint8` that keeps what it is given."""
    from methods._diffusion.eraser import to_uint8

    def keeping(picture: Any) -> Any:
        seen.append(np.asarray(picture))
        return to_uint8(picture)

    return keeping


def _not_merged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(models, "merge_lora", lambda _, tensors, name: {*_by_layer(tensors, name)})


def _averaged(patch: pytest.MonkeyPatch) -> None:
    import torch

    patch.setattr(torch.nn.functional, "max_pool2d", torch.nn.functional.avg_pool2d)


def _later(patch: pytest.MonkeyPatch) -> None:
    right = osor._alphas
    patch.setattr(osor, "_alphas", lambda scheduler: right(scheduler).roll(-1))


def has_partial_cells(mask: Any) -> bool:
    """Whether a cell of the latents lies under a part of the mask."""
    cells = mask.reshape(mask.shape[0] // 8, 8, mask.shape[1] // 8, 8).mean(axis=(1, 3))
    return bool(((cells > 0) & (cells < 1)).any())


MISTAKES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no additions": _not_merged,
    "a mask that is averaged": _averaged,
    "one time step later": _later,
}


@golden
@smallest
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_seen(
    eraser: Osor, case: dict[str, Any], mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = tensors_of(METHOD, case)["resized_mask"] > 127
    needs(
        mistake != "a mask that is averaged" or has_partial_cells(mask), "its mask is whole cells"
    )
    MISTAKES[mistake](monkeypatch)
    assert max(differences(eraser, case, monkeypatch).values()) > 10


# --- the additions -----------------------------------------------------------------------------


@pytest.mark.slow
@golden
def test_the_published_file_loads_strictly() -> None:
    """Every key of the expected file finds its layer in SDXL inpainting's UNet, and no layer
    that was trained lacks one."""
    import torch
    from diffusers import UNet2DConditionModel

    folder = golden_folder(METHOD)
    path = folder.parent / "full_size_keys.json" if folder else Path()
    if not path.is_file():
        pytest.skip("there is no osor_sdxl/full_size_keys.json")
    shapes = json.loads(path.read_text(encoding="utf-8"))["keys"]
    with torch.device("meta"):
        unet = UNet2DConditionModel(**SDXL_UNET)
        tensors = {name: torch.empty(shape) for name, shape in shapes.items()}
        trained = models.trained(unet, tensors)
        assert trained.conv_out.out_channels == 5
        for lost in ("unet.mid_block.resnets.0.conv1.", "unet.conv_out."):
            fewer = {key: value for key, value in tensors.items() if not key.startswith(lost)}
            with pytest.raises(Unavailable):
                models.trained(UNet2DConditionModel(**SDXL_UNET), fewer)


SDXL_UNET: dict[str, Any] = {
    "in_channels": 9,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (320, 640, 1280),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}


@pytest.mark.parametrize("alpha", [None, 1.0])
@pytest.mark.parametrize("names", [("lora_A", "lora_B"), ("lora.down", "lora.up")])
def test_a_merged_addition_is_the_same_as_one_beside_it(
    alpha: float | None, names: tuple[str, str]
) -> None:
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3), torch.nn.Linear(4, 5))
    for layer, given in (("0", torch.randn(1, 3, 6, 6)), ("1", torch.randn(2, 4))):
        module = network[int(layer)]
        down, up = low_rank(module.weight).values()
        beside = type(module)(*(module.weight.shape[1::-1]), *module.weight.shape[2:3], bias=False)
        beside.weight.data = (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape)
        with torch.no_grad():
            wanted = module(given) + beside(given) * (1 if alpha is None else alpha / 2)
        tensors = {
            f"unet.{layer}.{name}.weight": t for name, t in zip(names, (down, up), strict=True)
        }
        if alpha is not None:
            tensors[f"unet.{layer}.alpha"] = torch.tensor(alpha)
        assert merge_lora(network, tensors, "x") == {layer}
        with torch.no_grad():
            assert off(module(given), wanted) < 1e-5


@pytest.mark.parametrize(
    "spoilt", ["unknown.lora_A.weight", "1.lora_B.weight", "1.lora_A.bias", "1.lora_A.weight"]
)
def test_an_addition_that_does_not_fit_changes_nothing(spoilt: str) -> None:
    import torch

    network = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(4, 5))
    before = [tensor.clone() for tensor in network.parameters()]
    fitting = {f"0.{name}.weight": t for name, t in low_rank(network[0].weight).items()}
    with pytest.raises(Unavailable) as caught:
        merge_lora(network, fitting | {spoilt: torch.ones(2, 3)}, "x")
    assert caught.value.code == "weights_unreadable"
    assert all((a == b).all() for a, b in zip(before, network.parameters(), strict=True))


# --- the eraser --------------------------------------------------------------------------------


@golden
@smallest
def test_a_stop_leaves_nothing_behind(
    eraser: Osor, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tensors_of(METHOD, case)
    if "output_image" not in theirs:
        pytest.skip("the case has no picture")
    monkeypatch.setattr(eraser, "embed", lambda *_: (embedding(theirs),))
    image, mask = theirs["resized_image"], theirs["resized_mask"] > 127
    first = eraser.erase(image, mask, eraser.Settings(), 1, no_progress)

    def stop(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(image, mask, eraser.Settings(), 1, stop)
    assert (eraser.erase(image, mask, eraser.Settings(), 1, no_progress) == first).all()
