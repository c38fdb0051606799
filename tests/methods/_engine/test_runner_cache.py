"""Equal jobs come from the cache; missing weights are fetched first."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from methods import (
    Failed,
    Fetching,
    Finished,
    HubFile,
    Image,
    Job,
    Mask,
    StopToken,
    UrlFile,
    Waiting,
    WeightFile,
    run,
)
from methods._engine.result_cache import ResultCache, job_key, picture_key
from methods._system.lock import DeviceLock
from runner_tools import Noise, Raising, finished, last_of, runs_alive, wait_until

pytest_plugins = ["runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")


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
    assert not np.shares_memory(third.image, image)


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
    cache = ResultCache[str](max_bytes=2 * one)
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
        first = next(events)  # a newer one may have taken its place already
        assert isinstance(first, Fetching) and first.done < first.total
        assert (first.index, first.name, first.total) == (0, "fetched.bin", len(CONTENT))
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


def test_weights_in_the_hubs_own_cache_are_not_missing(
    image: Image,
    mask: Mask,
    add: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever forbids downloads has not forbidden what is on the machine."""
    content = b"a network of another program"
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--org--net" / "snapshots" / ("a" * 40) / "net.bin"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    weight = WeightFile(
        name="kept/net.bin",
        sources=(HubFile("org/net", "net.bin", "a" * 40),),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        license="MIT",
    )
    add(Noise, "heavy", weights=(weight,))
    (end,) = last_of(list(run([Job("heavy")], image, mask, fetch_missing=False)))
    assert isinstance(end, Finished) and end.weights == {"kept/net.bin": weight.sha256}


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
    wait_until(lambda: not runs_alive())  # although the server has not gone on
