"""A socket that carries Python values, large arrays without copying them, and open files.

A message is its head (how many parts, how long each), its pickle, and the buffers that the pickle
leaves out. Files travel beside the head, where the operating system can do that (not on Windows).
"""

from __future__ import annotations

import pickle
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress

_COUNT = struct.Struct("!I")
_LENGTH = struct.Struct("!Q")
_MOST_FILES = 4


class Wire:
    """One end. Any thread may send; one thread receives."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._sending = threading.Lock()

    def send(self, message: object, files: Sequence[int] = ()) -> None:
        """Raises OSError where the other end is gone. files: descriptors, which stay open here."""
        parts, lengths = _parts(message)
        with self._sending:
            self._send_head(_COUNT.pack(len(parts)), files)
            self._end.sendall(lengths)
            for part in parts:
                self._end.sendall(part)

    def _send_head(self, head: bytes, files: Sequence[int]) -> None:
        if files:
            socket.send_fds(self._end, [head[:1]], list(files))
            head = head[1:]
        self._end.sendall(head)

    def receive(self) -> tuple[object, list[int]]:
        """The next message, and descriptors that now belong to the caller. Raises EOFError at the
        end, OSError where the socket is closed here."""
        first, files = self._first_byte()
        (count,) = _COUNT.unpack(first + self._bytes(_COUNT.size - 1))
        lengths = [_LENGTH.unpack(self._bytes(_LENGTH.size))[0] for _ in range(count)]
        pickled, *buffers = [self._bytes(length) for length in lengths]
        return pickle.loads(pickled, buffers=buffers), files

    def _first_byte(self) -> tuple[bytes, list[int]]:
        if not hasattr(socket, "recv_fds"):
            return bytes(self._bytes(1)), []
        first, files, _, _ = socket.recv_fds(self._end, 1, _MOST_FILES)
        if not first:
            raise EOFError
        return first, list(files)

    def _bytes(self, length: int) -> bytearray:
        found = bytearray(length)
        rest = memoryview(found)
        while rest:
            count = self._end.recv_into(rest)
            if not count:
                raise EOFError
            rest = rest[count:]
        return found

    def close(self) -> None:
        """Also wakes whoever receives here."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()


# --- the same as one piece of bytes ---------------------------------------------------------


def packed(message: object) -> bytes:
    """A message as it goes through a socket, for whatever carries bytes."""
    parts, lengths = _parts(message)
    return b"".join((_COUNT.pack(len(parts)), lengths, *parts))


def unpacked(content: bytes) -> object:
    """What was packed by one of our own processes. Raises ValueError for anything shorter."""
    whole = memoryview(content)
    try:
        (count,) = _COUNT.unpack_from(whole)
        start = _COUNT.size + count * _LENGTH.size
        lengths = [size for (size,) in _LENGTH.iter_unpack(whole[_COUNT.size : start])]
    except struct.error as error:
        raise ValueError("no message") from error
    ends = [start + sum(lengths[: number + 1]) for number in range(len(lengths))]
    if not ends or ends[-1] != whole.nbytes:
        raise ValueError("no message")
    parts = [whole[end - size : end] for end, size in zip(ends, lengths, strict=True)]
    return pickle.loads(parts[0], buffers=parts[1:])


def _parts(message: object) -> tuple[list[memoryview], bytes]:
    """The pickle and the buffers that it leaves out; how long each is."""
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(pickled), *(buffer.raw() for buffer in buffers)]
    return parts, b"".join(_LENGTH.pack(part.nbytes) for part in parts)
