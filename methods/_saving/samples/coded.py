"""The samples of HEIC and AVIF with 10 or 12 bits a colour, as their decoders give them.

Pillow and its plugins show them with 8. pillow-heif gives all bits of a HEIC, and tells how many an
AVIF has; that is decoded by imagecodecs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from methods._photo.decode import (
    Limits,
    check_pixels,
    opened_picture,
    profile_and_orientation,
)
from methods._photo.header import Header, UnreadSamples
from methods._saving.samples.by_pillow import read_by_pillow
from methods._saving.samples.fill import repeated
from methods._saving.samples.original import Original, Samples, in_sixteen
from methods._saving.samples.turned import turned


def read_heic(header: Header, name: str, limits: Limits) -> Original:
    """See `read.read_original`."""
    from pillow_heif import open_heif

    opened = open_heif(header.data, convert_hdr_to_8bit=False)
    check_pixels(opened.size, name, limits)
    bits = opened.info["bit_depth"]
    if bits <= 8:
        return replace(read_by_pillow(header, name, limits), cicp=_cicp(opened.info))
    if opened.mode not in ("RGB;16", "RGBA;16"):
        raise UnreadSamples(bits)
    samples = np.asarray(opened) >> np.uint16(16 - bits)
    read = _of(header, samples, bits, 1)
    return replace(read, icc=opened.info.get("icc_profile") or None, cicp=_cicp(opened.info))


def read_avif(header: Header, name: str, limits: Limits) -> Original:
    """See `read.read_original`."""
    import imagecodecs
    from pillow_heif import open_heif

    info = open_heif(header.data).info
    if info["bit_depth"] <= 8:
        return replace(read_by_pillow(header, name, limits), cicp=_cicp(info))
    opened = opened_picture(header)
    check_pixels(opened.size, name, limits)
    icc, orientation = profile_and_orientation(header, opened)
    samples = imagecodecs.avif_decode(header.data, index=0)
    if samples.shape[:2] != opened.size[::-1] or samples.ndim != 3:
        raise UnreadSamples(info["bit_depth"])
    read = _of(header, samples, info["bit_depth"], orientation)
    return replace(read, icc=icc, cicp=_cicp(info))


def _cicp(info: dict[str, Any]) -> tuple[int, int] | None:
    named = info.get("nclx_profile")
    if not named:
        return None
    return int(named["color_primaries"]), int(named["transfer_characteristics"])


def _of(header: Header, samples: Samples, bits: int, orientation: int) -> Original:
    """samples: (H, W, 3) or (H, W, 4) uint16 of so many bits."""
    return Original(
        turned(repeated(samples, bits), orientation),
        "rgb",
        header.format,
        white=65535,
        bits=bits,
        alpha=samples.shape[2] == 4,
        notes=(in_sixteen(bits),),
    )
