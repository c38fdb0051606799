"""Pictures of every accepted format, and what damage or malice makes of them: by a seed."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import cv2
import numpy as np
from PIL import Image as Pil
from pillow_heif import from_pillow

Break = Callable[[bytes, Random], bytes]


@cache
def whole_files() -> dict[str, bytes]:
    """One of each kind that a decoder has a way of its own for, 48 by 32 pixels."""
    noise = np.random.default_rng(3).integers(0, 256, (8, 12, 4)).astype(np.uint8)
    pixels = np.asarray(cv2.resize(noise, (48, 32), interpolation=cv2.INTER_CUBIC))
    color, layered = Pil.fromarray(pixels[..., :3]), Pil.fromarray(pixels)
    deep = Pil.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    exif = Pil.Exif()
    exif[274], exif[271] = 6, "maker"
    heic = io.BytesIO()
    from_pillow(layered).save(heic, quality=80)
    return {
        "jpeg": _saved(color, "JPEG", exif=exif),
        "jpeg, progressive": _saved(color, "JPEG", progressive=True),
        "jpeg, four colours": _saved(color.convert("CMYK"), "JPEG"),
        "png": _saved(layered, "PNG"),
        "png, 16 bits": _saved(deep, "PNG"),
        "png, palette": _saved(color.convert("P"), "PNG"),
        "webp": _saved(color, "WEBP", exif=exif),
        "webp, lossless": _saved(layered, "WEBP", lossless=True),
        "gif": _saved(color.convert("P"), "GIF", save_all=True, append_images=[color.rotate(90)]),
        "bmp": _saved(color, "BMP"),
        "tiff": _saved(color, "TIFF"),
        "tiff, packed": _saved(deep, "TIFF", compression="tiff_lzw"),
        "tiff, jpeg": _saved(color, "TIFF", compression="jpeg"),
        "tiff, fractions": _saved(Pil.fromarray(pixels[..., 0].astype(np.float32)), "TIFF"),
        "heic": heic.getvalue(),
        "avif": _saved(layered, "AVIF"),
    }


def _saved(picture: Pil.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def broken_files(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many, each with what it was and what was done to it; the same ones for the same seed."""
    chance, kinds = Random(seed), list(whole_files().items())
    for number in range(count):
        kind, data = kinds[number % len(kinds)]
        named = chance.sample(list(BREAKS.items()), chance.choice((1, 1, 2)))
        for _, how in named:
            data = how(data, chance)
        yield f"{kind}: {', '.join(name for name, _ in named)} ({number})", data


# --- what is done to them ------------------------------------------------------------------


def _cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flipped(data: bytes, chance: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 30)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _head_flipped(data: bytes, chance: Random) -> bytes:
    head = 64 + len(data) // 8
    return _flipped(data[:head], chance) + data[head:]


def _swapped(data: bytes, chance: Random) -> bytes:
    """Two pieces change places."""
    a, b, c, d = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _repeated(data: bytes, chance: Random) -> bytes:
    a, b = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:b] + data[a:b] * chance.choice((1, 2, 40)) + data[b:]


def _lied(data: bytes, chance: Random) -> bytes:
    """A number of two or four bytes says something else: a size, a count, an offset."""
    form = chance.choice((">H", "<H", ">I", "<I"))
    most = 2 ** (8 * struct.calcsize(form)) - 1
    if len(data) < struct.calcsize(form):
        return data
    place = chance.randrange(min(len(data), 400) - struct.calcsize(form) + 1)
    value = chance.choice((0, 1, 7000, 30000, 65535, 2**31 - 1, most)) & most
    changed = bytearray(data)
    struct.pack_into(form, changed, place, value)
    return bytes(changed)


def _size_lied(data: bytes, chance: Random) -> bytes:
    """Where the picture's own sides stand, others do."""
    changed = data
    for side in (48, 32):
        for form in (">H", "<H", ">I", "<I"):
            other = struct.pack(form, chance.choice((1, 7000, 16383, 65535)))
            changed = changed.replace(struct.pack(form, side), other, 1)
    return changed


def _filled(data: bytes, chance: Random) -> bytes:
    a, b = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:a] + bytes([chance.choice((0, 255))]) * (b - a) + data[b:]


def _strange_end(data: bytes, chance: Random) -> bytes:
    """The beginning of one format, and the rest of another."""
    other = chance.choice(list(whole_files().values()))
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other)) :]


BREAKS: dict[str, Break] = {
    "cut": _cut,
    "bits flipped": _flipped,
    "head flipped": _head_flipped,
    "pieces swapped": _swapped,
    "a piece repeated": _repeated,
    "a number lied": _lied,
    "sides lied": _size_lied,
    "filled": _filled,
    "another end": _strange_end,
}
