"""OmniPaint's second branch against a plain reference: all tokens in one list, explicit softmax.

There are no golden cases of it. The reference below is written from the equations alone: two sets
of weights (those of the noise, those of the photo with the additions worked in), one loop over the
blocks, attention as a matrix of scores over the concatenated tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

import tiny_flux
from attention_tools import one_thread as one_thread
from methods import Stopped
from methods._diffusion.eraser import adapted
from methods._diffusion.lora import additions_of
from methods._diffusion.placement import end_group_offload, group_offload
from methods.omnipaint.branch import FOR_THE_PHOTO, photo_branch

TOKEN, TEXTS, SIDE = 4 * tiny_flux.LATENT, 5, 3
TOKENS = SIDE * SIDE
EVERYBODYS = ("ff.net.0.proj", "attn.add_q_proj")
"""Layers that OmniPaint did not train; were there additions to them, they would count for all."""


@pytest.fixture(scope="module")
def transformer() -> Any:
    return tiny_flux.transformer(seed=11)


@pytest.fixture(scope="module")
def lora(transformer: Any) -> dict[str, Any]:
    return tiny_flux.omnipaint_lora(transformer, 12)


@pytest.fixture(autouse=True)
def nothing_left_behind(transformer: Any) -> Iterator[None]:
    def state() -> Any:
        hooks = [len(m._forward_pre_hooks) for m in transformer.modules()]
        own = [sorted(vars(m)) for m in transformer.modules()]
        return hooks, own, {n: id(m) for n, m in transformer.named_modules()}

    before = state()
    yield
    assert state() == before


def inputs(guidance: bool = True) -> dict[str, Any]:
    import torch

    made = torch.Generator().manual_seed(3)
    config = tiny_flux.transformer_config()
    places = torch.tensor([[0.0, y, x] for y in range(SIDE) for x in range(SIDE)])
    return {
        "hidden_states": torch.randn(1, TOKENS, TOKEN, generator=made),
        "encoder_hidden_states": torch.randn(
            1, TEXTS, config["joint_attention_dim"], generator=made
        ),
        "pooled_projections": torch.randn(1, config["pooled_projection_dim"], generator=made),
        "timestep": torch.tensor([0.7]),
        "guidance": torch.tensor([3.5]) if guidance else None,
        "img_ids": places,
        "txt_ids": torch.zeros(TEXTS, 3),
    }


def photo_tokens(seed: int = 5) -> Any:
    import torch

    return torch.randn(1, TOKENS, TOKEN, generator=torch.Generator().manual_seed(seed))


def additions(tensors: dict[str, Any]) -> Any:
    import torch

    return additions_of("a.safetensors", tensors, {}, torch.float32)


def ours(transformer: Any, tensors: dict[str, Any], photo: Any, given: Any = None) -> Any:
    import torch

    added = additions(tensors)
    with torch.no_grad(), adapted(transformer, added), photo_branch(transformer, photo):
        return transformer(**(given or inputs()), return_dict=False)[0]


# --- the reference -------------------------------------------------------------------------------


def with_additions(network: Any, tensors: dict[str, Any], wanted: Any) -> Any:
    """A copy with those additions worked into its weights whose layer `wanted` names."""
    copy = deepcopy(network)
    for key in tensors:
        name = key.removeprefix("transformer.").removesuffix(".lora_A.weight")
        if key.endswith("lora_A.weight") and wanted(name):
            product = tensors[key.replace("lora_A", "lora_B")] @ tensors[key]
            copy.get_submodule(name).weight.data += product
    return copy


def reference(noises: Any, photos: Any, photo: Any, given: dict[str, Any]) -> Any:
    """noises, photos: the transformer with the weights for either."""
    import torch

    def time(network: Any, at: Any) -> Any:
        return network.time_text_embed(at * 1000, given["guidance"] * 1000, pooled)

    pooled = given["pooled_projections"]
    text = noises.context_embedder(given["encoder_hidden_states"])
    x = noises.x_embedder(given["hidden_states"])
    p = photos.x_embedder(photo)
    now, never = time(noises, given["timestep"]), time(noises, torch.zeros(1))
    places = torch.cat([given["txt_ids"], given["img_ids"], given["img_ids"]])
    for a, b in zip(noises.transformer_blocks, photos.transformer_blocks, strict=True):
        text, x, p = double(a, b, text, x, p, now, never, places)
    both = torch.cat([text, x], 1)
    for a, b in zip(
        noises.single_transformer_blocks, photos.single_transformer_blocks, strict=True
    ):
        both, p = single(a, b, both, p, now, never, places)
    shift_scale = noises.norm_out.linear(torch.nn.functional.silu(now))
    scale, shift = shift_scale.chunk(2, 1)
    return noises.proj_out(normed(both[:, TEXTS:]) * (1 + scale) + shift)


def double(
    a: Any, b: Any, text: Any, x: Any, p: Any, now: Any, never: Any, places: Any
) -> tuple[Any, Any, Any]:
    """a, b: one block with the weights of the noise and of the photo."""
    streams = [(a.norm1_context, text, now), (a.norm1, x, now), (b.norm1, p, never)]
    six = [modulation(norm.linear, time, 6) for norm, _, time in streams]
    seen = [normed(s) * (1 + m[1]) + m[0] for (_, s, _), m in zip(streams, six, strict=True)]
    layers = [(a.attn, "add_{}_proj", "norm_added_{}"), (a.attn, "to_{}", "norm_{}")]
    layers.append((b.attn, "to_{}", "norm_{}"))
    found = attention(layers, seen, places)
    outs = (a.attn.to_add_out, a.attn.to_out[0], b.attn.to_out[0])
    ffs = (a.ff_context, a.ff, b.ff)
    new = []
    for (_, s, _), m, f, out, ff in zip(streams, six, found, outs, ffs, strict=True):
        s = s + m[2] * out(f)
        new.append(s + m[5] * ff(normed(s) * (1 + m[4]) + m[3]))
    return new[0], new[1], new[2]


def single(a: Any, b: Any, both: Any, p: Any, now: Any, never: Any, places: Any) -> tuple[Any, Any]:
    import torch

    streams = [(a, both, now), (b, p, never)]
    three = [modulation(block.norm.linear, time, 3) for block, _, time in streams]
    seen = [normed(s) * (1 + m[1]) + m[0] for (_, s, _), m in zip(streams, three, strict=True)]
    found = attention([(block.attn, "to_{}", "norm_{}") for block in (a, b)], seen, places)
    new = []
    for (block, s, _), m, part, f in zip(streams, three, seen, found, strict=True):
        inner = torch.nn.functional.gelu(block.proj_mlp(part), approximate="tanh")
        new.append(s + m[2] * block.proj_out(torch.cat([f, inner], 2)))
    return new[0], new[1]


def modulation(linear: Any, time: Any, count: int) -> Any:
    import torch

    return [part[:, None] for part in linear(torch.nn.functional.silu(time)).chunk(count, 1)]


def normed(x: Any) -> Any:
    """Layer norm without weights."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()


def attention(layers: Any, seen: Any, places: Any) -> Any:
    """Of all tokens to all tokens, with the scores as one matrix a head."""
    import torch

    parts: dict[str, list[Any]] = {"q": [], "k": [], "v": []}
    for (attn, layer, norm), x in zip(layers, seen, strict=True):
        for kind, found in parts.items():
            made = getattr(attn, layer.format(kind))(x)
            heads = made.reshape(1, -1, attn.heads, attn.head_dim)
            if kind != "v":
                weight = getattr(attn, norm.format(kind)).weight
                eps = getattr(attn, norm.format(kind)).eps
                heads = heads / (heads.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight
            found.append(heads)
    q, k, v = (torch.cat(found, 1)[0].transpose(0, 1) for found in parts.values())
    q, k = turned(q, places), turned(k, places)
    scores = q @ k.transpose(1, 2) / q.shape[2] ** 0.5
    out = (scores.softmax(2) @ v).transpose(0, 1).flatten(1)[None]
    return out.split([x.shape[1] for x in seen], dim=1)


def turned(x: Any, places: Any) -> Any:
    """Pairs of channels as complex numbers, turned by place times frequency (RoPE)."""
    import torch

    sizes = tiny_flux.transformer_config()["axes_dims_rope"]
    angles = []
    for axis, size in enumerate(sizes):
        frequencies = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
        angles.append(places[:, axis, None].double() * frequencies)
    turn = torch.polar(torch.ones(1, dtype=torch.float64), torch.cat(angles, 1))
    pairs = torch.view_as_complex(x.double().unflatten(2, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn).flatten(2).float()


def expected(transformer: Any, tensors: dict[str, Any], photo: Any) -> Any:
    import torch

    with torch.no_grad():
        noises = with_additions(transformer, tensors, lambda n: not FOR_THE_PHOTO.fullmatch(n))
        photos = with_additions(transformer, tensors, lambda _: True)
        return reference(noises, photos, photo, inputs())


# --- the comparison ------------------------------------------------------------------------------


def test_it_is_one_attention_over_all_tokens(transformer: Any, lora: dict[str, Any]) -> None:
    photo = photo_tokens()
    found, wanted = ours(transformer, lora, photo), expected(transformer, lora, photo)
    assert (found - wanted).abs().max() < 2e-5
    assert (ours(transformer, lora, photo_tokens(6)) - wanted).abs().max() > 1e-2


def test_additions_to_other_layers_would_count_for_all(
    transformer: Any, lora: dict[str, Any]
) -> None:
    more = lora | tiny_flux.lora(transformer, EVERYBODYS, 14)
    photo = photo_tokens()
    found, wanted = ours(transformer, more, photo), expected(transformer, more, photo)
    assert (found - wanted).abs().max() < 2e-5
    assert (found - ours(transformer, lora, photo)).abs().max() > 1e-2


@pytest.mark.parametrize(
    "mistake", ["additions for the noise too", "none for the photo", "its time is the noise's"]
)
def test_a_mistake_would_be_seen(
    transformer: Any, lora: dict[str, Any], mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import re

    from methods.omnipaint import branch as module

    if mistake == "additions for the noise too":
        monkeypatch.setattr(module, "FOR_THE_PHOTO", re.compile("none"))
    elif mistake == "none for the photo":
        monkeypatch.setattr(
            module._Branch, "switched", lambda own, layer, whole, *args: layer.base_layer(*args)
        )
    else:
        right = module._Branch._embedded

        def late(own: Any) -> Any:
            tokens, _ = right(own)
            given, network = own._given, own._transformer
            times = (given["timestep"] * 1000, given["guidance"] * 1000)
            return tokens, network.time_text_embed(*times, given["pooled_projections"])

        monkeypatch.setattr(module._Branch, "_embedded", late)
    photo = photo_tokens()
    wrong = ours(transformer, lora, photo) - expected(transformer, lora, photo)
    assert wrong.abs().max() > 1e-3


def test_the_photo_is_embedded_once_and_every_pass_is_the_same(
    transformer: Any, lora: dict[str, Any]
) -> None:
    import torch

    photo, asked = photo_tokens(), []
    with torch.no_grad(), adapted(transformer, additions(lora)):
        handle = transformer.time_text_embed.register_forward_hook(lambda *_: asked.append(1))
        with photo_branch(transformer, photo):
            passes = [transformer(**inputs(), return_dict=False)[0] for _ in range(3)]
        handle.remove()
    assert all((one == passes[0]).all() for one in passes)
    assert len(asked) == 3 + 1


def test_without_a_number_for_the_guidance(lora: dict[str, Any]) -> None:
    """As FLUX.1-schnell has it."""
    network = tiny_flux.transformer(seed=11, guidance_embeds=False)
    one, two = (ours(network, lora, photo_tokens(i), inputs(False)) for i in (1, 2))
    assert (one - two).abs().max() > 1e-2


def test_layers_that_take_turns_on_a_device(transformer: Any, lora: dict[str, Any]) -> None:
    import torch

    network, photo = deepcopy(transformer), photo_tokens()
    with torch.no_grad(), adapted(network, additions(lora)):
        group_offload(network, torch.device("cpu"))
        with photo_branch(network, photo):
            found = network(**inputs(), return_dict=False)[0]
        end_group_offload(network)
    assert (found == ours(transformer, lora, photo)).all()


@pytest.mark.parametrize("kind", [Stopped, RuntimeError])
def test_whatever_ends_a_pass(
    transformer: Any, lora: dict[str, Any], kind: type[BaseException]
) -> None:
    """In the middle of a block, with the additions switched on."""
    import torch

    def end(*_: Any) -> None:
        raise kind

    with torch.no_grad():
        plain = transformer(**inputs(), return_dict=False)[0]
    block = transformer.transformer_blocks[1]
    handle = block.norm2.register_forward_hook(end)
    with pytest.raises(kind):
        ours(transformer, lora, photo_tokens())
    handle.remove()
    with torch.no_grad():
        assert (transformer(**inputs(), return_dict=False)[0] == plain).all()
