"""What Attentive Eraser does to attention and to the UNet: values, sharing, counts, undoing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from attention_tools import base_models as base_models
from attention_tools import object_mask, state_of, unet_inputs
from attention_tools import one_thread as one_thread
from methods._diffusion.patching import attention_processors, transformer_blocks
from methods._diffusion.placement import end_group_offload, group_offload
from methods._diffusion.self_attention import TokenMasks, Tokens, latent_mask
from methods.attentive_eraser.eraser import AttentiveEraser
from methods.attentive_eraser.freeu import FreeU, freeu
from methods.attentive_eraser.guidance import (
    RedirectedAttention,
    Redirection,
    Steps,
    redirected,
    redirected_unet,
)
from tiers import rest_is_slow


@pytest.fixture(scope="module")
def eraser(base_models: None) -> Iterator[AttentiveEraser]:
    made = AttentiveEraser()
    made.load("cpu", None)
    yield made
    made.unload()


# --- attention ---------------------------------------------------------------------------


def tokens_of(flags: str) -> Tokens:
    """ "x." = an object's token and one of the background."""
    import torch

    return Tokens(np.array([letter == "x" for letter in flags]), torch.device("cpu"))


def qkv(tokens: int, seed: int = 0) -> tuple[Any, Any, Any]:
    import torch

    made = torch.Generator().manual_seed(seed)
    query, key, value = (torch.randn(1, 2, tokens, 8, generator=made) for _ in range(3))
    return query, key, value


@pytest.mark.parametrize("flags", ["x...xx.", ".......", "xxxxxx.", "......x"])
@pytest.mark.parametrize("scale", [1.0, 0.3, 0.0])
def test_redirected_attention_is_the_explicit_formula(flags: str, scale: float) -> None:
    """softmax over all scores, the object's keys at minus infinity, its queries scaled."""
    import torch

    tokens = tokens_of(flags)
    query, key, value = qkv(len(flags))
    scores = query @ key.transpose(2, 3) / 8**0.5
    scores = torch.where(tokens.object[:, None], scores * scale, scores)
    scores = scores.masked_fill(tokens.object, float("-inf"))
    expected = scores.softmax(3) @ value
    assert (redirected(query, key, value, tokens, scale) - expected).abs().max() < 1e-6


@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_with_nothing_but_object_every_token_gets_the_mean(scale: float) -> None:
    query, key, value = qkv(5)
    found = redirected(query, key, value, tokens_of("xxxxx"), scale)
    assert found.shape == value.shape
    assert (found - value.mean(2, keepdim=True)).abs().max() == 0


@pytest.mark.gpu
@pytest.mark.kernels
def test_no_score_matrix_is_written_down() -> None:
    """One layer of SDXL's size: less memory than a twentieth of both halves' scores."""
    import torch

    heads, tokens = 10, 64 * 64
    query, key, value = torch.randn(3, 2, heads, tokens, 64, device="cuda").half()
    masks = TokenMasks(np.eye(1024, dtype=bool), (64, 64))
    steps = Steps(Redirection())
    steps.step = 0
    layer = RedirectedAttention(None, steps, masks)
    layer.attend(query, key, value)  # the first call makes the masks
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    layer.attend(query, key, value)
    assert torch.cuda.max_memory_allocated() - before < 2 * heads * tokens**2 * 2 / 20


@pytest.mark.parametrize(("height", "width"), [(64, 128), (192, 64), (320, 448), (64, 64)])
def test_masks_are_pooled_along_each_axis(height: int, width: int) -> None:
    import torch

    mask = np.random.default_rng(height).random((height, width)) > 0.995
    masks = TokenMasks(mask, (height // 8, width // 8))
    pixels = torch.from_numpy(mask[None, None].astype(np.float32))
    for level in range(4):
        rows, columns = height // 8 >> level, width // 8 >> level
        kernel = (height // rows, width // columns)
        pooled = torch.nn.functional.max_pool2d(pixels, kernel)[0, 0].bool()
        found = masks.tokens(rows * columns, torch.device("cpu"))
        assert (found.object.reshape(rows, columns) == pooled).all()
        assert sorted([*found.inside, *found.outside]) == list(range(rows * columns))


def test_an_odd_latent_has_masks_too() -> None:
    mask = np.zeros((40, 24), bool)
    mask[39, 23] = True
    masks = TokenMasks(mask, (5, 3))
    for size in ((5, 3), (3, 2), (2, 1), (1, 1)):
        assert masks.size(size[0] * size[1]) == size
        assert masks.at(size).sum() == 1 and masks.at(size)[-1, -1]
    with pytest.raises(ValueError, match="7 tokens"):
        masks.size(7)


def test_a_thin_line_is_not_lost_on_the_way_to_the_latent() -> None:
    """Pipelines pick every eighth pixel of a mask."""
    mask = np.zeros((64, 64), bool)
    mask[:, 3] = True
    picked = latent_mask(TokenMasks(mask, (8, 8)))[::8, ::8]
    assert picked[:, 0].all() and picked.sum() == 8


# --- the UNet ----------------------------------------------------------------------------


@pytest.fixture(params=rest_is_slow(["sd15", "sdxl"]))
def unet(request: pytest.FixtureRequest, eraser: AttentiveEraser) -> Any:
    return eraser.loaded(AttentiveEraser.Settings(variant=request.param))["unet"]


def by_two_whole_halves(unet: Any, plan: Redirection) -> Any:
    """The guided noise without any sharing between the halves."""
    import torch

    steps = Steps(plan)
    steps.step = 0
    masks = object_mask()
    own = unet.attn_processors
    layers = plan.layers(transformer_blocks(unet))
    keys = [layer.self_attention for layer in layers]
    changed = {key: RedirectedAttention(own[key], steps, masks) for key in keys}
    with attention_processors(unet, changed), torch.inference_mode():
        without, within = unet(**unet_inputs(unet, 2)).sample.chunk(2)
    return without + plan.rm_guidance_scale * (within - without)


@pytest.mark.parametrize("start", rest_is_slow([None, 6, 0, 1, 5, 9, 12, 15], 2))
def test_sharing_changes_no_value(unet: Any, start: int | None) -> None:
    """Also where attention changes in the middle of a part of the UNet, or on its way down."""
    import torch

    plan = Redirection(start_layer=start)
    with redirected_unet(unet, object_mask(), plan), torch.inference_mode():
        shared = unet(**unet_inputs(unet))[0]
    expected = by_two_whole_halves(unet, plan)
    assert (shared - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("start", rest_is_slow([None, 0, 3, 10]))
def test_blocks_before_the_first_layer_run_once(unet: Any, start: int | None) -> None:
    import torch

    pictures: Counter[int] = Counter()
    blocks = transformer_blocks(unet)

    def counting(index: int) -> Any:
        def forward(hidden_states: Any, *args: Any, **kwargs: Any) -> Any:
            pictures[index] += len(hidden_states)
            return own[index](hidden_states, *args, **kwargs)

        return forward

    own = {block.index: block.module.forward for block in blocks}
    with pytest.MonkeyPatch.context() as patch:
        for block in blocks:
            patch.setattr(block.module, "forward", counting(block.index))
        plan = Redirection(start_layer=start)
        with redirected_unet(unet, object_mask(), plan), torch.inference_mode():
            unet(**unet_inputs(unet))
    first = start if start is not None else next(b.index for b in blocks if b.part == "up")
    assert first < len(blocks)
    assert [pictures[b.index] for b in blocks] == [1] * first + [2] * (len(blocks) - first)


@pytest.mark.parametrize(("start", "end"), rest_is_slow([(1, None), (0, 0), (0, 1)], several=True))
def test_steps_without_changed_attention_run_once(unet: Any, start: int, end: int | None) -> None:
    import torch

    plan = Redirection(start_step=start, end_step=end, rm_guidance_scale=3)
    with torch.inference_mode():
        plain = unet(**unet_inputs(unet)).sample
        with redirected_unet(unet, object_mask(), plan) as steps:
            found = [unet(**unet_inputs(unet))[0] for _ in range(3)]
    assert steps.step == 2
    last = 3 if end is None else end
    for index, noise in enumerate(found):
        assert noise.shape == plain.shape
        assert (noise == plain).all() != (start <= index < last)


def test_no_layers_or_no_guidance_leave_the_model_as_it_is(unet: Any) -> None:
    import torch

    with torch.inference_mode():
        plain = unet(**unet_inputs(unet)).sample
        with redirected_unet(unet, object_mask(), Redirection(start_layer=70)):
            assert (unet(**unet_inputs(unet), return_dict=False)[0] == plain).all()
        with redirected_unet(unet, object_mask(), Redirection(rm_guidance_scale=0)):
            assert (unet(**unet_inputs(unet))[0] - plain).abs().max() < 1e-5


def test_more_pictures_at_once_are_refused(unet: Any) -> None:
    with redirected_unet(unet, object_mask(), Redirection()), pytest.raises(ValueError, match="2"):
        unet(**unet_inputs(unet, 2))


def test_the_unet_is_as_before(unet: Any) -> None:
    before = state_of(unet)
    with pytest.raises(RuntimeError, match="on purpose"), ExitStack() as undo:
        undo.enter_context(freeu(unet, FreeU(1.4, 1.6, 0.9, 0.2)))
        undo.enter_context(redirected_unet(unet, object_mask(), Redirection(start_layer=3)))
        assert state_of(unet) != before
        raise RuntimeError("on purpose")
    assert state_of(unet) == before


def test_layers_may_take_turns_on_the_device(unet: Any) -> None:
    """As with the setting memory = small: hooks of diffusers come and go within ours."""
    import torch

    with torch.inference_mode():
        plain = unet(**unet_inputs(unet)).sample
        with redirected_unet(unet, object_mask(), Redirection(start_layer=3)):
            expected = unet(**unet_inputs(unet))[0]
        with redirected_unet(unet, object_mask(), Redirection(start_layer=3)):
            group_offload(unet, torch.device("cpu"))
            try:
                found = unet(**unet_inputs(unet))[0]
            finally:
                end_group_offload(unet)
        again = unet(**unet_inputs(unet)).sample
    assert (found == expected).all()
    assert (again == plain).all()


# --- FreeU -------------------------------------------------------------------------------


def test_freeu_tells_stages_by_their_channels(eraser: AttentiveEraser) -> None:
    """In SD's layout the first two parts and the third one's first layer have the most."""
    import torch
    from diffusers.utils.torch_utils import fourier_filter

    unet = eraser.loaded(AttentiveEraser.Settings(variant="sd15"))["unet"]
    widest = 16
    given: list[Any] = []
    resnets = [resnet for part in unet.up_blocks for resnet in part.resnets]

    def noting(module: Any, args: Any) -> None:
        given.append(args[0].clone())

    def run(factors: FreeU | None) -> list[Any]:
        given.clear()
        with freeu(unet, factors), torch.inference_mode(), ExitStack() as undo:
            for resnet in resnets:
                undo.callback(resnet.register_forward_pre_hook(noting).remove)
            unet(**unet_inputs(unet))
        return list(given)

    plain, same = run(None), run(FreeU(1, 1, 1, 1))
    changed = run(FreeU(1.5, 2.0, 0.9, 0.2))
    assert all((a - b).abs().max() < 1e-4 for a, b in zip(plain, same, strict=True))
    first = plain[0]
    expected = first.clone()
    expected[:, : widest // 2] *= 1.5
    expected[:, widest:] = fourier_filter(first[:, widest:], threshold=1, scale=0.9)
    assert (changed[0] - expected).abs().max() < 1e-5
    assert (changed[-1] - plain[-1]).abs().max() > 0.01
