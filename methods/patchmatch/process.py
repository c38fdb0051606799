"""The library in a process that can be ended: its calls cannot be interrupted, and take seconds."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from methods._base import Image, Mask, Progress
from methods._system.memory import helpers

_CHILD = Path(__file__).with_name("child.py")
_LISTEN = 0.2
"""Seconds between two looks at Stop while the library is silent."""

_LEVEL = re.compile(rb"Inpainting level: (\d+)")
_Child = subprocess.Popen[bytes]


def inpaint(image: Image, mask: Mask, patch_size: int, seed: int, progress: Progress) -> Image:
    """`patchmatch.inpaint`, bit for bit. image: (H, W, 3) uint8; mask: (H, W) bool.

    progress: told of each step, and asked again and again while one lasts; what it raises ends
    the process. Raises RuntimeError with the process's last words where it fails.
    """
    size = (*mask.shape, patch_size, seed)
    with _started([str(number) for number in size]) as child:
        steps = _Steps(progress)
        last_words = _followed(child, steps, image.tobytes() + mask.tobytes())
        assert child.stdout is not None
        filled = child.stdout.read()
        if child.wait() or len(filled) != image.size:
            raise RuntimeError(f"patchmatch ended with {child.returncode}: {last_words}")
    steps.end()
    return np.frombuffer(filled, np.uint8).reshape(image.shape).copy()


@contextmanager
def _started(arguments: list[str]) -> Iterator[_Child]:
    """The process, which does not outlive the block; its memory counts as ours."""
    # -P: this folder's files are no modules for it.
    command = [sys.executable, "-P", str(_CHILD), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        helpers.add(child.pid)
        try:
            yield child
        finally:
            child.kill()
            helpers.discard(child.pid)


def _followed(child: _Child, steps: _Steps, given: bytes) -> str:
    """Hand over what it needs and tell its steps, until it falls silent. Its last words."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(child, lines), name="patchmatch", daemon=True).start()
    threading.Thread(target=_give, args=(child, given), name="patchmatch", daemon=True).start()
    words = deque[bytes](maxlen=5)
    while True:
        try:
            line = lines.get(timeout=_LISTEN)
        except queue.Empty:
            steps.ask()
            continue
        if not line:
            return b" ".join(words).decode(errors="replace")
        words.append(line.strip())
        if level := _LEVEL.match(line):
            steps.begin(int(level[1]))


class _Steps:
    """A step is a level of the pyramid. The coarse ones are gone through twice and count once."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done, self._total = 0, 0  # the first level says how many there are

    def ask(self) -> None:
        """Nothing has happened: is this still wanted?"""
        self._progress(self._done, max(1, self._total))

    def end(self) -> None:
        """The last level is done, too."""
        self.begin(-1)

    def begin(self, level: int) -> None:
        """The coarsest is the first, the last one is 0: all that are coarser are done."""
        self._total = self._total or max(1, level + 1)
        while self._done < self._total - level - 1:
            self._done += 1
            self._progress(self._done, self._total)


def _read(child: _Child, lines: queue.SimpleQueue[bytes]) -> None:
    """Every line that it says, and b"" at the end."""
    assert child.stderr is not None
    with suppress(ValueError, OSError):  # closed, because nobody listens any more
        for line in child.stderr:
            lines.put(line)
    lines.put(b"")


def _give(child: _Child, given: bytes) -> None:
    assert child.stdin is not None
    with suppress(ValueError, OSError):  # it has ended, and will say why
        child.stdin.write(given)
        child.stdin.close()
