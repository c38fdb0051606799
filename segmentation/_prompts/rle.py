"""COCO's run lengths: a mask as a short text that other tools read.

The format of the COCO API (Dollár and Lin, 2015; `pycocotools.mask`): the pixels are read
column after column; the lengths of the runs of 0 and 1 alternate, beginning with 0. From
the fourth number on each is stored as its difference to the one two before it. A number is
cut into groups of five bits, lowest first, each as a character from "0" (48) up: bit 32
says that more follow, and bit 16 of the last group is the sign. Uncompressed, `counts` is the list
of the lengths themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from methods import BadInput, Mask


class Rle(TypedDict):
    """size: [H, W]. counts: the text."""

    size: list[int]
    counts: str


MAX_CHARACTERS = 2**21
"""Of `counts`: some 700,000 runs. Bounds time and memory, above all for text from strangers."""

_FIRST = ord("0")
_MORE, _SIGN, _BITS = 32, 16, 5
_MOST_GROUPS = 7  # 35 bits; a photo has less than 2**31 pixels


def encode_rle(mask: Mask) -> Rle:
    """{"size": [H, W], "counts": text} of a bool (H, W) mask.

    Raises BadInput for a mask like noise, whose text `decode_rle` would find too long.
    """
    height, width = mask.shape
    lengths = _run_lengths(mask)
    counts = _as_text(lengths) if len(lengths) <= MAX_CHARACTERS else ""
    if not 0 < len(counts) <= MAX_CHARACTERS:
        raise BadInput("mask_too_detailed")
    return {"size": [height, width], "counts": counts}


def decode_rle(rle: object, size: tuple[int, int]) -> Mask:
    """The mask of untrusted run lengths, compressed or a list, for a photo of `size` = (H, W).

    Nothing is allocated before the size is found to be the photo's own and the lengths to
    be no more than a mask of that size can need. Without a size, the photo's is meant, and the
    lengths must add up to it. Raises BadInput for anything that is no mask of that size.
    """
    height, width = size
    fields = rle if isinstance(rle, dict) and {"counts"} <= set(rle) <= {"size", "counts"} else {}
    if "counts" not in fields or ("size" in fields and _size_of(fields["size"]) != size):
        raise bad_rle(size)
    lengths = _lengths_of(fields["counts"], height * width)
    if lengths is None or (lengths < 0).any() or int(lengths.sum()) != height * width:
        raise bad_rle(size)
    values = np.arange(len(lengths)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)


def own_size(rle: Mapping[str, object], photo: tuple[int, int], most: float) -> tuple[int, int]:
    """The (H, W) that run lengths are for: their own, at most so many pixels, or the photo's.
    Raises BadInput."""
    size = _size_of(rle["size"]) if "size" in rle else photo
    if size is None or min(size) < 1 or size[0] * size[1] > most:
        raise bad_rle(photo)
    return size


def _lengths_of(counts: object, pixels: int) -> NDArray[np.int64] | None:
    """The run lengths in either form, no more than so many pixels can need; None for neither."""
    if isinstance(counts, str):
        short = len(counts) <= min(MAX_CHARACTERS, _MOST_GROUPS * (pixels + 2))
        return _from_text(counts) if short else None
    if not isinstance(counts, list) or not 0 < len(counts) <= min(MAX_CHARACTERS, pixels + 2):
        return None
    whole = all(type(length) is int and 0 <= length <= pixels for length in counts)
    return np.array(counts, np.int64) if whole else None


def _size_of(value: object) -> tuple[int, int] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in value)
    return (value[0], value[1]) if whole else None


def bad_rle(size: tuple[int, int]) -> BadInput:
    return BadInput("bad_rle", width=size[1], height=size[0])


def _run_lengths(mask: Mask) -> NDArray[np.int64]:
    """The lengths of the runs, column after column, the first one of False (may be 0)."""
    pixels = np.ascontiguousarray(mask.T).ravel()
    changes = np.flatnonzero(pixels[1:] != pixels[:-1]) + 1
    first = [0] if pixels.size and pixels[0] else []
    edges = np.concatenate((first, [0], changes, [pixels.size])).astype(np.int64)
    return np.diff(edges)


def _as_text(lengths: NDArray[np.int64]) -> str:
    """All first groups at once, then all second ones, and so on."""
    numbers = lengths.copy()
    numbers[3:] -= lengths[1:-2]
    counts = np.ones(len(numbers), np.int64)  # of groups; the last one needs room for the sign
    for group in range(1, _MOST_GROUPS):
        limit = 1 << (_BITS * group - 1)
        counts += (numbers >= limit) | (numbers < -limit)
    starts = np.cumsum(counts) - counts
    text = np.empty(int(counts.sum()), np.uint8)
    for group in range(int(counts.max())):
        long = counts > group
        more = np.where(counts[long] > group + 1, _MORE, 0)
        text[starts[long] + group] = ((numbers[long] >> (_BITS * group)) & 31) + _FIRST + more
    return text.tobytes().decode("ascii")


def _from_text(text: str) -> NDArray[np.int64] | None:
    """The run lengths, or None for what is no such text."""
    if not text.isascii():
        return None
    groups = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - _FIRST
    if not groups.size or groups.min() < 0 or groups.max() > 63 or groups[-1] & _MORE:
        return None
    ends = np.flatnonzero(groups & _MORE == 0)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends - starts).max() >= _MOST_GROUPS:
        return None
    place = np.arange(groups.size) - np.repeat(starts, ends - starts + 1)
    numbers = np.add.reduceat((groups & 31) << (_BITS * place), starts)
    signed = (groups[ends] & _SIGN) > 0
    numbers -= np.where(signed, np.int64(1) << (_BITS * (ends - starts + 1)), 0)
    # Each is the difference to the one two before it: two interleaved running sums.
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
