"""The samples of a PNG, also those of 16 bits in colour, of which Pillow keeps 8."""

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
    """See `read.read_original`."""
    if not header.deep:
        return read_by_pillow(header, name, limits)
    import imagecodecs

    samples = imagecodecs.png_decode(header.data)
    space, alpha = _SPACES[1 if samples.ndim == 2 else samples.shape[2]]
    if COLOURS[space] + alpha == 1:
        samples = samples.reshape(samples.shape[:2])
    return Original(
        turned(samples, header.orientation),
        space,
        header.format,
        white=65535,
        bits=16,
        alpha=alpha,
        icc=header.icc,
    )
