"""The program under test: begun, looked at, ended and begun again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.request import urlopen

import psutil

from tests.load.room import SmallDisk

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 600.0
END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """Memory in bytes: of the program's own process, and of all that it has begun, what they share
    counted once. threads and files: of its own process."""

    own: int
    together: int
    threads: int
    files: int

    def __str__(self) -> str:
        memory = f"{self.own / 1e6:.0f} MB, with its workers {self.together / 1e6:.0f} MB"
        return f"{memory}, {self.threads} threads, {self.files} files"


def look_at(process: psutil.Process) -> Look:
    together = sum(map(_share_of_memory, [process, *process.children(recursive=True)]))
    own = int(process.memory_info().rss)
    return Look(own, together, int(process.num_threads()), int(process.num_fds()))


def _share_of_memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):  # gone meanwhile, or a system that does not say
        return 0


class Program:
    """`app.py` on a port of its own, with a folder of its own and what is said in `log`.

    disk: the small disk that its folder is, where there is one. settings: environment variables
    beside those that it needs here.
    """

    def __init__(
        self,
        folder: Path,
        log: Path,
        disk: SmallDisk | None = None,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.disk = disk
        self.log = log
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.exits: list[int] = []
        self._settings = dict(settings)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError where it does not."""
        command = [sys.executable, str(ROOT / "app.py"), f"--port={self.port}", "--no-fetch"]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.disk.command(*command) if self.disk else command,
                env={**os.environ, **self._environment()},
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the program did not start; see {self.log}")
            time.sleep(0.2)

    def process(self) -> psutil.Process:
        assert self._child is not None
        return psutil.Process(self._child.pid)

    def workers(self) -> list[psutil.Process]:
        """Those that erase, and the one that sees; not the template that they are copies of."""
        children = self.process().children()
        return [each for child in children for each in child.children()]

    def kill(self) -> None:
        """As a machine does that runs out of memory, or of power."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def end(self) -> int:
        """As a service manager does; the exit code."""
        assert self._child is not None
        self._child.terminate()
        self.exits.append(self._child.wait(END_SECONDS))
        return self.exits[-1]

    def close(self) -> None:
        """Whatever is left."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def traces(self) -> list[str]:
        """The last line of each trace that the log has."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        begun = [number for number, line in enumerate(lines) if line.startswith("Traceback")]
        return [_last_line(lines[number + 1 :]) for number in begun]

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        return {
            "ERASER_LAB_DATA": str(self.folder),
            "ERASER_LAB_OFFLINE": "1",
            "ERASER_LAB_GRACE": "5",
            "GRADIO_ANALYTICS_ENABLED": "False",
            **self._settings,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_line(lines: list[str]) -> str:
    """Of the trace that they begin with: the first line that is not moved to the right."""
    return next((line for line in lines if line and not line.startswith((" ", "\t"))), "")[:160]
