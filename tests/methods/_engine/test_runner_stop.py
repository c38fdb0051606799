"""Stop, closing the iterator, and the channel between worker and watcher."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

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
    Stopping,
    StopToken,
    Text,
    Waiting,
    run,
)
from methods._base import Canvas, Progress
from methods._engine import runner
from methods._engine.events import Channel
from methods._system.lock import DeviceLock
from runner_tools import Deaf, Noise, failed, finished, last_of, runs_alive, wait_until, wire

pytest_plugins = ["runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")


# --- Stop --------------------------------------------------------------------------------


def test_stop_takes_effect_at_the_next_step(image: Image, mask: Mask, lock: DeviceLock) -> None:
    token, events = StopToken(), []
    for event in run([Job("endless"), Job("noise"), Job("deaf")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Stepped):
            token.stop()
    after = [e for e in events if isinstance(e, Stopping | Failed | Finished)]
    assert [(type(e), e.index) for e in after] == [
        (Stopping, 0),
        (Failed, 1),
        (Failed, 2),
        (Failed, 0),
    ]
    assert all(e.stopped and e.code == "stopped" for e in after if isinstance(e, Failed))
    assert [name for name, _ in Noise.calls] == ["endless"]
    wait_until(lambda: lock.ahead == 0)


def test_stop_is_heard_between_the_pieces_of_a_wire(
    add: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An eraser that tells no step at all."""
    photo, mask = wire()
    token = StopToken()

    def work(self: Noise, settings: Any, progress: Progress) -> None:
        if len(Noise.calls) == 3:
            token.stop()

    monkeypatch.setattr(Noise, "work", work)
    add(Noise, "small", canvas=Canvas(square=64, min_context=8))
    events = list(run([Job("small")], photo, mask, token=token))
    assert failed(events).stopped and len(Noise.calls) == 3


def test_asking_again_tells_no_step(
    image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An eraser may ask before its first step and during each, so that Stop is heard."""
    told: list[Event] = []

    def work(self: Noise, settings: Any, progress: Progress) -> None:
        for step in (0, 0, 1, 1, 2, 2):
            progress(step, 2)

    monkeypatch.setattr(Noise, "work", work)
    tell = Channel.put

    def put(self: Channel, event: Event) -> None:
        told.append(event)
        tell(self, event)

    monkeypatch.setattr(Channel, "put", put)
    assert isinstance(list(run([Job("noise")], image, mask))[-1], Finished)
    assert [event.step for event in told if isinstance(event, Stepped)] == [1, 2]


def test_stop_is_heard_before_the_first_step(
    image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch, lock: DeviceLock
) -> None:
    def work(self: Noise, settings: Any, progress: Progress) -> None:
        while True:
            progress(0, 1)
            threading.Event().wait(0.005)

    monkeypatch.setattr(Noise, "work", work)
    token, events = StopToken(), []
    for event in run([Job("noise")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Started):
            token.stop()
    assert not any(isinstance(event, Stepped) for event in events)
    wait_until(lambda: lock.ahead == 0)


def test_stop_does_not_wait_for_a_call_that_hears_nothing(
    image: Image, mask: Mask, lock: DeviceLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STOP_GRACE", 0.2)
    token, events = StopToken(), []
    for event in run([Job("deaf"), Job("noise")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Started):
            token.stop()
    stopped = [Failed(index, "stopped", Text("error.stopped"), {}, True) for index in (1, 0)]
    assert events == [Loading(0), Started(0, 1), Stopping(0), *stopped]
    assert lock.ahead == 1, "the call still holds the device"

    later = run([Job("noise")], image, mask)
    assert next(later) == Waiting(0, 1)
    Deaf.gate.set()
    assert isinstance(list(later)[-1], Finished)


def test_a_job_that_is_done_within_the_grace_counts(image: Image, mask: Mask) -> None:
    token, events = StopToken(), []
    for event in run([Job("deaf"), Job("noise")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Started):
            token.stop()
        if isinstance(event, Stopping):
            Deaf.gate.set()
    done, unbegun = last_of(events)
    assert isinstance(done, Finished)
    assert isinstance(unbegun, Failed) and unbegun.stopped


def test_stop_before_the_start(image: Image, mask: Mask) -> None:
    token = StopToken()
    token.stop()
    events = list(run([Job("noise"), Job("deaf")], image, mask, token=token))
    assert [(e.index, e.stopped) for e in last_of(events) if isinstance(e, Failed)] == [
        (0, True),
        (1, True),
    ]
    assert Noise.calls == []


def test_stop_while_waiting_for_the_device(image: Image, mask: Mask, lock: DeviceLock) -> None:
    token, events = StopToken(), []
    with lock.hold():
        for event in run([Job("noise")], image, mask, token=token):
            events.append(event)
            if isinstance(event, Waiting):
                token.stop()
    assert events == [
        Waiting(0, 1),
        Stopping(0),
        Failed(0, "stopped", Text("error.stopped"), {}, True),
    ]


def test_results_that_were_ready_before_stop_are_delivered(image: Image, mask: Mask) -> None:
    token = StopToken()
    events = run([Job("noise"), Job("deaf")], image, mask, token=token)
    first = next(events)
    wait_until(lambda: [name for name, _ in Noise.calls] == ["noise", "deaf"])
    token.stop()
    Deaf.gate.set()
    done, _ = last_of([first, *events])
    assert isinstance(done, Finished) and done.index == 0


def test_closing_the_iterator_stops_the_work(image: Image, mask: Mask, lock: DeviceLock) -> None:
    token = StopToken()
    events = run([Job("endless"), Job("noise")], image, mask, token=token)
    assert next(events) == Loading(0)
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: lock.ahead == 0)
    assert [name for name, _ in Noise.calls] in ([], ["endless"])
    assert not token.stopped, "the caller's token is the caller's"


def test_closing_does_not_hang_when_nobody_reads(
    image: Image, mask: Mask, lock: DeviceLock
) -> None:
    events = run([Job("noise", seed=n) for n in range(20)], image, mask)
    next(events)
    wait_until(lambda: len(Noise.calls) == 3)
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: lock.ahead == 0 and not runs_alive())
    assert len(Noise.calls) == 3


# --- the channel -------------------------------------------------------------------------


def test_a_slow_watcher_sees_the_newest_step(image: Image, mask: Mask) -> None:
    events = run([Job("noise", {"steps": 5000})], image, mask)
    seen = [next(events)]
    wait_until(lambda: Noise.at_work == [0, 1])  # it is through before anybody looks
    seen += list(events)
    steps = [e.step for e in seen if isinstance(e, Stepped)]
    assert steps == [5000]
    assert isinstance(seen[-1], Finished)


def test_the_channel_is_bounded_and_loses_nothing(image: Image, mask: Mask) -> None:
    done = finished(list(run([Job("noise")], image, mask)))
    story = [
        event for n in range(6) for event in (Loading(n), Started(n, 1), replace(done, index=n))
    ]
    channel, sent = Channel(results=2), []

    def work() -> None:
        for event in story:
            channel.put(event)
            sent.append(event)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    wait_until(lambda: len(sent) == 8)  # two results and what leads to the third
    got = [channel.get(0) for _ in range(3)]
    wait_until(lambda: len(sent) == 11)
    got += [channel.get(10) for _ in range(len(story) - 3)]
    thread.join(timeout=10)
    assert got == story
    assert channel.get(0) is None


def test_a_watcher_that_does_not_read_keeps_the_device_from_nobody(
    image: Image, mask: Mask, lock: DeviceLock
) -> None:
    unread = run([Job("noise", seed=n) for n in range(20)], image, mask)
    assert next(unread) == Loading(0)
    wait_until(lambda: len(Noise.calls) == 3 and lock.ahead == 0)
    assert isinstance(list(run([Job("raising")], image, mask))[-1], Finished)
    assert len(Noise.calls) == 4, "it waits with its third result in hand"
    assert len(last_of(list(unread))) == 20


def test_progress_of_different_jobs_is_not_mixed() -> None:
    channel = Channel()
    for event in (Stepped(0, 1, 2), Stepped(0, 2, 2), Stepped(1, 1, 2), Waiting(1, 1)):
        channel.put(event)
    got = [channel.get(0) for _ in range(4)]
    assert got == [Stepped(0, 2, 2), Stepped(1, 1, 2), Waiting(1, 1), None]
