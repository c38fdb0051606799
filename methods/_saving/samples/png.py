"""The samples of a PNG, by imagecodecs: of 16 bits in colour, Pillow keeps 8."""

from __future__ import annotations

from methods._photo.decode import Limits
from methods._photo.header import Header
from methods._saving.samples.by_pillow import read_by_pillow
from methods._saving.samples.original import COLOURS, Original, Space
from methods._saving.samples.turned import turned

_SPACES: dict[int, tuple[Space, bool]] = {
    1: ("grey", False),
    2: ("grey", True),
    3: ("rgb", False),
    4: ("rgb", True),
}
"""By the number of samples of a pixel: what they are, and whether the last one is alpha."""


def read_png(header: Header, name: str, limits: Limits) -> Original:
    """See `read.read_original`. libpng's own reader gives pixels without a detour, but is stricter:
    what it refuses goes to Pillow as long as that keeps all bits."""
    bits, kind = header.data[_DEPTH], header.data[_DEPTH + 1]
    if bits < 8 or kind == _PALETTE:
        return read_by_pillow(header, name, limits)
    try:
        return _by_libpng(header, bits)
    except RuntimeError:
        if bits > 8:
            raise
        return read_by_pillow(header, name, limits)


def _by_libpng(header: Header, bits: int) -> Original:
    import imagecodecs

    samples = imagecodecs.png_decode(header.data)
    space, alpha = _SPACES[1 if samples.ndim == 2 else samples.shape[2]]
    if COLOURS[space] + alpha == 1:
        samples = samples.reshape(samples.shape[:2])
    return Original(
        turned(samples, header.orientation),
        space,
        header.format,
        white=65535 if bits > 8 else 255,
        bits=bits,
        alpha=alpha,
        icc=header.icc,
    )


_DEPTH, _PALETTE = 24, 3  # behind signature, IHDR's head, width and height; the kind of colours
