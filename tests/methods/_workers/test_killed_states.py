"""kill -9 of a worker in each state of its job: what it costs, and that nobody is left behind.

TEST_ROUNDS says how often, in each state; a campaign has 20.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from methods import (
    Event,
    Failed,
    Finished,
    Image,
    Job,
    Loading,
    Mask,
    Started,
    Stepped,
    StopToken,
)
from methods._workers.pool import Pool
from runner_tools import finished, last_of, runs_alive, wait_until
from tiers import COSTLY_ROUNDS

pytest_plugins = ["worker_fixtures"]

SLOW = {"steps": 8, "seconds": 0.4}

STATES: dict[str, tuple[Job, Callable[[Event], bool]]] = {
    "loading": (Job("slowload"), lambda event: isinstance(event, Loading)),
    "begun": (Job("patient", SLOW), lambda event: isinstance(event, Started)),
    "half done": (
        Job("patient", SLOW),
        lambda event: isinstance(event, Stepped) and event.step >= event.total // 2,
    ),
}
"""A job, and by which of its events the state is known."""


def killed(pool: Pool) -> int:
    """The process at the place for networks, which gets the signal."""
    pid = pool._seats["cpu"].pid
    os.kill(pid, signal.SIGKILL)
    return pid


def nobody_is_left(pool: Pool, pid: int) -> None:
    wait_until(lambda: not psutil.pid_exists(pid))
    wait_until(lambda: not any(place.at_work for place in pool.places()))
    wait_until(lambda: not runs_alive())


@pytest.mark.parametrize("again", range(COSTLY_ROUNDS))
@pytest.mark.parametrize("state", STATES)
def test_a_kill_at_work_costs_nothing(
    pool: Pool, state: str, again: int, image: Image, mask: Mask
) -> None:
    """Not the job either: the next worker does it, once, and outside the mask all is equal."""
    job, is_there = STATES[state]
    pool._seats["cpu"].unload()  # else it is loaded already
    gone, events = 0, []
    for event in pool.run([Job(job.eraser, job.settings, 50 + again)], image, mask):
        events.append(event)
        if not gone and is_there(event):
            gone = killed(pool)
    assert gone and isinstance(finished(events), Finished)
    assert finished(events).changed_outside == 0
    assert sum(isinstance(event, Finished | Failed) for event in events) == 1
    nobody_is_left(pool, gone)


@pytest.mark.parametrize("again", range(COSTLY_ROUNDS))
def test_a_kill_while_idle_is_not_noticed(pool: Pool, again: int, image: Image, mask: Mask) -> None:
    assert isinstance(
        finished(list(pool.run([Job("noise", seed=70 + again)], image, mask))), Finished
    )
    gone = killed(pool)
    after = list(pool.run([Job("noise", seed=170 + again)], image, mask))
    assert isinstance(finished(after), Finished)
    nobody_is_left(pool, gone)


@pytest.mark.slow
@pytest.mark.parametrize("again", range(COSTLY_ROUNDS))
def test_a_kill_after_stop_is_a_stop(pool: Pool, again: int, image: Image, mask: Mask) -> None:
    """What was finished before stays finished."""
    token, gone, events = StopToken(), 0, []
    jobs = [
        Job("light_noise", seed=80 + again),
        Job("patient", {"steps": 4, "seconds": 8}, 80 + again),
    ]
    done: set[int] = set()
    for event in pool.run(jobs, image, mask, token=token):
        events.append(event)
        done |= {event.index} if isinstance(event, Finished) else set()
        under_way = {each.index for each in events if isinstance(each, Started)}
        if not gone and done == {0} and 1 in under_way:
            token.stop()
            gone = killed(pool)
    first, second = last_of(events)
    assert gone and isinstance(first, Finished)
    assert isinstance(second, Failed) and second.stopped
    nobody_is_left(pool, gone)
    assert isinstance(finished(list(pool.run([Job("noise", seed=90)], image, mask))), Finished)
