"""Calls to a process beside erasing: what comes back, and what its death costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from helper_toys import ENTRY
from methods import HELPER_LOST, BadInput, Helper, Image, InProcess, Unavailable
from methods._engine import residency
from methods._weights import uses
from methods._weights.sources import local
from methods._workers import helper as helpers
from methods._workers.pool import Pool
from methods._workers.process import losses
from methods._workers.process.messages import Start
from methods._workers.process.processes import Copies, Fresh, NotStarted, Process, Starter
from runner_tools import wait_until
from tiers import ROUNDS, rest_is_slow
from worker_fixtures import pool_of

pytest_plugins = ["worker_fixtures"]

AGAIN = rest_is_slow(range(ROUNDS))


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    starter = Copies(("helper_toys",))
    made = Helper(starter, ENTRY)
    yield made
    starter.close()
    made.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


def running(helper: Helper, *names: str) -> Callable[[], bool]:
    """Whether so many calls are under way."""
    return lambda: len(helper._line._waiting) >= len(names) if helper._line else False


def alive() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [child for child in found if child.status() != psutil.STATUS_ZOMBIE]


# --- what comes back ---------------------------------------------------------------------------


def test_answers_are_plain_data_of_another_process(helper: Helper) -> None:
    value = {"a": (1, 2.5, None), "b": ["x", "照片"]}
    assert helper.call("echo", value) == value
    assert helper.call("whose") == helper.pid != os.getpid()


def test_large_arrays_come_back_whole(helper: Helper) -> None:
    found = helper.call("noise", 2000)
    assert np.array_equal(found, np.random.default_rng(1).integers(0, 256, (2000, 2000)))


def test_a_picture_is_asked_for_once(helper: Helper, image: Image) -> None:
    """Nothing is decoded for a click on a photo that is known there."""
    asked: list[str] = []

    def pixels() -> Image:
        asked.append("asked")
        return image

    for _ in range(3):
        assert helper.call("mean", "one", images={"one": pixels}) == image.mean()
    assert len(asked) == 1
    assert helper.call("mean", "two", images={"two": lambda: image[:9]}) == image[:9].mean()


def test_a_picture_that_was_driven_out_is_asked_for_again(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, and here."""
    monkeypatch.setattr(helpers, "_SHARED_BYTES", 100)
    asked: list[str] = []

    def pixels(key: str) -> Image:
        asked.append(key)
        return image

    with pool_of() as pool:
        helper = pool.helper("helper_toys:forgetful")
        for key in "aabab":
            assert helper.call("mean", key, images={key: partial(pixels, key)}) == image.mean()
    assert "".join(asked) == "abab"


def test_what_fails_while_a_picture_is_brought_is_raised(helper: Helper) -> None:
    def gone() -> Image:
        raise BadInput("empty_box")

    with pytest.raises(BadInput):
        helper.call("mean", "gone", images={"gone": gone})


def test_arrays_of_a_call_are_its_own(helper: Helper, image: Image) -> None:
    mask = image[..., 0] > 100
    found = helper.call("own", own=(image[::2, ::-1], mask))
    told = [(image[::2].shape, "|u1"), (mask.shape, "|b1")]
    assert [(each[0], each[1]) for each in found] == told
    assert np.array_equal(found[0][2], image[::2, ::-1]) and np.array_equal(found[1][2], mask)
    assert helper.call("own") == []


def test_an_error_for_the_user_is_the_same_error(helper: Helper) -> None:
    with pytest.raises(BadInput) as raised:
        helper.call("refuse", "unknown_detector")
    assert raised.value.code == "unknown_detector" and raised.value.details == {"known": "a, b"}
    assert raised.value.sentence == BadInput("unknown_detector", known="a, b").sentence


def test_a_bug_is_no_sentence_and_tells_nothing(helper: Helper) -> None:
    pid = helper.call("whose")
    with pytest.raises(RuntimeError) as raised:
        helper.call("bug")
    assert "secret" not in str(raised.value) and helper.call("whose") == pid


def test_a_quick_call_does_not_wait_for_a_slow_one(
    helper: Helper, threads: ThreadPoolExecutor
) -> None:
    slow = [threads.submit(helper.call, "wait") for _ in range(6)]
    wait_until(running(helper, *"123456"))
    assert helper.call("echo", 1) == 1 and not any(each.done() for each in slow)
    helper.call("go_on")
    assert [each.result(60) for each in slow] == ["waited"] * 6


def test_files_of_the_users_own_are_known_there(helper: Helper, tmp_path: Path) -> None:
    before = local.chosen()
    try:
        local.choose({"net.pt": tmp_path / "mine.pt"})
        assert helper.call("stands_in") == ["net.pt"]
        local.choose({})
        assert helper.call("stands_in") == []
    finally:
        local.choose(before)


def test_files_of_networks_that_it_holds_are_kept(helper: Helper) -> None:
    def kept() -> set[str]:
        return {name for keeper in uses.keepers for name in keeper()}

    assert "held.bin" not in kept()
    helper.call("hold")
    helper.call("echo", 1)
    assert "held.bin" in kept()
    kill(helper)
    assert "held.bin" not in kept()


def test_where_memory_runs_out_the_home_unloads_its_erasers(
    helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared = threading.Event()

    class Holder:
        loaded = ("lama",)

        def clear(self) -> None:
            cleared.set()

    monkeypatch.setattr(residency, "elsewhere", [Holder()])
    assert helper.call("crowd") == "there was room" and cleared.is_set()


# --- what its death costs ----------------------------------------------------------------------


def kill(helper: Helper) -> None:
    """And see that it is gone."""
    pid = helper.pid
    assert pid  # 0 would be this very process, and all of its group
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: helper.pid != pid)


def lost(action: Callable[[], Any]) -> Unavailable:
    with pytest.raises(Unavailable) as raised:
        action()
    assert raised.value.code == HELPER_LOST
    assert "try again" in str(raised.value) and "再试一次" in raised.value.sentence.said("zh")
    return raised.value


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize(("death", "why"), [("segfault", "SIGSEGV"), ("leave", "exit code 3")])
def test_a_crash_costs_its_own_call(helper: Helper, death: str, why: str, again: int) -> None:
    assert why in str(lost(lambda: helper.call(death)))
    assert helper.call("echo", "back") == "back"


def test_a_kill_from_outside_costs_the_calls_under_way_nothing(
    helper: Helper, image: Image, threads: ThreadPoolExecutor
) -> None:
    """They are asked once more, and what it knew is brought again."""
    images = {"stays": lambda: image}
    helper.call("mean", "stays", images=images)
    os.kill(helper.pid, signal.SIGSTOP)
    slow = [threads.submit(helper.call, "mean", "stays", images=images) for _ in range(3)]
    wait_until(running(helper, *"123"))
    kill(helper)
    assert [each.result(60) for each in slow] == [image.mean()] * 3


@pytest.mark.parametrize("again", AGAIN)
def test_a_second_kill_costs_the_calls_under_way(
    helper: Helper, again: int, threads: ThreadPoolExecutor
) -> None:
    helper.call("echo", 1)
    slow: list[Future[Any]] = [threads.submit(helper.call, "sleep") for _ in range(3)]
    for _ in range(2):
        wait_until(lambda: helper.pid != 0 and running(helper, *"123")())
        kill(helper)
    for each in slow:
        assert "SIGKILL" in str(lost(lambda each=each: each.result(60)))  # type: ignore[misc]
    assert helper.call("echo", "back") == "back"


def test_a_kill_while_nobody_asks_costs_nothing(helper: Helper, image: Image) -> None:
    """What it knew is brought again."""
    assert helper.call("mean", "kept", images={"kept": lambda: image}) == image.mean()
    kill(helper)
    assert helper.call("mean", "kept", images={"kept": lambda: image}) == image.mean()


def test_a_call_that_never_ends_ends_its_process(
    helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper.call("echo", 1)
    monkeypatch.setattr(helpers, "PATIENCE", 0.5)
    assert "silent" in str(lost(lambda: helper.call("hang")))
    monkeypatch.undo()
    assert helper.call("echo", "back") == "back"


def test_a_call_that_waits_for_its_turn_ends_nothing(
    helper: Helper, monkeypatch: pytest.MonkeyPatch, threads: ThreadPoolExecutor
) -> None:
    """As one that gives way to clicks does where somebody always clicks."""
    helper.call("echo", 1)
    kill(helper)  # another one, in which nobody was told to go on
    pid = helper.call("whose")
    monkeypatch.setattr(helpers, "PATIENCE", 0.5)
    waits = threads.submit(helper.call, "wait")
    wait_until(running(helper, "1"))
    line = helper._line
    assert line is not None
    monkeypatch.setattr(line, "_last_answer", float("inf"))
    time.sleep(1.2)
    assert not waits.done() and helper.call("whose") == pid
    helper.call("go_on")
    assert waits.result(60) == "waited"


def test_running_out_of_memory_is_said(helper: Helper, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter(range(100))
    for module in (losses, helpers):
        monkeypatch.setattr(module, "killed_for_memory", lambda: next(counts))
    kill_soon = threading.Timer(0.3, lambda: os.kill(helper.pid, signal.SIGKILL))
    helper.call("echo", 1)
    kill_soon.start()
    error = lost(lambda: helper.call("sleep"))
    assert "memory" in str(error) and "内存" in error.sentence.said("zh")


class Refuses(Copies):
    def start(self, start: Start) -> Process:
        raise NotStarted("no more processes")


def test_a_process_that_cannot_be_started_is_said() -> None:
    with pytest.raises(Unavailable) as raised:
        Helper(Refuses(()), ENTRY).call("echo", 1)
    assert raised.value.code == "helper_not_started" and "no more" in str(raised.value)


def test_an_entry_that_cannot_be_imported_is_said(pool: Pool) -> None:
    with pytest.raises(Unavailable) as raised:
        pool.helper("nothing.of.the.kind:answers").call("echo", 1)
    assert raised.value.code == "helper_not_started"


# --- its end -----------------------------------------------------------------------------------


def test_in_this_process_there_is_none() -> None:
    assert InProcess().helper(ENTRY) is None


@pytest.mark.slow
def test_closing_ends_it_and_the_calls_under_way(threads: ThreadPoolExecutor) -> None:
    starters: tuple[Starter, ...] = (Copies(()), Fresh())
    for starter in starters:
        known = set(alive())
        pool = pool_of(starter=starter)
        helper = pool.helper(ENTRY)
        slow = threads.submit(helper.call, "sleep")
        wait_until(running(helper, "sleep"))
        pool.close()
        ended = slow.exception(60)
        assert isinstance(ended, Unavailable) and ended.code == "restarting"
        assert not set(alive()) - known
        with pytest.raises(Unavailable) as raised:
            helper.call("echo", 1)
        assert raised.value.code == "restarting"


PROGRAM = """
import threading
from helper_toys import ENTRY
from worker_fixtures import pool_of

helper = pool_of().helper(ENTRY)
print(helper.call("whose"), flush=True)
helper.call("spin")
"""


@pytest.mark.slow
def test_a_program_that_is_killed_leaves_no_process() -> None:
    """Though it hears nothing."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        wait_until(lambda: psutil.Process(pid).cpu_times().user > 0.2)
        program.kill()
    wait_until(lambda: not psutil.pid_exists(pid))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(psutil.Process, "num_fds"), reason="files are not counted here")
def test_many_small_pictures_keep_few_files_open(helper: Helper) -> None:
    def look(number: int) -> None:
        pixels = np.full((2, 2, 3), number, np.uint8)
        key = f"small {number}"
        assert helper.call("mean", key, images={key: lambda: pixels}) == number

    look(0)
    process = psutil.Process(helper.pid)
    before = process.num_fds()
    for number in range(1, 60):
        look(number)
    assert process.num_fds() < before + 40
