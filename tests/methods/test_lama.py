"""LaMa: the authors' numbers stage by stage, both kinds of files, the refinement, the eraser."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import nn

import tiny_lama
from golden_cases import ROOT, golden_files, golden_tensors
from golden_measure import needs, ratio, worst
from methods import Finished, Image, Job, Mask, Stopped, Unavailable, default_erasers, run
from methods._base import no_progress
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from methods._weights.store import use_local
from methods.lama import network as network_module
from methods.lama.eraser import BIG_LAMA, Lama
from methods.lama.network import (
    FastFourierConvolution,
    FourierUnit,
    LamaGenerator,
    ResidualBlock,
    fold_batch_norms,
    generator_name,
    lama_from,
)
from methods.lama.refine_network import LEAST_SIDE, Refiner, reduce_image, smaller_copies
from methods.lama.refine_network import _comparable as hole_to_compare

STAGES = (
    "init.l",
    "down3.l",
    "down3.g",
    "block0.conv1.fourier_unit",
    "block0.l",
    "block0.g",
    "pre_act",
)
KEYS = ROOT / "tests" / "golden"
CASES = golden_files("lama", "forward_*.safetensors")


STAGE = 1e-4
"""A share of a stage's spread."""


def golden_network(case: Path | None) -> LamaGenerator:
    """The network that lies beside a case."""
    from safetensors.numpy import load_file

    needs(case is not None, "there is none")
    assert case is not None
    file = case.with_name("generator.safetensors")
    needs(file.is_file(), "it has no generator.safetensors")
    found = load_file(file)
    state = {str(generator_name(name)): torch.from_numpy(v) for name, v in found.items()}
    return lama_from(state)


def first_case() -> Any:
    """Its path, or None."""
    return CASES[0].values[0]


def folded(network: LamaGenerator) -> LamaGenerator:
    """As the eraser uses it on a CPU."""
    quick = copy.deepcopy(network)
    fold_batch_norms(quick)
    return quick.to(memory_format=torch.channels_last)


def stages_of(network: LamaGenerator, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the golden files hold, as this network computes it."""
    layers = network.model
    seen: dict[str, torch.Tensor] = {}

    def keep(*names: str) -> Callable[..., None]:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            parts = output if isinstance(output, tuple) else (output,)
            seen.update((name, part.clone()) for name, part in zip(names, parts, strict=False))

        return hook

    watched: list[tuple[nn.Module, tuple[str, ...]]] = [
        (layers[1], ("init.l",)),
        (layers[4], ("down3.l", "down3.g")),
        (layers[5], ("block0.l", "block0.g")),
        (layers[5].conv1.ffc.convg2g.fu, ("block0.conv1.fourier_unit",)),
        (layers[-2], ("pre_act",)),
    ]
    hooks = [module.register_forward_hook(keep(*names)) for module, names in watched]
    with torch.inference_mode():
        seen["predicted"] = network(x)
    for hook in hooks:
        hook.remove()
    return seen


def deviations(network: LamaGenerator, case: Path) -> dict[str, float]:
    """By how much of its bound each stage that the case has is off."""
    golden = golden_tensors("lama", case.name)
    found = stages_of(network, torch.from_numpy(golden["gen_input"]))
    there = {name: part for name, part in found.items() if name in golden}
    assert "predicted" in there
    return {name: ratio(part, golden[name], STAGE) for name, part in there.items()}


@pytest.fixture
def tiny_file(tmp_path: Path) -> Iterator[Path]:
    """A tiny network in the place of big-lama."""
    file = tiny_lama.save(tmp_path)
    use_local(BIG_LAMA.name, file)
    yield file
    use_local(BIG_LAMA.name, None)


@pytest.fixture
def eraser(tiny_file: Path) -> Iterator[Lama]:
    made = Lama()
    made.load("cpu")
    yield made
    made.unload()


def picture_and_hole(size: tuple[int, int], seed: int = 1) -> tuple[Image, Mask]:
    """Noise, and a hole in its middle."""
    height, width = size
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    mask = np.zeros(size, bool)
    mask[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = True
    return image, mask


# --- the network -----------------------------------------------------------------------------


@pytest.mark.golden
@pytest.mark.parametrize("make_quick", [False, True], ids=["plain", "folded"])
@pytest.mark.parametrize("case", CASES)
def test_every_stage_is_the_authors(case: Path, make_quick: bool) -> None:
    network = folded(golden_network(case)) if make_quick else golden_network(case)
    assert max(deviations(network, case).values()) < 1


@pytest.mark.golden
@pytest.mark.parametrize("case", CASES)
def test_the_result_is_the_authors(case: Path, tmp_path: Path) -> None:
    """Through the file, the eraser and its own padding and rounding."""
    golden = golden_tensors("lama", case.name)
    image, mask = golden["image_u8"], golden["mask_u8"] > 0
    height, width = mask.shape
    more = ((0, -height % 8), (0, -width % 8))
    use_local(BIG_LAMA.name, tiny_lama.save_checkpoint(golden_network(case), tmp_path / "x.ckpt"))
    try:
        eraser = Lama()
        eraser.load("cpu")
    finally:
        use_local(BIG_LAMA.name, None)
    padded, hole = np.pad(image, (*more, (0, 0)), "symmetric"), np.pad(mask, more, "symmetric")
    filled = eraser.erase(padded, hole, Lama.Settings(), 0, no_progress)[:height, :width]
    result = np.where(mask[..., None], filled, image).astype(int)
    assert np.abs(result - golden["result_u8"]).max() <= 1


def forget_the_norm(_unit: FourierUnit, x: torch.Tensor) -> torch.Tensor:
    """A Fourier unit whose transform is not orthonormal."""
    return FOURIER(_unit, x * 1.01)


def swap_the_parts(unit: FourierUnit, x: torch.Tensor) -> torch.Tensor:
    """All real parts before all imaginary ones, instead of side by side."""
    order = torch.arange(2 * x.shape[1]).view(2, -1).t().reshape(-1)
    mixed = copy.deepcopy(unit)
    mixed.conv_layer.weight = nn.Parameter(unit.conv_layer.weight[order], False)
    return FOURIER(mixed, x)


def zero_padding(convolution: FastFourierConvolution, x: torch.Tensor) -> torch.Tensor:
    return nn.functional.pad(x, convolution.padding)


def no_shortcut(block: ResidualBlock, features: Any) -> Any:
    return block.conv2(block.conv1(features))


FOURIER = FourierUnit.forward


@pytest.mark.golden
@pytest.mark.parametrize(
    ("owner", "name", "mistake", "first_wrong"),
    [
        (FourierUnit, "forward", forget_the_norm, "block0.conv1.fourier_unit"),
        (FourierUnit, "forward", swap_the_parts, "block0.conv1.fourier_unit"),
        (FastFourierConvolution, "_padded", zero_padding, "down3.l"),
        (ResidualBlock, "forward", no_shortcut, "block0.l"),
    ],
)
def test_a_mistake_shows_at_its_stage(
    owner: Any, name: str, mistake: Any, first_wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = golden_network(first_case())
    monkeypatch.setattr(owner, name, mistake)
    off = deviations(network, first_case())
    needs(first_wrong in off, f"it has no {first_wrong}")
    assert off[first_wrong] > 1
    before = STAGES[: STAGES.index(first_wrong)]
    assert all(off[stage] < 1 for stage in before if stage in off)


@pytest.mark.golden
def test_training_mode_would_be_noticed() -> None:
    """Normalising by the picture's own statistics is the classic mistake with these weights."""
    network = golden_network(first_case()).train()
    assert max(deviations(network, first_case()).values()) > 10


def test_the_names_are_big_lamas() -> None:
    keys = json.loads((KEYS / "lama" / "state_dict_keys_full.json").read_text("utf-8"))
    (wanted,) = keys["files"].values()
    with torch.device("meta"):
        network = LamaGenerator()
    found = {f"generator.{n}": list(t.shape) for n, t in network.state_dict().items()}
    assert found == wanted["keys"]
    assert sum(p.numel() for p in network.parameters()) == wanted["params"]


@pytest.mark.parametrize(
    "prefix", ["generator.", "", "model.", "model.generator.", "state_dict.generator."]
)
def test_names_lose_their_prefix(prefix: str) -> None:
    assert generator_name(f"{prefix}model.5.conv1.bn_l.weight") == "model.5.conv1.bn_l.weight"


@pytest.mark.parametrize("name", ["discriminator.model0.0.weight", "epoch", "loss.impl.1.weight"])
def test_other_names_are_left_out(name: str) -> None:
    assert generator_name(name) is None


def test_half_precision_keeps_its_transform_in_full() -> None:
    """Sizes that no half-precision FFT takes; the result is that of float32 within bfloat16."""
    network = folded(tiny_lama.tiny_lama())
    x = torch.rand(1, 4, 40, 56, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        exact = network(x)
        rounded = network.bfloat16()(x.bfloat16())
    assert rounded.dtype == torch.bfloat16
    assert 0 < (rounded.float() - exact).abs().mean() < 0.02


# --- the refinement --------------------------------------------------------------------------


class RefineCase:
    """What the authors' refinement was given and made, with the network that lies beside it."""

    def __init__(self, path: Path) -> None:
        with safe_open(path, "np") as file:
            facts = file.metadata()
            golden = {name: file.get_tensor(name) for name in ("image_u8", "mask_u8", "refined")}
        self.network = golden_network(path)
        for layer in self.network.model:
            if isinstance(layer, (nn.ConvTranspose2d, nn.Conv2d)):
                layer.weight.mul_(float(facts.get("gain", 1)))
        self.image = torch.from_numpy(golden["image_u8"]).permute(2, 0, 1)[None] / 255
        self.hole = (torch.from_numpy(golden["mask_u8"]) > 0).float()[None, None]
        self.refined: NDArray[Any] = golden["refined"]
        self.least = int(facts["min_side"])

    def filled(self, network: Any = None, least: int | None = None) -> torch.Tensor:
        """By our refinement; with a very large `least`, without."""
        refiner = Refiner(network or self.network, self._note, least or self.least)
        self.steps: list[tuple[int, int]] = []
        return refiner.fill(self.image, self.hole)

    def _note(self, *step: int) -> None:
        self.steps.append((step[0], step[1]))


refinements = pytest.mark.parametrize("path", golden_files("lama", "refine_*.safetensors"))
REFINED = 5e-4
"""A share of the picture's spread: the refinement follows gradients, which round."""


@pytest.mark.golden
@pytest.mark.parametrize("make_quick", [False, True], ids=["plain", "folded"])
@refinements
def test_the_refinement_is_the_authors(path: Path, make_quick: bool) -> None:
    case = RefineCase(path)
    refined = case.filled(folded(case.network) if make_quick else None).numpy()
    assert ratio(refined, case.refined, REFINED) < 1
    total = 15 * (len(smaller_copies(case.image, case.hole, case.least)) - 1) + 1
    assert case.steps == [(step, total) for step in range(1, total + 1)]
    plain = case.filled(least=10**6).numpy()
    needs(worst(plain, case.refined) > 5e-3, "its refinement changes nothing")
    assert ratio(plain, case.refined, REFINED) > 10


@pytest.mark.golden
@refinements
def test_refinement_brings_the_fill_nearer_to_the_small_one(path: Path) -> None:
    case = RefineCase(path)
    copies = smaller_copies(case.image, case.hole, case.least)
    needs(len(copies) == 2, "it has not one smaller copy")
    goal = Refiner(case.network, no_progress, 10**6).fill(*copies[1])
    inner = hole_to_compare(case.hole)

    def distance(filled: torch.Tensor) -> float:
        return float(((reduce_image(filled) - goal).abs() * inner).sum())

    refined = case.filled()
    assert distance(refined) < 0.995 * distance(case.filled(least=10**6))
    known = case.hole[0, 0] == 0
    assert torch.equal(refined[:, :, known], case.image[:, :, known])


@pytest.mark.parametrize(
    ("size", "copies"),
    [
        ((724, 900), 1),
        ((725, 900), 2),
        pytest.param((1024, 1024), 2, marks=pytest.mark.slow),
        pytest.param((2048, 1500), 3, marks=pytest.mark.slow),
    ],
)
def test_how_many_copies_there_are(size: tuple[int, int], copies: int) -> None:
    image, mask = torch.zeros(1, 3, *size), torch.zeros(1, 1, *size)
    found = smaller_copies(image, mask, LEAST_SIDE)
    assert len(found) == copies
    assert found[-1][0].shape[-1] == size[1] // 2 ** (copies - 1)


def test_a_thin_hole_is_refined_without_harm() -> None:
    network = folded(tiny_lama.tiny_lama())
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    hole = torch.zeros(1, 1, 64, 64)
    hole[..., 30:34, 8:56] = 1
    assert torch.isfinite(Refiner(network, no_progress, 32).fill(x, hole)).all()


def test_refinement_leaves_the_network_alone(eraser: Lama) -> None:
    network = eraser._network
    assert network is not None
    before = {name: value.clone() for name, value in network.state_dict().items()}
    image, mask = picture_and_hole((64, 64))
    x = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    Refiner(network, no_progress, 32).fill(x, torch.from_numpy(mask).float()[None, None])
    assert all(torch.equal(value, before[n]) for n, value in network.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in network.parameters())


# --- the eraser ------------------------------------------------------------------------------


def test_what_lies_under_the_hole_does_not_matter(eraser: Lama) -> None:
    image, mask = picture_and_hole((48, 64))
    other = np.where(mask[..., None], 255 - image, image)
    for settings in (Lama.Settings(), Lama.Settings(refine=True)):
        one, two = (eraser.erase(i, mask, settings, 0, no_progress) for i in (image, other))
        assert (one == two).all()


@pytest.mark.parametrize("size", [(8, 8), (8, 40), (16, 16), (24, 8), (56, 104)])
@pytest.mark.parametrize("refine", [False, True])
def test_small_and_odd_canvases(eraser: Lama, size: tuple[int, int], refine: bool) -> None:
    image, mask = picture_and_hole(size)
    filled = eraser.erase(image, mask, Lama.Settings(refine=refine), 0, no_progress)
    assert filled.shape == image.shape and filled.dtype == np.uint8
    assert filled[mask].std() > 0


@pytest.mark.parametrize("last", [1, 3])
def test_stop_is_obeyed_between_layers(eraser: Lama, last: int) -> None:
    seen: list[int] = []

    def progress(step: int, total: int) -> None:
        seen.append(step)
        if step == last:
            raise Stopped

    image, mask = picture_and_hole((64, 64))
    with pytest.raises(Stopped):
        eraser.erase(image, mask, Lama.Settings(), 0, progress)
    assert seen[-1] == last


def test_stop_is_obeyed_while_refining(eraser: Lama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refiner.__init__, "__defaults__", (32,))

    def progress(step: int, total: int) -> None:
        assert total == 16
        if step == 4:
            raise Stopped

    image, mask = picture_and_hole((64, 64))
    with pytest.raises(Stopped):
        eraser.erase(image, mask, Lama.Settings(refine=True), 0, progress)


def done(settings: dict[str, Any], image: Image, mask: Mask) -> Finished:
    *_, last = run([Job("lama", settings)], image, mask)
    assert isinstance(last, Finished), last
    return last


@pytest.mark.slow
def test_settings_reach_the_picture(tiny_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))
    monkeypatch.setattr(Refiner.__init__, "__defaults__", (64,))
    image, mask = picture_and_hole((200, 240))
    results = [
        done(settings, image, mask)
        for settings in ({}, {"longest_side": 128}, {"refine": True}, {"whole_picture": True})
    ]
    assert all(result.changed_outside == 0 for result in results)
    plain = results[0].image
    assert all((result.image != plain).any() for result in results[1:3])
    assert results[0].weights == {BIG_LAMA.name: worker.store.digest(BIG_LAMA)}


def test_the_canvas_is_as_large_as_the_user_wants() -> None:
    assert Lama.canvas_for(Lama.Settings()) == Lama.spec.canvas
    assert Lama.canvas_for(Lama.Settings(longest_side=2048)).longest_side == 2048


@pytest.mark.parametrize("spoil", ["layer", "shape", "all", "more"])
def test_another_network_is_refused(spoil: str, tmp_path: Path) -> None:
    state = tiny_lama.tiny_lama().state_dict()
    if spoil == "layer":
        del state["model.5.conv1.ffc.convl2l.weight"]
    elif spoil == "shape":
        state["model.2.ffc.convl2l.weight"] = torch.zeros(3, 3, 3, 3)
    elif spoil == "more":
        state["model.99.weight"] = torch.zeros(1)
    else:
        state = {"weight": torch.zeros(1)}
    file = tmp_path / "other.pt"
    torch.save(state, file)
    use_local(BIG_LAMA.name, file)
    try:
        with pytest.raises(Unavailable) as caught:
            Lama().load("cpu")
    finally:
        use_local(BIG_LAMA.name, None)
    assert caught.value.code == "weights_unreadable" and "other.pt" in str(caught.value)


def test_without_weights_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        Lama().load("cpu")
    assert caught.value.code == "weights_missing"
    assert "python -m methods fetch lama" in str(caught.value)


def test_it_is_among_the_defaults_once_its_weights_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for 200 MB that were not asked for; a small download does no harm."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    assert Lama.spec.default
    ids = [spec.id for spec in default_erasers()]
    assert "lama" not in ids and "migan" in ids
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    tiny_lama.save(tmp_path)
    assert [spec.id for spec in default_erasers()] == ["lama", *ids]


def test_the_number_of_channels_and_blocks_is_read_from_the_file() -> None:
    for width, blocks in ((4, 1), (8, 3)):
        network = tiny_lama.tiny_lama(0, width, blocks)
        again = lama_from(network.state_dict())
        assert len(again.model) == len(network.model)
        x = torch.rand(1, 4, 16, 24)
        with torch.inference_mode():
            assert torch.equal(again(x), network(x))


def test_folding_changes_no_result() -> None:
    network = tiny_lama.tiny_lama(5)
    x = torch.rand(1, 4, 64, 48, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        exact, quick = network(x), folded(network)(x)
    assert (exact - quick).abs().max() < 1e-5
    assert exact.std() > 1e-3 and math.isfinite(float(exact.sum()))
    norms = [m for m in folded(network).modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms == []
    assert network_module.GLOBAL_SHARE == 0.75
