"""Start a web server for a benchmark, talk to it, count the bytes, and stop it again."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

REQUEST_SECONDS = 120.0
START_SECONDS = 180.0
LOOPBACK = "127.0.0.1"


class Sample(NamedTuple):
    """What one gesture cost: seconds, and bytes of HTTP bodies up and down."""

    seconds: float
    up: int
    down: int


class Wire:
    """An HTTP connection that counts the bytes of the bodies that go up and down."""

    def __init__(self, base_url: str) -> None:
        # trust_env off: a proxy has no business between this script and its own servers.
        self.client = httpx.Client(base_url=base_url, timeout=REQUEST_SECONDS, trust_env=False)
        self.begin()

    def post(self, path: str, **content: Any) -> httpx.Response:
        """POST json=…, files=… or content=…; raises for any status but 200."""
        request = self.client.build_request("POST", path, **content)
        self.up += len(request.read())
        return self._counted(self.client.send(request))

    def get(self, path: str) -> httpx.Response:
        """GET; raises for any status but 200."""
        return self._counted(self.client.get(path))

    def _counted(self, response: httpx.Response) -> httpx.Response:
        self.down += response.num_bytes_downloaded
        response.raise_for_status()
        return response

    def begin(self) -> None:
        """Start a sample."""
        self.up = self.down = 0
        self._started = time.perf_counter()

    def sample(self) -> Sample:
        """What has gone by since `begin`."""
        return Sample(time.perf_counter() - self._started, self.up, self.down)

    def close(self) -> None:
        self.client.close()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    command: Sequence[str], port: int, environment: Mapping[str, str], folder: Path
) -> Iterator[str]:
    """Run a server, wait until it answers, give its address, stop it.

    command: with its port already in it. Raises RuntimeError with the end of its output
    when it ends or stays silent for START_SECONDS.
    """
    url = f"http://{LOOPBACK}:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            if not _answers(process, url):
                log.seek(0)
                tail = log.read().decode(errors="replace")[-2000:]
                raise RuntimeError(f"{Path(command[0]).name} did not start:\n{tail}")
            yield url
        finally:
            _stop(process)


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx.get(url, timeout=5, trust_env=False)
            return True
        except httpx.TransportError:
            time.sleep(0.2)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(15)
