"""MagicEraser's refocusing: our memory-saving form is the formula; classes; what is restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tiny_models
from attention_tools import LATENT, state_of, unet_inputs
from attention_tools import one_thread as one_thread
from methods import Mask
from methods._diffusion.eraser import transformer_blocks
from methods._diffusion.self_attention import TokenMasks
from methods.magic_eraser.attention import (
    LOWERED,
    RAISED,
    Refocus,
    RefocusedAttention,
    Regions,
    refocused,
    refocused_unet,
)
from methods.magic_eraser.classes import background_prompt, regions
from methods.magic_eraser.panoptic import NOTHING, Panoptic, panoptic

SKY, SEA, PERSON, BOAT, CAR = 119, 88, 0, 8, 2
NAMES = {SKY: "sky-other-merged", SEA: "sea", PERSON: "person", BOAT: "boat", CAR: "car"}

USUAL = Refocus(steps=1, lambda_pos=0.4, lambda_neg=0.3)
KINDS = "mmpp.nnp.m"
"""Tokens by their kinds; "." = none."""


def kinds_of(letters: str) -> dict[str, Any]:
    import torch

    found = {kind: np.array([a == (kind or ".") for a in letters]) for kind in ("m", "p", "n", "")}
    return {kind: torch.from_numpy(np.flatnonzero(mask)) for kind, mask in found.items()}


def qkv(tokens: int) -> tuple[Any, Any, Any]:
    import torch

    made = torch.Generator().manual_seed(tokens)
    query, key, value = (2 * torch.randn(1, 3, tokens, 10, generator=made) for _ in range(3))
    return query, key, value


def explicit(letters: str, refocus: Refocus, time: float, query: Any, key: Any, value: Any) -> Any:
    """The paper's formula with the whole matrix M, entry by entry of the two masks."""
    import torch

    count = len(letters)
    scores = query @ key.transpose(2, 3)
    raised = torch.zeros(count, count)
    lowered = torch.zeros(count, count)
    for i, asking in enumerate(letters):
        for j, asked in enumerate(letters):
            raised[i, j] = asked in RAISED[asking.strip(".")] and asked != "."
            lowered[i, j] = asked in LOWERED[asking.strip(".")] and asked != "."
    share = raised.mean(1, keepdim=True)
    weight = time**refocus.lambda_power * (1 - refocus.area_weight * share)
    if refocus.formula == "range":
        up = scores.amax(3, keepdim=True) - scores
        down = scores - scores.amin(3, keepdim=True)
    else:
        up = down = torch.full_like(scores, query.shape[3] ** 0.5)
    change = weight * (refocus.lambda_pos * up * raised - refocus.lambda_neg * down * lowered)
    return ((scores + change) / query.shape[3] ** 0.5).softmax(3) @ value


# --- the formula -------------------------------------------------------------------------


def test_the_tables_are_the_figures() -> None:
    """Rows: query m, p, n; columns: key m, p, n, as in the authors' drawing."""
    positive = [[int(key in RAISED[query]) for key in "mpn"] for query in "mpn"]
    negative = [[int(key in LOWERED[query]) for key in "mpn"] for query in "mpn"]
    assert positive == [[0, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert negative == [[1, 0, 1], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("formula", ["range", "constant"])
@pytest.mark.parametrize("letters", [KINDS, "m" * 7, "mmm...", "pppp", "mp", "nnnm"])
@pytest.mark.parametrize("time", [1.0, 0.8])
def test_it_is_the_explicit_formula(formula: Any, letters: str, time: float) -> None:
    refocus = replace(USUAL, formula=formula)
    tensors = qkv(len(letters))
    found = refocused(*tensors, kinds_of(letters), refocus, time)
    assert (found - explicit(letters, refocus, time, *tensors)).abs().max() < 2e-5


@pytest.mark.parametrize("formula", ["range", "constant"])
@pytest.mark.parametrize(
    "mistake",
    [
        {"lambda_pos": 0.5},
        {"lambda_neg": 0.0},
        {"lambda_power": 4.0},
        {"area_weight": 0.0},
    ],
)
def test_another_number_is_seen(formula: Any, mistake: dict[str, Any]) -> None:
    refocus = replace(USUAL, formula=formula)
    tensors = qkv(len(KINDS))
    found = refocused(*tensors, kinds_of(KINDS), replace(refocus, **mistake), 0.9)
    assert (found - explicit(KINDS, refocus, 0.9, *tensors)).abs().max() > 1e-3


def test_without_strength_attention_is_the_models_own() -> None:
    import torch

    tensors = qkv(len(KINDS))
    plain = torch.nn.functional.scaled_dot_product_attention(*tensors)
    off = replace(USUAL, lambda_pos=0.0, lambda_neg=0.0)
    assert (refocused(*tensors, kinds_of(KINDS), off, 1.0) - plain).abs().max() < 1e-5


def test_extremes_are_found_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    from methods.magic_eraser import attention

    tensors = qkv(len(KINDS))
    whole = refocused(*tensors, kinds_of(KINDS), USUAL, 1.0)
    monkeypatch.setattr(attention, "_SCORES_AT_ONCE", 1)
    assert (refocused(*tensors, kinds_of(KINDS), USUAL, 1.0) == whole).all()


# --- the UNet ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from diffusers import UNet2DConditionModel

    folder: Path = tmp_path_factory.mktemp("unet")
    tiny_models.save_unet(folder, tiny_models.sd15_layout(9))
    yield UNet2DConditionModel.from_pretrained(folder).eval()


def scene() -> Regions:
    """Hole, background and things in a picture of the size that LATENT has."""
    height, width = LATENT[0] * 8, LATENT[1] * 8
    hole, background, similar = (np.zeros((height, width), bool) for _ in range(3))
    hole[20:40, 30:80] = True
    background[:, 64:] = True
    similar[40:, :40] = True
    return Regions(TokenMasks(hole, LATENT), background, similar)


def test_kinds_are_told_apart_at_every_level() -> None:
    import torch

    for tokens in (128, 32, 8, 2):
        found = scene().tokens(tokens, torch.device("cpu"))
        together = torch.cat(list(found.values()))
        assert sorted(together.tolist()) == list(range(tokens))
    assert {kind for kind, indices in found.items() if len(indices)} == {"m"}
    found = scene().tokens(128, torch.device("cpu"))
    assert all(len(found[kind]) for kind in ("m", "p", "n", ""))


def test_the_first_steps_of_the_prompted_half_change(unet: Any) -> None:
    import torch

    given = unet_inputs(unet, 2)
    with torch.inference_mode():
        plain = unet(**given).sample
        with refocused_unet(unet, scene(), replace(USUAL, steps=2, lambda_power=0)):
            first, second, third = (unet(**given).sample for _ in range(3))
            alone = {name: value[1:] if value.ndim else value for name, value in given.items()}
            assert unet(**alone).sample.shape[0] == 1
    for changed in (first, second):
        assert (changed[0] - plain[0]).abs().max() < 1e-5
        assert (changed[1] - plain[1]).abs().max() > 1e-3
    assert (third == plain).all()


def test_a_single_picture_is_the_prompted_one(unet: Any) -> None:
    import torch

    with torch.inference_mode():
        with refocused_unet(unet, scene(), USUAL):
            alone = unet(**unet_inputs(unet)).sample
        with refocused_unet(unet, scene(), USUAL):
            both = unet(**unet_inputs(unet, 2)).sample
    assert (alone[0] - both[1]).abs().max() < 1e-5


def test_every_layer_knows_the_time(unet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    times: list[float] = []
    own = RefocusedAttention.attend

    def attend(layer: Any, *tensors: Any) -> Any:
        times.append(layer._clock.time)
        return own(layer, *tensors)

    monkeypatch.setattr(RefocusedAttention, "attend", attend)
    with torch.inference_mode(), refocused_unet(unet, scene(), USUAL):
        unet(**unet_inputs(unet))
    assert times == [500.0] * len(transformer_blocks(unet))


def test_the_unet_is_as_before(unet: Any) -> None:
    before = state_of(unet)
    with pytest.raises(RuntimeError, match="on purpose"), refocused_unet(unet, scene(), USUAL):
        assert state_of(unet) != before
        raise RuntimeError("on purpose")
    assert state_of(unet) == before


# --- classes -----------------------------------------------------------------------------


def picture_of_classes() -> tuple[Panoptic, Mask]:
    """Sky above the sea, a person to be erased, another person, a boat."""
    labels = np.full((64, 64), SKY, np.int32)
    labels[40:] = SEA
    labels[20:44, 10:20] = PERSON
    labels[20:44, 40:50] = PERSON
    labels[50:60, 30:60] = BOAT
    labels[:4, :4] = NOTHING
    mask = np.zeros((64, 64), bool)
    mask[18:46, 8:22] = True
    return Panoptic(labels, NAMES), mask


def test_the_prompt_names_the_background() -> None:
    classes, mask = picture_of_classes()
    assert background_prompt(classes, mask) == "A photo of sky, sea"
    nothing = Panoptic(np.full((64, 64), NOTHING, np.int32), NAMES)
    assert background_prompt(nothing, mask) == "A photo of background"


@pytest.mark.parametrize(("similar", "labels"), [("class", {PERSON}), ("things", {PERSON, BOAT})])
def test_what_is_like_the_object(similar: Any, labels: set[int]) -> None:
    import torch

    classes, mask = picture_of_classes()
    found = regions(classes, mask, similar).tokens(64, torch.device("cpu"))
    tokens = {kind: np.zeros(64, bool) for kind in found}
    for kind, indices in found.items():
        tokens[kind][indices.numpy()] = True
    seen = {int(label) for label in classes.labels[4::8, 4::8].reshape(64)[tokens["n"]]}
    assert seen == labels
    assert not (tokens["m"] & (tokens["p"] | tokens["n"])).any()
    assert tokens["m"].reshape(8, 8)[2:6, 1:3].all()


def test_shares_leave_out_what_has_no_class() -> None:
    classes, _ = picture_of_classes()
    shares = classes.shares(np.ones((64, 64), bool))
    assert list(shares)[:2] == [SKY, SEA]
    assert sum(shares.values()) == pytest.approx(1 - 16 / 64**2)
    assert classes.shares(np.zeros((64, 64), bool)) == {}


def test_panoptic_reads_what_the_network_says() -> None:
    """A network that is sure of a car on the left and of sky on the right, twice."""
    import torch

    logits = torch.full((1, 4, 96, 96), -20.0)
    logits[0, 0, :, :48] = 20.0
    logits[0, 1, :48, 48:] = 20.0
    logits[0, 2, 48:, 48:] = 20.0
    scores = torch.zeros(1, 4, 134)
    for query, label in enumerate((CAR, SKY, SKY, 133)):
        scores[0, query, label] = 20.0

    def network(pixel_values: Any) -> Any:
        assert pixel_values.shape == (1, 3, 384, 384)
        assert abs(float(pixel_values.mean())) < 2.5  # normalised, not 0 ... 255
        return SimpleNamespace(class_queries_logits=scores, masks_queries_logits=logits)

    network.device = torch.device("cpu")  # type: ignore[attr-defined]
    network.config = SimpleNamespace(id2label=NAMES)  # type: ignore[attr-defined]
    found = panoptic(network, np.full((50, 100, 3), 200, np.uint8))
    assert found.labels.shape == (50, 100)
    assert (found.labels[:, :49] == CAR).all() and (found.labels[:, 51:] == SKY).all()
    assert found.things[:, :49].all() and found.background[:, 51:].all()
    assert found.name(SKY) == "sky"
