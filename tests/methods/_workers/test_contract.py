"""What every executor promises, whoever fills it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
import pytest

from lending_tools import lent_here
from methods import (
    BadInput,
    Borrowing,
    Event,
    Executor,
    Failed,
    Finished,
    Image,
    InProcess,
    Job,
    Judged,
    Loading,
    Mask,
    Picture,
    Reading,
    Started,
    Stepped,
    Stopping,
    StopToken,
    SweepJob,
    Waiting,
)
from runner_tools import failed, finished, last_of, runs_alive, wait_until

pytest_plugins = ["worker_fixtures", "cluster_fixtures"]

FILLINGS = ("in_process", "lent", "pool", pytest.param("cluster", marks=pytest.mark.ray))
"""Those that are not in this process are fixtures."""


@pytest.fixture(scope="module", params=FILLINGS)
def filling(request: pytest.FixtureRequest, toys: None) -> Executor:
    """Each does all tests before the next one."""
    if request.param == "in_process":
        return InProcess()
    if request.param == "lent":
        return lent_here()
    found: Executor = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def executor(filling: Executor) -> Iterator[Executor]:
    yield filling
    wait_until(lambda: not runs_alive())


@pytest.fixture
def here(toys: None) -> Executor:
    return InProcess()


def without_waits(events: list[Event]) -> list[Event]:
    """How long a job waits for its place is not promised."""
    return [event for event in events if not isinstance(event, Waiting | Borrowing | Loading)]


# --- runs --------------------------------------------------------------------------------------


def test_a_job_tells_its_story_in_order(executor: Executor, image: Image, mask: Mask) -> None:
    events = without_waits(list(executor.run([Job("noise", {"steps": 2}, 7)], image, mask)))
    done = finished(events)
    if Stepped(0, 1, 2) in events:
        events.remove(Stepped(0, 1, 2))
    assert events == [Started(0, 1), Stepped(0, 2, 2), done]
    assert (done.seed, done.device, done.weights) == (7, "cpu", {})
    assert done.settings == {"steps": 2, "whole_picture": False, "seamless": True}
    assert done.erase_seconds > 0 and not done.cached


@pytest.mark.parametrize("eraser", ["noise", "light_noise", "telea"])
def test_results_are_the_same_bit_for_bit(
    executor: Executor, here: Executor, eraser: str, image: Image, mask: Mask
) -> None:
    alpha = np.full(mask.shape, 255, np.uint8)
    alpha[:20] = 0
    for transparency in (None, alpha):
        ours, theirs = (
            finished(list(who.run([Job(eraser, seed=3)], image, mask, alpha=transparency)))
            for who in (executor, here)
        )
        assert (ours.image == theirs.image).all() and ours.changed_outside == 0
        assert (ours.image[~mask] == image[~mask]).all()
        assert (ours.alpha is None) == (theirs.alpha is None) == (transparency is None)
        if ours.alpha is not None and theirs.alpha is not None:
            assert (ours.alpha == theirs.alpha).all()


def test_an_equal_job_is_answered_at_once(executor: Executor, image: Image, mask: Mask) -> None:
    jobs = [Job("noise", seed=5)]
    first, again = (finished(list(executor.run(jobs, image, mask))) for _ in range(2))
    assert (first.cached, again.cached) == (False, True)
    assert (first.image == again.image).all()


def test_many_jobs_each_end_once(executor: Executor, image: Image, mask: Mask) -> None:
    jobs = [Job(name, seed=n) for n in range(6) for name in ("noise", "light_noise")]
    ends = last_of(list(executor.run(jobs, image, mask)))
    assert [end.index for end in ends] == list(range(12))
    assert all(isinstance(end, Finished) and end.seed == jobs[end.index].seed for end in ends)


def test_events_of_a_job_keep_their_order(executor: Executor, image: Image, mask: Mask) -> None:
    jobs = [Job("light_patient", {"steps": 4, "seconds": 0.1}, n) for n in range(4)]
    events = list(executor.run(jobs, image, mask))
    for index in range(4):
        kinds = [type(event) for event in events if event.index == index]
        assert kinds[-1] is Finished and kinds.index(Started) < kinds.index(Stepped)
        steps = [e.step for e in events if isinstance(e, Stepped) and e.index == index]
        assert steps == sorted(steps) and steps[-1] == 4


@pytest.mark.parametrize(
    ("jobs", "code"),
    [
        ([], "bad_job_count"),
        ([Job("noise"), Job("nobody")], "unknown_eraser"),
        ([Job("noise"), Job("noise", {"steps": 0})], "bad_setting"),
        ([Job("noise", seed=-1)], "bad_seed"),
    ],
)
def test_bad_jobs_are_refused_at_once(
    executor: Executor, jobs: list[Job], code: str, image: Image, mask: Mask
) -> None:
    with pytest.raises(BadInput) as caught:
        next(executor.run(jobs, image, mask))
    assert caught.value.code == code


def test_a_failure_stays_with_its_job(executor: Executor, image: Image, mask: Mask) -> None:
    bug, good = last_of(list(executor.run([Job("buggy"), Job("noise")], image, mask)))
    assert isinstance(bug, Failed) and bug.code == "internal" and "secret" not in bug.text
    assert isinstance(good, Finished)


def test_missing_weights_are_said(executor: Executor, image: Image, mask: Mask) -> None:
    jobs = [Job("sd_inpainting"), Job("light_noise")]
    missing, good = last_of(list(executor.run(jobs, image, mask, fetch_missing=False)))
    assert isinstance(missing, Failed) and missing.code == "weights_missing"
    assert isinstance(good, Finished)


def test_results_are_judged_when_all_are_there(
    executor: Executor, image: Image, mask: Mask
) -> None:
    def judge(photo: Image, given: Mask, result: Image) -> tuple[Reading, ...]:
        assert (photo == image).all() and (given == mask).all()
        return ()

    jobs = [Job("noise"), Job("buggy"), Job("light_noise")]
    events = list(executor.run(jobs, image, mask, judge=judge))
    kinds = [type(e) for e in events if isinstance(e, Finished | Failed | Judged)]
    assert kinds[-2:] == [Judged, Judged]
    assert kinds.count(Finished) == 2 and kinds.count(Failed) == 1


# --- Stop --------------------------------------------------------------------------------------


@pytest.mark.parametrize("eraser", ["endless", "light_endless"])
def test_stop_ends_what_listens(executor: Executor, eraser: str, image: Image, mask: Mask) -> None:
    token, events = StopToken(), []
    jobs = [Job(eraser), *(Job("noise", seed=n) for n in range(3))]
    for event in executor.run(jobs, image, mask, token=token):
        events.append(event)
        if isinstance(event, Stepped) and event.index == 0:
            token.stop()
    assert Stopping(0) in events
    ends = last_of(events)
    assert len(ends) == 4
    assert isinstance(ends[0], Failed) and ends[0].stopped and ends[0].code == "stopped"


def test_stop_before_the_start(executor: Executor, image: Image, mask: Mask) -> None:
    token = StopToken()
    token.stop()
    ends = last_of(list(executor.run([Job("noise"), Job("endless")], image, mask, token=token)))
    assert [isinstance(end, Failed) and end.stopped for end in ends] == [True, True]


def test_the_next_run_begins_after_a_stop(executor: Executor, image: Image, mask: Mask) -> None:
    begun(executor, "endless", image, mask).close()
    assert isinstance(finished(list(executor.run([Job("noise")], image, mask))), Finished)


def begun(executor: Executor, eraser: str, image: Image, mask: Mask) -> Closing:
    """A run whose eraser is at work."""
    events = cast("Closing", executor.run([Job(eraser)], image, mask))
    while not isinstance(next(events), Started):
        pass
    return events


class Closing(Iterator[Event]):
    """A generator, as far as these tests need it."""

    def close(self) -> None:
        """Leave it."""


def test_who_does_not_read_keeps_nobody_up(executor: Executor, image: Image, mask: Mask) -> None:
    jobs = [Job("noise", seed=n) for n in range(20)]
    unread = executor.run(jobs, image, mask, visitor="a")
    next(unread)
    other = executor.run([Job("patient")], image, mask, visitor="b")
    assert isinstance(finished(list(other)), Finished)
    assert len(last_of(list(unread))) >= 19


def test_runs_share_the_places(executor: Executor, image: Image, mask: Mask) -> None:
    outcomes: list[list[Event]] = []

    def work(visitor: int) -> None:
        jobs = [Job("light_noise", seed=10 * visitor + n) for n in range(3)]
        outcomes.append(list(executor.run(jobs, image, mask, visitor=str(visitor))))

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 4
    assert all(isinstance(end, Finished) for events in outcomes for end in last_of(events))


# --- sweeps ------------------------------------------------------------------------------------


@pytest.fixture
def opens(image: Image, mask: Mask) -> Callable[[], Picture]:
    return lambda: Picture(image, mask)


def test_a_sweep_ends_each_job_once(
    executor: Executor, opens: Callable[[], Picture], image: Image, mask: Mask
) -> None:
    def gone() -> Picture:
        raise BadInput("photo_gone")

    names = ("noise", "light_noise", "buggy", "nobody")
    jobs = [SweepJob(Job(name, seed=n), opens) for name in names for n in range(3)]
    jobs.append(SweepJob(Job("noise"), gone))
    ends = last_of(list(executor.sweep(jobs)))
    assert [end.index for end in ends] == list(range(13))
    assert all(isinstance(end, Finished) for end in ends[:6])
    codes = [end.code for end in ends[6:] if isinstance(end, Failed)]
    assert codes == ["internal"] * 3 + ["unknown_eraser"] * 3 + ["photo_gone"]
    for end in ends[:6]:
        assert isinstance(end, Finished) and (end.image[~mask] == image[~mask]).all()


def test_a_stopped_sweep_tells_nothing_of_what_was_not_begun(
    executor: Executor, opens: Callable[[], Picture]
) -> None:
    token, events = StopToken(), []
    jobs = [SweepJob(Job("endless"), opens) for _ in range(5)]
    for event in executor.sweep(jobs, token=token):
        events.append(event)
        if isinstance(event, Stepped):
            token.stop()
    end = failed(events)
    assert end.stopped and {event.index for event in events} == {end.index}


def test_an_empty_sweep_is_over_at_once(executor: Executor) -> None:
    assert list(executor.sweep([])) == []


# --- places ------------------------------------------------------------------------------------


def test_places_say_what_they_do(executor: Executor, image: Image, mask: Mask) -> None:
    list(executor.run([Job("noise")], image, mask))
    assert any("noise" in place.held for place in executor.places())
    assert len({place.id for place in executor.places()}) == len(executor.places())
    assert not any(place.at_work or place.out for place in executor.places())
