"""The device lock, the token that stops a run, and the choice of the device."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulation.program import program_on
from methods._base import (
    DeviceName,
    EraserSpec,
    Paper,
    Stopped,
    Unavailable,
    Verbatim,
)
from methods._system import device
from methods._system.device import best_device, devices_for
from methods._system.gpu_traces import may_have_gpu
from methods._system.lock import DeviceLock, StopToken


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


# --- the lock ----------------------------------------------------------------------------


@contextmanager
def thread(work: Callable[[], None]) -> Iterator[threading.Thread]:
    started = threading.Thread(target=work, daemon=True)
    started.start()
    yield started
    started.join(timeout=60)
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
        started.join(timeout=60)
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
    monkeypatch.setattr(device, "_detected", lambda: "cuda")
    assert best_device() == "cuda"
    monkeypatch.setenv("ERASER_LAB_DEVICE", " CPU ")
    assert best_device() == "cpu"


@pytest.mark.parametrize("wanted", ["cuda", "tpu", "gpu:0"])
def test_a_device_that_is_not_there_is_refused(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_asked_of_torch", lambda: "cpu")
    monkeypatch.setenv("ERASER_LAB_DEVICE", wanted)
    with pytest.raises(Unavailable) as caught:
        best_device()
    assert wanted in str(caught.value)


@pytest.mark.gpu
def test_a_wish_is_granted_where_no_trace_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver may show itself in ways that nobody has thought of."""
    monkeypatch.setattr(device, "may_have_gpu", lambda: False)
    device._detected.cache_clear()
    assert best_device() == "cpu"
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cuda")
    assert best_device() == "cuda"


def test_apples_device_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with program_on("mps"):
        assert best_device() == "mps"


@pytest.mark.parametrize(
    ("trace", "environment", "found"),
    [
        ("", {}, False),
        ("dev/nvidiactl", {}, True),
        ("dev/nvidia0", {}, True),  # a container that shows one GPU and no control file
        ("dev/nvidia-uvm", {}, True),
        ("dev/dxg", {}, True),
        ("dev/nvhost-gpu", {}, True),
        ("proc/driver/nvidia/version", {}, True),
        ("libcuda.so.1", {}, True),
        ("dev/kfd", {}, True),
        ("dev/dri/card0", {}, False),  # any screen has one
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": ""}, False),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "-1"}, False),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "-1,0"}, False),
        ("libcuda.so.1", {"CUDA_VISIBLE_DEVICES": " -1 "}, False),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, False),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "0"}, True),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "2,-1"}, True),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "GPU-8f4f9a6c-1d2b"}, True),
        ("dev/nvidiactl", {"CUDA_VISIBLE_DEVICES": "MIG-GPU-8f4f/1/0"}, True),
        ("dev/nvidiactl", {"HIP_VISIBLE_DEVICES": ""}, True),
        ("dev/kfd", {"HIP_VISIBLE_DEVICES": "-1"}, False),
        ("dev/kfd", {"ROCR_VISIBLE_DEVICES": ""}, False),
        ("dev/kfd", {"ROCR_VISIBLE_DEVICES": "GPU-DEADBEEF"}, True),
        ("dev/kfd", {"CUDA_VISIBLE_DEVICES": ""}, False),
    ],
)
def test_a_trace_of_a_gpu_on_linux(
    trace: str, environment: dict[str, str], found: bool, tmp_path: Path
) -> None:
    if "/" in trace:
        (tmp_path / trace).parent.mkdir(parents=True)
        (tmp_path / trace).touch()
    asked = may_have_gpu("linux", "x86_64", environment, tmp_path, lambda name: name == trace)
    assert asked is found


@pytest.mark.parametrize(("machine", "found"), [("arm64", True), ("x86_64", False)])
def test_a_trace_of_a_gpu_on_a_mac(machine: str, found: bool, tmp_path: Path) -> None:
    assert may_have_gpu("darwin", machine, {"CUDA_VISIBLE_DEVICES": ""}, tmp_path) is found


def test_a_trace_of_a_gpu_on_windows(tmp_path: Path) -> None:
    environment = {"SYSTEMROOT": str(tmp_path)}
    assert not may_have_gpu("win32", "AMD64", environment)
    (tmp_path / "System32").mkdir()
    (tmp_path / "System32" / "nvcuda.dll").touch()
    assert may_have_gpu("win32", "AMD64", environment)
    assert not may_have_gpu("win32", "AMD64", environment | {"CUDA_VISIBLE_DEVICES": ""})


@pytest.mark.parametrize("count", [1, 2, 8])
def test_of_several_gpus_the_first_one_is_meant(count: int) -> None:
    """Others are left to `CUDA_VISIBLE_DEVICES`."""
    import torch

    with program_on("cuda", devices=count):
        assert best_device() == "cuda"
        assert torch.ones(1).to(best_device()).device == torch.device("cuda:0")


def test_torch_is_not_imported_where_no_gpu_can_be() -> None:
    code = (
        "import os, sys; os.environ['CUDA_VISIBLE_DEVICES'] = ''\n"
        "from methods import best_device\n"
        "print(best_device(), 'torch' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=120
    )
    if sys.platform == "darwin":
        pytest.skip("every Mac may have a GPU that torch can use")
    assert done.stdout.split() == ["cpu", "False"], done.stderr


def test_an_eraser_goes_to_the_best_device_it_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_detected", lambda: "mps")
    assert devices_for(spec_of("a", devices=("cuda", "mps", "cpu"))) == ("mps", "cpu")
    assert devices_for(spec_of("a", devices=("cuda", "cpu"))) == ("cpu",)
    with pytest.raises(Unavailable) as caught:
        devices_for(spec_of("a", devices=("cuda",)))
    assert caught.value.code == "device_missing"


def test_visitors_have_the_device_in_turn() -> None:
    lock, order = DeviceLock(), list[str]()

    def use(visitor: str) -> None:
        with lock.hold(visitor=visitor):
            order.append(visitor)

    threads = []
    with lock.hold(visitor="anna"):
        for number, visitor in enumerate(("anna", "anna", "anna", "ben"), 2):
            threads.append(threading.Thread(target=use, args=(visitor,)))
            threads[-1].start()
            wait_until(lambda: lock.ahead == number)  # noqa: B023 - at once
    for thread in threads:
        thread.join(30)
    assert order == ["ben", "anna", "anna", "anna"]
