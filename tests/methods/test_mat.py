"""MAT through the optional package: the real class with random weights, seeds, files, refusals.

Everything that needs spandrel_extra_arches is skipped where it is not installed:

    pip install spandrel_extra_arches
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from golden_cases import ROOT
from methods import Failed, Image, Job, Mask, Settings, Unavailable, run
from methods import mat as module
from methods._base import no_progress
from methods._engine import registry
from methods._weights.store import use_local
from methods.mat import PACKAGE, PLACES, Mat, own_name

needs_package = pytest.mark.skipif(
    find_spec(PACKAGE) is None, reason=f"the optional package {PACKAGE} is not installed"
)
SIZE = 512


class Stub(nn.Module):
    """Paints like the package's generator as far as the eraser can tell: from the picture, the
    style and torch's own random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping = nn.Linear(1, 1)
        self.calls: list[tuple[Any, ...]] = []

    def forward(
        self, image: torch.Tensor, known: torch.Tensor, style: Any, label: Any, noise_mode: str
    ) -> torch.Tensor:
        self.calls.append((image, known, style, label, noise_mode))
        noise = torch.rand(1, 3, SIZE, SIZE) * 0.5 + style.mean() + image.mean()
        return image * known + noise.clamp(-1, 1) * (1 - known)


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mat]:
    """The eraser around a stand-in for the network that is not ours."""
    network = Stub()
    monkeypatch.setattr(module, "_network", lambda: network)
    file = tmp_path / "own.pth"
    torch.save({f"G_ema.{name}": v.half() for name, v in network.state_dict().items()}, file)
    use_local(PLACES.name, file)
    made = Mat()
    made.load("cpu")
    yield made
    made.unload()
    use_local(PLACES.name, None)


def picture_and_hole() -> tuple[Image, Mask]:
    image = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    mask = np.zeros((SIZE, SIZE), bool)
    mask[150:300, 200:420] = True
    return image, mask


def known_keys(which: str) -> dict[str, list[int]]:
    homes = (ROOT / ".." / "shared" / "golden", ROOT / "tests" / "golden")
    files = [home / "mat" / "state_dict_keys_full.json" for home in homes]
    text = next(file for file in files if file.is_file()).read_text("utf-8")
    found: dict[str, list[int]] = json.loads(text)["files"][which]["keys"]
    return found


# --- without the package ---------------------------------------------------------------------


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    image, mask = picture_and_hole()
    (end,) = run([Job("mat")], image, mask)
    assert isinstance(end, Failed) and end.code == "package_missing"
    assert f"pip install {PACKAGE}" in end.text


def test_a_broken_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of another age, without the network."""
    for name in (PACKAGE, f"{PACKAGE}.architectures", f"{PACKAGE}.architectures.MAT"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    with pytest.raises(Unavailable) as caught:
        module._network()
    assert caught.value.code == "package_broken" and PACKAGE in str(caught.value)


def test_the_card_marks_it_as_non_commercial() -> None:
    assert Mat.spec.non_commercial and "NC" in Mat.spec.license
    assert Mat.spec.seeded and not Mat.spec.default


@pytest.mark.parametrize("prefix", ["", "model.", "G_ema.", "state_dict.model."])
def test_names_lose_their_prefix(prefix: str) -> None:
    assert own_name(f"{prefix}synthesis.enc.x.weight") == "synthesis.enc.x.weight"
    assert own_name(f"{prefix}mapping.fc0.bias") == "mapping.fc0.bias"
    assert own_name(f"{prefix}optimizer") is None


def test_the_seed_decides_on_everything_random(stub: Mat) -> None:
    image, mask = picture_and_hole()
    before = torch.random.get_rng_state()
    one, again, other = (
        stub.erase(image, mask, Settings(), seed, no_progress) for seed in (1, 1, 2)
    )
    assert (one == again).all() and (one[mask] != other[mask]).any()
    assert torch.equal(torch.random.get_rng_state(), before), "the process's own state moved"


def test_what_it_is_given_is_what_the_network_expects(stub: Mat) -> None:
    """Known = 1, the picture in -1 … 1 with nothing in the hole, a style of 512, no label."""
    image, mask = picture_and_hole()
    filled = stub.erase(image, mask, Settings(), 3, no_progress)
    assert stub._network is not None
    ((picture, known, style, label, noise_mode),) = stub._network.calls
    assert (known[0, 0].numpy() == ~mask).all()
    wanted = (image / 127.5 - 1) * ~mask[..., None]
    assert np.abs(picture[0].permute(1, 2, 0).numpy() - wanted).max() < 1e-6
    assert style.shape == (1, 512) and label.shape == (1, 0) and noise_mode == "none"
    assert filled.shape == image.shape and (filled[~mask] == image[~mask]).all()


@pytest.mark.parametrize("spoil", ["missing", "shape"])
def test_another_network_is_refused(
    spoil: str, stub: Mat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"mapping.weight": torch.zeros(1, 1), "mapping.bias": torch.zeros(1)}
    if spoil == "missing":
        del state["mapping.bias"]
    else:
        state["mapping.weight"] = torch.zeros(2, 2)
    file = tmp_path / "other.pth"
    torch.save(state, file)
    use_local(PLACES.name, file)
    with pytest.raises(Unavailable) as caught:
        Mat().load("cpu")
    assert caught.value.code == "weights_unreadable" and "other.pth" in str(caught.value)


# --- with it ---------------------------------------------------------------------------------


@needs_package
@pytest.mark.slow
def test_the_real_class_runs_through_the_true_path(tmp_path: Path) -> None:
    """Random weights in half precision, with all the names of the authors' file."""
    from safetensors.torch import save_file

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = module._network().state_dict()
    assert {n: list(t.shape) for n, t in state.items()} == known_keys("Places_512_FullData_G.pth")
    more = set(known_keys("Places_512_FullData.pkl[G_ema] (upstream networks/mat.py Generator)"))
    halved = {name: tensor.half().contiguous() for name, tensor in state.items()}
    halved |= {name: torch.zeros(1) for name in more - set(state)}
    save_file(halved, tmp_path / PLACES.name)
    assert abs((tmp_path / PLACES.name).stat().st_size - PLACES.size) < 0.02 * PLACES.size
    use_local(PLACES.name, tmp_path / PLACES.name)
    eraser = Mat()
    eraser.load("cpu")
    use_local(PLACES.name, None)
    image, mask = picture_and_hole()
    other = np.where(mask[..., None], 255 - image, image)
    one, again = (eraser.erase(i, mask, Settings(), 1, no_progress) for i in (image, other))
    assert (one == again).all(), "the seed decides, and not what lies under the mask"
    assert (one[mask] != eraser.erase(image, mask, Settings(), 2, no_progress)[mask]).any()
    assert (one[~mask] == image[~mask]).all()
