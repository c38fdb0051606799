"""Commands of the owner's and the device: its lock, the plan of memory, what is measured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from methods import Failed, Finished, Image, Job, Mask, StopToken, Waiting, run
from methods._engine import worker
from methods._engine.residency import Residency
from methods._system.lock import DeviceLock
from methods._system.memory import GIB
from own_tools import SCRIPT, Own, gone, marked

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeviceLock]:
    """A device of 3 GB; what is loaded there at the end is unloaded."""
    own = DeviceLock()
    residency = Residency(3 * GIB, own)
    monkeypatch.setattr(worker, "residency", residency)
    yield own
    residency.clear()


def test_what_it_declares_makes_others_go(own: Own, erase: Erase, lock: DeviceLock) -> None:
    """Two of 2 GB have no room beside each other: the first is ended for the second."""
    for name in ("first", "second"):
        own.kept(name, more="memory_gb = 2")
        last = erase(name)
        assert isinstance(last, Finished), last
        assert worker.residency.loaded == (name,)
        assert marked(own.script(name))
    assert gone(own.script("first"))


@pytest.mark.slow
def test_those_with_room_stay_loaded_beside_each_other(
    own: Own, erase: Erase, lock: DeviceLock
) -> None:
    for name in ("first", "second"):
        own.kept(name, more="memory_gb = 1.5")
    for name in ("first", "second"):
        assert isinstance(erase(name), Finished)
    assert worker.residency.loaded == ("first", "second")
    pids = {each.pid for each in marked(own.script("first"))}
    assert isinstance(erase("first"), Finished)
    assert {each.pid for each in marked(own.script("first"))} == pids


def test_more_than_there_is_is_refused_before_it_is_begun(
    own: Own, erase: Erase, lock: DeviceLock
) -> None:
    own.kept("mine", more="memory_gb = 40", loading="open('begun', 'w')")
    last = erase("mine")
    assert isinstance(last, Failed) and last.code == "not_enough_memory"
    assert "40" in last.text
    assert not (own.folder / "begun").exists()


def waits(name: str, image: Image, mask: Mask, lock: DeviceLock) -> bool:
    """Whether a job waits while somebody else has the device."""
    token = StopToken()
    with lock.hold():
        for event in run([Job(name, {}, 1)], image, mask, token=token):
            if isinstance(event, Waiting):
                token.stop()
                return True
            if isinstance(event, Finished | Failed):
                assert isinstance(event, Finished), event
                return False
    raise AssertionError("a job without an end")


def test_one_that_declares_memory_waits_for_the_device_and_no_other(
    own: Own, image: Image, mask: Mask, lock: DeviceLock
) -> None:
    own.command("light", SCRIPT)
    own.command("heavy", SCRIPT, "memory_gb = 1")
    own.kept("stays")
    assert [waits(name, image, mask, lock) for name in ("light", "heavy", "stays")] == [
        False,
        True,
        True,
    ]
    assert not marked(own.script("heavy")) and not marked(own.script("stays"))


@pytest.mark.slow
@pytest.mark.parametrize("stays", [False, True])
def test_memory_of_its_children_counts_as_its_own(
    own: Own, erase: Erase, lock: DeviceLock, stays: bool
) -> None:
    """A child with a session of its own holds 300 MB for a second."""
    holds = "import time; held = bytearray(b'x') * 300_000_000; time.sleep(1)"
    child = f"subprocess.run([sys.executable, '-c', {holds!r}], start_new_session=True)"
    if stays:
        own.kept("mine", child)
    else:
        own.command("mine", f"import subprocess, sys\n{child}\n{dedent(SCRIPT)}")
    last = erase("mine")
    assert isinstance(last, Finished), last
    assert last.memory_kind == "ram"
    assert 300e6 < last.peak_memory < 900e6


# --- a GPU -------------------------------------------------------------------------------------

ON_GPU = 700_000_000


@pytest.mark.slow
@pytest.mark.gpu
def test_its_share_of_the_gpu_is_what_the_device_has_less(
    own: Own, erase: Erase, lock: DeviceLock, gpu: object, tmp_path: Path
) -> None:
    """Another process has it, so no library here knows of it: the device alone does."""
    if gpu is None:
        pytest.skip("what other processes hold is set on an emulated device alone")
    used, said = gpu.ledger.in_use, tmp_path / "said"  # type: ignore[attr-defined]
    own.kept(
        "mine",
        f"open({str(said)!r}, 'w').close(); time.sleep(1)",
        loading=f"open({str(tmp_path / 'device')!r}, 'w').write(device)",
        more='devices = ["cuda", "cpu"]\nmemory_gb = 1',
    )

    def take() -> None:
        """As its network would while it erases."""
        while not said.exists() and not over.wait(0.01):
            pass
        used[0] += ON_GPU
        over.wait(0.6)
        used[0] -= ON_GPU

    over = threading.Event()
    thread = threading.Thread(target=take)
    thread.start()
    last = erase("mine")
    over.set()
    thread.join()
    assert isinstance(last, Finished), last
    assert (tmp_path / "device").read_text() == "cuda"
    assert (last.device, last.memory_kind, last.peak_memory) == ("cuda", "gpu", ON_GPU)
