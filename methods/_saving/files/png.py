"""Samples to PNG: 8 and 16 bits, grey and colour, with and without alpha, palettes, one bit.

Pillow writes palettes and bits, OpenCV photos of 8 bits (`_photo.load.png_bytes`, four times as
quick), imagecodecs all of 16: Pillow has none in colour, and OpenCV none of grey with alpha.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from PIL import Image as Pil
from PIL import PngImagePlugin

from methods._photo.containers import png_chunks
from methods._photo.load import bare_png
from methods._saving.metadata.carried import Metadata
from methods._saving.metadata.written import png_chunks as png_chunks_of
from methods._saving.samples.original import Original, Samples, in_planes

_HEAD = 33  # signature and IHDR
_ABOUT_COLOURS = {b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI"}
_LONGEST = 100
_AVERAGE, _RUNS = 0x40, 3
"""libpng's filter and zlib's strategy that are quick and small on photos."""

Chunk = tuple[bytes, bytes]
"""Name and content."""


def fits_png(original: Original) -> bool:
    """Whether a PNG can hold its samples as they are."""
    whole = original.samples.dtype in (np.uint8, np.uint16)
    plain = not (original.associated or original.inverted)
    return whole and plain and original.space in ("grey", "rgb")


def png_of(original: Original, opened: bytes, metadata: Metadata) -> Callable[[], bytes]:
    """What gives a PNG of samples that `fits_png`, which it needs no more. opened: the file that
    they came from, for what it says of its colours."""
    bare = memoryview(_encoded(original))
    said = io.BytesIO(png_chunks_of(replace(metadata, icc=None)))
    said.seek(0, io.SEEK_END)
    for name, content in _colour_chunks(original, opened):
        PngImagePlugin.putchunk(said, name, content)
    return lambda: b"".join((bare[:_HEAD], said.getvalue(), bare[_HEAD:]))


def _encoded(original: Original) -> bytes | memoryview:
    """Without a word on its colours."""
    samples = original.samples
    if original.palette is not None:
        return _by_pillow(_indexed(original))
    if original.bits == 1:
        return _by_pillow(Pil.fromarray(samples.astype(np.bool_)))
    if samples.dtype == np.uint16:
        return _deep(samples)
    if samples.ndim == 3 and samples.shape[2] > 2:
        return bare_png(samples)
    return _by_pillow(Pil.fromarray(samples))


def _deep(samples: Samples) -> memoryview:
    """Of 16 bits. Into memory of which only what is written is ever touched: left alone, the
    library takes twice the samples' size."""
    import imagecodecs

    most = samples.nbytes + samples.nbytes // 200 + 8 * len(samples) + (1 << 16)
    encoded = imagecodecs.png_encode(
        samples, 1, strategy=_RUNS, filter=_AVERAGE, out=bytearray(most)
    )
    return memoryview(encoded)


def _by_pillow(picture: Pil.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _indexed(original: Original) -> Pil.Image:
    """With as many colours as its highest place asks for: of few, a place takes fewer bits."""
    assert original.palette is not None
    table = original.palette[: int(original.samples.max()) + 1]
    picture = Pil.fromarray(original.samples, "L")
    picture.putpalette(table[:, :3].tobytes())
    if table[:, 3].min() < 255:
        picture.info["transparency"] = table[:, 3].tobytes()
    return picture


def _colour_chunks(original: Original, opened: bytes) -> Iterator[Chunk]:
    if original.icc:
        yield b"iCCP", b"profile\0\0" + zlib.compress(original.icc)
    if original.source == "PNG":
        yield from _own_chunks(original, opened)
        return
    if 8 < original.bits < 16:
        yield b"sBIT", bytes([original.bits]) * in_planes(original.samples).shape[2]
    if original.wide and not original.icc and original.cicp:
        yield b"cICP", bytes([*original.cicp, 0, 1])
    elif not original.icc and not original.wide:
        yield b"sRGB", b"\0"


def _own_chunks(original: Original, opened: bytes) -> Iterator[Chunk]:
    """What a PNG said of its colours, as it said it."""
    for name, start, end in png_chunks(opened):
        if name in _ABOUT_COLOURS and end - start < _LONGEST:
            yield name, opened[start + 8 : end - 4]
