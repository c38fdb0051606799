"""Jobs on a GPU that ZeroGPU lends: its real package, its API on loopback, an emulated GPU."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

import tiny_lama
import tiny_models
from canvas_tools import shrink_canvases
from methods import (
    Borrowing,
    Event,
    Executor,
    Failed,
    Finished,
    Image,
    InProcess,
    Job,
    Loading,
    Mask,
    Started,
    Stepped,
    StopToken,
    catalogues,
    make_executor,
)
from methods._engine.result_cache import ResultCache
from methods._system.lock import device_lock
from methods._system.threads import Threads
from methods._weights import cache
from runner_tools import failed, finished, last_of, runs_alive, wait_until
from zerogpu import toys
from zerogpu.device_api import DeviceApi, Queued, Refusal, is_alive
from zerogpu.space import end_forks

pytestmark = [
    pytest.mark.zerogpu,
    # The package leaves the sockets of its client to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

STEPS = {"num_inference_steps": 2}


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    """The program's own on such a machine; networks are tiny, toys are there."""
    folder = tmp_path_factory.mktemp("tiny")
    for name in ("sd15-inpainting", "sdxl-inpainting"):
        tiny_models.REPOSITORIES[name](folder / name)
    tiny_lama.save(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(folder))
        shrink_canvases(patch)
        toys.register()
        with make_executor() as made:
            made.start()
            yield made


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("methods._engine.worker.results", ResultCache())
    yield
    wait_until(lambda: not runs_alive())


Run = Callable[..., list[Event]]


@pytest.fixture
def run(executor: Executor, api: DeviceApi, image: Image, mask: Mask) -> Run:
    def erase(*jobs: Job, **more: Any) -> list[Event]:
        return list(executor.run(jobs, image, mask, **more))

    return erase


def kinds(events: Sequence[Event]) -> list[type]:
    return [type(event) for event in events]


# --- the way there and back --------------------------------------------------------------------


@pytest.mark.parametrize("eraser", ["sd_inpainting", "sdxl_inpainting"])
def test_the_pixels_are_those_of_a_gpu_of_ones_own(
    eraser: str, run: Run, executor: Executor, image: Image, mask: Mask
) -> None:
    job = Job(eraser, STEPS, 11)
    lent = finished(run(job))
    own = finished(_on_a_gpu_of_ones_own(job, image, mask))
    assert (lent.device, own.device) == ("cuda", "cuda")
    assert (lent.image == own.image).all() and lent.changed_outside == 0
    assert (lent.image[mask] != image[mask]).any()
    assert lent.weights == own.weights and lent.settings == own.settings


def _on_a_gpu_of_ones_own(job: Job, image: Image, mask: Mask) -> list[Event]:
    """In this process, with nothing of what the package has done to its first thread."""
    from emulation.program import program_on

    told: list[Event] = []

    def work() -> None:
        with program_on("cuda", gib=42):
            told.extend(InProcess().run([job], image, mask))

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SPACES_ZERO_GPU")
        patch.setattr("methods._engine.worker.results", ResultCache())
        for kept in ("_threads", "_behind"):  # those that last know another device, or none
            patch.setattr(f"methods._system.threads.{kept}", Threads())
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    return told


def test_a_job_tells_that_it_waits_for_a_gpu(run: Run, api: DeviceApi) -> None:
    api.answer = Queued()
    events = run(Job("lent_noise", {"steps": 2}, 3))
    assert kinds(events)[0] is Borrowing and kinds(events)[-1] is Finished
    assert Started(0, 1) in events and Stepped(0, 2, 2) in events
    (asked,) = api.asked("/schedule")
    assert float(asked.values["durationSeconds"]) == events[0].seconds  # type: ignore[union-attr]
    assert asked.values["gpuSize"] == "large"
    assert len(api.asked("/release")) == 1


def test_the_next_job_finds_what_is_loaded(run: Run, api: DeviceApi) -> None:
    api.warm = False
    assert Loading(0) in run(Job("sd_inpainting", STEPS, 1))
    assert Loading(0) in run(Job("sd_inpainting", STEPS, 2))  # in another process
    api.warm = True
    again = run(Job("sd_inpainting", STEPS, 3))
    assert Loading(0) not in again and finished(again).load_seconds == 0
    assert len(set(api.pids)) == len(api.pids) >= 2


def test_a_new_process_imports_no_large_library(run: Run, api: DeviceApi) -> None:
    toys.Nosy.known = set(sys.modules)
    api.warm = False
    finished(run(Job("sd_inpainting", STEPS, 5)))
    api.warm = True
    told = failed(run(Job("lent_nosy")))
    assert told.details["reason"] == ""


def test_what_needs_no_gpu_is_done_meanwhile(run: Run, api: DeviceApi) -> None:
    api.answer = Queued(pings=20)
    events = run(Job("lent_noise"), Job("telea"))
    order = [event.index for event in events if isinstance(event, Finished)]
    assert order == [1, 0]


def test_a_failure_keeps_its_words_and_a_bug_tells_nothing(run: Run) -> None:
    bug, good = last_of(run(Job("lent_buggy"), Job("lent_noise")))
    assert isinstance(bug, Failed) and bug.code == "internal" and "secret" not in bug.text
    assert isinstance(good, Finished)


# --- nothing is spent in vain ------------------------------------------------------------------


@pytest.mark.parametrize(
    "job",
    [
        Job("telea"),
        Job("patchmatch", {}, 1),
        Job("lama"),
        Job("flux_fill"),  # its weights are not here
        Job("lent_noise", {"steps": 0}),
        Job("nobody"),
    ],
    ids=lambda job: str(job.eraser),
)
def test_what_needs_no_gpu_asks_for_none(
    job: Job, run: Run, api: DeviceApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    if job.eraser == "flux_fill":
        monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS")
    try:
        (end,) = last_of(run(job, fetch_missing=False))
        assert isinstance(end, Finished) == (job.eraser != "flux_fill"), end
    except Exception as error:
        assert "bad_setting" in str(vars(error)) or "unknown_eraser" in str(vars(error))
    assert api.calls == []


def test_a_known_result_and_its_numbers_ask_for_no_gpu(run: Run, api: DeviceApi) -> None:
    from methods import judge

    jobs = [Job("lent_noise", {}, 21)]
    finished(run(*jobs))
    asked = len(api.calls)
    assert finished(run(*jobs, judge=judge)).cached
    assert len(api.calls) == asked


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        # Nobody's request: the package names no amounts to programs without a token.
        (Refusal.quota(), "error.gpu_quota.nobody"),
        (Refusal.illegal(), "error.gpu_too_long"),
        (Refusal.pending(), "error.gpu_quota.pending"),
        (Queued(granted=False), "error.gpu_busy"),
        (Refusal(503), "error.gpu_busy"),
        (Refusal(401), "error.gpu_login"),
        (Refusal(500), "error.gpu_unavailable"),
    ],
)
def test_a_refusal_is_a_sentence_and_costs_one_job(
    answer: Any, sentence: str, run: Run, api: DeviceApi
) -> None:
    api.answer = answer
    refused, done = last_of(run(Job("lent_noise"), Job("telea")))
    assert isinstance(refused, Failed) and refused.sentence.id == sentence
    assert all("{" not in refused.sentence.said(language) for language in catalogues())
    assert isinstance(done, Finished)


def test_a_process_that_is_killed_costs_one_job(run: Run, api: DeviceApi) -> None:
    api.warm, api.kill_after = False, 0.5
    taken, done = last_of(run(Job("lent_endless"), Job("telea")))
    assert isinstance(taken, Failed) and taken.code == "gpu_aborted"
    assert isinstance(done, Finished)
    api.kill_after = None
    assert isinstance(finished(run(Job("lent_noise"))), Finished)


def test_a_crash_costs_one_job(run: Run, api: DeviceApi) -> None:
    api.warm = False
    assert failed(run(Job("lent_segfault", {}, 1))).code == "gpu_aborted"
    assert isinstance(finished(run(Job("lent_noise"))), Finished)


# --- Stop --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eraser", "settings", "at"),
    [
        ("lent_endless", {}, Stepped),
        ("lent_slowload", {}, Loading),
        ("lent_patient", {"steps": 1, "seconds": 1.0}, Started),
    ],
)
def test_stop_gives_the_gpu_back(
    eraser: str,
    settings: dict[str, Any],
    at: type[Event],
    executor: Executor,
    api: DeviceApi,
    image: Image,
    mask: Mask,
) -> None:
    api.warm = False
    token, events = StopToken(), []
    for event in executor.run([Job(eraser, settings)], image, mask, token=token):
        events.append(event)
        if isinstance(event, at):
            token.stop()
    assert failed(events).stopped
    wait_until(lambda: len(api.asked("/release")) == 1)


def test_stop_while_a_gpu_is_waited_for(
    executor: Executor, api: DeviceApi, image: Image, mask: Mask
) -> None:
    api.answer = Queued(pings=40)
    token, events = StopToken(), []
    for event in executor.run([Job("lent_endless")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Borrowing):
            token.stop()
    assert failed(events).stopped and Started not in kinds(events)
    wait_until(lambda: len(api.asked("/release")) == 1)


def test_who_leaves_gives_the_gpu_back(
    executor: Executor, api: DeviceApi, image: Image, mask: Mask
) -> None:
    events = executor.run([Job("lent_endless")], image, mask)
    assert any(isinstance(event, Stepped) for event in events)
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: len(api.asked("/release")) == 1)


# --- a copy in the middle of other work --------------------------------------------------------


def test_a_process_made_while_others_hold_locks_does_not_wait_for_them(
    run: Run, api: DeviceApi
) -> None:
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with device_lock.hold(), cache._hashing:
            held.set()
            leave.wait(60)

    api.warm, api.kill_after = False, 20
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    try:
        assert finished(run(Job("lent_noise", {}, 31))).device == "cuda"
    finally:
        leave.set()
        thread.join()


def test_processes_end_with_their_gpu(run: Run, api: DeviceApi) -> None:
    finished(run(Job("lent_noise", {}, 77)))
    pid = api.pids[-1]
    end_forks()
    assert not is_alive(pid)
    assert isinstance(finished(run(Job("lent_noise", {}, 78))), Finished)
