"""Samples to a WebP without loss, for what came as a WebP: hidden colours and all."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image as Pil

from methods._saving.metadata.carried import Metadata
from methods._saving.samples.original import Original

_EFFORT, _METHOD = 50, 2
"""Pillow's own, 80 and 4, take three times as long for some hundredths of the size."""


def fits_webp(original: Original) -> bool:
    """Whether a WebP can hold its samples as they are, and it was one."""
    plain = original.samples.dtype == np.uint8 and original.palette is None
    return original.source == "WEBP" and plain and original.space == "rgb"


def webp_of(original: Original, opened: bytes, metadata: Metadata) -> Callable[[], bytes]:
    """What gives a WebP of samples that `fits_webp`, which it needs no more."""
    file = io.BytesIO()
    Pil.fromarray(original.samples).save(
        file,
        "WEBP",
        lossless=True,
        exact=True,
        quality=_EFFORT,
        method=_METHOD,
        icc_profile=original.icc or b"",
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
    )
    return file.getvalue
