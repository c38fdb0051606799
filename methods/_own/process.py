"""The home's side of a running command: begun by a keeper, watched, ended with all that it began.

Its environment is not the program's: only what finds programs, caches, languages and GPUs comes
along, so that no token does, and no proxy's password.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from methods._system.memory import helpers

KEEPER = Path(__file__).with_name("keeper.py")

_NAMES = (
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR LD_LIBRARY_PATH DYLD_LIBRARY_PATH"
    " XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR HF_HOME TORCH_HOME"
    " CUDA_VISIBLE_DEVICES CUDA_HOME NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES"
    " HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES OMP_NUM_THREADS SSL_CERT_FILE"
)
KEPT = frozenset(_NAMES.split())
"""Variables that a command gets without being named."""

TAIL_BYTES = 4096
TAIL_LINES = 20
_END_SECONDS = 1.0
_TICK = 0.05
_MEMORY_SECONDS = 0.25


class NotFound(Exception):
    """There is no such program."""


def environment_for(more: Mapping[str, str], keep: Sequence[str], on_gpu: bool) -> dict[str, str]:
    """All variables of a command. more: as the manifest says them; keep: names of further ones of
    this program's; on_gpu: else it sees none."""
    names = {name for name in os.environ if name in KEPT or name.startswith("LC_")} | set(keep)
    found = {name: os.environ[name] for name in names if name in os.environ}
    hidden = {} if on_gpu else {"CUDA_VISIBLE_DEVICES": ""}
    return {**found, **hidden, "PYTHONUNBUFFERED": "1", **more}


class Tail:
    """The last that was written to a stream; all of it is read, so that nobody waits for room."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._kept = bytearray()
        self._thread = threading.Thread(
            target=self._read, args=(stream,), name="command's words", daemon=True
        )
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream, suppress(OSError, ValueError):
            while part := os.read(stream.fileno(), 65536):
                self.add(part)

    def add(self, part: bytes) -> None:
        """More was written."""
        self._kept += part
        del self._kept[:-TAIL_BYTES]

    def forget(self) -> None:
        """What was written until now was about somebody else's picture."""
        self._kept.clear()

    def text(self) -> str:
        """Its last lines, printable, when the command has ended."""
        self._thread.join(_END_SECONDS)
        words = bytes(self._kept).decode("utf-8", "replace").replace("\r", "\n").lstrip("\ufffd")
        lines = ["".join(c for c in line if c.isprintable()) for line in words.splitlines()]
        return "\n".join([line for line in lines if line.strip()][-TAIL_LINES:])


class Running:
    """A command at work. talks: its input and output are pipes (`input`, `output`); else it reads
    nothing, and what it prints counts as its words.

    Raises NotFound, and OSError where no process can be begun.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], talks: bool
    ) -> None:
        control, self._control = os.pipe()
        self._status, status = os.pipe()
        words_to = subprocess.PIPE if talks else subprocess.STDOUT
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), str(control), str(status), *command],
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words_to,
                cwd=folder,
                env=dict(environment),
                pass_fds=[control, status],
                start_new_session=True,  # it outlives us for as long as it takes to clear up
            )
        except BaseException:
            os.close(self._control)
            os.close(self._status)
            raise
        finally:
            os.close(control)
            os.close(status)
        self.code: int | None = None
        self._said, self._closing = b"", threading.Lock()
        self._counted: set[int] = set()
        self._looked = 0.0
        self.input, self.output = self._keeper.stdin, self._keeper.stdout
        words = self._keeper.stderr if talks else self._keeper.stdout
        assert words is not None
        self.tail = Tail(words)
        self._await_begin()

    def _await_begin(self) -> None:
        while b"\n" not in self._said:
            part = os.read(self._status, 256)
            if not part:
                self.end()
                raise OSError("the keeper has ended")
            self._said += part
        if self._said.startswith(b"failed"):
            word = self._said.split()[1].decode()
            self.end()
            raise NotFound(word)
        os.set_blocking(self._status, False)

    def is_over(self) -> bool:
        """Whether it has ended by itself; then `code` is its exit code, negative for a signal."""
        if self.code is None and self._control >= 0:
            with suppress(BlockingIOError):
                self._said += os.read(self._status, 256)
            lines = self._said.split(b"\n")
            ended = [line for line in lines[:-1] if line.startswith(b"ended")]
            if ended:
                self.code = int(ended[0].split()[1])
            elif self._keeper.poll() is not None:
                self.code = -9
        return self.code is not None or self._control < 0

    def wait(self, seconds: float, tick: Callable[[], None]) -> bool:
        """Until it is over; False where that takes longer. tick: called meanwhile, may raise."""
        until = time.monotonic() + seconds
        while not self.is_over():
            tick()
            self.count_memory()
            if time.monotonic() > until:
                return False
            time.sleep(_TICK)
        return True

    def count_memory(self) -> None:
        """Have all its processes counted as this one's, whose memory is measured."""
        if time.monotonic() - self._looked < _MEMORY_SECONDS:
            return
        self._looked = time.monotonic()
        found = self.processes()
        helpers.difference_update(self._counted - found)
        helpers.update(found)
        self._counted = found

    def processes(self) -> set[int]:
        """Ids of the command and of all that it has begun, as far as they live."""
        import psutil

        with suppress(psutil.Error):
            return {p.pid for p in psutil.Process(self._keeper.pid).children(recursive=True)}
        return set()

    def end(self) -> None:
        """It, and all that it has begun, is gone when this returns. Calling it twice is allowed."""
        with self._closing:
            if self._control < 0:
                return
            os.close(self._control)
            self._control = -1
        helpers.difference_update(self._counted)
        try:
            self._keeper.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        os.close(self._status)
        for pipe in (self.input,):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
