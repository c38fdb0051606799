"""Photo files in, PNG and JPEG out; `_photo.mask` reads masks, and `_photo.files` is the way in.

Files come from strangers. The size of the file and the size of the picture in its header
are judged before a pixel is decoded, the decoder sees only the first picture (see
`_photo.containers`), and whatever goes wrong becomes one of these sentences, by code:

    file_missing  file_empty  file_bytes  file_pixels  file_format  file_damaged
    file_memory  mask_shape
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import Image, Text
from methods._photo.color import to_srgb
from methods._photo.decode import Decoded, Limits, decode, explained
from methods._photo.transparency import flattened, ground_for, on_checkerboard
from methods._photo.upright import upright

__all__ = ["Limits", "Photo", "bare_png", "photo_of", "png_bytes", "view_jpeg"]

FIRST_PICTURE = Text("note.photo.first_picture")
EIGHT_BITS = Text("note.photo.eight_bits")
WIDE_COLORS = Text("note.photo.wide_colors")
GAIN_MAP = Text("note.photo.gain_map")
NO_END = Text("note.photo.no_end")


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo: upright, sRGB.

    rgb: (H, W, 3) uint8, read-only. alpha: (H, W) uint8, read-only, 255 = opaque; None where
    all of it is opaque. format: as in `Header`. notes: what the user should know about
    the decoding.
    """

    rgb: Image
    alpha: NDArray[np.uint8] | None
    name: str
    format: str
    notes: tuple[Text, ...] = ()

    @cached_property
    def key(self) -> str:
        """SHA-256 of shape and pixels, transparency among them, hex."""
        digest = hashlib.sha256(repr(self.rgb.shape).encode())
        digest.update(self.rgb.data)
        if self.alpha is not None:
            digest.update(self.alpha.data)
        return digest.hexdigest()

    @cached_property
    def ground(self) -> int:
        """The grey level that transparent parts have for networks and numbers: 0 … 255."""
        return 0 if self.alpha is None else ground_for(self.rgb, self.alpha)

    @property
    def seen(self) -> Image:
        """(H, W, 3) uint8, as networks and numbers see it: `rgb`, over a plain ground where it is
        transparent. Computed at each call."""
        return flattened(self.rgb, self.alpha, self.ground)

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.rgb.shape[0], self.rgb.shape[1]


def photo_of(data: bytes, name: str, limits: Limits) -> Photo:
    """Decode a photo in this process; see `files.load_image`. name: what to call it.

    Raises BadInput.
    """
    with explained(name):
        decoded = decode(data, name, limits)
        rgb, remark = to_srgb(decoded.picture, decoded.icc)
        rgb = upright(rgb, decoded.orientation)
        alpha = decoded.alpha
        if alpha is not None:
            alpha = upright(alpha, decoded.orientation)
    notes = (*_remarks(decoded), *([remark] if remark else []))
    return Photo(rgb, alpha, name, decoded.header.format, notes)


def _remarks(decoded: Decoded) -> list[Text]:
    wide = decoded.header.wide and decoded.icc is None
    asked = (
        (decoded.several, FIRST_PICTURE),
        (decoded.deep, EIGHT_BITS),
        (wide, WIDE_COLORS),
        (decoded.header.gain_map, GAIN_MAP),
        (not decoded.header.whole, NO_END),
    )
    return [remark for holds, remark in asked if holds]


# --- encoding ----------------------------------------------------------------------------


def png_bytes(
    rgb: Image, alpha: NDArray[np.uint8] | None = None, *, compress_level: int = 1
) -> bytes:
    """A lossless PNG, tagged as sRGB. compress_level: 0 (none) … 9.

    Run-length strategy on the average filter: on a photo of 16 megapixels four times as
    quick as Pillow's level 1, and smaller.
    """
    data = bare_png(rgb if alpha is None else np.dstack((rgb, alpha)), compress_level)
    return b"".join((data[:_PNG_HEAD], _PNG_SRGB, data[_PNG_HEAD:]))


def bare_png(pixels: Image, compress_level: int = 1) -> bytes:
    """The same of (H, W, 3) or (H, W, 4) uint8, RGB or RGBA, without a word on its colours."""
    turned = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    settings = [cv2.IMWRITE_PNG_COMPRESSION, compress_level]
    if compress_level <= 3:
        settings += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
        if hasattr(cv2, "IMWRITE_PNG_FILTER"):  # OpenCV 4.12 and newer
            settings += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG]
    return _encoded(".png", cv2.cvtColor(pixels, turned), settings)


_PNG_HEAD = 33  # signature and IHDR
_PNG_SRGB = b"\0\0\0\1sRGB\0\xae\xce\x1c\xe9"  # perceptual intent, with its checksum


def view_jpeg(
    rgb: Image,
    longest_side: int = 1600,
    quality: int = 92,
    *,
    alpha: NDArray[np.uint8] | None = None,
) -> bytes:
    """A JPEG to look at, with full colour resolution (4:4:4), reduced but never enlarged.

    alpha: (H, W) uint8; where it is transparent, a checkerboard shows.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, longest_side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if alpha is not None:
        rgb = on_checkerboard(rgb, alpha, size)
    elif scale < 1:
        rgb = np.asarray(cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA))
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality]
    settings += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    return _encoded(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), settings)


def _encoded(suffix: str, pixels: NDArray[np.uint8], settings: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, pixels, settings)
    if not done:
        raise RuntimeError(f"OpenCV wrote no {suffix}")
    return bytes(data)
