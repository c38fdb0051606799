"""The device lock, which device, what stays loaded, and running out of memory."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from methods import _device, _memory
from methods._base import (
    BadInput,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Paper,
    Stopped,
    Text,
    Unavailable,
)
from methods._device import DeviceLock, StopToken, best_device, devices_for
from methods._memory import MemoryMeter, is_out_of_memory, memory_budget
from methods._residency import Residency

MB = 1024**2


def spec_of(eraser_id: str, memory: int = 0, devices: tuple[DeviceName, ...] = ("cpu",)) -> Any:
    return EraserSpec(
        id=eraser_id,
        name=eraser_id.upper(),
        summary=Text("a", "b"),
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


# --- the lock ----------------------------------------------------------------------------


@contextmanager
def thread(work: Callable[[], None]) -> Iterator[threading.Thread]:
    started = threading.Thread(target=work, daemon=True)
    started.start()
    yield started
    started.join(timeout=30)
    assert not started.is_alive()


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came about")


def test_the_lock_serves_in_the_order_of_coming() -> None:
    lock, order = DeviceLock(), []

    def work(number: int) -> None:
        with lock.hold():
            order.append(number)

    threads = []
    with lock.hold():
        for number in range(6):
            threads.append(threading.Thread(target=work, args=(number,), daemon=True))
            threads[-1].start()
            wait_until(lambda: lock.ahead == len(threads) + 1)
    for started in threads:
        started.join(timeout=30)
    assert order == list(range(6))
    assert lock.ahead == 0


def test_only_one_holds_the_lock() -> None:
    lock, inside, most = DeviceLock(), [0], [0]

    def work() -> None:
        for _ in range(50):
            with lock.hold():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for started in threads:
        started.start()
    for started in threads:
        started.join(timeout=60)
        assert not started.is_alive()
    assert most == [1]


def test_a_waiter_is_told_how_many_are_ahead() -> None:
    lock = DeviceLock()
    told: list[int] = []
    first, second = lock.hold(), threading.Event()

    def hold_second() -> None:
        with lock.hold():
            second.wait(30)

    def hold_third() -> None:
        with lock.hold(on_wait=told.append):
            told.append(0)

    first.__enter__()
    with thread(hold_second):
        wait_until(lambda: lock.ahead == 2)
        with thread(hold_third):
            wait_until(lambda: told == [2])
            first.__exit__(None, None, None)
            wait_until(lambda: told == [2, 1])
            second.set()
    assert told == [2, 1, 0]


def test_nobody_is_told_when_the_lock_is_free() -> None:
    told: list[int] = []
    with DeviceLock().hold(on_wait=told.append):
        pass
    assert told == []


def test_waiting_can_be_stopped_and_leaves_the_line() -> None:
    lock, token, outcome = DeviceLock(), StopToken(), []

    def wait() -> None:
        try:
            with lock.hold(token):
                outcome.append("held")
        except Stopped:
            outcome.append("stopped")

    with lock.hold():
        with thread(wait):
            wait_until(lambda: lock.ahead == 2)
            token.stop()
        assert outcome == ["stopped"]
        assert lock.ahead == 1


def test_a_stopped_token_never_gets_the_lock() -> None:
    lock, token = DeviceLock(), StopToken()
    token.stop()
    with pytest.raises(Stopped), lock.hold(token):
        pass
    assert lock.ahead == 0


def test_an_error_releases_the_lock() -> None:
    lock = DeviceLock()
    with pytest.raises(ZeroDivisionError), lock.hold():
        raise ZeroDivisionError
    with lock.hold():
        assert lock.ahead == 1


def test_an_error_of_the_watcher_leaves_the_line() -> None:
    lock, raised = DeviceLock(), []

    def tell(ahead: int) -> None:
        raise KeyError(ahead)

    def wait() -> None:
        try:
            with lock.hold(on_wait=tell):
                raise AssertionError("it was not its turn")
        except KeyError as error:
            raised.append(error.args)

    with lock.hold(), thread(wait):
        wait_until(lambda: bool(raised))
    assert raised == [(1,)]
    assert lock.ahead == 0


def test_a_child_token_stops_with_its_parent_and_not_the_other_way() -> None:
    parent = StopToken()
    child, sibling = StopToken(parent), StopToken(parent)
    child.stop()
    assert child.stopped and not parent.stopped and not sibling.stopped
    parent.stop()
    with pytest.raises(Stopped):
        sibling.check()


# --- the device --------------------------------------------------------------------------


def test_the_device_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_device, "_detected", lambda: "cuda")
    assert best_device() == "cuda"
    monkeypatch.setenv("ERASER_LAB_DEVICE", " CPU ")
    assert best_device() == "cpu"


@pytest.mark.parametrize("wanted", ["cuda", "tpu", "gpu:0"])
def test_a_device_that_is_not_there_is_refused(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_device, "_detected", lambda: "cpu")
    monkeypatch.setenv("ERASER_LAB_DEVICE", wanted)
    with pytest.raises(Unavailable) as caught:
        best_device()
    assert wanted in str(caught.value)


def test_torch_is_not_imported_where_no_gpu_can_be() -> None:
    code = (
        "import os, sys; os.environ['CUDA_VISIBLE_DEVICES'] = ''\n"
        "from methods import best_device\n"
        "print(best_device(), 'torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120
    )
    if sys.platform == "darwin":
        pytest.skip("every Mac may have a GPU that torch can use")
    assert done.stdout.split() == ["cpu", "False"], done.stderr


def test_an_eraser_goes_to_the_best_device_it_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_device, "_detected", lambda: "mps")
    assert devices_for(spec_of("a", devices=("cuda", "mps", "cpu"))) == ("mps", "cpu")
    assert devices_for(spec_of("a", devices=("cuda", "cpu"))) == ("cpu",)
    with pytest.raises(Unavailable) as caught:
        devices_for(spec_of("a", devices=("cuda",)))
    assert caught.value.code == "device_missing"


def test_a_load_that_the_device_refuses_goes_on_to_the_next(
    residency: Residency, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_device, "_detected", lambda: "mps")
    Toy.fails[:] = [Unavailable("not on this one", "device_missing")]
    with residency.hold(toy("a", devices=("mps", "cpu"))) as held:
        assert held.device == "cpu"
    assert log == ["load a mps", "unload a", "load a cpu"]


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
    Toy.fails[:] = [Unavailable("the file is damaged", "weights_unreadable")]
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
    assert caught.value.details == {"eraser": "a", "needed": 5 * MB}
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


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("whatever"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), True),
        (Exception("(-4:Insufficient memory) Failed to allocate 9 bytes"), True),
        (RuntimeError("expected a tensor of 3 channels"), False),
        (ValueError("memory"), False),
        (Unavailable("There is not enough memory for it"), False),
        (Stopped(), False),
    ],
)
def test_running_out_of_memory_is_recognised(error: Exception, is_it: bool) -> None:
    assert is_out_of_memory(error) is is_it


def test_a_real_allocation_that_fails_is_recognised() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 60, np.uint8)
    assert is_out_of_memory(caught.value)


# --- the budget and the meter ------------------------------------------------------------


def test_the_budget_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MEMORY", "1.5")
    assert memory_budget("cpu") == 3 * 512 * MB
    residency = Residency(lock=DeviceLock())
    with pytest.raises(Unavailable), residency.hold(toy("a", 2048 * MB)):
        pass
    hold_once(residency, toy("a", 1024 * MB))


@pytest.mark.parametrize("text", ["much", "-1", "0", "nan", "1e99"])
def test_a_budget_that_is_no_number_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_MEMORY", text)
    with pytest.raises(Unavailable) as caught:
        memory_budget("cpu")
    assert "ERASER_LAB_MEMORY" in str(caught.value)


def test_the_budget_on_a_cpu_is_a_share_of_free_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import psutil

    monkeypatch.delenv("ERASER_LAB_MEMORY", raising=False)
    monkeypatch.setattr(_memory, "_CGROUP_FILES", ())
    assert 0 < memory_budget("cpu") < psutil.virtual_memory().total
    limit = tmp_path / "memory.max"
    limit.write_text(f"{psutil.Process().memory_info().rss + 200 * MB}\n")
    monkeypatch.setattr(_memory, "_CGROUP_FILES", (str(tmp_path / "none"), str(limit)))
    assert 0 < memory_budget("cpu") < 200 * MB
    limit.write_text("max\n")
    assert memory_budget("cpu") > 200 * MB


def test_the_meter_sees_what_is_taken_and_what_is_kept() -> None:
    with MemoryMeter("cpu") as meter:
        kept = np.ones(40 * MB, np.uint8)
        passing = np.ones(80 * MB, np.uint8)
        threading.Event().wait(0.2)
        del passing
    assert meter.kind == "ram"
    assert meter.peak > 100 * MB
    assert 30 * MB < meter.kept < 100 * MB
    assert kept.all()


def test_the_meter_of_a_block_that_takes_nothing_is_near_zero() -> None:
    with MemoryMeter("cpu") as meter:
        pass
    assert 0 <= meter.kept <= meter.peak < 20 * MB


@pytest.mark.gpu
def test_the_meter_counts_what_torch_allocates() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    with MemoryMeter("cuda") as meter:
        kept = torch.ones(40 * MB, dtype=torch.uint8, device="cuda")
        passing = torch.ones(80 * MB, dtype=torch.uint8, device="cuda")
        del passing
    assert meter.kind == "gpu"
    assert 110 * MB < meter.peak < 140 * MB
    assert 30 * MB < meter.kept < 60 * MB
    assert kept.all()
    assert memory_budget("cuda") > 0
