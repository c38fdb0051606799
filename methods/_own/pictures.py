"""The files by which a command gets a photo and a mask, and gives its result."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from methods._base import BadInput, Image, Mask, Unavailable
from methods._own.parts import PicturesPart
from methods._photo.decode import FileSource
from methods._photo.files import load_image
from methods._photo.load import png_bytes

_QUALITY = 98


@dataclass(frozen=True, slots=True)
class Files:
    """Paths of one call, in a folder of its own that is gone afterwards."""

    image: Path
    mask: Path
    output: Path

    def named(self) -> dict[str, str]:
        """By the names of their places."""
        return {"image": str(self.image), "mask": str(self.mask), "output": str(self.output)}


@contextmanager
def written(image: Image, mask: Mask, part: PicturesPart) -> Iterator[Files]:
    """Photo and mask as the manifest wants them."""
    with tempfile.TemporaryDirectory(prefix="eraser-lab-", ignore_cleanup_errors=True) as folder:
        files = Files(
            Path(folder, f"image.{part.photo}"),
            Path(folder, "mask.png"),
            Path(folder, f"output.{part.result}"),
        )
        photo, hole = encoded(image, mask, part)
        files.image.write_bytes(photo)
        files.mask.write_bytes(hole)
        yield files


def encoded(image: Image, mask: Mask, part: PicturesPart) -> tuple[bytes, bytes]:
    """Photo and mask as the manifest wants them: the content of their files."""
    return _photo(image, part.photo), _mask(image, mask, part)


def result_of(files: Files, size: tuple[int, ...], title: str) -> Image:
    """What the command has written. Raises Unavailable."""
    if not files.output.is_file():
        raise Unavailable("own_result.none", title=title)
    return decoded(files.output, files.output.name, size, title)


def decoded(source: FileSource, name: str, size: tuple[int, ...], title: str) -> Image:
    """A result of this size, (H, W, 3) uint8, decoded as a stranger's file is. name: for sentences.
    Raises Unavailable."""
    try:
        found = load_image(source, name=name).rgb
    except BadInput as error:
        raise Unavailable("own_result.bad", title=title, why=error.sentence) from error
    (height, width), (wanted_height, wanted_width) = found.shape[:2], size[:2]
    if (height, width) != (wanted_height, wanted_width):
        raise Unavailable(
            "own_result.size",
            title=title,
            width=width,
            height=height,
            wanted_width=wanted_width,
            wanted_height=wanted_height,
        )
    return found


def _photo(image: Image, kind: str) -> bytes:
    if kind == "png":
        return png_bytes(image)
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    return _encoded(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)


def _mask(image: Image, mask: Mask, part: PicturesPart) -> bytes:
    if part.mask == "alpha":
        return png_bytes(image, np.where(mask, 0, 255).astype(np.uint8))
    erase, rest = (255, 0) if part.erase == "white" else (0, 255)
    levels = np.where(mask, erase, rest).astype(np.uint8)
    if part.mask == "rgb":
        return png_bytes(np.repeat(levels[:, :, None], 3, axis=2))
    return _encoded(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def _encoded(suffix: str, pixels: NDArray[np.uint8], settings: list[int]) -> bytes:
    done, data = cv2.imencode(suffix, pixels, settings)
    if not done:
        raise RuntimeError(f"OpenCV wrote no {suffix}")
    return bytes(data)
