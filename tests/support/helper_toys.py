"""What a helper answers in tests: it waits, fails, dies, or hears nothing more."""

from __future__ import annotations

import ctypes
import os
import re
import threading
import time
from typing import Any

import numpy as np

from methods import Answers, BadInput, Given, Unavailable
from methods._engine.residency import with_device_room
from methods._weights import uses
from methods._weights.sources import local
from methods._workers.process import answering

ENTRY = "helper_toys:answers"

_go_on = threading.Event()


def echo(given: Given, value: Any) -> Any:
    return value


def whose(given: Given) -> int:
    return os.getpid()


def mean(given: Given, key: str) -> float:
    return float(given.image(key).mean())


def own(given: Given) -> list[tuple[Any, ...]]:
    return [(array.shape, array.dtype.str, array.copy()) for array in given.own]


def refuse(given: Given, sentence: str) -> None:
    raise BadInput(sentence, known="a, b")


def bug(given: Given) -> None:
    raise ZeroDivisionError("/secret/path")


def wait(given: Given) -> str:
    assert _go_on.wait(60)
    return "waited"


def go_on(given: Given) -> None:
    _go_on.set()


def sleep(given: Given) -> None:
    time.sleep(60)


def hang(given: Given) -> None:
    ctypes.PyDLL(None).sleep(100_000)  # asleep with the interpreter's lock


def spin(given: Given) -> None:
    re.fullmatch("(a+)+", "a" * 99 + "b")  # at work with the interpreter's lock, for ages


def segfault(given: Given) -> None:
    ctypes.string_at(0)


def leave(given: Given) -> None:
    os._exit(3)


def hold(given: Given) -> None:
    uses.keep_weights(lambda: ["held.bin"])


def stands_in(given: Given) -> list[str]:
    return sorted(local.chosen())


def crowd(given: Given) -> str:
    """Lacks room the first time."""
    tries: list[int] = []

    def action() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise MemoryError("out of memory")
        return "there was room"

    return with_device_room(action, lambda: Unavailable("busy"))


def noise(given: Given, side: int) -> Any:
    return np.random.default_rng(1).integers(0, 256, (side, side)).astype(np.uint8)


def forgetful() -> Answers:
    """For a process that keeps one picture."""
    answering._KEPT_BYTES = 100
    return answers()


def answers() -> Answers:
    kinds = (echo, whose, mean, own, refuse, bug, wait, go_on, sleep, hang, spin)
    more = (segfault, leave, hold, stands_in, crowd, noise)
    return {kind.__name__: kind for kind in (*kinds, *more)}


def deadly() -> Answers:
    """A process that dies of being asked for numbers."""
    return {"judge": lambda given, *_: os.abort()}
