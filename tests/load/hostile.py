"""Files that no photo is, and some that nearly are one."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Name and bytes; none of them may be opened."""
    whole = _png(40, 30)
    yield "empty.png", b""
    yield "cut.png", whole[: len(whole) // 2]
    yield "flipped.png", whole[:41] + bytes([whole[41] ^ 0xFF]) + whole[42:]
    yield "bomb.png", _bomb(60_000)
    yield "page.png", b"<html><script>alert(1)</script></html>"
    yield "drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    yield "archive.jpg", b"PK\x03\x04" + bytes(200)
    yield "pickle.png", b"\x80\x04cos\nsystem\n(S'true'\ntR."
    yield "noise.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(range(256))
    yield "noise.heic", b"\x00\x00\x00\x18ftypheic" + bytes(range(256))
    yield "noise.avif", b"\x00\x00\x00\x18ftypavif" + bytes(range(256))
    yield "../../../etc/passwd.png", b"root:x:0:0"


def _png(width: int, height: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), (10, 200, 90)).save(target, "PNG")
    return target.getvalue()


def _bomb(side: int) -> bytes:
    """A PNG that says it is so large, in few bytes."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(2**20), 9)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
