"""The authors' package as a second backend: the same weights give the same boxes.

Needs `pip install --no-deps -r requirements-groundingdino.txt`; skipped elsewhere, apart from
what the adapter promises on its own.
"""

from __future__ import annotations

import re
import shutil
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from methods import Image, Unavailable, WeightsUnavailable
from segmentation import (
    Detection,
    detect,
    get_detector,
    list_detectors,
    read_phrase,
    why_no_detector,
)
from segmentation._detection import detect as grounding
from segmentation._detection import groundingdino_py
from segmentation._detection.grounding_dino import GroundingDinoTiny
from segmentation._detection.groundingdino_py import CHECKPOINT, SWIN_T, GroundingDinoPy
from tiny_grounding import save_tokenizer, scatter

if TYPE_CHECKING:
    import torch

pytest_plugins = ["grounding_fixtures"]

HERE = all(find_spec(package) for package in GroundingDinoPy.spec.packages)
needs_package = pytest.mark.skipif(
    not HERE, reason="groundingdino-py is not installed (requirements-groundingdino.txt)"
)

BERT = {
    "vocab_size": 1030,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
SMALL = {
    **SWIN_T,
    "hidden_dim": 256,  # the package has this number in its code too
    "enc_layers": 1,
    "dec_layers": 2,
    "dim_feedforward": 32,
    "nheads": 2,
    "num_queries": 20,
}
SIZE = {"shortest_edge": 64, "longest_edge": 96}

# From the package's names to the model hub's. The published conversion does the same.
RENAMED = (
    (r"^backbone\.0\.patch_embed\.proj\.", "{swin}embeddings.patch_embeddings.projection."),
    (r"^backbone\.0\.patch_embed\.norm\.", "{swin}embeddings.norm."),
    (r"^backbone\.0\.norm(\d)\.", lambda m: f"{{swin}}hidden_states_norms.stage{int(m[1]) + 1}."),
    (r"^backbone\.0\.(layers\.\d\.downsample)", r"{swin}encoder.\1"),
    (r"^backbone\.0\.(layers\.\d\.blocks\.\d)\.", r"{swin}encoder.\1."),
    (r"(blocks\.\d)\.norm1\.", r"\1.layernorm_before."),
    (r"(blocks\.\d)\.norm2\.", r"\1.layernorm_after."),
    (r"(blocks\.\d)\.attn\.proj\.", r"\1.attention.output.dense."),
    (r"(blocks\.\d)\.attn\.", r"\1.attention.self."),
    (r"(blocks\.\d)\.mlp\.fc1\.", r"\1.intermediate.dense."),
    (r"(blocks\.\d)\.mlp\.fc2\.", r"\1.output.dense."),
    (r"^bert\.", "model.text_backbone."),
    (r"^feat_map\.", "model.text_projection."),
    (r"^input_proj\.", "model.input_proj_vision."),
    (r"^transformer\.level_embed", "model.level_embed"),
    (r"^transformer\.tgt_embed\.", "model.query_position_embeddings."),
    (r"^transformer\.enc_output", "model.enc_output"),
    (r"^transformer\.enc_out_bbox_embed\.", "model.encoder_output_bbox_embed."),
    (r"^transformer\.decoder\.norm\.", "model.decoder.layer_norm."),
    (r"^transformer\.decoder\.ref_point_head\.", "model.decoder.reference_points_head."),
    (r"^transformer\.encoder\.layers\.(\d)\.", r"model.encoder.layers.\1.deformable_layer."),
    (
        r"^transformer\.encoder\.text_layers\.(\d)\.",
        r"model.encoder.layers.\1.text_enhancer_layer.",
    ),
    (r"^transformer\.encoder\.fusion_layers\.(\d)\.", r"model.encoder.layers.\1.fusion_layer."),
    (r"^transformer\.decoder\.layers\.(\d)\.", r"model.decoder.layers.\1."),
    (r"(deformable_layer)\.norm1\.", r"\1.self_attn_layer_norm."),
    (r"(deformable_layer)\.norm2\.", r"\1.final_layer_norm."),
    (r"(text_enhancer_layer)\.norm1\.", r"\1.layer_norm_before."),
    (r"(text_enhancer_layer)\.norm2\.", r"\1.layer_norm_after."),
    (r"(fusion_layer)\.gamma_v$", r"\1.vision_param"),
    (r"(fusion_layer)\.gamma_l$", r"\1.text_param"),
    (r"(fusion_layer\.layer_norm)_v\.", r"\1_vision."),
    (r"(fusion_layer\.layer_norm)_l\.", r"\1_text."),
    (r"(fusion_layer\.attn\.(?:values_|out_)?)v_proj\.", r"\1vision_proj."),
    (r"(fusion_layer\.attn\.(?:values_|out_)?)l_proj\.", r"\1text_proj."),
    (r"(decoder\.layers\.\d)\.cross_attn\.", r"\1.encoder_attn."),
    (r"(decoder\.layers\.\d)\.ca_text\.", r"\1.encoder_attn_text."),
    (r"(decoder\.layers\.\d)\.catext_norm\.", r"\1.encoder_attn_text_layer_norm."),
    (r"(decoder\.layers\.\d)\.norm1\.", r"\1.encoder_attn_layer_norm."),
    (r"(decoder\.layers\.\d)\.norm2\.", r"\1.self_attn_layer_norm."),
    (r"(decoder\.layers\.\d)\.norm3\.", r"\1.final_layer_norm."),
    (r"\.linear(\d)\.", r".fc\1."),
)
NOT_THERE = re.compile(
    # Buffers, what BERT's pooler has, and boxes' heads that are the same as the first.
    r"relative_position_index|^bert\.pooler|decoder\.bbox_embed|^bbox_embed\.[1-9]"
)


def converted(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The package's state dict under the model hub's names, attention's three parts apart."""
    result = {}
    for name, value in state.items():
        if NOT_THERE.search(name):
            continue
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)  # type: ignore[arg-type]
        name = name.replace("{swin}", "model.backbone.conv_encoder.model.")
        name = name.replace("{layers}", "model.encoder.layers.")
        joint = re.search(r"\.(in_proj_|qkv\.)(weight|bias)$", name)
        if joint is None:
            result[name] = value.clone()
            continue
        for part, third in zip(("query", "key", "value"), value.chunk(3), strict=True):
            result[f"{name[: joint.start()]}.{part}.{joint[2]}"] = third.clone()
    return result


TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


def random_state(folder: Path) -> dict[str, torch.Tensor]:
    """The package's small network, random, as a state dict."""
    import torch

    paths = {name: folder / name for name in TOKENIZER}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        tokenizer = groundingdino_py._tokenizer(paths, GroundingDinoPy.spec)
        model = groundingdino_py._built(SMALL, tokenizer, BERT)
        scatter(model, 0.03)
    state: dict[str, torch.Tensor] = model.state_dict()
    return state


def hub_config() -> Any:
    """The same size of network in the model hub's words."""
    from transformers import BertConfig, GroundingDinoConfig, SwinConfig

    swin = SwinConfig(depths=[2, 2, 6, 2], num_heads=[3, 6, 12, 24], out_indices=[2, 3, 4])
    return GroundingDinoConfig(
        backbone_config=swin,
        text_config=BertConfig(**BERT),
        d_model=256,
        num_queries=20,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_layers=2,
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same random network in the two kinds of files."""
    import torch
    from safetensors.torch import save_file
    from transformers import GroundingDinoImageProcessorPil

    folder = tmp_path_factory.mktemp("detectors")
    save_tokenizer(folder)
    GroundingDinoImageProcessorPil(size=SIZE).save_pretrained(folder)
    hub_config().save_pretrained(folder)
    state = random_state(folder)
    parallel = {f"module.{name}": value for name, value in state.items()}
    torch.save({"model": parallel, "epoch": 3}, folder / CHECKPOINT.name)
    save_file(converted(state), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def original(folder: Path, device: str = "cpu") -> GroundingDinoPy:
    from transformers import GroundingDinoImageProcessorPil

    return GroundingDinoPy.from_files(
        {name: folder / name for name in (CHECKPOINT.name, *TOKENIZER)},
        device,
        arguments=SMALL,
        bert=BERT,
        images=GroundingDinoImageProcessorPil(size=SIZE),
    )


def hub(folder: Path) -> GroundingDinoTiny:
    names = [weight.name.rpartition("/")[2] for weight in GroundingDinoTiny.spec.weights]
    return GroundingDinoTiny.from_files({name: folder / name for name in names})


def corners(detection: Detection) -> list[float]:
    return list(detection.box.model_dump().values())


@needs_package
def test_both_backends_find_the_same(folder: Path, rocket: Image) -> None:
    first, second = original(folder), hub(folder)
    for words in ("red car, dog", "a red cup on the tree"):
        phrase = read_phrase(words)
        ours, theirs = second.answer(rocket, phrase.text), first.answer(rocket, phrase.text)
        assert ours.spans == theirs.spans
        assert np.allclose(ours.boxes, theirs.boxes, atol=1e-4)
        assert np.allclose(ours.scores, theirs.scores, atol=1e-4)
        assert np.ptp(ours.scores) > 0.1 and np.ptp(ours.boxes[:, 0]) > 0.1  # all differ
        found = [detector.detect(rocket, phrase).found for detector in (first, second)]
        assert len(found[0]) == len(found[1]) > 0
        for one, other in zip(*found, strict=True):
            assert one.label == other.label and abs(one.text_score - other.text_score) < 1e-3
            assert np.allclose(corners(one), corners(other), atol=0.1)


@needs_package
@pytest.mark.gpu
def test_on_a_gpu_the_package_finds_the_same(folder: Path, rocket: Image) -> None:
    text = read_phrase("red car, dog").text
    exact, half = (original(folder, device).answer(rocket, text) for device in ("cpu", "cuda"))
    nearest = np.abs(half.boxes[:, None] - exact.boxes[None]).max(axis=2).min(axis=1)
    assert np.median(nearest) < 1e-3  # of the photo; some queries change their order


@needs_package
@pytest.mark.parametrize("backend", ["groundingdino_py", "grounding_dino_tiny"])
def test_each_backend_through_the_same_door(
    folder: Path,
    tmp_path: Path,
    rocket: Image,
    fresh_grounding: None,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
) -> None:
    """Loading from a user's own files, boxes on the photo, thresholds that run no network."""
    shutil.copytree(folder, tmp_path / "grounding-dino-tiny")
    shutil.move(tmp_path / "grounding-dino-tiny" / CHECKPOINT.name, tmp_path / CHECKPOINT.name)
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    small = partial(GroundingDinoPy.from_files, arguments=SMALL, bert=BERT)
    monkeypatch.setattr(GroundingDinoPy, "from_files", small)
    passed: list[str] = []
    detector = get_detector(backend, fetch_missing=False)
    answer = detector.answer

    def counting(image: Image, text: str) -> Any:
        passed.append(text)
        return answer(image, text)

    monkeypatch.setattr(detector, "answer", counting)
    small_photo = rocket[100:200, 200:320]
    found = detect(small_photo, "part of the rocket", "Red car, dog", backend)
    assert found.backend == backend and len(found.found) > 3
    assert all(0 <= c <= 120 for each in found.found for c in corners(each))
    counts = [
        len(detect(small_photo, "part of the rocket", "red car; DOG", backend).above(least, 0))
        for least in (0.05, 0.3, 0.5, 0.95)
    ]
    assert counts == sorted(counts, reverse=True) and passed == ["red car. dog."]


@needs_package
def test_neither_library_is_changed(folder: Path) -> None:
    from groundingdino.util import get_tokenlizer
    from transformers import BertModel

    before = dict(vars(get_tokenlizer)), set(dir(BertModel))
    original(folder)
    assert (dict(vars(get_tokenlizer)), set(dir(BertModel))) == before
    with pytest.raises(ZeroDivisionError), groundingdino_py._given(None, None):
        raise ZeroDivisionError
    assert dict(vars(get_tokenlizer)) == before[0]


@needs_package
@pytest.mark.parametrize("kind", ["text", "other tensors", "no table", "one short"])
def test_a_file_that_is_not_the_network(folder: Path, tmp_path: Path, kind: str) -> None:
    import torch

    paths = {name: folder / name for name in TOKENIZER}
    path = paths[CHECKPOINT.name] = tmp_path / "secret-place.pth"
    contents: dict[str, Any] = {"other tensors": {"model": {"a": torch.zeros(3)}}, "no table": [1]}
    if kind == "text":
        path.write_text("<html>not found</html>")
    elif kind == "one short":
        content = torch.load(folder / CHECKPOINT.name, weights_only=True)
        content["model"].popitem()
        torch.save(content, path)
    else:
        torch.save(contents[kind], path)
    with pytest.raises(WeightsUnavailable) as refused:
        GroundingDinoPy.from_files(paths, arguments=SMALL, bert=BERT)
    assert refused.value.code == "weights_unreadable"
    assert "secret" not in str(refused.value)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounding, "find_spec", lambda package: None)
    (spec,) = (spec for spec in list_detectors() if spec.packages)
    why = why_no_detector(spec)
    assert why is not None and "requirements-groundingdino.txt" in why.en
    with pytest.raises(Unavailable) as refused:
        get_detector(spec.id)
    assert refused.value.code == "detector_packages"
    assert "--no-deps -r requirements-groundingdino.txt" in str(refused.value)


def test_bert_masks() -> None:
    """What transformers 4 returned: 0 where attention is allowed, hugely negative elsewhere."""
    import torch
    from transformers import BertConfig

    from segmentation._detection.bert_network import BertWithMasks

    bert = BertWithMasks(BertConfig(**BERT))
    pairs = torch.tensor([[[True, False], [True, True]]])
    mask = bert.get_extended_attention_mask(pairs, (1, 2))
    assert mask.shape == (1, 1, 2, 2) and (mask == 0).tolist() == pairs[:, None].tolist()
    assert float(mask[0, 0, 0, 1]) == torch.finfo(torch.float32).min
    assert bert.invert_attention_mask(torch.ones(1, 2)).shape == (1, 1, 1, 2)
    bert.get_head_mask(None, 1)
    with pytest.raises(ValueError, match="heads"):
        bert.get_head_mask(torch.ones(2), 1)
