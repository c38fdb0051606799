"""The colours that a photo's medium has, when these are fewer than all: grey, sepia, a duotone.

A network was trained on colour photos and paints colour into a black-and-white one. What a photo
can be is a property of the photo, so every fill is brought to it, whoever made it.

The whole photo decides, not the surroundings of the hole: grey asphalt around a hole says nothing
about the red car that stands on it, and such a photo must come out as it did.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Mask

TOLERANCE = 4.0
"""Levels of Cr or Cb by which the mean of any cell may lie off the tone, and a tenth of the tone's
own range: more than JPEG makes of it at quality 50, less than what a thing of a colour of its own
makes of the cell that it lies in. Colour photos have cells that are off by 30 and more."""

STRAY = 24.0
"""Levels by which a pixel may be off, beyond the range: noise, chroma smeared over an edge."""

SCATTER = STRAY / 4
"""Levels, root mean square, by which pixels may be off. Noise in colour that is stronger is part of
what the photo shows: a fill without it stands out as a patch. However little luma explains of
chroma, the means of many pixels follow some line through such noise, with a range of its own."""

_STRAYING = 1e-4  # of the pixels may be further off
_CELL = 16  # pixels: in one of JPEG's blocks at half the chroma resolution, the mean is kept
_BAND = 4 * _CELL  # rows looked at at once: few, because most photos are known by the first
_SAMPLE = 1 << 16  # pixels from which the tone is taken
_OFTEN = 16  # pixels of a luma, for their mean to be believed
_STEP = 8  # levels of luma: a photo's lumas are counted by such steps
_LEAST_SPAN = 8  # of these a toned photo must have
_LEAST_USED = 0.8  # of those between the darkest and the brightest
_LEAP = 10.0  # levels of chroma between neighbouring lumas

_Chroma = NDArray[np.float32]  # (256, 2) Cr and Cb by luma, 0 = neutral


@dataclass(frozen=True, eq=False)
class Tone:
    """What colours a photo has. chroma: (256, 2) Cr and Cb, 0 = neutral, of each luma (full-range
    BT.601, 0 … 255); None = exactly grey, R = G = B."""

    chroma: _Chroma | None = None

    def applied(self, image: Image) -> Image:
        """A new (H, W, 3) uint8 picture with the luma of `image` and the colours of the tone."""
        luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if self.chroma is None:
            return np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB))
        grey = np.arange(256, dtype=np.float32)[:, None]
        cr, cb = self.chroma[:, :1], self.chroma[:, 1:]
        # The inverse of BT.601: R and B from their differences to luma, G from what remains.
        green = grey - 0.299 / 0.587 * 1.402 * cr - 0.114 / 0.587 * 1.772 * cb
        table = np.concatenate((grey + 1.402 * cr, green, grey + 1.772 * cb), axis=1)
        return np.rint(np.clip(table, 0, 255)).astype(np.uint8)[luma]


def tone_of(image: Image, mask: Mask) -> Tone | None:
    """The tone of a photo, looked for outside the mask; None = it has colours, leave fills alone.

    image: (H, W, 3) uint8; mask: (H, W) bool with at least one False. Grey: R = G = B in every
    pixel. Toned: Cr and Cb are functions of luma; in the mean of no cell of 16 x 16 pixels are
    they further off than `TOLERANCE` says, hardly a pixel strays, and all scatter little. Where
    this holds for no colour at all, the photo is grey with JPEG's or a scanner's noise, whatever it
    shows; any other function must be seen over a good part of all lumas and be continuous.
    """
    if _is_grey(image, mask):
        return Tone()
    seen = _sampled(image, mask)
    chroma, neutral = _curve(seen), np.zeros((256, 2), np.float32)
    if _fits(neutral, seen, image, mask):
        return Tone(np.clip(chroma, -TOLERANCE, TOLERANCE))
    toned = _is_photographic(seen, chroma) and _fits(chroma, seen, image, mask)
    return Tone(chroma) if toned else None


def _is_grey(image: Image, mask: Mask) -> bool:
    for start in range(0, len(mask), _BAND):
        band, hole = image[start : start + _BAND], mask[start : start + _BAND]
        red, green, blue = cv2.split(band)
        coloured = cv2.bitwise_or(cv2.absdiff(red, green), cv2.absdiff(green, blue))
        if (coloured.astype(bool) & ~hole).any():
            return False
    return True


def _ycc(image: Image) -> Image:
    """(H, W, 3) uint8: luma, Cr, Cb; the latter two are 128 where there is no colour."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))


def _sampled(image: Image, mask: Mask) -> Image:
    """(n, 1, 3) luma, Cr and Cb of known pixels spread evenly over the photo."""
    step = max(1, int((mask.size / _SAMPLE) ** 0.5))
    known = image[::step, ::step][~mask[::step, ::step]]
    if not len(known):
        known = image[~mask]
    return _ycc(known[:, None])


def _off(ycc: Image, chroma: _Chroma) -> NDArray[np.float32]:
    """(H, W, 2) how far Cr and Cb lie off what the luma lets expect."""
    return ycc[..., 1:] - np.float32(128) - chroma[ycc[..., 0]]


def _range(chroma: _Chroma) -> float:
    return float(np.ptp(chroma, axis=0).max())


def _strays(seen: Image, chroma: _Chroma) -> bool:
    """Whether these pixels lie further off than noise and smearing explain: too many, or all."""
    limit = STRAY + _range(chroma)
    off = _off(seen, chroma)
    far = np.abs(off).max(axis=2) > limit
    scattered = float(np.sqrt((off**2).mean(axis=(0, 1)).max())) > SCATTER
    return scattered or int(np.count_nonzero(far)) > _STRAYING * far.size


def _curve(seen: Image) -> _Chroma:
    """The mean of Cr and Cb of each luma; those that hardly occur are interpolated. Not smoothed:
    where one channel of a sepia photo is saturated, chroma changes by five levels with each luma.
    """
    luma = seen[..., 0].ravel()
    count = np.bincount(luma, minlength=256)
    often = np.flatnonzero(count >= min(_OFTEN, int(count.max())))
    sums = [np.bincount(luma, seen[..., c].ravel() - 128.0, 256) for c in (1, 2)]
    means = [np.interp(np.arange(256), often, total[often] / count[often]) for total in sums]
    return np.stack(means, axis=1).astype(np.float32)


def _fits(chroma: _Chroma, seen: Image, image: Image, mask: Mask) -> bool:
    return not _strays(seen, chroma) and _follows(image, mask, chroma)


def _follows(image: Image, mask: Mask, chroma: _Chroma) -> bool:
    """Whether the mean of every cell of the photo is what its lumas let expect."""
    limit = TOLERANCE + 0.1 * _range(chroma)
    bands = range(0, len(mask), _BAND)
    for start in sorted(bands, key=lambda row: row // _BAND % 8):  # some of all parts first
        rows = slice(start, start + _BAND)
        known = (~mask[rows]).astype(np.float32)[..., None]
        off = _off(_ycc(image[rows]), chroma) * known
        count = _summed_by_cell(known)
        means = np.abs(_summed_by_cell(off)) / np.maximum(count, 1)
        if (means[count[..., 0] >= _CELL] > limit).any():
            return False
    return True


def _summed_by_cell(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, n) to sums over cells; those at the right and bottom may be smaller."""
    rows, columns = (np.arange(0, side, _CELL) for side in plane.shape[:2])
    by_row = np.add.reduceat(plane, rows, axis=0)
    return np.asarray(np.add.reduceat(by_row, columns, axis=1))


def _is_photographic(seen: Image, chroma: _Chroma) -> bool:
    """Whether the lumas are spread as a photo's are, and chroma does not leap between two of them:
    a few flat colours, or a red thing in a grey photo, have lumas of their own, too."""
    used = np.bincount(seen[..., 0].ravel() // _STEP, minlength=256 // _STEP) > 1e-4 * len(seen)
    steps = np.flatnonzero(used)
    span = int(steps[-1] - steps[0]) + 1
    spread = span >= _LEAST_SPAN and len(steps) >= _LEAST_USED * span
    return spread and float(np.abs(np.diff(chroma, axis=0)).max()) <= _LEAP
