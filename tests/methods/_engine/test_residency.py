"""What stays loaded, what has to go, and running out of memory."""

from __future__ import annotations

import gc
import weakref
from typing import Any, ClassVar

import pytest

from methods._base import (
    BadInput,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Paper,
    Stopped,
    Unavailable,
    Verbatim,
)
from methods._engine.residency import Residency
from methods._system import device as _device
from methods._system.lock import DeviceLock
from methods._system.memory import memory_budget

MB = 1024**2


def spec_of(eraser_id: str, memory: int = 0, devices: tuple[DeviceName, ...] = ("cpu",)) -> Any:
    return EraserSpec(
        id=eraser_id,
        name=eraser_id.upper(),
        summary=Verbatim({"en": "a", "zh": "b"}),
        paper=Paper("t", "https://example.org", 2020),
        license="MIT",
        memory=memory,
        devices=devices,
    )


class Toy(Eraser):
    """Counts what happens to it; `fails` holds the errors of its next loads."""

    log: ClassVar[list[str]] = []
    fails: ClassVar[list[BaseException]] = []
    seen: ClassVar[list[weakref.ref[Toy]]] = []
    spec = spec_of("toy")

    def load(self, device: DeviceName, dtype: Any) -> None:
        self.seen.append(weakref.ref(self))
        self.log.append(f"load {self.spec.id} {device}")
        if self.fails:
            raise self.fails.pop(0)

    def unload(self) -> None:
        self.log.append(f"unload {self.spec.id}")

    def erase(self, image: Image, mask: Any, settings: Any, seed: int, progress: Any) -> Image:
        return image.copy()


@pytest.fixture(autouse=True)
def log() -> list[str]:
    Toy.log.clear()
    Toy.fails.clear()
    Toy.seen.clear()
    return Toy.log


def toy(eraser_id: str, memory: int = 0, devices: tuple[DeviceName, ...] = ("cpu",)) -> type[Toy]:
    return type(eraser_id, (Toy,), {"spec": spec_of(eraser_id, memory, devices)})


@pytest.fixture
def residency() -> Residency:
    return Residency(8 * MB, DeviceLock())


def hold_once(residency: Residency, eraser: type[Eraser]) -> Eraser:
    with residency.hold(eraser) as held:
        return held.eraser


# --- what stays loaded -------------------------------------------------------------------


def test_an_eraser_stays_loaded(residency: Residency, log: list[str]) -> None:
    eraser, loads = toy("a", MB), []
    with residency.hold(eraser, on_load=lambda: loads.append(1)) as first:
        assert first.load_seconds > 0
    with residency.hold(eraser, on_load=lambda: loads.append(1)) as second:
        assert second.eraser is first.eraser
        assert second.load_seconds == 0
        assert second.memory == first.memory
    assert log == ["load a cpu"]
    assert loads == [1]


def test_what_a_first_call_keeps_is_added(residency: Residency) -> None:
    eraser = toy("a", MB)
    with residency.hold(eraser) as first:
        residency.add_memory(eraser.spec, 5 * MB)
    with residency.hold(eraser) as second:
        assert second.memory == first.memory + 5 * MB
    residency.add_memory(toy("gone").spec, MB)
    assert residency.loaded == ("a",)


def test_the_least_recently_used_goes_first(residency: Residency, log: list[str]) -> None:
    a, b, c = (toy(name, 4 * MB) for name in "abc")
    for eraser in (a, b, a, c):
        hold_once(residency, eraser)
    assert residency.loaded == ("a", "c")
    assert log == ["load a cpu", "load b cpu", "unload b", "load c cpu"]


def test_as_many_go_as_are_needed(residency: Residency) -> None:
    for name in "abcd":
        hold_once(residency, toy(name, 2 * MB))
    assert list(residency.loaded) == ["a", "b", "c", "d"]
    hold_once(residency, toy("e", 5 * MB))
    assert list(residency.loaded) == ["d", "e"]


def test_what_needs_no_memory_drives_nothing_out(residency: Residency) -> None:
    hold_once(residency, toy("big", 8 * MB))
    hold_once(residency, toy("light", 0))
    assert residency.loaded == ("big", "light")


def test_too_large_for_the_budget_is_refused_before_loading(
    residency: Residency, log: list[str]
) -> None:
    hold_once(residency, toy("a", 4 * MB))
    with pytest.raises(Unavailable) as caught, residency.hold(toy("giant", 9 * MB)):
        pass
    assert caught.value.code == "not_enough_memory"
    assert "GIANT" in str(caught.value)
    assert residency.loaded == ("a",)
    assert log == ["load a cpu"]


def test_a_failed_load_leaves_nothing_behind(residency: Residency, log: list[str]) -> None:
    Toy.fails[:] = [Unavailable.retold("the file is damaged", "weights_unreadable")]
    with pytest.raises(Unavailable, match="damaged"), residency.hold(toy("a", MB)):
        pass
    assert residency.loaded == ()
    assert log == ["load a cpu", "unload a"]
    gc.collect()
    assert [ref() for ref in Toy.seen] == [None]
    assert hold_once(residency, toy("a", MB)) is not None


def test_a_changed_class_is_loaded_anew(residency: Residency) -> None:
    old = hold_once(residency, toy("a"))
    new = hold_once(residency, toy("a"))
    assert new is not old
    assert residency.loaded == ("a",)


def test_other_weights_are_loaded_anew(residency: Residency, log: list[str]) -> None:
    eraser = toy("a")
    for digest in ("00", "00", "11"):
        with residency.hold(eraser, weights={"w": digest}):
            pass
    assert log == ["load a cpu", "unload a", "load a cpu"]


def test_an_unload_that_fails_does_not_stop_the_next(residency: Residency) -> None:
    class Clinging(Toy):
        spec = spec_of("clinging", 8 * MB)

        def unload(self) -> None:
            raise RuntimeError("no")

    hold_once(residency, Clinging)
    hold_once(residency, toy("a", 8 * MB))
    assert residency.loaded == ("a",)


@pytest.mark.parametrize(
    ("error", "stays"),
    [(Stopped(), True), (BadInput("no"), True), (ZeroDivisionError(), False)],
)
def test_an_unexpected_error_unloads(residency: Residency, error: Exception, stays: bool) -> None:
    with pytest.raises(type(error)), residency.hold(toy("a")):
        raise error
    assert residency.loaded == (("a",) if stays else ())
    hold_once(residency, toy("a"))


def test_clear_unloads_everything(residency: Residency, log: list[str]) -> None:
    hold_once(residency, toy("a"))
    residency.clear()
    assert residency.loaded == ()
    assert log[-1] == "unload a"


def test_a_load_that_the_device_refuses_goes_on_to_the_next(
    residency: Residency, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_device, "_detected", lambda: "mps")
    Toy.fails[:] = [Unavailable.retold("not on this one", "device_missing")]
    with residency.hold(toy("a", devices=("mps", "cpu"))) as held:
        assert held.device == "cpu"
    assert log == ["load a mps", "unload a", "load a cpu"]


# --- memory runs out ---------------------------------------------------------------------


def test_out_of_memory_in_a_load_drives_out_all_others_and_tries_once_more(
    residency: Residency, log: list[str]
) -> None:
    for name in "ab":
        hold_once(residency, toy(name, MB))
    Toy.fails[:] = [MemoryError()]
    hold_once(residency, toy("c", MB))
    assert residency.loaded == ("c",)
    assert log[2:] == ["load c cpu", "unload c", "unload a", "unload b", "load c cpu"]


def test_out_of_memory_twice_is_a_sentence(residency: Residency) -> None:
    Toy.fails[:] = [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")]
    with pytest.raises(Unavailable) as caught, residency.hold(toy("a", 5 * MB)):
        pass
    assert caught.value.code == "not_enough_memory"
    assert (caught.value.details["eraser"], caught.value.details["needed"]) == ("a", 5 * MB)
    assert residency.loaded == ()


def test_out_of_memory_in_the_work_keeps_only_the_worker(residency: Residency) -> None:
    a, b = toy("a", MB), toy("b", MB)
    hold_once(residency, a)
    tries: list[tuple[str, ...]] = []

    def work() -> str:
        tries.append(residency.loaded)
        if len(tries) == 1:
            raise MemoryError
        return "done"

    with residency.hold(b):
        assert residency.with_room(b.spec, work) == "done"
    assert tries == [("a", "b"), ("b",)]


def test_out_of_memory_in_the_work_twice_gives_everything_back(residency: Residency) -> None:
    def work() -> None:
        raise MemoryError

    eraser = toy("a", MB)
    with pytest.raises(Unavailable), residency.hold(eraser):
        residency.with_room(eraser.spec, work)
    assert residency.loaded == ()


def test_other_errors_are_not_tried_again(residency: Residency) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise RuntimeError("size mismatch")

    eraser = toy("a")
    with pytest.raises(RuntimeError, match="mismatch"), residency.hold(eraser):
        residency.with_room(eraser.spec, work)
    assert tries == [1]


def test_the_budget_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MEMORY", "1.5")
    assert memory_budget("cpu") == 3 * 512 * MB
    residency = Residency(lock=DeviceLock())
    with pytest.raises(Unavailable), residency.hold(toy("a", 2048 * MB)):
        pass
    hold_once(residency, toy("a", 1024 * MB))
