"""Runs: what is told and in which order, failures, Stop, the cache, fetching."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from methods import (
    BadInput,
    Eraser,
    EraserSpec,
    Event,
    Failed,
    Fetching,
    Finished,
    Image,
    Job,
    Loading,
    Mask,
    Paper,
    Settings,
    Started,
    Stepped,
    Stopping,
    StopToken,
    Text,
    Unavailable,
    UrlFile,
    Waiting,
    WeightFile,
    run,
)
from methods import _registry as registry
from methods import _runner as runner
from methods import _worker as worker
from methods._base import Canvas, DeviceName, Progress, setting
from methods._device import DeviceLock
from methods._events import Channel
from methods._residency import Residency
from methods._result_cache import ResultCache, job_key, picture_key


class ToySettings(Settings):
    steps: int = setting(3, "How many steps.", "多少步。", ge=1, le=100_000)


class Noise(Eraser):
    """Fills with noise that depends on the seed, in `steps` steps."""

    Settings = ToySettings
    calls: ClassVar[list[tuple[str, tuple[int, ...]]]] = []
    at_work: ClassVar[list[int]] = [0, 0]  # now, at most

    def load(self, device: DeviceName, dtype: Any) -> None:
        """Nothing to bring."""

    def unload(self) -> None:
        """Nothing to drop."""

    def erase(
        self, image: Image, mask: Mask, settings: Any, seed: int, progress: Progress
    ) -> Image:
        self.calls.append((self.spec.id, image.shape))
        self.at_work[0] += 1
        self.at_work[1] = max(self.at_work)
        try:
            self.work(settings, progress)
        finally:
            self.at_work[0] -= 1
        noise = np.random.default_rng(seed).integers(0, 256, image.shape)
        return np.where(mask[..., None], noise, image).astype(np.uint8)

    def work(self, settings: Any, progress: Progress) -> None:
        for step in range(settings.steps):
            progress(step + 1, settings.steps)


class Endless(Noise):
    """Steps until it is stopped."""

    def work(self, settings: Any, progress: Progress) -> None:
        step = 0
        while True:
            step += 1
            progress(step, step + 1)
            threading.Event().wait(0.005)


class Deaf(Noise):
    """One call that hears nothing until the gate opens."""

    gate: ClassVar[threading.Event] = threading.Event()

    def work(self, settings: Any, progress: Progress) -> None:
        assert self.gate.wait(60)


class Raising(Noise):
    """Raises the errors of its list, one at each call, and then works."""

    errors: ClassVar[list[BaseException]] = []

    def work(self, settings: Any, progress: Progress) -> None:
        if self.errors:
            raise self.errors.pop(0)


class Cropping(Noise):
    """Breaks the contract: another size comes back."""

    def erase(self, image: Image, *rest: Any) -> Image:
        return image[:-1].copy()


def spec_of(eraser_id: str, **more: Any) -> EraserSpec:
    given: dict[str, Any] = {
        "id": eraser_id,
        "name": eraser_id.title(),
        "summary": Text("a", "b"),
        "paper": Paper("t", "https://example.org", 2020),
        "license": "MIT",
        "devices": ("cpu",),
        "canvas": Canvas(context=0.5, min_context=8),
        **more,
    }
    return EraserSpec(**given)


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Registers a toy for one test: add(Noise, "id", spec fields…) -> id."""

    def add_one(kind: type[Eraser], eraser_id: str, **more: Any) -> str:
        eraser = type(eraser_id, (kind,), {"spec": spec_of(eraser_id, **more)})
        monkeypatch.setitem(registry.found().erasers, eraser_id, eraser)
        return eraser_id

    return add_one


@pytest.fixture(autouse=True)
def lock(monkeypatch: pytest.MonkeyPatch, add: Callable[..., str]) -> Iterator[DeviceLock]:
    """A device, a cache and toys of this test's own; no thread is left at its end."""
    own = DeviceLock()
    monkeypatch.setattr(worker, "residency", Residency(2**30, own))
    monkeypatch.setattr(worker, "results", ResultCache())
    monkeypatch.setattr(Deaf, "gate", threading.Event())
    monkeypatch.setattr(Noise, "calls", [])
    monkeypatch.setattr(Noise, "at_work", [0, 0])
    monkeypatch.setattr(Raising, "errors", [])
    for kind in (Noise, Endless, Deaf, Raising, Cropping):
        add(kind, kind.__name__.lower())
    yield own
    Deaf.gate.set()
    wait_until(lambda: own.ahead == 0)


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (90, 120, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    found = np.zeros((90, 120), bool)
    found[30:50, 40:70] = True
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came about")


def last_of(events: Sequence[Event]) -> list[Event]:
    """The events that end jobs, by job."""
    ends = [event for event in events if isinstance(event, Finished | Failed)]
    assert len({event.index for event in ends}) == len(ends), "a job ended twice"
    return sorted(ends, key=lambda event: event.index)


def finished(events: Sequence[Event]) -> Finished:
    (event,) = last_of(events)
    assert isinstance(event, Finished), event
    return event


def failed(events: Sequence[Event]) -> Failed:
    (event,) = last_of(events)
    assert isinstance(event, Failed), event
    return event


# --- the plain way -----------------------------------------------------------------------


def test_a_job_tells_its_story_in_order(image: Image, mask: Mask) -> None:
    before = image.copy(), mask.copy()
    events = list(run([Job("noise", {"steps": 2}, seed=7)], image, mask))
    done = finished(events)
    if Stepped(0, 1, 2) in events:  # nobody had looked before the second step, or somebody had
        events.remove(Stepped(0, 1, 2))
    assert events == [Loading(0), Started(0, 1), Stepped(0, 2, 2), done]
    assert (done.seed, done.settings) == (7, {"steps": 2, "whole_picture": False})
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
    Raising.errors[:] = [ZeroDivisionError("/secret/path"), Unavailable("No luck.", "luck", n=3)]
    jobs = [Job("raising"), Job("raising", seed=1), Job("cropping"), Job("noise")]
    with caplog.at_level(logging.ERROR):
        ends = last_of(list(run(jobs, image, mask)))
    bug, luck, wrong, good = ends
    assert isinstance(bug, Failed) and bug.code == "internal" and not bug.stopped
    assert "secret" not in bug.text and "Raising" in bug.text
    assert luck == Failed(1, "luck", "No luck.", {"n": 3}, False)
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


def test_stop_does_not_wait_for_a_call_that_hears_nothing(
    image: Image, mask: Mask, lock: DeviceLock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STOP_GRACE", 0.2)
    token, events = StopToken(), []
    for event in run([Job("deaf"), Job("noise")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Started):
            token.stop()
    stopped = [Failed(index, "stopped", "Stopped.", {}, True) for index in (1, 0)]
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
    assert events == [Waiting(0, 1), Stopping(0), Failed(0, "stopped", "Stopped.", {}, True)]


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
    wait_until(lambda: len(Noise.calls) > 1)
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: lock.ahead == 0)
    assert len(Noise.calls) < 20, "a run that nobody watches waits, and then ends"


# --- the channel -------------------------------------------------------------------------


def test_a_slow_watcher_sees_the_newest_step(image: Image, mask: Mask) -> None:
    events = run([Job("noise", {"steps": 5000})], image, mask)
    seen = [next(events)]
    wait_until(lambda: Noise.at_work == [0, 1])  # it is through before anybody looks
    seen += list(events)
    steps = [e.step for e in seen if isinstance(e, Stepped)]
    assert steps == [5000]
    assert isinstance(seen[-1], Finished)


def test_the_channel_is_bounded_and_loses_no_ending() -> None:
    channel, sent = Channel(size=3), []

    def work() -> None:
        for index in range(10):
            channel.put(Loading(index))
            sent.append(index)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    wait_until(lambda: len(sent) == 3)
    got = [channel.get(0)]
    wait_until(lambda: len(sent) == 4)
    got += [channel.get(10) for _ in range(9)]
    thread.join(timeout=10)
    assert got == [Loading(index) for index in range(10)]
    assert channel.get(0) is None


def test_progress_of_different_jobs_is_not_mixed() -> None:
    channel = Channel()
    for event in (Stepped(0, 1, 2), Stepped(0, 2, 2), Waiting(0, 1), Stepped(1, 1, 2)):
        channel.put(event)
    got = [channel.get(0) for _ in range(4)]
    assert got == [Stepped(0, 2, 2), Waiting(0, 1), Stepped(1, 1, 2), None]


# --- the cache ---------------------------------------------------------------------------


def test_an_equal_job_is_answered_from_the_cache(
    image: Image, mask: Mask, lock: DeviceLock
) -> None:
    first = finished(list(run([Job("noise"), Job("noise", seed=1)][:1], image, mask)))
    with lock.hold():  # it needs no device
        (again,) = run([Job("noise")], image.copy(), mask.copy())
    assert isinstance(again, Finished) and again.cached
    assert (again.image == first.image).all()
    assert again.erase_seconds == first.erase_seconds
    assert len(Noise.calls) == 1
    again.image[:] = 0
    (third,) = run([Job("noise")], image, mask)
    assert isinstance(third, Finished)
    assert (third.image == first.image).all(), "results are new arrays"


def test_whatever_matters_makes_another_job(image: Image, mask: Mask) -> None:
    finished(list(run([Job("noise")], image, mask)))
    other_image, other_mask = image.copy(), mask.copy()
    other_image[0, 0, 0] ^= 1
    other_mask[30, 40] = False
    variants = [
        (Job("noise", seed=1), image, mask),
        (Job("noise", {"steps": 4}), image, mask),
        (Job("noise", {"whole_picture": True}), image, mask),
        (Job("raising"), image, mask),
        (Job("noise"), other_image, mask),
        (Job("noise"), image, other_mask),
    ]
    for number, (job, photo, where) in enumerate(variants):
        assert not finished(list(run([job], photo, where))).cached, number


def test_the_seed_does_not_matter_to_an_eraser_without_one(
    image: Image, mask: Mask, add: Callable[..., str]
) -> None:
    add(Raising, "steady", seeded=False)
    finished(list(run([Job("steady", seed=1)], image, mask)))
    again = finished(list(run([Job("steady", seed=2)], image, mask)))
    assert again.cached and again.seed == 2


def test_keys_tell_shapes_and_weights_apart(image: Image, mask: Mask) -> None:
    assert picture_key(image, mask) != picture_key(image.transpose(1, 0, 2), mask.T)
    keys = [job_key("p", "e", {"a": 1}, 0, {"w": digest}) for digest in ("00", "11")]
    assert keys[0] != keys[1]
    assert job_key("p", "e", {"a": 1, "b": 2}, 0, {}) == job_key("p", "e", {"b": 2, "a": 1}, 0, {})


def test_the_cache_keeps_masked_pixels_only_and_forgets_the_oldest(
    image: Image, mask: Mask
) -> None:
    one = 3 * int(mask.sum())
    cache = ResultCache(max_bytes=2 * one)
    for key in "ab":
        cache.put(key, image, mask, key)
    assert cache.nbytes == 2 * one
    assert cache.get("a", image, mask) is not None
    cache.put("c", image, mask, "c")
    assert cache.nbytes == 2 * one
    assert cache.get("b", image, mask) is None
    blank = np.zeros_like(image)
    found = cache.get("a", blank, mask)
    assert found is not None and found[1] == "a"
    assert (found[0][mask] == image[mask]).all() and not found[0][~mask].any()
    cache.put("a", blank, mask, "new")
    assert cache.nbytes == 2 * one
    cache.put("giant", image, np.ones_like(mask), "giant")
    assert cache.get("giant", image, np.ones_like(mask)) is None
    assert cache.get("a", image, mask) is not None, "what never fits drives nothing out"
    cache.clear()
    assert cache.nbytes == 0 and cache.get("a", image, mask) is None


# --- weights -----------------------------------------------------------------------------

CONTENT = bytes(range(256)) * 2048


class Shelf(BaseHTTPRequestHandler):
    """Serves one file on the loopback interface; waits in its middle until told to go on."""

    go_on: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/file.bin" else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path == "/file.bin":
            try:
                self.wfile.write(CONTENT[: len(CONTENT) // 2])
                self.wfile.flush()
                self.go_on.wait(30)
                self.wfile.write(CONTENT[len(CONTENT) // 2 :])
            except OSError:
                self.close_connection = True  # the reader was stopped

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server with file.bin, and an empty cache."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.delenv("ERASER_LAB_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(Shelf, "go_on", threading.Event())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Shelf.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def weight_at(address: str, name: str) -> WeightFile:
    return WeightFile(
        name=name,
        sources=(UrlFile(f"{address}/file.bin"),),
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        license="MIT",
    )


def test_missing_weights_are_fetched_while_the_device_is_free(
    shelf: str, image: Image, mask: Mask, lock: DeviceLock, add: Callable[..., str]
) -> None:
    weight = weight_at(shelf, "fetched.bin")
    add(Noise, "heavy", weights=(weight,))
    with lock.hold():
        events = run([Job("heavy")], image, mask)
        assert next(events) == Fetching(0, "fetched.bin", 0, len(CONTENT))
        Shelf.go_on.set()
        seen = [next(events)]
        while not isinstance(seen[-1], Waiting):
            seen.append(next(events))
    assert seen[:-1] and all(isinstance(event, Fetching) for event in seen[:-1])
    done = finished(list(events))
    assert done.weights == {"fetched.bin": weight.sha256}
    assert not any(isinstance(e, Fetching) for e in run([Job("heavy", seed=1)], image, mask))


def test_missing_weights_can_be_refused(
    shelf: str, image: Image, mask: Mask, add: Callable[..., str]
) -> None:
    add(Noise, "heavy", weights=(weight_at(shelf, "refused.bin"),))
    jobs = [Job("heavy"), Job("noise")]
    end, other = last_of(list(run(jobs, image, mask, fetch_missing=False)))
    assert isinstance(end, Failed) and end.code == "weights_missing" and not end.stopped
    assert end.details["name"] == "refused.bin" and end.details["size"] == len(CONTENT)
    assert "python -m methods fetch heavy" in end.text
    assert isinstance(other, Finished)


def test_weights_that_cannot_be_had_fail_their_own_job(
    shelf: str, image: Image, mask: Mask, add: Callable[..., str]
) -> None:
    add(Noise, "heavy", weights=(weight_at(f"{shelf}/nowhere", "absent.bin"),))
    end, other = last_of(list(run([Job("heavy"), Job("noise")], image, mask)))
    assert isinstance(end, Failed) and end.code.startswith("weights") and not end.stopped
    assert isinstance(other, Finished)


def test_stop_while_fetching(shelf: str, image: Image, mask: Mask, add: Callable[..., str]) -> None:
    add(Noise, "heavy", weights=(weight_at(shelf, "stopped.bin"),))
    token, events = StopToken(), []
    for event in run([Job("heavy"), Job("noise")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Fetching):
            token.stop()
    assert all(isinstance(end, Failed) and end.stopped for end in last_of(events))
    Shelf.go_on.set()
