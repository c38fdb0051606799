"""A command that is kept running and spoken to by lines of JSON, on its input and output.

    to it     {"do": "load", "id": 1, "device": "cuda"}
              {"do": "erase", "id": 2, "image": PATH, "mask": PATH, "output": PATH, "seed": 7,
               "settings": {…}}
              {"do": "stop", "id": 2}          the erasing of that id is not wanted any more
              {"do": "unload"}                 it ends, as it does when its input ends
    from it   {"id": 2, "progress": [3, 20]}   step, of how many
              {"id": 2, "done": true}          the picture is written; or it is loaded
              {"id": 2, "error": "…"}          a sentence; it can be asked again
              {"id": 2, "stopped": true}

`eraser_lab_client.py` speaks it; other lines of its output are taken for its words.
"""

from __future__ import annotations

import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from methods._own.process import Running

MOST_LINE = 64 * 1024
MOST_WORDS = 500
"""Characters of an error that are shown."""

_TICK = 0.05
STOP_SECONDS = 0.6
"""For it to hear a Stop, before it is ended."""


class Gone(Exception):
    """It has ended, or speaks no such lines."""


class Late(Exception):
    """It took longer than it may."""


class Said(Exception):
    """It could not do it, and said why."""


class Talk:
    """What is said with one running command; one thread at a time asks."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._ids = itertools.count(1)
        self._heard: queue.SimpleQueue[dict[str, object] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="command's answers", daemon=True).start()

    def ask(
        self,
        wish: Mapping[str, object],
        seconds: float,
        progress: Callable[[int, int], None],
    ) -> None:
        """Have something done. progress: as an eraser's; where it raises, the command is told to
        stop, and ended where it does not hear.

        Raises Gone, Late, Said, and what `progress` raises. After Gone and Late it is no more.
        """
        number, at, until = next(self._ids), (0, 1), time.monotonic() + seconds
        self._send({**wish, "id": number})
        while (answer := self._next(number, _TICK)) is None or "progress" in answer:
            at = at if answer is None else _step(answer["progress"], at)
            try:
                progress(*at)
            except BaseException:
                self._stop(number)
                raise
            self.running.count_memory()
            if time.monotonic() > until:
                self.running.end()
                raise Late
        if "error" in answer:
            raise Said(str(answer["error"]))
        if answer.get("done") is not True:
            self.running.end()
            raise Gone

    def close(self) -> None:
        """End it; it may clear up for a moment."""
        with suppress(Gone):
            if not self.running.is_over():
                self._send({"do": "unload"})
            self.running.wait(STOP_SECONDS, lambda: None)
        self.running.end()

    def _stop(self, number: int) -> None:
        until = time.monotonic() + STOP_SECONDS
        try:
            self._send({"do": "stop", "id": number})
            while time.monotonic() < until:
                answer = self._next(number, _TICK)
                if answer is not None and "progress" not in answer:
                    return
        except Gone:
            pass
        self.running.end()

    def _next(self, number: int, seconds: float) -> dict[str, object] | None:
        """What is said next of that id; None = nothing yet. Raises Gone."""
        try:
            message = self._heard.get(timeout=seconds)
        except queue.Empty:
            return None
        if message is None:
            self._heard.put(None)
            raise Gone
        return message if message.get("id") == number else None

    def _send(self, message: Mapping[str, object]) -> None:
        line = json.dumps(message, ensure_ascii=True).encode() + b"\n"
        pipe = self.running.input
        try:
            assert pipe is not None
            pipe.write(line)
            pipe.flush()
        except (OSError, ValueError) as error:
            raise Gone from error

    def _read(self) -> None:
        pipe = self.running.output
        assert pipe is not None
        with pipe, suppress(OSError, ValueError):
            while line := pipe.readline(MOST_LINE):
                message = _message(line)
                if message is None:
                    self.running.tail.add(line)
                elif self._heard.qsize() < 1000:  # a flood of progress is no news
                    self._heard.put(message)
        self._heard.put(None)


def _message(line: bytes) -> dict[str, object] | None:
    """None for what is none of the protocol's."""
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and "id" in found else None


def _step(told: object, before: tuple[int, int]) -> tuple[int, int]:
    """What is told, where it makes sense."""
    match told:
        case [int() as step, int() as total] if 0 <= step <= total and 0 < total <= 10**6:
            return step, total
    return before
