"""A keeper whose decoder does what a file that has taken it over would do: the file says what."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from methods._base import BadInput
from methods._photo.decode import Limits
from methods._photo.load import Photo
from methods._workers.closed import inside, keeper

KEEPER = __name__
UNTOLD = "ERASER_LAB_TEST_SECRET"


def _report(facts: object) -> None:
    raise BadInput("file_damaged", name=str(facts)[:300])


def _reach() -> None:
    """What is within reach: environment, descriptors, files, a socket's target."""
    files = [each for each in range(64) if _is_open(each)]
    memory = Path("/proc/self/environ")
    tried = [_tried(each) for each in (memory.read_bytes, _connect, _multiply)]
    _report((dict(os.environ).get(UNTOLD), len(files), *tried))


def _is_open(file: int) -> bool:
    try:
        os.fstat(file)
    except OSError:
        return False
    return True


def _tried(action: Callable[[], object]) -> str:
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "reached"


def _connect() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.connect(("127.0.0.1", 9))
        end.send(b"x")


def _multiply() -> None:
    if os.fork() == 0:
        os._exit(0)


def _lie() -> Photo:
    """More pixels than come back."""
    photo = Photo(np.zeros((4, 5, 3), np.uint8), None, "x", "PNG")
    inside._write = lambda *_: None  # type: ignore[assignment]
    return photo


def _babble() -> None:
    os.write(_answer, b'\n{"code": 0}\n\xff[[[')
    os._exit(0)


def _eat() -> None:
    kept = [bytearray(2**24) for _ in range(2**16)]
    _report(len(kept))


def _crash() -> None:
    ctypes.string_at(0)


def _spin() -> None:
    while True:
        pass


def _sleep() -> None:
    time.sleep(600)


_COMMANDS: dict[bytes, Callable[[], Photo | None]] = {
    b"reach": _reach,
    b"lie": _lie,
    b"babble": _babble,
    b"eat": _eat,
    b"crash": _crash,
    b"spin": _spin,
    b"sleep": _sleep,
}
_answer = _pixels = -1


def _obey(data: bytes, name: str, limits: Limits) -> Photo | None:
    return _COMMANDS[data]() if data in _COMMANDS else _decode(data, name, limits)


_decode = inside.photo_of
_decode_into = inside.decode_into


def _known(wish: object, given: int, pixels: int, answer: int) -> None:
    global _answer, _pixels
    _answer, _pixels = answer, pixels
    _decode_into(wish, given, pixels, answer)  # type: ignore[arg-type]


def main(descriptor: int) -> None:
    """See `keeper.main`."""
    inside.photo_of = _obey  # type: ignore[assignment]
    inside.decode_into = _known
    keeper.main(descriptor)
