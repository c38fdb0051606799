"""The samples of a TIFF as they are stored, by tifffile: 1 to 32 bits, grey, RGB, inks, L*a*b*.

tifffile reads the file that `_photo.tiff` has left of it: one directory, with nothing but what a
decoder needs, its size judged and its tables bounded.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from methods._base import Text
from methods._photo.decode import Limits, white_of
from methods._photo.header import Header, UnreadSamples
from methods._saving.samples.by_pillow import read_by_pillow
from methods._saving.samples.fill import repeated
from methods._saving.samples.original import COLOURS, Original, Samples, Space, in_sixteen
from methods._saving.samples.turned import turned
from methods._system.container import cores

if TYPE_CHECKING:
    from tifffile import TiffPage

FRACTIONS = Text("note.saving.fractions")

_SPACES: dict[int, Space] = {0: "grey", 1: "grey", 2: "rgb", 5: "cmyk", 8: "lab"}
"""By PhotometricInterpretation (TIFF 6.0); what is missing here is Pillow's."""

_WHITE_IS_ZERO, _ASSOCIATED, _STRAIGHT = 0, 1, 2
_SEPARATE = 2
_AT_ONCE = 4 << 20
"""Bytes of the file that tifffile reads before it unpacks them."""


def read_tiff(header: Header, name: str, limits: Limits) -> Original:
    """See `read.read_original`. Raises UnreadSamples for samples that have no meaning here."""
    import tifffile

    with io.BytesIO(header.data) as held, tifffile.TiffFile(held) as file:
        page = file.pages.first
        space = _SPACES.get(page.photometric)
        if space is None or page.bitspersample < 8:
            return read_by_pillow(header, name, limits)
        alpha = _alpha(page, COLOURS[space])
        samples = _flat(page, header)
        read = Original(samples, space, header.format, alpha=alpha is not None, icc=header.icc)
        inverted = page.photometric == _WHITE_IS_ZERO and samples.dtype.kind == "u"
        read = replace(read, associated=alpha == _ASSOCIATED, inverted=inverted)
        return _measured(read, page.bitspersample)


def _alpha(page: TiffPage, colours: int) -> int | None:
    """What its further sample is. Raises UnreadSamples where that is no alpha."""
    if page.samplesperpixel == colours:
        return None
    kinds = tuple(page.extrasamples)
    if page.samplesperpixel > colours + 1 or kinds[:1] not in ((_ASSOCIATED,), (_STRAIGHT,)):
        raise UnreadSamples(page.bitspersample)
    return int(kinds[0])


def _flat(page: TiffPage, header: Header) -> Samples:
    """(H, W) or (H, W, C), upright. tifffile gives them as (S, D, H, W, C)."""
    samples = page.asarray(squeeze=False, maxworkers=min(4, cores()), buffersize=_AT_ONCE)
    separate, _, height, width, _ = samples.shape
    if page.planarconfig == _SEPARATE and separate > 1:
        samples = np.moveaxis(samples[:, 0, ..., 0], 0, -1)
    else:
        samples = samples.reshape(height, width, -1)
    if samples.shape[2] == 1:
        samples = samples[..., 0]
    return turned(samples, header.orientation)


def _measured(read: Original, bits: int) -> Original:
    """With its white and its bits."""
    kind = read.samples.dtype
    if kind == np.uint8:
        return read
    if kind == np.uint16 and bits == 16:
        return replace(read, white=65535, bits=16)
    if kind == np.uint16:
        wider = replace(read, samples=repeated(read.samples, bits), white=65535, bits=bits)
        return wider.with_note(in_sixteen(bits))
    if read.space != "grey" or read.alpha:
        raise UnreadSamples(bits)
    known = np.nan_to_num(np.maximum(read.samples, 0), posinf=0)
    return replace(read, white=white_of(known), bits=bits).with_note(FRACTIONS)
