"""MI-GAN in PyTorch: the authors' numbers, weights out of the ONNX file, the same pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import tiny_onnx
from golden_cases import ROOT, golden_files, golden_tensors
from golden_measure import needs, ratio
from methods import Image, Mask, Unavailable, WeightsUnavailable, fetch
from methods._base import no_progress
from methods._weights.store import use_local
from methods.migan import network as network_module
from methods.migan.eraser import PIPELINE, MiGan, _with_onnx, _with_torch
from methods.migan.network import (
    MiganGenerator,
    MiganPipeline,
    Resample,
    SeparableConv,
    migan_from,
    published_widths,
    state_of_pipeline,
)
from methods.migan.onnx_weights import read_onnx

CASES = golden_files("migan", "forward_*.safetensors")
STAGE = 1e-4
"""A share of a stage's spread."""

STAGES = ("feat_top", "feat_8", "encoder_out", "generator_out")


def golden_state() -> dict[str, torch.Tensor]:
    found = golden_tensors("migan", "generator.safetensors")
    return {name: torch.from_numpy(values) for name, values in found.items()}


def stages_of(network: MiganGenerator, x: torch.Tensor) -> dict[str, torch.Tensor]:
    seen: dict[str, torch.Tensor] = {}
    blocks = {"feat_top": network.sizes[-1], "feat_8": 8, "encoder_out": 4}

    def keep(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            seen[name] = output[name != "encoder_out"]

        return hook

    hooks = [
        network.encoder.get_submodule(f"b{size}").register_forward_hook(keep(name))
        for name, size in blocks.items()
    ]
    with torch.inference_mode():
        seen["generator_out"] = network(x)
    for hook in hooks:
        hook.remove()
    return seen


def deviations(network: MiganGenerator, case: Path) -> dict[str, float]:
    golden = golden_tensors("migan", case.name)
    found = stages_of(network, torch.from_numpy(golden["gen_input"]))
    there = [name for name in STAGES if name in golden]
    assert there
    return {name: ratio(found[name], golden[name], STAGE) for name in there}


# --- the network -----------------------------------------------------------------------------


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES)
def test_every_stage_is_the_authors(case: Path) -> None:
    assert max(deviations(migan_from(golden_state()), case).values()) < 1


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES)
def test_the_picture_is_the_authors(case: Path) -> None:
    golden = golden_tensors("migan", case.name)
    with torch.inference_mode():
        made = migan_from(golden_state())(torch.from_numpy(golden["gen_input"]))
    pixels = (made * 127.5 + 127.5).clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
    assert np.abs(pixels.astype(int) - golden["generator_out_u8"]).max() <= 1


def plain_relu(x: torch.Tensor) -> torch.Tensor:
    """Without the gain."""
    return torch.nn.functional.leaky_relu(x, 0.2)


def bilinear(resample: Resample, x: torch.Tensor) -> torch.Tensor:
    if not resample.up:
        return RESAMPLE(resample, x)
    return torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")


def no_noise(convolution: SeparableConv, x: torch.Tensor) -> torch.Tensor:
    convolution.noisy = False
    return SEPARABLE(convolution, x)


RESAMPLE, SEPARABLE = Resample.forward, SeparableConv.forward


@pytest.mark.slow
@pytest.mark.golden
@pytest.mark.parametrize(
    ("owner", "name", "mistake", "first_wrong"),
    [
        (network_module, "activation", plain_relu, "feat_top"),
        (Resample, "forward", bilinear, "generator_out"),
        (SeparableConv, "forward", no_noise, "generator_out"),
    ],
)
def test_a_mistake_shows_at_its_stage(
    owner: Any, name: str, mistake: Any, first_wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[0].values[0]
    needs(case is not None, "there is none")
    monkeypatch.setattr(owner, name, mistake)
    off = deviations(migan_from(golden_state()), case)
    needs(first_wrong in off, f"it has no {first_wrong}")
    assert off[first_wrong] > 1
    before = STAGES[: STAGES.index(first_wrong)]
    assert all(off[stage] < 1 for stage in before if stage in off)


@pytest.mark.parametrize("resolution", [512, 256])
def test_the_names_are_the_published_ones(resolution: int) -> None:
    keys = ROOT / "tests" / "golden" / "migan" / "state_dict_keys_full.json"
    files = json.loads(keys.read_text("utf-8"))["files"]
    (wanted,) = (spec for name, spec in files.items() if f"_{resolution}_" in name)
    with torch.device("meta"):
        network = MiganGenerator(published_widths(resolution))
    assert {n: list(t.shape) for n, t in network.state_dict().items()} == wanted["keys"]
    assert sum(p.numel() for p in network.parameters()) == wanted["params"]


def test_the_fixed_constants_are_the_authors() -> None:
    """A file may leave them out; what stands in for them is what it would have held."""
    state = golden_state()
    bare = {name: values for name, values in state.items() if "filter" not in name}
    assert len(bare) < len(state)
    for name, values in migan_from(bare).state_dict().items():
        if "filter" in name:
            assert torch.allclose(values, state[name], atol=1e-7), name


@pytest.mark.parametrize("spoil", ["less", "more", "shape", "gap", "nothing"])
def test_another_network_is_refused(spoil: str) -> None:
    state = golden_state()
    if spoil == "less":
        del state["synthesis.b8.conv1.noise_const"]
    elif spoil == "more":
        state["encoder.b4.extra.weight"] = torch.zeros(1)
    elif spoil == "shape":
        state["synthesis.b8.torgb.bias"] = torch.zeros(4)
    elif spoil == "gap":
        state = {name: values for name, values in state.items() if ".b16." not in name}
    else:
        state = {}
    with pytest.raises((KeyError, RuntimeError)):
        migan_from(state)


# --- the ONNX file ---------------------------------------------------------------------------


def test_tensors_are_read_in_both_spellings(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensors = [
        tiny_onnx.tensor("raw", values),
        tiny_onnx.tensor("packed", values, packed=True),
        tiny_onnx.tensor("scalar", np.float32(7)),
        tiny_onnx.tensor("whole numbers", np.arange(3)),
    ]
    nodes = [tiny_onnx.node("/a/Add", ["x", "raw"], "y")]
    graph = read_onnx(tiny_onnx.onnx_file(tmp_path / "x.onnx", tensors, nodes))
    assert set(graph.tensors) == {"raw", "packed", "scalar"}
    assert (graph.tensors["raw"] == values).all() and (graph.tensors["packed"] == values).all()
    assert graph.tensors["scalar"] == 7
    assert graph.inputs == {"/a/Add": ("x", "raw")}


def test_weights_are_lifted_from_the_exported_file(tmp_path: Path) -> None:
    state = golden_state()
    numbers = {name: values.numpy() for name, values in state.items()}
    file = tiny_onnx.migan_file(tmp_path / "x.onnx", numbers)
    lifted, original = migan_from(state_of_pipeline(read_onnx(file))), migan_from(state)
    x = torch.rand(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(lifted(x), original(x), atol=1e-6)


@pytest.mark.parametrize("cut", [0, 1, 10, 200, -7])
def test_a_damaged_file_is_refused(cut: int, tmp_path: Path) -> None:
    tensors = [tiny_onnx.tensor(f"model.t{i}", np.ones(9, np.float32)) for i in range(9)]
    file = tiny_onnx.onnx_file(tmp_path / "x.onnx", tensors)
    file.write_bytes(file.read_bytes()[:cut] + b"\xff" * 12)
    with pytest.raises(ValueError, match=r"x\.onnx|cut off|wire type|without an end"):
        read_onnx(file)


@pytest.mark.parametrize("content", [b"", b"\x0a\x00", b"GIF89a" * 9, b"\xff" * 99])
def test_the_eraser_names_a_file_that_is_no_network(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(content)
    with pytest.raises(Unavailable) as caught:
        _with_torch(file, "cpu")
    assert caught.value.code == "weights_unreadable" and "own.onnx" in str(caught.value)


# --- the same pictures as the ONNX pipeline --------------------------------------------------


@pytest.fixture(scope="module")
def pipelines() -> Iterator[dict[str, Any]]:
    """The real network, run both ways."""
    try:
        path = fetch(PIPELINE)
    except WeightsUnavailable as error:
        pytest.skip(str(error))
    yield {"onnx": _with_onnx(path), "torch": _with_torch(path, "cpu")}


def holes() -> list[Mask]:
    """At an edge, nearly everything, and many small ones."""
    found = [np.zeros((512, 512), bool) for _ in range(3)]
    found[0][:160, 300:] = True
    found[1][20:, 10:500] = True
    for row, column in product(range(20, 500, 60), repeat=2):
        found[2][row : row + 12, column : column + 12] = True
    return found


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1, 2])
def test_both_give_the_same_picture(
    which: int, pipelines: dict[str, Any], astronaut: Image
) -> None:
    mask = holes()[which]
    image = np.ascontiguousarray(astronaut.transpose(2, 0, 1)[None])
    known: NDArray[np.uint8] = np.where(mask, 0, 255).astype(np.uint8)[None, None]
    one, two = (pipelines[name](image, known).astype(int) for name in ("onnx", "torch"))
    difference = np.abs(one - two)
    assert difference.max() <= 1 and (difference > 0).mean() < 0.05
    assert np.abs(one - image)[..., mask].mean() > 2, "nothing was painted"


def test_the_eraser_takes_torch_on_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a GPU: what matters is which way it goes, and that its result is the network's."""
    file = tmp_path / "tiny.onnx"
    tiny_onnx.migan_file(file, {n: v.numpy() for n, v in golden_state().items()})
    used: list[str] = []

    def on_cpu(pipeline: MiganPipeline, network: MiganGenerator, device: str) -> None:
        used.append(device)
        ORIGINAL(pipeline, network, "cpu")

    monkeypatch.setattr(MiganPipeline, "__init__", on_cpu)
    use_local(PIPELINE.name, file)
    try:
        eraser = MiGan()
        eraser.load("cuda")
    finally:
        use_local(PIPELINE.name, None)
    assert used == ["cuda"]
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:48] = True
    filled = eraser.erase(image, mask, MiGan.Settings(), 0, no_progress)
    other = eraser.erase(
        np.where(mask[..., None], 255 - image, image), mask, MiGan.Settings(), 0, no_progress
    )
    assert filled.shape == image.shape and (filled[mask] == other[mask]).all()
    assert (filled[mask] != image[mask]).any()


ORIGINAL = MiganPipeline.__init__


@pytest.mark.slow
@pytest.mark.gpu
def test_the_gpu_paints_the_same(pipelines: dict[str, Any], astronaut: Image) -> None:
    mask = holes()[0]
    image = np.ascontiguousarray(astronaut.transpose(2, 0, 1)[None])
    known: NDArray[np.uint8] = np.where(mask, 0, 255).astype(np.uint8)[None, None]
    on_gpu = _with_torch(fetch(PIPELINE), "cuda")(image, known).astype(int)
    assert np.abs(on_gpu - pipelines["onnx"](image, known)).max() <= 3
