"""Samples to an AVIF without loss, for what came as an AVIF: of 8, 10 and 12 bits a colour.

imagecodecs (libavif) codes red, green and blue as they are, each with full resolution: matrix 0, no
quantisation. Pillow turns them to luma and chroma first, which rounds; pillow-heif brings no
encoder for AV1. What belongs to the photo is put in by `avif_items`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from methods._saving.files.avif_items import with_items
from methods._saving.metadata.carried import Metadata
from methods._saving.samples.original import Original, Samples
from methods._system.container import cores

_LOSSLESS, _QUICKEST = 100, 10
_IDENTITY, _UNSPECIFIED = 0, 2
"""Of ITU-T H.273's matrices, and of its primaries and curves."""

_BITS = {8: np.uint8, 10: np.uint16, 12: np.uint16}


def fits_avif(original: Original) -> bool:
    """Whether an AVIF can hold its samples as they are, and it was one."""
    plain = original.source == "AVIF" and original.space == "rgb" and original.palette is None
    return plain and original.samples.dtype == _BITS.get(original.bits)


def avif_of(original: Original, opened: bytes, metadata: Metadata) -> Callable[[], bytes]:
    """What gives an AVIF of samples that `fits_avif`, which it needs no more."""
    import imagecodecs

    primaries, curve = original.cicp or (_UNSPECIFIED, _UNSPECIFIED)
    bare = imagecodecs.avif_encode(
        _numbers(original),
        _LOSSLESS,
        speed=_QUICKEST,
        bitspersample=original.bits,
        primaries=primaries,
        transfer=curve,
        matrix=_IDENTITY,
        numthreads=min(4, cores()),
    )
    said = replace(metadata, icc=original.icc or None)
    return lambda: with_items(bytes(bare), said)


def _numbers(original: Original) -> Samples:
    """Of 10 and 12 bits without those that were repeated behind them."""
    if original.bits == 8:
        return original.samples
    return np.asarray(original.samples >> np.uint16(16 - original.bits))
