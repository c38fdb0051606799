"""Additions beside a shared transformer: on, off, and the base back bit for bit."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import tiny_flux
from attention_tools import one_thread as one_thread
from methods import Stopped, Unavailable
from methods._diffusion.eraser import Additions, adapted
from methods._diffusion.lora import additions_of, widened, without_additions
from methods._diffusion.placement import end_group_offload, group_offload

TOKEN = 4 * tiny_flux.LATENT
EVERYWHERE = tiny_flux.DOUBLE + tiny_flux.CONTEXT + tiny_flux.CONTEXT_FF
TOKENS = 12


@pytest.fixture(scope="module")
def transformer() -> Any:
    return tiny_flux.transformer(seed=3)


@pytest.fixture(autouse=True)
def nothing_left_behind(transformer: Any) -> Iterator[None]:
    """After each test: the same objects with the same numbers."""
    before = whole_state(transformer)
    yield
    assert whole_state(transformer) == before


def whole_state(network: Any) -> Any:
    """Every module, parameter and buffer as an object, its numbers, and what else hangs there."""
    modules = {name: id(module) for name, module in network.named_modules()}
    named = [*network.named_parameters(), *network.named_buffers()]
    tensors = {name: (id(t), t.requires_grad, t.numpy().tobytes()) for name, t in named}
    hooks = [len(m._forward_pre_hooks) + len(m._forward_hooks) for m in network.modules()]
    own = [sorted(vars(m)) for m in network.modules()]
    modes = [m.training for m in network.modules()]
    return modules, tensors, hooks, own, modes, dict(network.config)


def omnieraser(transformer: Any) -> Additions:
    """To all layers, and to an input of four times the channels."""
    tensors = tiny_flux.lora(transformer, EVERYWHERE, 1, width=4 * TOKEN)
    return read(tensors)


def omnipaint(transformer: Any) -> Additions:
    """To some layers of both kinds of blocks, and to the input as it is."""
    ends = ("norm1.linear", "attn.to_q", "proj_mlp", "proj_out")
    return read(tiny_flux.lora(transformer, ends, 2, rank=2, width=TOKEN))


def fill(transformer: Any) -> Additions:
    return read(tiny_flux.lora(transformer, tiny_flux.SINGLE, 5))


def read(tensors: Mapping[str, Any], alphas: Mapping[str, float] | None = None) -> Additions:
    import torch

    return additions_of("a.safetensors", tensors, alphas or {}, torch.float32)


def inputs(channels: int = TOKEN) -> dict[str, Any]:
    import torch

    made = torch.Generator().manual_seed(7)
    config = tiny_flux.transformer_config()
    return {
        "hidden_states": torch.randn(1, TOKENS, channels, generator=made),
        "encoder_hidden_states": torch.randn(1, 6, config["joint_attention_dim"], generator=made),
        "pooled_projections": torch.randn(1, config["pooled_projection_dim"], generator=made),
        "timestep": torch.tensor([0.5]),
        "guidance": torch.tensor([3.5]),
        "img_ids": torch.randint(0, 5, (TOKENS, 3), generator=made).float(),
        "txt_ids": torch.zeros(6, 3),
    }


def run(network: Any, channels: int = TOKEN) -> Any:
    import torch

    with torch.no_grad():
        return network(**inputs(channels), return_dict=False)[0]


def one(network: Any, additions: Additions, channels: int = TOKEN) -> Any:
    with adapted(network, additions):
        return run(network, channels)


# --- what is computed ------------------------------------------------------------------------


def test_it_is_the_sum_of_both(transformer: Any) -> None:
    """As with the additions worked into the weights of a copy."""
    from copy import deepcopy

    additions = omnipaint(transformer)
    merged = deepcopy(transformer)
    for layer in additions.layers:
        down, up = (additions.tensors[f"{layer}.lora_{x}.weight"] for x in "AB")
        merged.get_submodule(layer).weight.data += up @ down
    found, plain = one(transformer, additions), run(transformer)
    assert (found - run(merged)).abs().max() < 1e-5
    assert (found - plain).abs().max() > 1e-2


def test_a_wide_input_is_what_the_stock_pipeline_makes_of_it(transformer: Any) -> None:
    from copy import deepcopy

    from diffusers import FluxPipeline

    other = deepcopy(transformer)
    pipeline = FluxPipeline(None, None, None, None, None, None, other)
    pipeline.load_lora_weights(tiny_flux.lora(transformer, EVERYWHERE, 1, width=4 * TOKEN))
    found = one(transformer, omnieraser(transformer), 4 * TOKEN)
    assert (found - run(other, 4 * TOKEN)).abs().max() < 1e-6


def test_a_widened_layer_ignores_what_it_did_not_have(transformer: Any) -> None:
    import torch

    layer = transformer.x_embedder
    given = torch.randn(3, 4 * TOKEN)
    wide = widened(layer, 4 * TOKEN)
    assert wide.weight.shape == (layer.out_features, 4 * TOKEN)
    assert (wide(given) - layer(given[:, :TOKEN])).abs().max() < 1e-6


def test_alphas_scale_what_is_added(transformer: Any) -> None:
    ends = ("attn.to_q",)
    tensors = tiny_flux.lora(transformer, ends, 2, rank=4)
    layers = {key.rsplit(".lora", 1)[0] for key in tensors}
    scaled = read(tensors, {f"{layer}.alpha": 1.0 for layer in layers})
    for layer in scaled.layers:
        up = scaled.tensors[f"{layer}.lora_B.weight"]
        assert (up == tensors[f"transformer.{layer}.lora_B.weight"] / 4).all()


def test_ranks_may_differ_from_layer_to_layer(transformer: Any) -> None:
    few = tiny_flux.lora(transformer, ("attn.to_q",), 2, rank=2)
    many = tiny_flux.lora(transformer, ("attn.to_v",), 4, rank=5)
    both = one(transformer, read(few | many))
    assert (both - one(transformer, read(few))).abs().max() > 1e-3
    assert (both - one(transformer, read(many))).abs().max() > 1e-3


def test_other_trainers_names_are_known(transformer: Any) -> None:
    """Kohya's: `lora_unet_…` with an alpha for each layer."""
    import torch
    from diffusers import FluxPipeline

    layer = "lora_unet_single_blocks_0_linear2"
    down, up = torch.randn(2, 5 * 16), torch.randn(16, 2)
    theirs = {f"{layer}.lora_down.weight": down, f"{layer}.lora_up.weight": up}
    theirs[f"{layer}.alpha"] = torch.tensor(1.0)
    tensors, alphas = FluxPipeline.lora_state_dict(theirs, return_alphas=True)
    additions = read(tensors, alphas)
    assert additions.layers == ("single_transformer_blocks.0.proj_out",)
    assert (one(transformer, additions) - run(transformer)).abs().max() > 1e-3


def test_a_layer_can_be_asked_for_without(transformer: Any) -> None:
    own = transformer.x_embedder
    with adapted(transformer, omnipaint(transformer)):
        assert transformer.x_embedder is not own
        assert without_additions(transformer.x_embedder) is own
    assert without_additions(own) is own


# --- and nothing of it is left -----------------------------------------------------------------


def test_one_after_the_other_on_the_same_network(transformer: Any) -> None:
    """Bit for bit: alone, wide, narrow, another, and each once more."""
    wide, narrow, other = (make(transformer) for make in (omnieraser, omnipaint, fill))
    plain = run(transformer)
    first = one(transformer, wide, 4 * TOKEN), one(transformer, narrow), one(transformer, other)
    assert (run(transformer) == plain).all()
    for additions, channels, before in (
        (wide, 4 * TOKEN, first[0]),
        (narrow, TOKEN, first[1]),
        (wide, 4 * TOKEN, first[0]),
        (other, TOKEN, first[2]),
        (narrow, TOKEN, first[1]),
    ):
        assert (one(transformer, additions, channels) == before).all()
        assert (run(transformer) == plain).all()


@pytest.mark.parametrize("kind", [Stopped, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("make", [omnieraser, omnipaint])
def test_whatever_ends_the_block(transformer: Any, make: Any, kind: type[BaseException]) -> None:
    plain = run(transformer)
    additions = make(transformer)
    with pytest.raises(kind), adapted(transformer, additions):
        raise kind
    assert (run(transformer) == plain).all()


def test_an_error_while_they_are_attached(
    transformer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The input is wide already and half of the layers are peft's."""
    import peft

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(peft, "set_peft_model_state_dict", broken)
    logging.getLogger("diffusers").setLevel(logging.CRITICAL)
    with pytest.raises(RuntimeError), adapted(transformer, omnieraser(transformer)):
        pytest.fail("not reached")


def test_layers_that_take_turns_on_a_device(transformer: Any) -> None:
    """The memory setting "small" moves the additions as it moves the network."""
    from copy import deepcopy

    import torch

    network = deepcopy(transformer)  # the library leaves a mark of its own on each layer
    additions = omnieraser(network)
    expected = one(network, additions, 4 * TOKEN)
    with adapted(network, additions):
        group_offload(network, torch.device("cpu"))
        found = run(network, 4 * TOKEN)
        end_group_offload(network)
    assert (found == expected).all()
    assert (run(network) == run(transformer)).all()


def test_only_one_at_a_time(transformer: Any) -> None:
    first, second = omnipaint(transformer), fill(transformer)
    with (
        adapted(transformer, first),
        pytest.raises(ValueError, match="attached"),
        adapted(transformer, second),
    ):
        pytest.fail("not reached")


# --- what does not fit -------------------------------------------------------------------------


def _renamed(tensors: dict[str, Any]) -> None:
    tensors["transformer.no_such_layer.lora_A.weight"] = tensors.pop(next(iter(tensors)))


def _halved(tensors: dict[str, Any]) -> None:
    key = next(key for key in tensors if "lora_B" in key)
    tensors[key] = tensors[key][:-1]


def _narrowed(tensors: dict[str, Any]) -> None:
    key = next(key for key in tensors if "lora_A" in key)
    tensors[key] = tensors[key][:, :-1]


def _of_another_rank(tensors: dict[str, Any]) -> None:
    key = next(key for key in tensors if "lora_A" in key)
    tensors[key] = tensors[key][:-1]


def _with_a_stranger(tensors: dict[str, Any]) -> None:
    tensors["text_encoder.layer.weight"] = next(iter(tensors.values()))


def _alone(tensors: dict[str, Any]) -> None:
    tensors.pop(next(iter(tensors)))


@pytest.mark.parametrize(
    "spoil", [_renamed, _halved, _narrowed, _of_another_rank, _with_a_stranger, _alone, dict.clear]
)
def test_a_file_for_another_network_is_refused_before_anything_is_changed(
    transformer: Any, spoil: Any
) -> None:
    tensors = tiny_flux.lora(transformer, EVERYWHERE, 1)
    spoil(tensors)
    with pytest.raises(Unavailable) as caught, adapted(transformer, read(tensors)):
        pytest.fail("not reached")
    assert caught.value.code == "weights_unreadable"


def test_an_alpha_without_a_layer_is_refused(transformer: Any) -> None:
    tensors = tiny_flux.lora(transformer, EVERYWHERE, 1)
    with pytest.raises(Unavailable):
        read(tensors, {"transformer.x_embedder.alpha": 4.0})
