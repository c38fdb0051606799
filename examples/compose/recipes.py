"""How a case with a known truth is made: which object, which background, and where it stands.

A recipe is JSON. Its file names are relative to the folder that the recipe lies in, so that a
folder with photos, masks and recipes makes the same cases on any machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from examples.compose.compositing import Composite, CutOut, Placing, compose, cut_out
from methods import (
    BadInput,
    Image,
    Mask,
    load_image,
    load_mask,
    reduce_mask,
    view_jpeg,
    write_atomic,
)

QUALITY = 90

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
"""Of a case: the beginning of its files' names."""

Pixel = TypeVar("Pixel", np.uint8, np.bool_)

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1; right and bottom exclusive."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Frozen):
    """A picture, or a part of it. crop: that part. width: pixels to which it is then reduced."""

    photo: str
    crop: Box | None = None
    width: int | None = Field(default=None, ge=16, le=20000)


class Layer(_Frozen):
    """One object. mask: of its whole photo, or of the crop; none where the photo itself is
    transparent around the object."""

    source: Source
    mask: str = ""
    place: Placing


class Recipe(_Frozen):
    """One case. front: the mask, of the background as it is used, of what stays before the
    objects. quality: of the JPEG files."""

    name: Name
    background: Source
    objects: tuple[Layer, ...] = Field(min_length=1, max_length=16)
    front: str = ""
    quality: int = Field(default=QUALITY, ge=50, le=100)
    note: str = ""


def read_recipes(file: Path) -> tuple[Recipe, ...]:
    """The recipes of a JSON file: a list, or one alone. Raises BadInput."""
    try:
        content = json.loads(file.read_text("utf-8"))
        entries = content if isinstance(content, list) else [content]
        return tuple(Recipe.model_validate(entry) for entry in entries)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(file, reason) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unreadable(file, f"{where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, "it is not JSON") from error


def _unreadable(file: Path, reason: str) -> BadInput:
    return BadInput("bad_recipe", file=file.name, reason=reason)


# --- making a case -----------------------------------------------------------------------


def build(recipe: Recipe, folder: Path) -> Composite:
    """The case in memory; `folder` holds the files that the recipe names. Raises BadInput."""
    background = picture_of(recipe.background, folder)
    front = None
    if recipe.front:
        front = load_mask(folder / recipe.front, background.shape[:2])
    layers = [(object_of(layer, folder), layer.place) for layer in recipe.objects]
    return compose(background, layers, front)


def picture_of(source: Source, folder: Path) -> Image:
    """The picture, cropped and reduced."""
    return _reduced(_cropped(load_image(folder / source.photo).rgb, source), source.width)


def object_of(layer: Layer, folder: Path) -> CutOut:
    """The object at the size of its source."""
    photo = load_image(folder / layer.source.photo)
    rgb = _cropped(photo.rgb, layer.source)
    if layer.mask:
        mask = _mask_of(layer, folder, photo.size, rgb.shape[:2])
    elif photo.alpha is not None:
        mask = _cropped(photo.alpha, layer.source) >= 128
    else:
        raise BadInput("object_without_mask", file=layer.source.photo)
    rgb, mask = _reduced(rgb, layer.source.width), _reduced_mask(mask, layer.source.width)
    return cut_out(rgb, mask, layer.place.inset)


def _mask_of(layer: Layer, folder: Path, whole: tuple[int, int], part: tuple[int, ...]) -> Mask:
    file = folder / layer.mask
    try:
        return load_mask(file, (part[0], part[1]))
    except BadInput as error:
        if error.code != "mask_shape" or layer.source.crop is None:
            raise
        return _cropped(load_mask(file, whole), layer.source)


def _cropped(pixels: NDArray[Pixel], source: Source) -> NDArray[Pixel]:
    if source.crop is None:
        return pixels
    x0, y0, x1, y1 = source.crop
    height, width = pixels.shape[:2]
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise BadInput(
            "crop_outside",
            file=source.photo,
            x0=x0,
            y0=y0,
            x1=x1,
            y1=y1,
            width=width,
            height=height,
        )
    return np.ascontiguousarray(pixels[y0:y1, x0:x1])


def _reduced(pixels: Image, width: int | None) -> Image:
    if width is None or width >= pixels.shape[1]:
        return pixels
    size = (width, _height_at(pixels, width))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _reduced_mask(mask: Mask, width: int | None) -> Mask:
    if width is None or width >= mask.shape[1]:
        return mask
    return reduce_mask(mask, (_height_at(mask, width), width), "half")


def _height_at(pixels: Image | Mask, width: int) -> int:
    return max(1, round(pixels.shape[0] * width / pixels.shape[1]))


# --- writing a case ----------------------------------------------------------------------


def files_of(name: str, folder: Path) -> dict[str, Path]:
    """photo, mask, truth, object (the mask without shadow and reflection) and recipe of a case;
    `python -m examples.tables` finds the first three by these names."""
    return {
        "photo": folder / f"{name}.jpg",
        "mask": folder / f"{name}-mask.png",
        "truth": folder / f"{name}-truth.jpg",
        "object": folder / f"{name}-object.png",
        "recipe": folder / f"{name}-recipe.json",
    }


def write(
    recipe: Recipe, composite: Composite, folder: Path, *, with_recipe: bool = True
) -> dict[str, Path]:
    """Write the case's files; the object's mask only where it is not the whole mask.

    Both pictures are JPEGs of equal settings with full colour resolution, whose blocks of 8 x 8
    pixels know nothing of each other: outside the blocks that the mask touches, their decoded
    pixels are equal bit by bit.
    """
    from segmentation import mask_png

    files = files_of(recipe.name, folder)
    longest = max(composite.photo.shape)
    contents = {
        "photo": view_jpeg(composite.photo, longest, recipe.quality),
        "truth": view_jpeg(composite.truth, longest, recipe.quality),
        "mask": mask_png(composite.mask),
    }
    if (composite.mask != composite.object_mask).any():
        contents["object"] = mask_png(composite.object_mask)
    if with_recipe:
        contents["recipe"] = (recipe.model_dump_json(indent=1, exclude_defaults=True)).encode()
    for kind, content in contents.items():
        replace_file(files[kind], content)
    return files


def replace_file(file: Path, content: bytes) -> None:
    """Whole or not at all: written beside its place and moved there. Raises BadInput."""
    make_folder(file.parent)
    try:
        write_atomic(file, content)
    except OSError as error:
        raise _cannot_write(file, error) from error


def make_folder(folder: Path) -> None:
    """With all folders above it. Raises BadInput."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _cannot_write(file: Path, error: OSError) -> BadInput:
    reason = error.strerror or type(error).__name__
    return BadInput("cannot_write", file=file.name, reason=reason)
