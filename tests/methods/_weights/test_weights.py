"""Weights: downloads that break, lie, stall or are stopped; what is in the cache; overrides."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from _weight_server import Page, Server, closed_port, serving
from methods._base import HubFile, Source, Stopped, UrlFile, WeightFile, WeightsUnavailable
from methods._weights import cache, flights, progress, store
from methods._weights.fetch_set import fetch_in_background
from methods._weights.status import WeightState, weight_status
from methods._weights.store import fetch, find_weights, use_local
from methods._weights.transport import http
from runner_tools import wait_until
from ui.cli.progress import console_progress

BODY = b"PK\x03\x04" + bytes(range(256)) * 6000  # 1.5 MB, and begins as a network does
OTHER = BODY[:1000] + BODY[1000:][::-1]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and nothing remembered from another test."""
    for name in list(os.environ):
        if name.startswith(("ERASER_LAB_", "HF_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    for memory in (cache._known, http._dead, flights.failed):
        memory.clear()
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, in no time."""
    waited: list[float] = []
    monkeypatch.setattr(progress, "sleep", lambda seconds, _check: waited.append(seconds))
    return waited


def weight(*sources: Source, body: bytes = BODY, **changes: Any) -> WeightFile:
    """A pinned file that `sources` are said to hold."""
    fields: dict[str, Any] = {
        "name": "net.bin",
        "sources": sources,
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "license": "MIT",
    }
    return WeightFile(**(fields | changes))


def names(folder: Path) -> set[str]:
    """The files in the cache apart from our own book-keeping."""
    return {path.name for path in folder.iterdir() if path.is_file()} - {
        "verified.json",
        "uses.json",
    }


def failure(wanted: WeightFile, **given: Any) -> WeightsUnavailable:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(wanted, **given)
    return caught.value


# --- downloads -----------------------------------------------------------------------------


def test_a_file_is_fetched_once_and_is_whole(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")))
    told: list[tuple[int, int]] = []
    path = fetch(wanted, lambda done, total: told.append((done, total)))
    assert path == folder / "net.bin" and path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY)) and told == sorted(told)
    assert names(folder) == {"net.bin"}
    assert fetch(wanted) == path == find_weights(wanted)
    assert len(server.seen) == 1


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server) -> None:
    server.pages["/a"] = Page(BODY, breaks=[600_000, 300_000])
    assert fetch(weight(UrlFile(server.url("/a")))).read_bytes() == BODY
    first, second, third = server.ranges()
    assert first == "" and 0 < int(second[6:-1]) < int(third[6:-1]) <= 900_000


def test_stop_keeps_what_came_and_the_next_call_goes_on(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY, stalls=[800_000])
    wanted = weight(UrlFile(server.url("/a")))
    with pytest.raises(Stopped):
        fetch(wanted, should_stop=lambda: cache.size_of(folder / "net.bin.part") > 0)
    assert names(folder) == {"net.bin.part", "net.bin.part.json"}
    assert weight_status(wanted).state is WeightState.MISSING
    assert fetch(wanted).read_bytes() == BODY
    assert server.ranges()[1].startswith("bytes=") and names(folder) == {"net.bin"}


def test_a_server_without_ranges_is_read_from_the_start(server: Server, folder: Path) -> None:
    folder.mkdir()
    (folder / "net.bin.part").write_bytes(BODY[:1000])
    server.pages["/a"] = Page(BODY, ranges=False)
    assert fetch(weight(UrlFile(server.url("/a")))).read_bytes() == BODY


@pytest.mark.parametrize("left", [1000, len(BODY), len(BODY) + 1])
def test_a_spoilt_part_is_replaced(server: Server, folder: Path, left: int) -> None:
    folder.mkdir()
    (folder / "net.bin.part").write_bytes(b"x" * left)
    server.pages["/a"] = Page(BODY)
    assert fetch(weight(UrlFile(server.url("/a")))).read_bytes() == BODY


def test_a_wrong_file_never_gets_the_final_name(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(OTHER)
    wanted = weight(UrlFile(server.url("/a")))
    error = failure(wanted)
    assert error.code == "weights_changed_pinned" and "SHA-256 differs" in str(error)
    assert "ERASER_LAB_WEIGHT_NET_BIN" in str(error)
    assert names(folder) <= {"net.bin.part.json"} and find_weights(wanted) is None


def test_the_next_source_is_tried_after_a_bad_one(server: Server) -> None:
    server.pages |= {"/bad": Page(OTHER), "/short": Page(BODY[:-1]), "/busy": Page(status=503)}
    server.pages["/good"] = Page(BODY)
    paths = ("/gone", "/busy", "/short", "/bad", "/good")
    wanted = weight(*(UrlFile(server.url(path)) for path in paths))
    assert fetch(wanted).read_bytes() == BODY
    assert [path for path, _ in server.seen] == list(paths)


def test_a_file_of_another_size_does_not_cost_what_is_here(server: Server, folder: Path) -> None:
    folder.mkdir()
    (folder / "net.bin.part").write_bytes(BODY[:700_000])
    server.pages |= {"/other": Page(BODY + b"x"), "/good": Page(BODY)}
    wanted = weight(UrlFile(server.url("/other")), UrlFile(server.url("/good")))
    assert fetch(wanted).read_bytes() == BODY
    assert server.ranges() == ["bytes=700000-"] * 2


def test_a_dead_host_is_left_alone_for_a_while(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/a"] = Page(BODY)
    dead = UrlFile(f"http://localhost:{closed_port()}/a")
    assert "localhost (no connection)" in str(failure(weight(dead)))
    assert "localhost (could not be reached a moment ago)" in str(failure(weight(dead)))
    monkeypatch.setattr(http, "DEAD_SECONDS", 0.0)
    assert "localhost (no connection)" in str(failure(weight(dead)))
    assert fetch(weight(dead, UrlFile(server.url("/a")))).read_bytes() == BODY


def test_a_name_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        released.wait()
        raise socket.gaierror("no")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.3)
    try:  # without a limit of our own this would wait for ever
        error = failure(weight(UrlFile("http://weights.invalid/a")))
    finally:
        released.set()
    assert "weights.invalid (no answer in 0.3 s)" in str(error)


def test_a_host_that_takes_the_call_and_says_nothing_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        wanted = weight(UrlFile(f"http://127.0.0.1:{silent.getsockname()[1]}/a"))
        assert "127.0.0.1 (no answer in 0.3 s)" in str(failure(wanted))
        assert "could not be reached a moment ago" in str(failure(wanted))


def test_a_stalled_server_is_asked_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "STALL_SECONDS", 0.3)
    server.pages["/a"] = Page(BODY, stalls=[800_000])
    assert fetch(weight(UrlFile(server.url("/a")))).read_bytes() == BODY
    assert len(server.seen) == 2


def test_a_server_that_sends_nothing_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setattr(http, "STALL_SECONDS", 0.3)
    server.pages["/a"] = Page(BODY, stalls=[0] * 9)
    assert "nothing came for 0.3 s 6 times" in str(failure(weight(UrlFile(server.url("/a")))))
    assert len(server.seen) == 6 and waits == [2, 4, 8, 16, 32]


# --- several at once -----------------------------------------------------------------------

_FETCHER = """
import sys
from methods._base import UrlFile, WeightFile
from methods._weights.store import fetch
url, size, sha256 = sys.argv[1:]
print(fetch(WeightFile(name="net.bin", sources=(UrlFile(url),), size=int(size), sha256=sha256,
                       license="MIT")))
"""


def run_python(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_and_threads_share_one_download(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY, stalls=[800_000])
    wanted = weight(UrlFile(server.url("/a")))
    given = (server.url("/a"), str(wanted.size), str(wanted.sha256))
    others = [run_python(_FETCHER, *given) for _ in range(2)]
    waiting = threading.Event()
    seen: list[int] = []

    def watch(done: int, total: int) -> None:
        seen.append(done)
        if done >= 700_000:  # one of them is under way, and the others see how far it is
            waiting.set()

    threads = [threading.Thread(target=fetch, args=(wanted, watch)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert waiting.wait(60)
    server.released.set()
    for thread in threads:
        thread.join()
    assert [process.communicate()[0].strip() for process in others] == [str(folder / "net.bin")] * 2
    assert (folder / "net.bin").read_bytes() == BODY
    assert len({path for path, _ in server.seen}) == 1 and server.ranges()[0] == ""
    assert server.ranges().count("") == 1  # the stalled end may have been asked for once more


_HOLDER = """
import sys, time
from methods._base import WeightFile
from methods._weights.cache import lock_of
lock = lock_of(WeightFile(name="net.bin", sources=(), size=1, sha256="", license=""))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_killed_process_blocks_nobody(server: Server) -> None:
    server.pages["/a"] = Page(BODY)
    holder = run_python(_HOLDER)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    wanted = weight(UrlFile(server.url("/a")))
    asked = iter([False] * 5)
    with pytest.raises(Stopped):
        fetch(wanted, should_stop=lambda: next(asked, True))
    assert server.seen == []
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert fetch(wanted).read_bytes() == BODY


def wait_for(state: WeightState, wanted: WeightFile) -> None:
    """Until a background download has come to `state` (the test's own time-out guards it)."""
    while weight_status(wanted).state is not state:
        threading.Event().wait(0.01)


def _fetching() -> int:
    return sum(thread.name == "weights-net.bin" for thread in threading.enumerate())


def test_in_the_background_with_failure_and_retry(server: Server) -> None:
    wanted = weight(UrlFile(server.url("/a")))
    assert weight_status(wanted).state is WeightState.MISSING
    fetch_in_background(wanted)
    wait_for(WeightState.FAILED, wanted)
    failed = weight_status(wanted)
    assert "does not have the file" in failed.error and failed.code == "weights_unavailable"
    assert failed.details["name"] == "net.bin"

    wait_until(lambda: _fetching() == 0)  # it ends a moment after its failure is known
    server.pages["/a"] = Page(BODY, stalls=[800_000])
    for _ in range(3):
        fetch_in_background(wanted)
    wait_until(lambda: weight_status(wanted).done >= 700_000)
    assert _fetching() == 1
    under_way = weight_status(wanted)
    assert under_way.state is WeightState.FETCHING and under_way.error == ""
    assert under_way.done < under_way.size == len(BODY)
    server.released.set()
    wait_for(WeightState.READY, wanted)
    assert weight_status(wanted).done == len(BODY)


def test_a_bug_in_the_background_is_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> str:
        raise RuntimeError("secret words")

    monkeypatch.setattr(store, "obtain", broken)
    wanted = weight(UrlFile("http://weights.invalid/a"))
    fetch_in_background(wanted)
    wait_for(WeightState.FAILED, wanted)
    assert weight_status(wanted).code == "weights_bug"
    assert "secret" not in weight_status(wanted).error


# --- the disk ------------------------------------------------------------------------------


def test_a_full_disk_is_seen_before_the_download(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/a"] = Page(BODY)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 9, 200_000))
    error = failure(weight(UrlFile(server.url("/a"))))
    assert error.code == "weights_disk_full" and "1.6 MB are needed" in str(error)
    assert error.details["free"] == 200_000 and names(folder) == set()


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "weights_disk_full"), (errno.EACCES, "weights_folder")]
)
def test_a_disk_that_refuses_midway(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")), UrlFile(server.url("/b")))
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse)
        error = failure(wanted)
    assert error.code == code and "ERASER_LAB_WEIGHTS" in str(error)
    assert "net.bin" not in names(folder) and len(server.seen) == 1
    assert fetch(wanted).read_bytes() == BODY


def test_a_folder_that_cannot_be_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file where the folder should be")
    error = failure(weight(UrlFile("http://weights.invalid/a")))
    assert error.code == "weights_folder" and str(folder) not in str(error)


# --- the cache -----------------------------------------------------------------------------


def tampered(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def test_a_tampered_file_is_refused_and_set_aside(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")))
    tampered(fetch(wanted))
    assert find_weights(wanted) is None
    assert names(folder) == {"net.bin.refused"}
    status = weight_status(wanted)
    assert status.state is WeightState.FAILED and status.code == "weights_changed"
    assert fetch(wanted).read_bytes() == BODY
    assert weight_status(wanted).state is WeightState.READY


def test_a_file_is_hashed_once_and_again_when_it_changes(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []
    real = cache.sha256_of

    def counting(path: Path, check: Callable[[], None] | None = None) -> str:
        hashed.append(path)
        return real(path, check)

    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")))
    monkeypatch.setattr(cache, "_LARGE", len(BODY))
    path = fetch(wanted)
    monkeypatch.setattr(cache, "sha256_of", counting)
    cache._known.clear()  # as after a restart
    assert find_weights(wanted) == path and hashed == []
    (path.parent / "verified.json").write_text("[broken")
    cache._known.clear()
    assert find_weights(wanted) == path and hashed == [path]
    os.utime(path, ns=(1, 1))
    assert find_weights(wanted) == path == find_weights(wanted) and hashed == [path] * 2


def test_hashes_hold_where_the_folder_has_another_path(
    server: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines that share it mount it where they like, and take no entry from each other."""
    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")))
    monkeypatch.setattr(cache, "_LARGE", 1)
    fetch(wanted)
    there, beside = folder.rename(tmp_path / "elsewhere"), tmp_path / "own.bin"
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(there))
    cache._known.clear()
    monkeypatch.setattr(cache, "sha256_of", None)  # nothing is hashed again
    assert find_weights(wanted) == there / wanted.name
    monkeypatch.undo()
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(there))
    monkeypatch.setattr(cache, "_LARGE", 1)
    beside.write_bytes(b"of the user's own")
    cache.known_sha256(beside)
    assert set(cache.read_json("verified.json")) == {wanted.name, str(beside)}


def test_the_hash_of_a_small_file_is_not_written_down(server: Server) -> None:
    server.pages["/a"] = Page(BODY)
    path = fetch(weight(UrlFile(server.url("/a"))))
    assert not (path.parent / "verified.json").exists()


def test_a_file_put_there_by_hand_is_checked(folder: Path) -> None:
    folder.mkdir()
    (folder / "net.bin").write_bytes(BODY)
    assert find_weights(weight()) == folder / "net.bin"
    assert store.digest(weight()) == weight().sha256


def test_without_a_pin_the_first_download_counts(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")), sha256=None, unpinned_because="never seen here")
    path = fetch(wanted)
    assert store.digest(wanted) == hashlib.sha256(BODY).hexdigest()
    tampered(path)
    assert find_weights(wanted) is None
    server.pages["/a"].body = OTHER
    error = failure(wanted)
    assert error.code == "weights_changed_unpinned" and "fetch net.bin --again" in str(error)
    (folder / "weights.lock.json").write_text("{broken")
    assert failure(wanted).code == "weights_record"
    (folder / "weights.lock.json").unlink()
    assert fetch(wanted).read_bytes() == OTHER


def test_without_a_pin_only_the_same_state_is_continued(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY, breaks=[600_000])
    wanted = weight(UrlFile(server.url("/a")), sha256=None, unpinned_because="never seen here")
    assert fetch(wanted).read_bytes() == BODY and server.ranges()[1].startswith("bytes=")
    (folder / "net.bin").unlink()
    (folder / "weights.lock.json").unlink()
    server.pages["/a"] = Page(BODY, stalls=[800_000])
    part = folder / "net.bin.part"
    with pytest.raises(Stopped):
        fetch(wanted, should_stop=lambda: cache.size_of(part) > 0)
    server.pages["/a"] = Page(OTHER, etag='"two"')
    assert fetch(wanted).read_bytes() == OTHER


def test_neither_a_pin_nor_a_reason_is_a_mistake_of_ours(folder: Path) -> None:
    folder.mkdir()
    (folder / "net.bin").write_bytes(BODY)
    with pytest.raises(ValueError, match="reason"):
        find_weights(weight(sha256=None))


@pytest.mark.parametrize("name", ["../net.bin", "/net.bin", "a/../b", ".hidden", "", "a\\b"])
def test_a_name_cannot_leave_the_cache(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        find_weights(weight(name=name))


def test_a_name_may_hold_folders(server: Server, folder: Path) -> None:
    server.pages["/a"] = Page(BODY)
    wanted = weight(UrlFile(server.url("/a")), name="model/unet/net.bin")
    assert fetch(wanted) == folder / "model" / "unet" / "net.bin"


# --- files of the user's own ---------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "own" / "net.bin"
    path.parent.mkdir()
    path.write_bytes(b"my own network")
    yield path
    use_local("net.bin", None)


def test_the_three_ways_of_a_local_file(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(path: Path) -> None:
        status = weight_status(weight())
        assert find_weights(weight()) == path == fetch(weight())
        assert status.local and status.state is WeightState.READY
        assert status.done == status.size == path.stat().st_size
        assert store.digest(weight()) == hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(own.parent))
    check(own)
    second = own.with_name("second.bin")
    second.write_bytes(b"second")
    monkeypatch.setenv("ERASER_LAB_WEIGHT_NET_BIN", str(second))
    check(second)
    third = own.with_name("third.bin")
    third.write_bytes(b"the third")
    use_local("net.bin", third)
    check(third)


@pytest.mark.parametrize("given", ["ERASER_LAB_WEIGHT_NET_BIN", "ERASER_LAB_LOCAL_WEIGHTS"])
def test_a_missing_local_file_is_told(
    own: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(given, str(own.parent / "nowhere"))
    error = failure(weight())
    assert error.code == "weights_local_missing" and given in str(error)
    assert "nowhere" in str(error) and str(own.parent) not in str(error)
    assert weight_status(weight()).state is WeightState.FAILED
    with pytest.raises(WeightsUnavailable):
        use_local("net.bin", own.parent / "nowhere")


def test_a_local_folder_without_the_file_changes_nothing(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(own.parent))
    assert find_weights(weight(name="other.bin")) is None
    assert not weight_status(weight(name="other.bin")).local


# --- offline, and the model hub ------------------------------------------------------------


def test_offline_asks_nobody_and_says_so(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    error = failure(weight(UrlFile(server.url("/a")), HubFile("a/b", "c", "d")))
    assert error.code == "weights_offline" and "ERASER_LAB_OFFLINE" in str(error)
    assert server.seen == [] and weight_status(weight()).error == str(error)


def test_no_source_at_all() -> None:
    assert "no source is known" in str(failure(weight()))


_HUB_FETCHER = """
import sys
from methods._base import HubFile, WeightFile, WeightsUnavailable
from methods._weights.store import fetch
size, sha256 = sys.argv[1:]
try:
    print(fetch(WeightFile(name="net.bin", sources=(HubFile("org/repo", "sub/net.bin", "a" * 40),),
                           size=int(size), sha256=sha256, license="MIT")).name)
except WeightsUnavailable as error:
    print(error)
"""


def from_hub(server: Server, hub_home: Path, **environment: str) -> str:
    wanted = weight()
    environment |= {"HF_ENDPOINT": server.url(""), "HF_HOME": str(hub_home)}
    process = run_python(_HUB_FETCHER, str(wanted.size), str(wanted.sha256), **environment)
    return process.communicate()[0].strip()


@pytest.mark.slow
def test_the_hub_by_its_own_variables(server: Server, folder: Path, tmp_path: Path) -> None:
    address = f"/org/repo/resolve/{'a' * 40}/sub/net.bin"
    server.pages[address] = Page(location=server.url("/store", host="localhost"))
    server.pages["/store"] = Page(BODY)
    assert from_hub(server, tmp_path / "hub", HF_TOKEN="hf_secret") == "net.bin"
    assert (folder / "net.bin").read_bytes() == BODY
    (first, asked), (second, passed_on) = server.seen
    assert (first, asked["authorization"]) == (address, "Bearer hf_secret")
    assert second == "/store" and "authorization" not in passed_on

    (folder / "net.bin").unlink()
    server.pages[address] = Page(status=401)
    refused = from_hub(server, tmp_path / "hub")
    assert server.url("/org/repo") in refused and "set HF_TOKEN" in refused


@pytest.mark.slow
def test_an_offline_hub_still_gives_what_it_has(
    server: Server, folder: Path, tmp_path: Path
) -> None:
    hub = tmp_path / "hub"
    told = from_hub(server, hub, HF_HUB_OFFLINE="1")
    assert "not asked, as HF_HUB_OFFLINE is set" in told
    kept = hub / "hub" / "models--org--repo" / "snapshots" / ("a" * 40) / "sub" / "net.bin"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(BODY)
    assert from_hub(server, hub, HF_HUB_OFFLINE="1") == "net.bin"
    assert (folder / "net.bin").read_bytes() == BODY == kept.read_bytes()
    assert server.seen == []


# --- the console ---------------------------------------------------------------------------


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_for_every_tenth() -> None:
    log = io.StringIO()
    with console_progress("net.bin", 1000_000, log) as progress:
        assert log.getvalue() == ""
        for done in range(0, 1000_001, 1000):
            progress(done, 1000_000)
    lines = log.getvalue().splitlines()
    assert len(lines) == 11 and lines[4] == "net.bin: 40 % of 1.0 MB"


def test_a_terminal_gets_a_bar_and_silence_before_it() -> None:
    screen = _Terminal()
    with console_progress("net.bin", 1000, screen):
        pass
    assert "net.bin" not in screen.getvalue()
    with console_progress("net.bin", 1000, screen) as progress:
        progress(600, 1000)
        progress(200, 1000)
        progress(1000, 1000)
    assert "net.bin" in screen.getvalue() and "100%" in screen.getvalue()


# --- a mirror ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "address"])
def test_a_mirror_is_asked_first(
    server: Server, folder: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for what only people can bring; the source is left alone."""
    wanted = weight(name="some/net.bin", by_hand="https://example.org")
    (tmp_path / "mirror/some").mkdir(parents=True)
    (tmp_path / "mirror/some/net.bin").write_bytes(BODY)
    server.pages["/all/some/net.bin"] = Page(BODY)
    where = str(tmp_path / "mirror") if kind == "folder" else server.url("/all/")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_MIRROR", where)
    assert fetch(wanted).read_bytes() == BODY
    assert len(server.seen) == (kind == "address")
    assert find_weights(wanted) == folder / "some/net.bin"


@pytest.mark.parametrize("kind", ["folder", "address"])
def test_a_mirror_with_another_file_is_passed_over(
    server: Server, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/net.bin").write_bytes(OTHER)
    server.pages |= {"/all/net.bin": Page(OTHER), "/net.bin": Page(BODY)}
    where = str(tmp_path / "mirror") if kind == "folder" else server.url("/all")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_MIRROR", where)
    assert fetch(weight(UrlFile(server.url("/net.bin")))).read_bytes() == BODY


def test_a_mirror_has_nothing_to_say_about_a_file_without_a_pin(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.bin").write_bytes(OTHER)
    server.pages["/net.bin"] = Page(BODY)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_MIRROR", str(tmp_path))
    source = UrlFile(server.url("/net.bin"))
    loose = weight(source, sha256=None, unpinned_because="it is a test's")
    assert fetch(loose).read_bytes() == BODY


def test_a_folder_serves_also_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.bin").write_bytes(BODY)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_MIRROR", str(tmp_path))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    assert fetch(weight(UrlFile("http://127.0.0.1:9/net.bin"))).read_bytes() == BODY
