"""Runs: what is told and in which order, bad jobs, failures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np
import pytest

from methods import (
    BadInput,
    Event,
    Failed,
    Finished,
    Image,
    Job,
    Loading,
    Mask,
    Started,
    Stepped,
    Unavailable,
    Verbatim,
    run,
)
from methods._base import Canvas
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from runner_tools import (
    Noise,
    Raising,
    failed,
    finished,
    last_of,
    wire,
)

pytest_plugins = ["runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")


# --- the plain way -----------------------------------------------------------------------


def test_a_job_tells_its_story_in_order(image: Image, mask: Mask) -> None:
    before = image.copy(), mask.copy()
    events = list(run([Job("noise", {"steps": 2}, seed=7)], image, mask))
    done = finished(events)
    if Stepped(0, 1, 2) in events:  # nobody had looked before the second step, or somebody had
        events.remove(Stepped(0, 1, 2))
    assert events == [Loading(0), Started(0, 1), Stepped(0, 2, 2), done]
    common = {"whole_picture": False, "seamless": True}
    assert (done.seed, done.settings) == (7, {"steps": 2, **common})
    assert (done.device, done.memory_kind, done.weights) == ("cpu", "ram", {})
    assert done.load_seconds > 0 and done.erase_seconds > 0 and done.peak_memory >= 0
    assert not done.cached
    assert (image == before[0]).all() and (mask == before[1]).all()


def test_only_what_is_masked_changes(image: Image, mask: Mask) -> None:
    done = finished(list(run([Job("noise")], image, mask)))
    assert done.image.shape == image.shape and done.image.dtype == np.uint8
    assert done.changed_outside == 0
    assert (done.image[~mask] == image[~mask]).all()
    assert (done.image[mask] != image[mask]).any(axis=1).mean() > 0.8


def test_jobs_run_in_the_order_given_and_load_once(image: Image, mask: Mask) -> None:
    jobs = [Job("noise", seed=1), Job("raising"), Job("noise", seed=2)]
    events = list(run(jobs, image, mask))
    assert [event.index for event in events] == sorted(event.index for event in events)
    assert all(isinstance(event, Finished) for event in last_of(events))
    assert [event for event in events if isinstance(event, Loading)] == [Loading(0), Loading(1)]


def test_each_patch_counts_its_steps(image: Image) -> None:
    photo = np.tile(image, (6, 6, 1))
    mask = np.zeros(photo.shape[:2], bool)
    mask[20:40, 20:40] = mask[480:500, 650:670] = True
    events = list(run([Job("noise", {"steps": 2})], photo, mask))
    assert Started(0, 2) in events
    steps = [(e.step, e.total) for e in events if isinstance(e, Stepped)]
    assert steps[-1] == (4, 4) and set(steps) <= {(1, 4), (2, 4), (3, 4), (4, 4)}
    assert all(shape < photo.shape for _, shape in Noise.calls)
    assert finished(events).pieces == 2


def test_the_pieces_of_a_wire_are_counted(add: Callable[..., str]) -> None:
    """At the start, in every step, in the end and in a result that is taken from the cache."""
    photo, mask = wire()
    canvas = Canvas(square=64, min_context=8)
    add(Noise, "small", canvas=canvas)
    events = list(run([Job("small", {"steps": 2})], photo, mask))
    done = finished(events)
    assert 8 < done.pieces <= canvas.pieces and len(Noise.calls) == done.pieces
    assert Started(0, done.pieces) in events and done.changed_outside == 0
    assert [e.total for e in events if isinstance(e, Stepped)][-1] == 2 * done.pieces
    again = finished(list(run([Job("small", {"steps": 2})], photo, mask)))
    assert again.cached and again.pieces == done.pieces
    whole = finished(list(run([Job("small", {"whole_picture": True})], photo, mask)))
    assert whole.pieces == 1


def test_the_whole_picture_on_request(image: Image, mask: Mask) -> None:
    finished(list(run([Job("noise", {"whole_picture": True})], image, mask)))
    assert Noise.calls == [("noise", image.shape)]


def test_the_seed_decides(image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))
    first, again, other = (
        finished(list(run([Job("noise", seed=seed)], image, mask))) for seed in (5, 5, 6)
    )
    assert not again.cached
    assert (first.image == again.image).all()
    assert (first.image != other.image).any()


def test_two_runs_share_the_device_and_never_overlap(image: Image, mask: Mask) -> None:
    outcomes: list[list[Event]] = []

    def work(seed: int) -> None:
        jobs = [Job("noise", {"steps": 50}, seed + n) for n in range(3)]
        outcomes.append(list(run(jobs, image, mask)))

    threads = [threading.Thread(target=work, args=(10 * n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == 4
    assert all(isinstance(end, Finished) for events in outcomes for end in last_of(events))
    assert Noise.at_work == [0, 1]


# --- checks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "code"),
    [
        ([], "bad_job_count"),
        ([Job("noise")] * 65, "bad_job_count"),
        ([Job("noise"), Job("nobody")], "unknown_eraser"),
        ([Job("noise"), Job("noise", {"stops": 3})], "unknown_setting"),
        ([Job("noise", {"steps": 0})], "bad_setting"),
        ([Job("noise", seed=-1)], "bad_seed"),
        ([Job("noise", seed=2**32)], "bad_seed"),
        ([Job("noise", seed=1.5)], "bad_seed"),  # type: ignore[arg-type]
        ([Job("noise", seed=True)], "bad_seed"),
    ],
)
def test_bad_jobs_are_refused_before_anything_starts(
    jobs: list[Job], code: str, image: Image, mask: Mask
) -> None:
    events = run(jobs, image, mask)
    with pytest.raises(BadInput) as caught:
        next(events)
    assert caught.value.code == code
    assert Noise.calls == []


def test_bad_masks_are_refused(image: Image, mask: Mask) -> None:
    for bad in (np.zeros_like(mask), np.ones_like(mask), mask[:-1]):
        with pytest.raises(BadInput):
            next(run([Job("noise")], image, bad))
    assert Noise.calls == []


# --- failures ----------------------------------------------------------------------------


def test_a_failure_stays_with_its_job(
    image: Image, mask: Mask, caplog: pytest.LogCaptureFixture
) -> None:
    Raising.errors[:] = [
        ZeroDivisionError("/secret/path"),
        Unavailable.retold("No luck.", "luck", n=3),
    ]
    jobs = [Job("raising"), Job("raising", seed=1), Job("cropping"), Job("noise")]
    with caplog.at_level(logging.ERROR):
        ends = last_of(list(run(jobs, image, mask)))
    bug, luck, wrong, good = ends
    assert isinstance(bug, Failed) and bug.code == "internal" and not bug.stopped
    assert "secret" not in bug.text and "Raising" in bug.text
    assert luck == Failed(1, "luck", Verbatim("No luck."), {"n": 3}, False)
    assert isinstance(wrong, Failed) and wrong.code == "internal"
    assert isinstance(good, Finished)
    assert ["secret" in record.exc_text for record in caplog.records if record.exc_text] == [
        True,
        False,
    ]


def test_an_eraser_is_loaded_anew_after_a_bug(image: Image, mask: Mask) -> None:
    Raising.errors[:] = [ZeroDivisionError(), Unavailable("no")]
    events = list(run([Job("raising", seed=n) for n in range(3)], image, mask))
    assert [e for e in events if isinstance(e, Loading)] == [Loading(0), Loading(1)]


def test_memory_that_runs_out_once_is_overcome(image: Image, mask: Mask) -> None:
    Raising.errors[:] = [MemoryError()]
    events = list(run([Job("noise"), Job("raising"), Job("noise", seed=1)], image, mask))
    assert all(isinstance(end, Finished) for end in last_of(events))
    assert [e.index for e in events if isinstance(e, Loading)] == [0, 1, 2]


def test_memory_that_runs_out_twice_is_said(image: Image, mask: Mask) -> None:
    Raising.errors[:] = [MemoryError(), MemoryError()]
    assert failed(list(run([Job("raising")], image, mask))).code == "not_enough_memory"


def test_a_missing_package_is_named(image: Image, mask: Mask, add: Callable[..., str]) -> None:
    add(Noise, "needy", packages=("no_such_package", "json"))
    end = failed(list(run([Job("needy")], image, mask)))
    assert end.code == "package_missing"
    assert end.details["packages"] == "no_such_package"


def test_an_eraser_that_tries_to_end_the_program_fails_alone(image: Image, mask: Mask) -> None:
    Raising.errors[:] = [SystemExit(3)]
    end, other = last_of(list(run([Job("raising"), Job("noise")], image, mask)))
    assert isinstance(end, Failed) and end.code == "internal"
    assert isinstance(other, Finished)
