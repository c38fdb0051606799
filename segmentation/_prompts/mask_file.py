"""Masks as others hand them over: a picture, or run lengths in any of their usual forms.

{"size": [H, W], "counts": "…"}      COCO, compressed: as this program gives it, too
{"size": [H, W], "counts": [n, …]}   COCO, uncompressed: Segment Anything's `uncompressed_rle`
{"segmentation": …, …} or a list     annotations, as COCO's files and SAM's generator have them
"start length start length …"        pairs that count from 1, down the columns, as on Kaggle
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from methods import (
    Limits,
    Mask,
    MaskReading,
    ReadMask,
    Text,
    fitted,
    nothing_marked,
    read_mask,
    read_source,
    shown_name,
)
from segmentation._prompts.rle import MAX_CHARACTERS, bad_rle, decode_rle, own_size

Source: TypeAlias = Path | str | bytes | BinaryIO

MOST_TEXT = 2**23
"""Bytes of run lengths as text: some million of them."""

MOST_MASKS = 1000
RUN_LENGTHS = Text("note.mask.run_lengths")
_TEXT = re.compile(rb"\s*[\[{\"0-9]")
_PAIRS = re.compile(r"\s*\d{1,10}(\s+\d{1,10})*\s*")


def read_mask_file(
    source: Source, size: tuple[int, int], *, name: str = "", limits: Limits | None = None
) -> ReadMask:
    """The mask in a file, a picture or run lengths, for a photo of `size` = (H, W).

    name: what to call it in messages. Raises BadInput, as `read_mask` and `mask_of_runs` do.
    """
    limits, name = limits or Limits.from_environment(), shown_name(source, name)
    data = read_source(source, name, limits)
    if not _TEXT.match(data):
        return read_mask(data, size, name=name, limits=limits)
    if len(data) > MOST_TEXT:
        raise bad_rle(size)
    return mask_of_runs(_parsed(data, size), size, name=name, limits=limits)


def _parsed(data: bytes, size: tuple[int, int]) -> object:
    try:
        text = data.decode("ascii")
        value: object = text if _PAIRS.fullmatch(text) else json.loads(text)
    except (ValueError, RecursionError):
        raise bad_rle(size) from None
    return value


def are_run_lengths(value: object) -> bool:
    """Whether plain values are meant as run lengths, rather than as a case."""
    if isinstance(value, dict):
        return "version" not in value and ("counts" in value or "segmentation" in value)
    return isinstance(value, list) and bool(value) and all(map(are_run_lengths, value[:1]))


def mask_of_runs(
    value: object, size: tuple[int, int], *, name: str = "", limits: Limits | None = None
) -> ReadMask:
    """The mask of untrusted run lengths in any form above, for a photo of `size` = (H, W).

    Several masks are joined. Those of another size but the photo's shape are resized.
    Raises BadInput: bad_rle, mask_shape.
    """
    most = (limits or Limits.from_environment()).megapixels * 1e6
    joined, count = None, 0
    for each in _masks(value, size, most):
        if joined is not None and joined.shape != each.shape:
            raise bad_rle(size)
        joined, count = each if joined is None else joined | each, count + 1
    if joined is None:
        raise bad_rle(size)
    notes = [Text("note.mask.joined", count=count)] if count > 1 else []
    if not joined.any():
        notes = [nothing_marked(name or "RLE")]
    joined.setflags(write=False)
    return fitted(MaskReading(joined, RUN_LENGTHS), (), notes, size)


def _masks(value: object, size: tuple[int, int], most: float) -> Iterator[Mask]:
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MOST_MASKS:
        raise bad_rle(size)
    for entry in entries:
        runs = entry
        if isinstance(entry, dict) and "segmentation" in entry:
            runs = entry["segmentation"]
        if isinstance(runs, str):
            yield _of_text(runs, size)
        elif isinstance(runs, dict) and "counts" in runs:
            named = {key: runs[key] for key in ("size", "counts") if key in runs}
            yield decode_rle(named, own_size(named, size, most))
        else:
            raise bad_rle(size)


def _of_text(text: str, size: tuple[int, int]) -> Mask:
    """Compressed lengths without their size, or pairs of starts and lengths."""
    if _PAIRS.fullmatch(text) and len(text) <= MAX_CHARACTERS and " " in text.strip():
        return _of_pairs([int(number) for number in text.split()], size)
    return decode_rle({"counts": text}, size)


def _of_pairs(numbers: list[int], size: tuple[int, int]) -> Mask:
    height, width = size
    starts, lengths = numbers[::2], numbers[1::2]
    marked = np.zeros(height * width, np.bool_)
    if len(starts) != len(lengths):
        raise bad_rle(size)
    for start, length in zip(starts, lengths, strict=True):
        if start < 1 or start - 1 + length > marked.size:
            raise bad_rle(size)
        marked[start - 1 : start - 1 + length] = True
    return np.ascontiguousarray(marked.reshape(width, height).T)
