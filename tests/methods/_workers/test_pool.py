"""A pool of real processes: who waits how long, whose memory is freed, which places there are."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from methods import (
    BadInput,
    Event,
    Executor,
    Finished,
    Image,
    InProcess,
    Job,
    Mask,
    Picture,
    Started,
    SweepJob,
    Unavailable,
    Waiting,
    make_executor,
    with_device_room,
)
from methods._workers import choice
from methods._workers.pool import Pool
from methods._workers.process.processes import Copies, Fresh
from runner_tools import finished, last_of, runs_alive, wait_until
from worker_fixtures import pool_of

pytest_plugins = ["worker_fixtures"]


@pytest.fixture(autouse=True)
def quiet_end() -> Iterator[None]:
    yield
    wait_until(lambda: not runs_alive())


# --- who waits ---------------------------------------------------------------------------------


def test_a_visitors_first_job_comes_before_anothers_second(
    pool: Pool, image: Image, mask: Mask
) -> None:
    begun: list[str] = []

    def run(visitor: str, count: int, first: int) -> None:
        jobs = [Job("patient", {"seconds": 0.1}, first + n) for n in range(count)]
        for event in pool.run(jobs, image, mask, visitor=visitor):
            if isinstance(event, Started):
                begun.append(visitor)

    many = threading.Thread(target=run, args=("many", 8, 0))
    many.start()
    wait_until(lambda: len(begun) == 2)
    run("few", 1, 100)
    many.join()
    assert begun.index("few") <= 4, begun


def test_a_card_hears_how_many_come_before_and_how_long(
    pool: Pool, image: Image, mask: Mask
) -> None:
    """As soon as an eraser has run once, it is known how long it takes."""
    finished(list(pool.run([Job("patient", {"seconds": 2}, 1)], image, mask)))
    jobs = [Job("patient", {"seconds": 2}, n) for n in (2, 3)]
    waits = [e for e in pool.run(jobs, image, mask) if isinstance(e, Waiting)]
    assert {wait.ahead for wait in waits} == {1} and {wait.index for wait in waits} == {1}
    assert any(wait.seconds for wait in waits)


def test_what_loads_nothing_does_not_wait_for_networks(
    pool: Pool, image: Image, mask: Mask
) -> None:
    network = pool.run([Job("endless")], image, mask)
    while not isinstance(next(network), Started):
        pass
    light = [Job("light_noise", seed=n) for n in range(3)]
    assert all(isinstance(end, Finished) for end in last_of(list(pool.run(light, image, mask))))
    network.close()  # type: ignore[attr-defined]


# --- GPUs --------------------------------------------------------------------------------------


@pytest.fixture
def two_gpus(toys: None) -> Iterator[Pool]:
    """Places that count as GPUs; their workers run on the CPU all the same."""
    with pool_of((("gpu0", "cuda"), ("gpu1", "cuda"), ("cpu", "cpu"))) as made:
        yield made


@pytest.mark.slow
def test_a_table_uses_both_gpus(two_gpus: Pool, image: Image, mask: Mask) -> None:
    jobs = [
        SweepJob(Job("gpu_patient", {"seconds": 0.1}, n), lambda: Picture(image, mask))
        for n in range(20)
    ]
    used: set[str] = set()
    ends = []
    for event in two_gpus.sweep(jobs):
        used |= {place.id for place in two_gpus.places() if place.at_work}
        ends.append(event)
    assert len(last_of(ends)) == 20
    assert used == {"gpu0", "gpu1"}


@pytest.mark.slow
def test_clicks_get_the_room_of_idle_workers(two_gpus: Pool, image: Image, mask: Mask) -> None:
    """Their processes end: nothing of them stays on the device. One at work goes on before."""
    finished(list(two_gpus.run([Job("gpu_noise")], image, mask)))
    assert set(two_gpus.loaded) == {"gpu_noise"}
    calls = iter((MemoryError(), None))

    def segment() -> str:
        error = next(calls)
        if error is not None:
            raise error
        return "mask"

    busy = two_gpus.run([Job("gpu_patient", {"seconds": 0.5}, 5)], image, mask)
    while not isinstance(next(busy), Started):
        pass
    ends: list[Event] = []
    reader = threading.Thread(target=lambda: ends.extend(busy))
    reader.start()
    assert with_device_room(segment, lambda: Unavailable("no")) == "mask"
    reader.join()
    assert isinstance(ends[-1], Finished)
    assert not two_gpus.loaded
    assert not any(seat.pid for seat in two_gpus._seats.values())
    assert finished(list(two_gpus.run([Job("gpu_noise", seed=9)], image, mask)))


# --- which executor ----------------------------------------------------------------------------


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)


def kinds(executor: Executor) -> list[str]:
    with executor:
        return [place.kind for place in executor.places()]


def test_the_setting_chooses(monkeypatch: pytest.MonkeyPatch, no_gpu: None) -> None:
    monkeypatch.setattr(choice, "cores", lambda: 3)
    monkeypatch.setattr(choice, "_is_fit", lambda: True)
    found = {}
    for setting in ("0", "1", "auto", "AUTO", "5"):
        monkeypatch.setenv("ERASER_LAB_WORKERS", setting)
        found[setting] = kinds(make_executor())
    lanes = {"1": 1, "auto": 3, "AUTO": 3, "5": 5}
    assert found == {"0": ["here"], **{s: ["cpu"] + ["lane"] * n for s, n in lanes.items()}}


@pytest.mark.parametrize(("device", "kind"), [("cpu", "cpu"), ("cuda", "here"), ("mps", "here")])
def test_without_a_setting_workers_are_for_machines_without_a_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, kind: str
) -> None:
    monkeypatch.delenv("ERASER_LAB_WORKERS")
    monkeypatch.setattr(choice, "_is_fit", lambda: True)
    monkeypatch.setattr(choice, "best_device", lambda: device)
    assert kinds(make_executor())[0] == kind


@pytest.mark.parametrize("setting", ["-1", "many", "1.5", "65"])
def test_a_bad_setting_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, no_gpu: None, setting: str
) -> None:
    monkeypatch.setenv("ERASER_LAB_WORKERS", setting)
    with pytest.raises(BadInput, match="ERASER_LAB_WORKERS"):
        make_executor()


def test_a_small_machine_has_no_workers(monkeypatch: pytest.MonkeyPatch, no_gpu: None) -> None:
    monkeypatch.setenv("ERASER_LAB_WORKERS", "auto")
    monkeypatch.setattr(choice, "_LEAST_MEMORY", 2**60)
    assert isinstance(make_executor(), InProcess)


@pytest.mark.parametrize(
    ("visible", "names"),
    [(None, ["0", "1"]), ("3,1", ["3", "1"]), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"])],
)
def test_each_gpu_has_a_worker_that_sees_no_other(
    monkeypatch: pytest.MonkeyPatch, visible: str | None, names: list[str]
) -> None:
    torch = SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: 2))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    seats = choice._devices("cuda", Fresh())
    assert [(seat.id, seat.kind) for seat in seats] == [
        ("gpu0", "cuda"),
        ("gpu1", "cuda"),
        ("cpu", "cpu"),
    ]
    assert [seat.environment.get("CUDA_VISIBLE_DEVICES") for seat in seats[:2]] == names
    assert seats[2].environment == {"ERASER_LAB_DEVICE": "cpu"}


@pytest.mark.slow
def test_a_template_that_must_not_be_copied_is_done_without(
    image: Image, mask: Mask, toys: None
) -> None:
    """An import has woken the GPU's driver, as this one makes believe."""
    starter = Copies(("worker_toys:pretend_a_gpu_is_awake",))
    with pool_of((("cpu", "cpu"),), starter) as pool:
        assert finished(list(pool.run([Job("noise")], image, mask)))
        assert starter._fresh is not None


@pytest.mark.slow
def test_workers_without_a_template_work_alike(image: Image, mask: Mask, toys: None) -> None:
    """As on other systems than Linux."""
    with pool_of((("cpu", "cpu"), ("lane1", "lane")), Fresh()) as pool:
        jobs = [Job("noise"), Job("segfault", seed=1), Job("light_noise"), Job("noise", seed=2)]
        codes = [getattr(end, "code", "done") for end in last_of(list(pool.run(jobs, image, mask)))]
    assert codes == ["done", "worker_crashed", "done", "done"]
