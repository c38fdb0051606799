"""A JPEG's coefficients, out of a file and into one, through jpeglib: the libjpegs that it brings.

It works by files, and by state of its own: one call at a time, each with files that nobody else
sees. On Linux they have no name, so that it works also where no file can be opened any more.
"""

from __future__ import annotations

import ctypes
import io
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ctypeslib
from numpy.typing import NDArray
from PIL import Image as Pil

from methods._saving.jpeg.joined import joined
from methods._saving.jpeg.layout import BLOCK, Layout, Unkept

Plane = NDArray[np.int16]
"""(rows, columns, 64) of a component's blocks, row by row of frequencies, not multiplied yet."""

_PLAIN, _PROGRESSIVE = "turbo210", "mozjpeg403"
"""Of the libjpegs in jpeglib: the quickest, and the one that writes progressive files."""

_SPACES = {"grey": 1, "rgb": 2, "ycc": 3}  # J_COLOR_SPACE
_TABLES_OF_ITS_OWN = ["+OPTIMIZE_CODING"]
_FOUR = 4
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """planes: one for each component. tables: (components, 64) uint16, by what each is
    multiplied."""

    planes: list[Plane]
    tables: NDArray[np.uint16]


def read(layout: Layout) -> Coefficients:
    """Raises Unkept where the library cannot."""
    planes = [np.zeros((*each.blocks, 64), np.int16) for each in layout.components]
    tables, numbers = np.zeros((4, 64), np.uint16), np.zeros(4, np.int16)
    given = [ctypeslib.as_ctypes(plane) for plane in planes] + [None] * (4 - len(planes))
    arrays = ctypeslib.as_ctypes(tables), ctypeslib.as_ctypes(numbers)
    library = _library(_PLAIN)
    with _one_at_a_time, _file(layout.data) as source:
        _check_header(library, source.path, layout)
        _done(lambda: library.read_jpeg_dct(source.path, *given, *arrays))
    chosen = tables[numbers[: len(planes)]]
    if not chosen.all():
        raise Unkept("odd")
    return Coefficients(planes, chosen)


def write(layout: Layout, planes: list[Plane]) -> bytes:
    """The file with other coefficients and nothing but its picture. Raises Unkept.

    A file with the standard Huffman tables keeps them: what making others would spare in size would
    cost half of the time again."""
    count = len(planes)
    factors = [factor for each in layout.components for factor in each.factors]
    blocks = [number for each in layout.components for number in each.blocks]
    arrays = [ctypeslib.as_ctypes(plane) for plane in planes] + [None] * (4 - count)
    if count == _FOUR:
        return joined(layout, [_grey(plane, layout.progressive) for plane in planes])
    library = _library(_PROGRESSIVE if layout.progressive else _PLAIN)
    with _one_at_a_time, _file(layout.data) as source, _file() as target:
        _done(
            lambda: library.write_jpeg_dct(
                source.path,
                target.path,
                *arrays,
                image_dims=(ctypes.c_int * 2)(*layout.size),
                block_dims=(ctypes.c_int * len(blocks))(*blocks),
                in_color_space=_SPACES[layout.space],
                in_components=count,
                samp_factor=(ctypes.c_int * len(factors))(*factors),
                **_AS_IT_WAS,
                flags=[] if layout.standard else _TABLES_OF_ITS_OWN,
            )
        )
        return target.content()


_AS_IT_WAS: dict[str, Any] = {
    "qt": None,
    "quality": -1,
    "quant_tbl_no": None,
    "num_markers": 0,
    "marker_types": None,
    "marker_lengths": None,
    "markers": None,
}
"""Tables come from the source; markers are put in later."""


def _grey(plane: Plane, progressive: bool) -> bytes:
    """A file of one component; its quantisation table is nobody's. Without a file to begin with,
    the library that writes progressive ones would quantise anew, and fail."""
    rows, columns = plane.shape[:2]
    empty = io.BytesIO()
    picture = Pil.new("L", (columns * BLOCK, rows * BLOCK))
    picture.save(empty, "JPEG", progressive=progressive)
    library = _library(_PROGRESSIVE if progressive else _PLAIN)
    with _one_at_a_time, _file(empty.getvalue()) as source, _file() as target:
        _done(
            lambda: library.write_jpeg_dct(
                source.path,
                target.path,
                ctypeslib.as_ctypes(plane),
                *(None, None, None),
                image_dims=(ctypes.c_int * 2)(rows * BLOCK, columns * BLOCK),
                block_dims=(ctypes.c_int * 2)(rows, columns),
                in_color_space=_SPACES["grey"],
                in_components=1,
                samp_factor=(ctypes.c_int * 2)(1, 1),
                **_AS_IT_WAS,
                flags=_TABLES_OF_ITS_OWN,
            )
        )
        return target.content()


def _check_header(library: Any, source: str, layout: Layout) -> None:
    """Reading coefficients of a file whose header is refused would end the process; reading its
    markers is refused as it should be."""
    _done(lambda: library.read_jpeg_markers(source, (ctypes.c_ubyte * len(layout.data))()))


def _done(work: Callable[[], None]) -> None:
    try:
        work()
    except OSError as error:
        raise Unkept("broken") from error


@cache
def _library(version: str) -> Any:
    """jpeglib's way to one of its libraries, apart from the one that others may have chosen."""
    from jpeglib._bind import CJpegLib

    library: Any = type("Library", (CJpegLib,), {})
    library.set_version(version)
    return library


def prepare() -> None:
    """Load all that will be needed, while files can be opened. Raises ImportError."""
    for version in (_PLAIN, _PROGRESSIVE):
        _library(version)


@dataclass(frozen=True, slots=True)
class _File:
    """path: what the library is told."""

    path: str
    content: Callable[[], bytes]


@contextmanager
def _file(content: bytes = b"") -> Iterator[_File]:
    """A file with that content, which is gone afterwards."""
    if not hasattr(os, "memfd_create") or not os.path.isdir("/proc/self/fd"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.jpg"
            path.write_bytes(content)
            yield _File(str(path), path.read_bytes)
        return
    with os.fdopen(os.memfd_create("picture"), "w+b") as file:
        file.write(content)
        file.flush()

        def written() -> bytes:
            file.seek(0)
            return file.read()

        yield _File(f"/proc/self/fd/{file.fileno()}", written)
