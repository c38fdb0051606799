"""Networks that several erasers share serve each of them as if it were alone, whatever happens
to the others in between: a Stop, an error in a step, an error deep within the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from attention_tools import state_of
from canvas_tools import shrink_pictures
from methods import Image, Mask, Stopped, find_weights, get_eraser, list_erasers
from methods._base import no_progress
from methods._diffusion.eraser import DiffusionEraser, store
from tiers import rest_is_slow

QUICK = {"num_inference_steps": 3, "init": "telea"}


def diffusion(eraser_id: str) -> bool:
    return issubclass(get_eraser(eraser_id), DiffusionEraser)


def variants(eraser_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The eraser with its defaults, and with each of its other models."""
    field = get_eraser(eraser_id).Settings.model_fields.get("variant")
    others = getattr(field.annotation, "__args__", ()) if field is not None else ()
    return [(eraser_id, {"variant": other}) for other in others] or [(eraser_id, {})]


Case = tuple[str, dict[str, Any]]
CASES: list[Case] = [
    case for spec in list_erasers() if diffusion(spec.id) for case in variants(spec.id)
]


def name_of(case: Case) -> str:
    return "-".join((case[0], *case[1].values()))


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tiny_erasers: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_erasers))
        shrink_pictures(patch)
        yield


@pytest.fixture(autouse=True)
def no_leftover_embeddings() -> None:
    """They stay from one test to the next: the loads that are counted here are the networks'."""


def settings_of(case: Case) -> Any:
    kind = get_eraser(case[0]).Settings
    known = {name: value for name, value in QUICK.items() if name in kind.model_fields}
    return kind.model_validate({**known, **case[1]})


class Bench:
    """All erasers of this folder loaded side by side, and what each painted at first."""

    def __init__(self, photo: Image, mask: Mask) -> None:
        self._photo, self._mask = photo, mask
        self.first = cache(self._first)
        self._loaded: dict[str, DiffusionEraser] = {}

    def _first(self, name: str) -> Image:
        return self.erase(next(case for case in CASES if name_of(case) == name))

    def eraser(self, case: Case) -> DiffusionEraser:
        """One for each case, with its components taken."""
        name = name_of(case)
        if name not in self._loaded:
            made: Any = get_eraser(case[0])()
            made.load("cpu", None)
            self._loaded[name] = made
        self._loaded[name].loaded(settings_of(case))
        return self._loaded[name]

    def erase(self, case: Case, progress: Callable[[int, int], None] = no_progress) -> Image:
        eraser = self.eraser(case)
        return eraser.erase(self._photo, self._mask, settings_of(case), 3, progress)

    def components(self, case: Case) -> dict[str, Any]:
        return self.eraser(case).loaded(settings_of(case))

    def close(self) -> None:
        for eraser in self._loaded.values():
            eraser.unload()


@pytest.fixture(scope="module")
def bench(tiny_weights: None, photo: Image, mask: Mask) -> Iterator[Bench]:
    made = Bench(photo, mask)
    yield made
    kept = [part for case in CASES if usable(case) for part in made.components(case).values()]
    made.close()
    assert not any(store.users(part) for part in kept), "everything is given back"


def usable(case: Case) -> bool:
    files = get_eraser(case[0]).weights_for(settings_of(case))
    return all(find_weights(file) is not None for file in files)


def witnesses(bench: Bench, case: Case) -> list[Case]:
    """Those that hold a network of this one, itself included."""
    own = {id(part) for part in bench.components(case).values()}
    return [
        other
        for other in CASES
        if usable(other) and own & {id(part) for part in bench.components(other).values()}
    ]


def next_witnesses(bench: Bench, case: Case) -> list[Case]:
    """The two that come next, in a ring: so each is painted behind two others."""
    ring = witnesses(bench, case)
    assert case in ring
    at = ring.index(case)
    return [*ring[at + 1 :], *ring[:at]][:2]


def denoiser(bench: Bench, case: Case) -> Any:
    """The network that takes the steps."""
    parts = bench.components(case)
    return parts["unet"] if "unet" in parts else parts["transformer"]


class Break(Exception):
    """Neither Stop nor an error of ours."""


def interrupted(bench: Bench, case: Case, reason: type[Exception]) -> None:
    """Ended by its progress, after the first step."""

    def progress(step: int, total: int) -> None:
        raise reason

    with pytest.raises(reason):
        bench.erase(case, progress)


def broken_inside(bench: Bench, case: Case) -> None:
    """Ended in the middle of the network's first pass."""

    def fail(*_: Any) -> None:
        raise Break

    network = denoiser(bench, case)
    inner = network.mid_block if hasattr(network, "mid_block") else network.transformer_blocks[-1]
    hook = inner.register_forward_pre_hook(fail)
    try:
        with pytest.raises(Break):
            bench.erase(case)
    finally:
        hook.remove()


WITNESSES = {"sd_inpainting"}
"""By default a base stands for all."""


def by_default(case: Case) -> Any:
    marks = [] if case[0] in WITNESSES else [pytest.mark.slow]
    return pytest.param(case, marks=marks, id=name_of(case))


@pytest.mark.slow
@pytest.mark.parametrize("case", map(by_default, CASES))
def test_others_paint_as_before(bench: Bench, case: Case) -> None:
    """A, then B stopped and broken and whole, then A again: the same bytes."""
    if not usable(case):
        pytest.skip("its weights are not on this machine")
    painting = [case, *next_witnesses(bench, case)]
    before = {name_of(one): bench.first(name_of(one)) for one in painting}
    network = denoiser(bench, case)
    state = state_of(network)
    interrupted(bench, case, Stopped)
    interrupted(bench, case, Break)
    broken_inside(bench, case)
    assert state_of(network) == state
    loads = store.loads
    for one in painting:
        assert np.array_equal(bench.erase(one), before[name_of(one)]), name_of(one)
    assert store.loads == loads, "nothing is loaded twice"


@pytest.mark.parametrize(
    ("one", "two"),
    rest_is_slow(
        [
            ("sd_inpainting-sd15", "clipaway"),
            ("sd_inpainting-sd15", "magic_eraser-sd15"),
            ("sd_inpainting-sd2", "erase_diffusion"),
            ("magic_eraser-sd2", "erase_diffusion"),
        ],
        several=True,
    ),
)
def test_methods_on_one_base_hold_one_unet(bench: Bench, one: str, two: str) -> None:
    cases = [case for case in CASES if name_of(case) in (one, two)]
    first, second = (bench.components(case)["unet"] for case in cases)
    assert first is second
