"""The rearranged mask decoder against the package's own, weight for weight."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sam_tools import seeded, tiny_vit
from segmentation._sam import decoder
from segmentation._sam.decoder import FastMaskDecoder

CLOSE = 1e-5
"""Of the largest logit: the order of the sums is all that differs."""


@pytest.fixture(scope="module")
def sam() -> Any:
    return seeded(tiny_vit)


def largest_difference(sam: Any, points: int, box: bool = False, ours_of: Any = None) -> float:
    """Of logits and scores, as a share of the largest logit. ours_of: the network whose decoder
    is rearranged; None = the same."""
    made = torch.Generator().manual_seed(points)
    side = sam.image_encoder.img_size
    with torch.inference_mode():
        place = sam.prompt_encoder.get_dense_pe()
        features = torch.randn(1, 32, 16, 16, generator=made)
        places = torch.rand(1, points, 2, generator=made) * side
        labels = (torch.rand(1, points, generator=made) > 0.5).int()
        corners = torch.tensor([[10.0, 20.0, 200.0, 150.0]]) if box else None
        sparse, dense = sam.prompt_encoder(
            points=(places, labels) if points else None, boxes=corners, masks=None
        )
        masks, scores = sam.mask_decoder(features, place, sparse, dense, True)
        rearranged = FastMaskDecoder((ours_of or sam).mask_decoder, place)
        ours, our_scores = rearranged(features, sparse, dense)
    assert ours.shape == masks[0].shape and our_scores.shape == scores[0].shape
    off = max(float((ours - masks[0]).abs().max()), float((our_scores - scores[0]).abs().max()))
    return off / float(masks.abs().max())


@pytest.mark.parametrize(("points", "box"), [(1, False), (3, False), (0, True), (40, True)])
def test_it_answers_as_the_packages_decoder_does(sam: Any, points: int, box: bool) -> None:
    assert largest_difference(sam, points, box) < CLOSE


@pytest.mark.parametrize("bias", ["q_proj", "out_proj", "v_proj"])
def test_a_dropped_bias_is_seen(sam: Any, bias: str) -> None:
    poorer = seeded(tiny_vit)
    for layer in poorer.mask_decoder.transformer.layers:
        getattr(layer.cross_attn_image_to_token, bias).bias.data.zero_()
    assert largest_difference(sam, 3, ours_of=poorer) > 100 * CLOSE


def test_pixels_in_other_places_are_seen(sam: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = decoder._as_product

    def turned(convolution: Any) -> Any:
        weight, bias = real(convolution)
        return weight.unflatten(1, (2, 2, -1)).transpose(1, 2).flatten(1), bias

    monkeypatch.setattr(decoder, "_as_product", turned)
    assert largest_difference(sam, 3) > 100 * CLOSE
