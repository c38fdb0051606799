"""The samples of a TIFF as they are stored; `_photo.tiff_samples` reads them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from methods._base import Text
from methods._photo.decode import Limits
from methods._photo.header import Header, UnreadLayout, UnreadSamples
from methods._photo.tiff_samples import Space, Stored, stored
from methods._saving.samples.by_pillow import read_by_pillow
from methods._saving.samples.fill import repeated
from methods._saving.samples.original import Original, in_sixteen
from methods._saving.samples.turned import turned

FRACTIONS = Text("note.saving.fractions")


def read_tiff(header: Header, name: str, limits: Limits) -> Original:
    """See `read.read_original`. Raises UnreadSamples for samples that have no meaning here."""
    try:
        read = stored(header, _fits)
    except UnreadLayout:
        return read_by_pillow(header, name, limits)
    original = Original(
        turned(read.samples, header.orientation),
        read.space,
        header.format,
        alpha=read.alpha,
        associated=read.associated,
        inverted=read.inverted,
        icc=header.icc,
    )
    return _measured(original, read)


def _fits(space: Space, bits: int) -> bool:
    return bits >= 8


def _measured(original: Original, read: Stored) -> Original:
    """With its white and its bits."""
    kind, bits = original.samples.dtype, read.bits
    if kind == np.uint8:
        return original
    if kind == np.uint16 and bits == 16:
        return replace(original, white=65535, bits=16)
    if kind == np.uint16:
        wider = replace(original, samples=repeated(original.samples, bits), white=65535, bits=bits)
        return wider.with_note(in_sixteen(bits))
    if original.space not in ("grey", "rgb"):
        raise UnreadSamples(bits)
    return replace(original, white=read.white, bits=bits).with_note(FRACTIONS)
