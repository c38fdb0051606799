"""Judging within a run: after all results, never instead of one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from methods import (
    Event,
    Failed,
    Finished,
    Image,
    Job,
    Judged,
    Mask,
    Reading,
    StopToken,
    judge,
    run,
)
from methods._engine.worker import results

JOBS = [Job("telea"), Job("navier_stokes"), Job("telea", {"radius": 9})]


@pytest.fixture
def mask(rocket: Image) -> Mask:
    found = np.zeros(rocket.shape[:2], np.bool_)
    found[150:190, 310:340] = True
    return found


@pytest.fixture(autouse=True)
def no_former_results() -> None:
    results.clear()


def numbers(events: Sequence[Event]) -> dict[int, tuple[Reading, ...]]:
    return {event.index: event.readings for event in events if isinstance(event, Judged)}


def test_each_result_is_judged_once_and_after_all_results(rocket: Image, mask: Mask) -> None:
    events = list(run(JOBS, rocket, mask, judge=judge))
    ends = [event for event in events if isinstance(event, Finished | Judged)]
    assert [type(event) for event in ends] == [Finished] * 3 + [Judged] * 3
    assert [event.index for event in ends] == [0, 1, 2, 0, 1, 2]
    finished = {event.index: event.image for event in events if isinstance(event, Finished)}
    for index, readings in numbers(events).items():
        assert readings == judge(rocket, mask, finished[index])
        assert {"rim", "sharpness"} <= {reading.id for reading in readings}


def test_without_a_judge_nothing_is_judged(rocket: Image, mask: Mask) -> None:
    assert not numbers(list(run(JOBS, rocket, mask)))


def test_a_known_result_is_judged_as_well(rocket: Image, mask: Mask) -> None:
    first = numbers(list(run(JOBS[:1], rocket, mask, judge=judge)))
    events = list(run(JOBS[:1], rocket, mask, judge=judge))
    assert any(isinstance(event, Finished) and event.cached for event in events)
    assert numbers(events) == first


def test_a_failed_job_has_no_numbers(rocket: Image, mask: Mask) -> None:
    events = list(
        run([Job("sd_inpainting"), Job("telea")], rocket, mask, fetch_missing=False, judge=judge)
    )
    assert any(isinstance(event, Failed) and event.index == 0 for event in events)
    assert set(numbers(events)) == {1}


def test_a_judge_that_fails_costs_no_result(
    rocket: Image, mask: Mask, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(photo: Image, mask: Mask, result: Image) -> tuple[Reading, ...]:
        raise RuntimeError("a mistake")

    with caplog.at_level(logging.ERROR):
        events = list(run(JOBS[:2], rocket, mask, judge=fails))
    assert sum(isinstance(event, Finished) for event in events) == 2
    assert numbers(events) == {0: (), 1: ()}
    assert "a mistake" in caplog.text


def test_the_judge_gets_what_the_watcher_got(rocket: Image, mask: Mask) -> None:
    seen: list[Image] = []

    def keep(photo: Image, given: Mask, result: Image) -> tuple[Reading, ...]:
        assert photo is rocket and given is mask
        seen.append(result)
        return ()

    told = [e.image for e in run(JOBS, rocket, mask, judge=keep) if isinstance(e, Finished)]
    assert all(np.array_equal(a, b) for a, b in zip(seen, told, strict=True))


def test_results_come_while_the_judge_is_slow(rocket: Image, mask: Mask) -> None:
    """Both results are told before the first judgement can end."""
    go_on = threading.Event()

    def slow(photo: Image, mask: Mask, result: Image) -> tuple[Reading, ...]:
        assert go_on.wait(60)
        return ()

    events = run(JOBS[:2], rocket, mask, judge=slow)
    ends: list[Event] = []
    for event in events:
        ends += [event] if isinstance(event, Finished | Judged) else []
        if sum(isinstance(end, Finished) for end in ends) == 2:
            go_on.set()
    assert [type(end) for end in ends] == [Finished, Finished, Judged, Judged]


def test_stop_ends_the_judging(rocket: Image, mask: Mask) -> None:
    token = StopToken()
    judged: list[int] = []

    def stops(photo: Image, mask: Mask, result: Image) -> tuple[Reading, ...]:
        judged.append(len(judged))
        token.stop()
        return ()

    events = list(run(JOBS, rocket, mask, token=token, judge=stops))
    assert sum(isinstance(event, Finished) for event in events) == 3
    assert judged == [0]
    assert not any(isinstance(event, Failed) for event in events)


def test_leaving_while_it_judges_leaves_no_thread(rocket: Image, mask: Mask) -> None:
    under_way, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def waits(photo: Image, mask: Mask, result: Image) -> tuple[Reading, ...]:
        under_way.set()
        go_on.wait(60)
        done.set()
        return ()

    events = run(JOBS[:2], rocket, mask, judge=waits)
    while not isinstance(next(events), Finished):
        pass
    next(event for event in events if isinstance(event, Finished))
    assert under_way.wait(60)
    events.close()  # type: ignore[attr-defined]
    go_on.set()
    assert done.wait(60)
    for thread in threading.enumerate():
        if thread.name == "eraser run":
            thread.join(60)
            assert not thread.is_alive()
