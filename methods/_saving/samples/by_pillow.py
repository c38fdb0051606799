"""Samples of at most 8 bits, and grey ones of 16, as Pillow decodes them: nothing converted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from methods._photo.decode import (
    Limits,
    check_pixels,
    opened_picture,
    profile_and_orientation,
    quick_jpeg,
    scale_key,
)
from methods._photo.header import Header, UnreadSamples
from methods._saving.samples.original import FIRST_PICTURE, Original, Samples, Space
from methods._saving.samples.turned import turned

_SPACES: dict[str, tuple[Space, bool]] = {
    "L": ("grey", False),
    "LA": ("grey", True),
    "RGB": ("rgb", False),
    "RGBA": ("rgb", True),
    "CMYK": ("cmyk", False),
    "I;16": ("grey", False),
}
"""The space of a mode, and whether it has alpha."""


def read_by_pillow(header: Header, name: str, limits: Limits) -> Original:
    """See `read.read_original`. Raises UnreadSamples for what Pillow holds in another form."""
    quick = quick_jpeg(header)
    if quick is not None:
        samples = turned(quick, header.orientation)
        return Original(samples, "rgb", header.format, icc=header.icc)
    opened = opened_picture(header)
    check_pixels(opened.size, name, limits)
    opened.load()
    scale_key(opened, header)
    read = of_pillow(opened, header)
    return read.with_note(FIRST_PICTURE) if getattr(opened, "n_frames", 1) > 1 else read


def of_pillow(opened: Pil.Image, header: Header) -> Original:
    """A picture whose pixels are decoded."""
    icc, orientation = profile_and_orientation(header, opened)
    if opened.mode == "1":
        levels = np.asarray(opened).astype(np.uint8)
        return Original(
            turned(levels, orientation), "grey", header.format, white=1, bits=1, icc=icc
        )
    if opened.mode == "P":
        places = turned(np.asarray(opened), orientation)
        return Original(places, "rgb", header.format, palette=_palette(opened), icc=icc)
    if "transparency" in opened.info and opened.mode in ("L", "RGB"):
        opened = opened.convert({"L": "LA", "RGB": "RGBA"}[opened.mode])
    if opened.mode not in _SPACES:
        raise UnreadSamples(opened.info.get("bit_depth", 32))
    space, alpha = _SPACES[opened.mode]
    samples: Samples = np.asarray(opened)
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    wide = samples.dtype == np.uint16
    return Original(
        turned(samples, orientation),
        space,
        header.format,
        white=65535 if wide else 255,
        bits=16 if wide else 8,
        alpha=alpha,
        icc=icc,
    )


def _palette(opened: Pil.Image) -> NDArray[np.uint8]:
    """(256, 4) uint8, RGBA. Pillow knows how the ways to name transparent places add up, so it is
    shown a picture in which each place stands once."""
    each = opened.crop((0, 0, 256, 1))
    each.paste(Pil.fromarray(np.arange(256, dtype=np.uint8)[None], "L"))
    if "transparency" in opened.info:
        each.info["transparency"] = opened.info["transparency"]
    return np.asarray(each.convert("RGBA"))[0]
