"""The samples of a TIFF as they are stored, by tifffile: 1 to 32 bits, grey, RGB, inks, L*a*b*.

tifffile reads the file that `_photo.tiff` has left of it: one directory, with nothing but what a
decoder needs, its size judged and its tables bounded. Where Pillow has no form for them (fractions
and 12 bits in colour, L*a*b* of 16 bits, grey of 16 with alpha) the picture to be shown is made of
them here, too.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from methods._photo.header import Header, UnreadLayout, UnreadSamples
from methods._photo.white import white_of, white_of_colours
from methods._system.container import cores

if TYPE_CHECKING:
    from tifffile import TiffPage

Samples: TypeAlias = NDArray[Any]
Space = Literal["grey", "rgb", "cmyk", "lab"]

COLOURS: dict[Space, int] = {"grey": 1, "rgb": 3, "cmyk": 4, "lab": 3}
"""Samples of a pixel, without its alpha."""

_SPACES: dict[int, Space] = {0: "grey", 1: "grey", 2: "rgb", 5: "cmyk", 8: "lab"}
"""By PhotometricInterpretation (TIFF 6.0)."""

_WHITE_IS_ZERO, _ASSOCIATED, _STRAIGHT = 0, 1, 2
_SEPARATE = 2
_AT_ONCE = 4 << 20
"""Bytes of the file that tifffile reads before it unpacks them."""

_ROWS = 128


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What a TIFF holds. samples: (H, W) or (H, W, C), not turned. bits: of each; those of 9 to 15
    lie in the lower bits of 16. alpha, associated: whether the last sample is alpha, and the others
    are multiplied by it. inverted: grey with 0 = white."""

    samples: Samples
    space: Space
    bits: int
    alpha: bool
    associated: bool
    inverted: bool

    @property
    def white(self) -> float:
        """The value of full light, full ink or full cover; of 32 bits and of fractions by what
        there is."""
        kind = self.samples.dtype
        if kind in (np.uint8, np.uint16):
            return float(2 ** max(self.bits, 8) - 1)
        if self.space == "rgb":
            return white_of_colours(self.samples[..., :3])
        grey = self.samples[..., 0] if self.alpha else self.samples
        return white_of(np.nan_to_num(np.maximum(grey, 0), posinf=0))


def stored(header: Header, fits: Callable[[Space, int], bool]) -> Stored:
    """A TIFF's first picture. fits: whether a space and so many bits are wanted. Raises
    UnreadLayout where they are not, UnreadSamples for samples that have no meaning here, and
    whatever tifffile does."""
    import tifffile

    with io.BytesIO(header.data) as held, tifffile.TiffFile(held) as file:
        page = file.pages.first
        space = _SPACES.get(page.photometric)
        if space is None or not fits(space, page.bitspersample):
            raise UnreadLayout
        alpha = _alpha(page, COLOURS[space])
        samples = _flat(page)
        if samples.dtype.kind == "f" and space not in ("grey", "rgb"):
            raise UnreadSamples(page.bitspersample)
        inverted = page.photometric == _WHITE_IS_ZERO and samples.dtype.kind == "u"
        associated = alpha == _ASSOCIATED
        bits = int(page.bitspersample)
        return Stored(samples, space, bits, alpha is not None, associated, inverted)


def _alpha(page: TiffPage, colours: int) -> int | None:
    """What its further sample is. Raises UnreadSamples where that is no alpha."""
    if page.samplesperpixel == colours:
        return None
    kinds = tuple(page.extrasamples)
    if page.samplesperpixel > colours + 1 or kinds[:1] not in ((_ASSOCIATED,), (_STRAIGHT,)):
        raise UnreadSamples(page.bitspersample)
    return int(kinds[0])


def _flat(page: TiffPage) -> Samples:
    """(H, W) or (H, W, C). tifffile gives them as (S, D, H, W, C)."""
    samples = page.asarray(squeeze=False, maxworkers=min(4, cores()), buffersize=_AT_ONCE)
    separate, _, height, width, _ = samples.shape
    if page.planarconfig == _SEPARATE and separate > 1:
        samples = np.moveaxis(samples[:, 0, ..., 0], 0, -1)
    else:
        samples = samples.reshape(height, width, -1)
    return samples[..., 0] if samples.shape[2] == 1 else samples


# --- the picture to be shown -----------------------------------------------------------------


def shown(read: Stored) -> tuple[NDArray[np.uint8] | Pil.Image, NDArray[np.uint8] | None]:
    """(H, W), (H, W, 3) uint8, or a Pillow picture of inks or L*a*b*; and (H, W) uint8 alpha, None
    where all is opaque. What is above white is white, and below black black."""
    if read.space == "lab":
        return _lab(read.samples), None
    levels = np.empty(read.samples.shape, np.uint8)
    white = read.white
    for top in range(0, len(levels), _ROWS):
        levels[top : top + _ROWS] = _levels(read, white, slice(top, top + _ROWS))
    count = COLOURS[read.space]
    colours = levels if levels.ndim == 2 else np.ascontiguousarray(levels[..., :count])
    if read.space == "cmyk":
        return Pil.fromarray(colours, "CMYK"), None
    alpha = np.ascontiguousarray(levels[..., -1]) if read.alpha else None
    grey = colours.ndim == 3 and count == 1
    return colours[..., 0] if grey else colours, None if _opaque(alpha) else alpha


def _opaque(alpha: NDArray[np.uint8] | None) -> bool:
    return alpha is None or bool(alpha.min() == 255)


def _levels(read: Stored, white: float, rows: slice) -> NDArray[np.uint8]:
    values = np.nan_to_num(read.samples[rows].astype(np.float32) / np.float32(white))
    colours = values[..., :-1] if read.alpha else values
    if read.associated:
        cover = values[..., -1:]
        colours /= np.where(cover > 0, cover, 1)
    if read.inverted:
        np.subtract(1, colours, out=colours)
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def _lab(samples: Samples) -> Pil.Image:
    """Of 16 bits the upper bytes: L* from 0, a* and b* signed (TIFF 6.0, section 23), which
    Pillow's raw form is, too."""
    upper = (samples[..., :3] >> np.uint16(8)).astype(np.uint8)
    height, width = upper.shape[:2]
    return Pil.frombytes("LAB", (width, height), upper.tobytes(), "raw", "LAB")
