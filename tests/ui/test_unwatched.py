"""Runs that nobody looks at: they go on, and on a shared host they end after a stated time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from methods import BadInput
from ui.service.unwatched import Watch, Watchman, most_unwatched_seconds


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Run:
    """A run that is watched as `Watch` says."""

    id: str
    watch: Watch = field(default_factory=Watch)

    def unwatched_seconds(self) -> float:
        return self.watch.seconds()


def test_while_somebody_watches_no_time_passes() -> None:
    clock = Clock()
    watch = Watch(clock)
    watch.come(), watch.come()
    clock.now += 50
    watch.leave()
    assert watch.seconds() == 0, "a second tab is still there"
    watch.leave()
    clock.now += 7
    assert watch.seconds() == 7
    watch.look()
    assert watch.seconds() == 0


def test_only_runs_that_are_over_their_time_are_stopped() -> None:
    clock, stopped = Clock(), list[str]()
    old, watched, young = (Run(name, Watch(clock)) for name in ("old", "watched", "young"))
    watched.watch.come()
    clock.now += 601
    young.watch.look()
    watchman = Watchman(600, lambda: [old, watched, young], stopped.append)
    watchman.look()
    watchman.close()
    assert stopped == ["old"]


def test_the_watchman_goes_his_round(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = list[str]()
    run = Run("left alone")
    watchman = Watchman(0.01, lambda: [] if stopped else [run], stopped.append)
    try:
        while not stopped:
            watchman._end.wait(0.01)
    finally:
        watchman.close()
    assert stopped == ["left alone"]


@pytest.mark.parametrize(
    ("setting", "space", "seconds"),
    [("", False, math.inf), ("", True, 600), ("2.5", True, 150), ("0", True, math.inf)],
)
def test_the_host_decides(
    monkeypatch: pytest.MonkeyPatch, setting: str, space: bool, seconds: float
) -> None:
    monkeypatch.setenv("ERASER_LAB_UNWATCHED_MINUTES", setting)
    monkeypatch.setenv("SPACE_ID", "someone/lab" if space else "")
    assert most_unwatched_seconds() == seconds


@pytest.mark.parametrize("setting", ["-1", "soon", "inf", "nan"])
def test_a_setting_that_makes_no_sense_is_said(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("ERASER_LAB_UNWATCHED_MINUTES", setting)
    with pytest.raises(BadInput, match="ERASER_LAB_UNWATCHED_MINUTES"):
        most_unwatched_seconds()
