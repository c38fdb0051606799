"""Whatever an eraser does to its process costs its own card."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from memory_group import NoGroup, memory_group
from methods import (
    Event,
    Failed,
    Finished,
    Image,
    Job,
    Loading,
    Mask,
    Picture,
    Started,
    StopToken,
    SweepJob,
    get_eraser,
)
from methods._workers import seat
from methods._workers.pool import Pool
from methods._workers.process import losses
from methods._workers.process.messages import Start
from methods._workers.process.processes import Copies, Fresh, NotStarted, Process, Starter
from runner_tools import failed, finished, last_of, runs_alive, wait_until
from tiers import ROUNDS, rest_is_slow
from worker_fixtures import FOUND, pool_of

pytest_plugins = ["worker_fixtures"]

DEATHS = {"segfault": "SIGSEGV", "abort": "SIGABRT", "exits": "exit code 3"}
AGAIN = rest_is_slow(range(ROUNDS))


@pytest.fixture(autouse=True)
def quiet_end() -> Iterator[None]:
    yield
    wait_until(lambda: not runs_alive())


def workers() -> list[psutil.Process]:
    """Living processes that this one has started, and theirs."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if child.status() != psutil.STATUS_ZOMBIE]


# --- what kills its own process ----------------------------------------------------------------


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("eraser", DEATHS)
def test_a_crash_costs_its_own_job(
    pool: Pool, eraser: str, again: int, image: Image, mask: Mask
) -> None:
    """The others are done, also behind it at the same place, and the sentence names the reason."""
    jobs = [Job("noise", seed=1), Job(eraser, seed=7), Job("noise", seed=2), Job("light_noise")]
    first, crash, behind, beside = last_of(list(pool.run(jobs, image, mask)))
    assert isinstance(first, Finished) and isinstance(behind, Finished)
    assert isinstance(beside, Finished)
    assert isinstance(crash, Failed) and not crash.stopped
    assert crash.code == "worker_crashed" and DEATHS[eraser] in crash.text
    assert get_eraser(eraser).spec.name in crash.text and "崩溃" in crash.sentence.said("zh")


def test_an_eraser_that_crashes_three_times_is_given_up(
    pool: Pool, image: Image, mask: Mask
) -> None:
    lost = sum(place.lost for place in pool.places())
    jobs = [*(Job("segfault", seed=n) for n in range(1, 9)), Job("noise", seed=1)]
    *crashes, good = last_of(list(pool.run(jobs, image, mask)))
    codes = [end.code for end in crashes if isinstance(end, Failed)]
    assert codes == ["worker_crashed"] * 3 + ["eraser_crashes"] * 5
    assert isinstance(good, Finished)
    assert sum(place.lost for place in pool.places()) == lost + 3
    assert failed(list(pool.run([Job("segfault", seed=1)], image, mask))).code == "worker_crashed"


def test_a_success_between_crashes_begins_the_count_anew(
    pool: Pool, image: Image, mask: Mask
) -> None:
    jobs = [Job("segfault", {"steps": n}, seed=n % 3) for n in range(1, 9)]  # 0 at every third
    ends = last_of(list(pool.run(jobs, image, mask)))
    assert [end.code if isinstance(end, Failed) else "done" for end in ends] == [
        "worker_crashed" if job.seed else "done" for job in jobs
    ]


# --- what comes from outside -------------------------------------------------------------------


def with_kills(pool: Pool, times: int, image: Image, mask: Mask) -> list[Event]:
    """The events of a job whose worker is killed so often while it works."""
    events: list[Event] = []
    for event in pool.run([Job("patient", {"steps": 40, "seconds": 0.4})], image, mask):
        events.append(event)
        if isinstance(event, Started) and times:
            times -= 1
            os.kill(pool._seats["cpu"].pid, signal.SIGKILL)
    return events


@pytest.mark.parametrize("again", AGAIN)
def test_a_worker_that_is_killed_once_costs_nothing(
    pool: Pool, again: int, image: Image, mask: Mask
) -> None:
    events = with_kills(pool, 1, image, mask)
    assert finished(events).changed_outside == 0
    assert sum(isinstance(event, Started) for event in events) == 2


def test_a_job_whose_worker_is_killed_again_ends(pool: Pool, image: Image, mask: Mask) -> None:
    last = failed(with_kills(pool, 2, image, mask))
    assert last.code == "worker_crashed" and "SIGKILL" in last.text
    assert finished(list(pool.run([Job("noise")], image, mask)))


def test_running_out_of_memory_is_said(
    pool: Pool, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel counts whom it kills for want of memory: it is not tried a second time."""
    counts = iter(range(100))
    monkeypatch.setattr(losses, "killed_for_memory", lambda: next(counts))
    monkeypatch.setattr(seat, "killed_for_memory", lambda: next(counts))
    last = failed(with_kills(pool, 1, image, mask))
    assert last.code == "worker_out_of_memory" and "memory" in last.text
    assert "内存" in last.sentence.said("zh")


@pytest.mark.slow
def test_the_kernel_kills_for_want_of_memory(pool: Pool, image: Image, mask: Mask) -> None:
    """Really: the worker stands in a control group that has less than its eraser wants."""
    finished(list(pool.run([Job("noise")], image, mask)))
    try:
        with memory_group(200 * 2**20) as processes:
            worker = pool._seats["cpu"].pid
            processes.write_text(str(worker))
            greedy, beside = last_of(list(pool.run([Job("greedy"), Job("noise")], image, mask)))
            wait_until(lambda: not psutil.pid_exists(worker))
    except NoGroup as why:
        pytest.skip(str(why))
    assert isinstance(greedy, Failed) and greedy.code == "worker_out_of_memory"
    assert "memory" in greedy.text and "内存" in greedy.sentence.said("zh")
    assert isinstance(beside, Finished)
    assert isinstance(finished(list(pool.run([Job("greedy")], image, mask))), Finished)


def test_the_kernels_count_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none, group, whole = tmp_path / "none", tmp_path / "group", tmp_path / "whole"
    group.write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    whole.write_text("pgfault 9\noom_kill 7\n")
    for files, count in (((none, whole), 7), ((group, whole), 2), ((none,), 0)):
        monkeypatch.setattr(losses, "_COUNTS", files)
        assert losses.killed_for_memory() == count


@pytest.mark.slow
def test_a_template_that_dies_is_replaced(image: Image, mask: Mask, toys: None) -> None:
    """Its workers go with it, and the job under way is tried again."""
    with pool_of() as pool:
        events: list[Event] = []
        for event in pool.run([Job("patient", {"steps": 40, "seconds": 0.4})], image, mask):
            begun_before = any(isinstance(each, Started) for each in events)
            events.append(event)
            if isinstance(event, Started) and not begun_before:
                psutil.Process(pool._seats["cpu"].pid).parent().kill()
        assert isinstance(finished(events), Finished)


@pytest.mark.parametrize("eraser", ["light_hung", "hung"])
def test_stop_ends_what_hears_nothing(pool: Pool, eraser: str, image: Image, mask: Mask) -> None:
    """And its place is there for the next job."""
    token, events = StopToken(), []
    for event in pool.run([Job(eraser)], image, mask, token=token):
        events.append(event)
        if isinstance(event, Started):
            token.stop()
    assert failed(events).stopped
    after = "light_noise" if eraser.startswith("light") else "noise"
    jobs = [Job(after, seed=n) for n in range(3)]
    assert all(isinstance(end, Finished) for end in last_of(list(pool.run(jobs, image, mask))))
    wait_until(lambda: not any(place.at_work for place in pool.places()))


@pytest.mark.parametrize("again", AGAIN)
def test_leaving_a_run_ends_what_hears_nothing(
    pool: Pool, again: int, image: Image, mask: Mask
) -> None:
    events = pool.run([Job("hung", seed=n) for n in range(3)], image, mask)
    while not isinstance(next(events), Started):
        pass
    events.close()  # type: ignore[attr-defined]
    assert isinstance(finished(list(pool.run([Job("noise")], image, mask))), Finished)


def test_loading_goes_on_after_a_stop(pool: Pool, image: Image, mask: Mask) -> None:
    """What is loaded then serves the next job."""
    token = StopToken()
    events: list[Event] = []
    for event in pool.run([Job("slowload")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Loading):
            token.stop()
    assert failed(events).stopped
    begun = {place.id: place.starts for place in pool.places()}
    done = finished(list(pool.run([Job("slowload")], image, mask)))
    assert done.load_seconds == 0
    assert {place.id: place.starts for place in pool.places()} == begun


# --- a program that ends -----------------------------------------------------------------------


@pytest.mark.slow
def test_closing_ends_every_process(toys: None, image: Image, mask: Mask) -> None:
    starters: tuple[Starter, ...] = (Copies(()), Fresh())
    for seed, starter in enumerate(starters):
        known = set(workers())
        pool = pool_of(starter=starter)
        jobs = [Job(name, seed=seed) for name in ("noise", "light_noise", "light_patient")]
        assert all(isinstance(end, Finished) for end in last_of(list(pool.run(jobs, image, mask))))
        assert set(workers()) - known
        pool.close()
        pool.close()
        assert not set(workers()) - known


PROGRAM = """
import sys
import numpy as np
from methods import Job, Started
from worker_fixtures import pool_of
from worker_toys import register

register()
image = np.zeros((90, 120, 3), np.uint8)
mask = np.zeros((90, 120), bool)
mask[30:50, 40:70] = True
jobs = [Job("hung"), Job("light_hung")]
begun = 0
pool = pool_of()
for event in pool.run(jobs, image, mask):
    begun += isinstance(event, Started)
    if begun == len(jobs):
        print(*(seat.pid for seat in pool._seats.values() if seat.pid), flush=True)
        begun = 0
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_program_that_is_killed_leaves_no_process(end: signal.Signals) -> None:
    """Though its workers hear nothing."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        pids = [int(word) for word in program.stdout.readline().split()]
        assert len(pids) == 2 and all(psutil.pid_exists(pid) for pid in pids)
        program.send_signal(end)
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


# --- starts that fail --------------------------------------------------------------------------


class Refuses(Copies):
    """Begins nothing at some places."""

    refused: frozenset[str] = frozenset()

    def start(self, start: Start) -> Process:
        if start.environment["PLACE"] in self.refused:
            raise NotStarted("no more processes")
        return super().start(start)


@pytest.mark.parametrize(
    ("refused", "code"), [({"cpu"}, "no_place"), ({"cpu", "lane1", "lane2"}, "workers_lost")]
)
def test_a_place_that_cannot_be_filled_is_said(
    refused: set[str], code: str, image: Image, mask: Mask, toys: None
) -> None:
    starter = Refuses(FOUND)
    starter.refused = frozenset(refused)
    jobs = [Job("noise", seed=n) for n in range(5)]
    with pool_of(starter=starter) as pool:
        (light,) = last_of(list(pool.run([Job("light_noise")], image, mask)))
        assert isinstance(light, Failed if "lane1" in refused else Finished)
        ends = last_of(list(pool.run(jobs, image, mask)))
        failures = [end for end in ends if isinstance(end, Failed)]
        assert [end.code for end in failures] == [code] * 5
        assert all("no more processes" in end.text for end in failures)
        assert {place.id for place in pool.places() if place.out} == refused


# --- memory ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_worker_kept_is_given_back(pool: Pool, image: Image, mask: Mask) -> None:
    """A worker that has nothing loaded and much memory ends; a new one does the next job."""
    jobs = [Job("light_keeps", seed=n) for n in range(4)]
    assert len(last_of(list(pool.run(jobs, image, mask)))) == 4
    fat = [seat for seat in pool._seats.values() if seat.kind == "lane" and seat.pid]
    assert fat
    wait_until(lambda: not any(seat.pid for seat in fat))
    lost = sum(place.lost for place in pool.places())
    finished(list(pool.run([Job("light_noise")], image, mask)))
    assert sum(place.lost for place in pool.places()) == lost


@pytest.mark.slow
def test_a_sweep_goes_on_behind_crashes(pool: Pool, image: Image, mask: Mask) -> None:
    names = ("segfault", "noise", "light_abort", "light_noise")
    jobs = [
        SweepJob(Job(name, seed=n), lambda: Picture(image, mask))
        for name in names
        for n in range(1, 6)
    ]
    ends = last_of(list(pool.sweep(jobs)))
    codes = [end.code if isinstance(end, Failed) else "done" for end in ends]
    assert codes.count("done") == 10
    for crashing in (codes[:5], codes[10:15]):
        assert 3 <= crashing.count("worker_crashed") <= 4
        assert set(crashing) <= {"worker_crashed", "eraser_crashes"}
