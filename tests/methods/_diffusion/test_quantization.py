"""Transformers in 8 and 4 bits: what they take, what they paint, and what is said without them.

The libraries are optional; their tests are skipped where they are not installed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_editors
import tiny_flux
from methods._base import Unavailable, no_progress
from methods._diffusion import quantization
from methods._diffusion.components import ComponentStore, Part, identity, part_bytes
from methods._diffusion.lora import Additions, adapted
from methods._diffusion.placement import (
    Need,
    end_group_offload,
    group_offload,
    module_bytes,
    plan_memory,
)
from methods._diffusion.quantization import BLOCKS, check_quantization
from methods._diffusion.settings import TransformerSettings
from methods._weights.repository import RepoFile, Repository
from methods._weights.store import use_local
from tiny_models import save, seeded
from tiny_removers import low_rank

GB = 1_000_000_000
NAME = "test-quantization"
REPOSITORY = Repository(
    name=NAME,
    license="none",
    files=(
        RepoFile("transformer/config.json", 1),
        RepoFile("transformer/diffusion_pytorch_model.safetensors", 1),
    ),
)
CONFIG = tiny_editors.KLEIN | {
    "num_attention_heads": 4,
    "attention_head_dim": 32,
    "axes_dims_rope": (8, 8, 8, 8),
}


def part(kind: Any) -> Part:
    return Part(REPOSITORY, "transformer", quantization=kind)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A transformer of klein's kind, 128 wide, whose layers all matter."""
    from diffusers import Flux2Transformer2DModel

    home = tmp_path_factory.mktemp("quantization")
    with seeded(5):
        model = Flux2Transformer2DModel(**CONFIG)
        for tensor in model.parameters():
            if tensor.ndim == 2:
                tensor.data *= 2
        save(model, home / "transformer")
    use_local(NAME, home)
    yield home
    use_local(NAME, None)


@pytest.fixture
def store() -> ComponentStore:
    return ComponentStore()


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The 4-bit library works on a CPU too, only slowly: enough to look at what it makes."""
    pytest.importorskip("bitsandbytes")
    from diffusers.quantizers.bitsandbytes.bnb_quantizer import BnB4BitDiffusersQuantizer as Bnb

    monkeypatch.setattr(Bnb, "validate_environment", lambda self, *args, **kwargs: None)
    monkeypatch.setattr(quantization, "_has_cuda", lambda: True)
    monkeypatch.setattr(quantization, "_NF4_DEVICE", "cpu")


def half() -> Any:
    import torch

    return torch.bfloat16


def painted(model: Any) -> Any:
    """What it makes of fixed noise, (1, 64, 16) float32, on the CPU."""
    import torch

    place = {"device": model.device, "dtype": model.dtype}
    with seeded(9), torch.no_grad():
        places = [torch.arange(n) for n in (1, 8, 8, 1)]
        words = [torch.arange(n) for n in (1, 1, 1, 8)]
        found = model(
            hidden_states=torch.randn(1, 64, 16).to(**place),
            encoder_hidden_states=torch.randn(1, 8, 48).to(**place),
            timestep=torch.tensor([0.5]).to(**place),
            img_ids=torch.cartesian_prod(*places)[None].to(model.device),
            txt_ids=torch.cartesian_prod(*words)[None].to(model.device),
            guidance=None,
            return_dict=False,
        )
        return found[0].float().cpu()


def difference(one: Any, other: Any) -> float:
    """Relative."""
    return float((one - other).norm() / other.norm())


# --- 8 bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_int8_takes_half_and_as_much_as_foretold(store: ComponentStore, precision: str) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchao")
    dtype = getattr(torch, precision)
    plain, small = store.take(part("none"), dtype), store.take(part("int8"), dtype)
    for kind, model in (("none", plain), ("int8", small)):
        assert module_bytes(model) == part_bytes(part(kind), dtype)
    assert module_bytes(small) < 0.7 * module_bytes(plain)  # the ends of a tiny one weigh much
    blocks = [name for name, _ in small.named_parameters() if name.startswith(BLOCKS)]
    linear = [n for n in blocks if small.get_parameter(n).ndim == 2]
    assert linear
    for name in linear:
        assert type(small.get_parameter(name).data) is not torch.Tensor
    for name, tensor in small.named_parameters():
        if name not in linear:
            assert (tensor == plain.get_parameter(name)).all()


def test_int8_paints_nearly_the_same(store: ComponentStore) -> None:
    pytest.importorskip("torchao")
    plain, small = store.take(part("none"), half()), store.take(part("int8"), half())
    right = painted(plain)
    assert 0 < difference(painted(small), right) < 0.03
    wrong = small.transformer_blocks[0].attn.to_out[0].weight
    wrong.data.scale.mul_(1.5)  # a mistake in one layer
    assert difference(painted(small), right) > 0.03


def test_int8_read_again_is_the_same_and_leaves_the_plain_one_alone(store: ComponentStore) -> None:
    pytest.importorskip("torchao")
    plain = store.take(part("none"), half())
    before = painted(plain)
    first = store.take(part("int8"), half())
    made = painted(first)
    assert store.take(part("int8"), half()) is first
    for _ in range(2):
        store.give_back(first)
    again = store.take(part("int8"), half())
    assert again is not first
    assert (painted(again) == made).all()
    assert (painted(plain) == before).all()
    store.give_back(plain)
    assert (painted(store.take(part("none"), half())) == before).all()


def additions(model: Any) -> Additions:
    tensors: dict[str, Any] = {}
    with seeded(11):
        for name, layer in model.named_modules():
            if name.endswith(("attn.to_q", "attn.to_qkv_mlp_proj", "x_embedder")):
                shape = layer.out_features, layer.in_features
                pair = low_rank(pytest.importorskip("torch").empty(shape))
                tensors |= {f"{name}.{key}.weight": value.to(half()) for key, value in pair.items()}
    return Additions("some", tensors)


def test_additions_go_on_and_come_off_int8(store: ComponentStore) -> None:
    pytest.importorskip("torchao")
    plain, small = store.take(part("none"), half()), store.take(part("int8"), half())
    some, before, names = additions(plain), painted(small), dict(small.named_modules())
    with adapted(small, some), adapted(plain, some):
        changed, right = painted(small), painted(plain)
    assert difference(changed, before) > 0.05
    assert difference(changed, right) < 0.03
    assert dict(small.named_modules()) == names
    assert (painted(small) == before).all()


def test_int8_works_layer_by_layer(store: ComponentStore) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchao")
    small = store.take(part("int8"), half())
    before = painted(small)
    group_offload(small, torch.device("cpu"))
    assert (painted(small) == before).all()
    end_group_offload(small)
    assert (painted(small) == before).all()


@pytest.mark.parametrize("name", ["flux2_klein", "qwen_image_edit", "flux_fill", "omnieraser"])
def test_erasers_paint_nearly_the_same_in_int8(name: str, tmp_path: Path) -> None:
    """Through the whole pipeline, with the additions on."""
    pytest.importorskip("torchao")
    from methods import get_eraser

    builders = tiny_editors.EDITORS | tiny_flux.FLUX
    for repository, build in builders.items():
        build(tmp_path / repository)
        use_local(repository, tmp_path / repository)
    picture = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
    mask = np.zeros((64, 128), bool)
    mask[20:50, 30:60] = True
    eraser: Any = get_eraser(name)()
    found, held = [], []
    eraser.load("cpu", None)
    try:
        for kind in ("none", "int8", "none"):
            settings = eraser.Settings(num_inference_steps=2, quantization=kind)
            held.append(sum(eraser.memory(settings, "cpu").values()))
            found.append(eraser.erase(picture, mask, settings, 0, no_progress).astype(int))
    finally:
        eraser.unload()
        for repository in builders:
            use_local(repository, None)
    assert held[1] < held[0]
    assert 0 < np.abs(found[1] - found[0]).mean() < 1
    assert (found[2] == found[0]).all()


# --- 4 bits --------------------------------------------------------------------------------


def test_nf4_takes_a_quarter_and_as_much_as_foretold(store: ComponentStore, on_cpu: None) -> None:
    plain, small = store.take(part("none"), half()), store.take(part("nf4"), half())
    assert module_bytes(small) == part_bytes(part("nf4"), half())
    assert module_bytes(small) < 0.5 * module_bytes(plain)
    layer = small.transformer_blocks[0].ff.linear_in.weight
    right = plain.transformer_blocks[0].ff.linear_in.weight
    assert 0.05 < difference(nf4_values(layer), right) < 0.12  # 16 levels
    layer.quant_state.absmax *= 1.5  # a mistake
    assert difference(nf4_values(layer), right) > 0.12
    layer.quant_state.absmax /= 1.5
    made = painted(small)
    assert difference(made, painted(plain)) < 0.2
    some, names = additions(plain), dict(small.named_modules())
    with adapted(small, some):
        assert difference(painted(small), made) > 0.05
    assert dict(small.named_modules()) == names
    # On a CPU the library lays the numbers out anew when it likes: close, not the same bits.
    assert difference(painted(small), made) < 0.05


def nf4_values(weight: Any) -> Any:
    """The numbers that a weight stands for, in its old shape."""
    from importlib import import_module

    functional = import_module("bitsandbytes.functional")
    return functional.dequantize_4bit(weight.data, weight.quant_state)


@pytest.mark.gpu
@pytest.mark.kernels
def test_nf4_on_a_gpu(store: ComponentStore) -> None:
    pytest.importorskip("bitsandbytes")
    small, plain = store.take(part("nf4"), half()), store.take(part("none"), half())
    assert small.device.type == "cuda"
    assert module_bytes(small) == part_bytes(part("nf4"), half())
    made = painted(small)
    assert difference(made, painted(plain)) < 0.2
    with adapted(small, additions(plain)):
        small.to("cuda")
        assert difference(painted(small), made) > 0.05
    assert (painted(small) == made).all()


def test_nf4_never_goes_below_balanced() -> None:
    """Its layers cannot come to the device one by one."""
    settings = TransformerSettings(quantization="nf4", memory="small")
    sizes = {"transformer": 12 * GB}
    for wish in ("fast", "balanced", "small"):
        plan = plan_memory(wish, "cuda", sizes, Need(GB), 8 * GB, settings.least_memory)
        assert plan.memory == "balanced"
    assert TransformerSettings(quantization="int8").least_memory == "small"


# --- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "package"), [("int8", "torchao"), ("nf4", "bitsandbytes")])
def test_a_missing_package_is_named(
    kind: Any, package: str, store: ComponentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> Any:
        return None if name == package else importlib.util.find_spec(name)

    monkeypatch.setattr(quantization, "find_spec", find)
    with pytest.raises(Unavailable, match=f"pip install {package}") as caught:
        store.take(part(kind), half())
    assert caught.value.code == "quantization_package"
    assert caught.value.details == {"quantization": kind, "packages": package}


def test_nf4_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "find_spec", lambda name: object())
    monkeypatch.setattr(quantization, "_has_cuda", lambda: False)
    with pytest.raises(Unavailable, match="NVIDIA GPU") as caught:
        check_quantization("nf4")
    assert caught.value.code == "quantization_device"
    check_quantization("none")


def test_each_kind_is_a_component_of_its_own() -> None:
    found = {identity(part(kind), half()) for kind in ("none", "int8", "nf4")}
    assert len(found) == 3
