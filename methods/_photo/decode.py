"""One picture file to pixels, or to a sentence that says why not."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL import Image as Pil

from methods._base import BadInput, Image
from methods._photo.containers import read_header
from methods._photo.header import (
    Header,
    UnknownFormat,
    UnreadLayout,
    UnreadSamples,
    exif_orientation,
)
from methods._photo.jpeg_end import with_end
from methods._photo.tiff_samples import shown, stored
from methods._photo.white import Numbers, white_of
from methods._system.console import readable

FileSource: TypeAlias = Path | str | bytes | BinaryIO
Plane: TypeAlias = NDArray[np.uint8]
Plugin: TypeAlias = Callable[[BinaryIO], Pil.Image]

# The classes are called directly: Pillow's own `open` warns or fails by a process-wide limit
# that other code may have changed, and tries formats that nobody asked for.
_PLUGINS: dict[str, Plugin] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest picture that is accepted: millions of pixels, and millions of bytes."""

    megapixels: float = 50
    megabytes: float = 64

    @classmethod
    def from_environment(cls) -> Limits:
        """ERASER_LAB_MAX_MEGAPIXELS, ERASER_LAB_MAX_MEGABYTES. ValueError names a bad one."""
        return cls(
            _positive("ERASER_LAB_MAX_MEGAPIXELS", cls().megapixels),
            _positive("ERASER_LAB_MAX_MEGABYTES", cls().megabytes),
        )

    def for_own(self, bytes_a_pixel: float) -> Limits:
        """For a file that this program writes: of as many pixels, and as large as they make it."""
        return Limits(self.megapixels, max(self.megabytes, bytes_a_pixel * self.megapixels + 1))


def _positive(variable: str, default: float) -> float:
    text = os.environ.get(variable, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1
    if not 0 < value < float("inf"):
        raise ValueError(f"{variable} must be a positive number, but is {text!r}")
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Pixels as the file stores them: not yet upright, not yet sRGB.

    picture: (H, W) or (H, W, 3) uint8, or a loaded Pillow picture (CMYK, LAB). alpha: (H, W)
    uint8, None where everything is opaque. numbers: (H, W), the grey values of a file with
    more than 8 bits, as they are stored. deep: more than 8 bits a colour.
    """

    header: Header
    picture: Plane | Pil.Image
    alpha: Plane | None
    numbers: Numbers | None
    icc: bytes | None
    orientation: int
    several: bool
    deep: bool


def decode(data: bytes, name: str, limits: Limits) -> Decoded:
    """Raises BadInput for a picture that is too large, and whatever the decoders raise
    (call it inside `explained`)."""
    header = read_header(data)
    if header.size is not None:
        check_pixels(header.size, name, limits)
    fast = quick_jpeg(header)
    if fast is not None:
        return _decoded(header, Pil.Image(), fast, None, None)
    if header.format == "JPEG" and not header.whole:
        header = with_end(header)
    try:
        opened = opened_picture(header)
    except UnreadLayout:
        return _by_tifffile(header)
    check_pixels(opened.size, name, limits)
    opened.load()
    scale_key(opened, header)
    if opened.mode.startswith(("I", "F")):
        numbers = _numbers(opened, header)
        return _decoded(header, opened, eight_bits(numbers), _keyed_alpha(opened), numbers)
    picture, alpha = _picture_and_alpha(opened)
    return _decoded(header, opened, picture, alpha, None)


def _by_tifffile(header: Header) -> Decoded:
    """A TIFF that Pillow has no mode for. Raises UnreadLayout, UnreadSamples."""
    if header.format != "TIFF":
        raise UnreadLayout
    picture, alpha = shown(stored(header, lambda space, bits: bits >= 8))
    return _decoded(header, Pil.Image(), picture, alpha, None)


def _decoded(
    header: Header,
    opened: Pil.Image,
    picture: Plane | Pil.Image,
    alpha: Plane | None,
    numbers: Numbers | None,
) -> Decoded:
    icc, orientation = profile_and_orientation(header, opened)
    return Decoded(
        header,
        picture,
        alpha,
        numbers,
        icc,
        orientation,
        several=header.several or getattr(opened, "n_frames", 1) > 1,
        deep=header.deep or numbers is not None or opened.info.get("bit_depth", 8) > 8,
    )


def profile_and_orientation(header: Header, opened: Pil.Image) -> tuple[bytes | None, int]:
    """Of a file that is opened; see `Header`."""
    if header.format not in ("HEIC", "AVIF"):
        return header.icc, header.orientation
    turned = header.format == "AVIF"  # HEIC is rotated by its own boxes, not by EXIF
    orientation = exif_orientation(opened.info.get("exif") or b"") if turned else 1
    return opened.info.get("icc_profile") or None, orientation


def opened_picture(header: Header) -> Pil.Image:
    """The picture with its pixels not decoded yet. Raises UnreadLayout for a TIFF that Pillow has
    no mode for."""
    if header.beyond_pillow:
        raise UnreadLayout
    try:
        return _plugin(header.format)(io.BytesIO(header.data))
    except SyntaxError as error:
        if "pixel mode" in str(error):  # Pillow has none for this TIFF
            raise UnreadLayout from error
        raise


def _plugin(file_format: str) -> Plugin:
    if file_format != "HEIC":
        return _PLUGINS[file_format]
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise UnknownFormat("no HEIC library") from error
    return HeifImageFile


def quick_jpeg(header: Header) -> Image | None:
    """OpenCV decodes straight to RGB: the same pixels as Pillow in half the time and memory.

    None where Pillow must judge: other colour spaces, or anything wrong with the file.
    """
    if header.format != "JPEG" or header.channels != 3 or not header.whole:
        return None
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(header.data, np.uint8), flags)
    except cv2.error:
        return None
    if pixels is None or header.size != (pixels.shape[1], pixels.shape[0]):
        return None
    return np.asarray(pixels)


def scale_key(opened: Pil.Image, header: Header) -> None:
    """A PNG of 2 or 4 bits names its transparent grey in those; Pillow has scaled the pixels to 8,
    and leaves the name as it is."""
    key = opened.info.get("transparency")
    if header.format == "PNG" and opened.mode == "L" and isinstance(key, int):
        bits = header.data[_PNG_DEPTH]
        if bits < 8:
            opened.info["transparency"] = key * 255 // (2**bits - 1)


_PNG_DEPTH = 24  # behind the signature, the first chunk's head, width and height


def _picture_and_alpha(opened: Pil.Image) -> tuple[Plane | Pil.Image, Plane | None]:
    grey = opened.mode in ("1", "L", "LA", "La")
    if "transparency" in opened.info or opened.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        straight = opened.convert("LA") if opened.mode == "La" else opened
        rgba = np.asarray(straight.convert("RGBA"))
        alpha = cv2.extractChannel(rgba, 3)
        picture = cv2.extractChannel(rgba, 0) if grey else cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)
        return picture, None if alpha.min() == 255 else alpha
    if opened.mode in ("CMYK", "LAB"):
        return opened, None
    return np.asarray(opened.convert("L" if grey else "RGB")), None


# --- more than 8 bits --------------------------------------------------------------------


def _numbers(opened: Pil.Image, header: Header) -> Numbers:
    """(H, W), native byte order; 0 = black, nothing below it, no NaN."""
    values = np.asarray(opened)
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if header.inverted and values.dtype == np.uint16:
        return np.uint16(65535) - values
    if values.dtype == np.uint16:
        return values
    return np.nan_to_num(np.maximum(values, 0), posinf=0)


def eight_bits(numbers: Numbers) -> Plane:
    """(H, W) uint8; see `white_of`."""
    scaled = numbers if numbers.dtype == np.uint16 else numbers.astype(np.float64)
    return np.asarray(cv2.convertScaleAbs(scaled, alpha=255 / white_of(numbers)))


def _keyed_alpha(opened: Pil.Image) -> Plane | None:
    """A 16-bit grey PNG names one grey value that is transparent."""
    key = opened.info.get("transparency")
    if not isinstance(key, int):
        return None
    alpha = np.where(np.asarray(opened) == key, 0, 255).astype(np.uint8)
    return None if alpha.min() == 255 else alpha


# --- reading the file, and what went wrong -----------------------------------------------


def read_source(source: FileSource, name: str, limits: Limits) -> bytes:
    """The file's bytes, never more than are allowed. Raises BadInput."""
    most = int(limits.megabytes * 1e6)
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, (str, os.PathLike)):
        data = _read_path(Path(source), name, most, limits)
    else:
        data = _read_stream(source, most)
    if len(data) > most:
        raise _too_many_bytes(name, limits)
    if not data:
        raise BadInput("file_empty", name=name)
    return data


def _read_path(path: Path, name: str, most: int, limits: Limits) -> bytes:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise OSError("not a regular file")  # a device or a pipe may never end
        if about.st_size > most:
            raise _too_many_bytes(name, limits)
        with path.open("rb") as file:
            return _read_stream(file, most)
    except (OSError, ValueError) as error:
        raise BadInput("file_missing", name=name) from error


def _read_stream(stream: BinaryIO, most: int) -> bytes:
    parts, left = [], most + 1
    while left > 0 and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _too_many_bytes(name: str, limits: Limits) -> BadInput:
    return BadInput("file_bytes", name=name, megabytes=limits.megabytes)


def check_pixels(size: tuple[int, int], name: str, limits: Limits) -> None:
    """size: (width, height). Raises BadInput where that is too large."""
    width, height = size
    if width < 1 or height < 1:
        raise ValueError("a picture without pixels")
    if width * height > limits.megapixels * 1e6:
        raise BadInput(
            "file_pixels",
            name=name,
            width=width,
            height=height,
            megapixels=limits.megapixels,
            size=width * height / 1000000.0,
        )


def shown_name(source: FileSource, name: str) -> str:
    """What to call the file in messages: a file name, never a path, nothing unprintable."""
    if not name and isinstance(source, (str, os.PathLike)):
        name = str(source)
    last = readable(re.split(r"[\\/]", name)[-1])
    return "".join(letter for letter in last if letter.isprintable())[:100].strip() or "The file"


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a BadInput.

    Decoders raise errors of any class on damaged files, so every Exception is caught.
    """
    try:
        yield
    except BadInput:
        raise
    except UnknownFormat as error:
        raise BadInput("file_format", name=name) from error
    except UnreadSamples as error:
        raise BadInput("file_format.samples", name=name, bits=error.bits) from error
    except UnreadLayout as error:
        raise BadInput("file_format.layout", name=name) from error
    except MemoryError as error:
        raise BadInput("file_memory", name=name) from error
    except Exception as error:
        raise BadInput("file_damaged", name=name) from error
