"""An object laid into another photo, so that the photo without it is known.

The way of SmartEraser's Syn4Removal (Jiang et al., CVPR 2025, arXiv:2501.08279): a cut-out
object is brought to a fitting size, put where nothing of weight is hidden and nothing is cut
off, and alpha-blended. MagicEraser's OLRD (arXiv:2410.10207) lays objects over plain
background likewise. Beyond both: a soft shadow and a reflection, each of which changes the
background as light would, and parts of the background that stay in front of the object.

    alpha    object = mask shrunk by `inset`, softened; never beyond the mask
    shadow   B1 = B · (1 - strength · S)               S: the object's outline, cast and blurred
    mirror   B2 = B1 · (1 - r · A') + r · A' · F'      A', F': upside down, fading downwards
    object   C  = B2 · (1 - A) + A · F

Wherever the shadow, the mirror image and the object have no weight, C equals B exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from methods import BadInput, Image, Mask

Plane: TypeAlias = NDArray[np.float32]
"""(H, W) float32, 0 … 1."""

LEAST_WEIGHT = 1 / 512
"""Weights below this change no pixel by half a level, and are none."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shadow(_Frozen):
    """How light falls. All lengths in heights of the placed object.

    strength: 0 none … 1 black. lean, length: a point of the object at height h darkens the
    ground at (lean·h, length·h) from the foot, upwards in the picture where length is
    positive; small lengths without lean are the soft dark line under any standing thing.
    shift: where it is not (0, 0), the outline is moved by it (right, down) instead: things
    seen from above, or a dark rim under a round one. ground: heights above the foot where the
    ground ends that the shadow falls on. blur: standard deviation.
    """

    strength: float = Field(default=0.5, gt=0, le=1)
    lean: float = Field(default=0.0, ge=-3, le=3)
    length: float = Field(default=0.06, ge=-3, le=3)
    shift: tuple[float, float] = (0.0, 0.0)
    ground: float = Field(default=3.0, ge=0, le=3)
    blur: float = Field(default=0.02, ge=0, le=0.5)


class Reflection(_Frozen):
    """The object upside down in a shining ground. strength: at the foot; fade: heights until
    nothing is left; blur: standard deviation in heights."""

    strength: float = Field(default=0.3, gt=0, le=1)
    fade: float = Field(default=0.5, gt=0, le=2)
    blur: float = Field(default=0.01, ge=0, le=0.5)


class Placing(_Frozen):
    """Where the object stands and how it looks.

    at: the pixel of the background where the middle of its foot stands. scale: of the object's
    own pixels. inset: pixels of the object's own photo taken off its outline. soften:
    standard deviation, in pixels of the result, that brings its sharpness to the
    background's. tone: 0 … 1, how far its mean colour goes towards its surroundings'.
    gain: its brightness is multiplied by it.
    """

    at: tuple[float, float]
    scale: Annotated[float, Field(gt=0, le=20)] = 1.0
    flip: bool = False
    turn: float = Field(default=0.0, ge=-180, le=180)
    inset: float = Field(default=1.0, ge=0, le=50)
    soften: float = Field(default=0.6, ge=0, le=20)
    tone: float = Field(default=0.0, ge=0, le=1)
    gain: float = Field(default=1.0, gt=0, le=4)
    shadow: Shadow | None = None
    reflection: Reflection | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """An object without its photo: rgb (h, w, 3) uint8; alpha (h, w) 0 … 1, tight around it."""

    rgb: Image
    alpha: Plane


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """photo: the background with the object. truth: the background. object_mask: where the
    object has weight. mask: the object with its shadow and reflection: every pixel in which
    photo and truth differ, and the object's."""

    photo: Image
    truth: Image
    object_mask: Mask
    mask: Mask


def cut_out(photo: Image, mask: Mask, inset: float = 1.0) -> CutOut:
    """Take the masked object out of its photo. Raises BadInput ("mask_empty")."""
    rows, columns = np.nonzero(mask)
    if not rows.size:
        raise BadInput("mask_empty.object")
    margin = 2
    top, bottom = max(0, rows.min() - margin), rows.max() + 1 + margin
    left, right = max(0, columns.min() - margin), columns.max() + 1 + margin
    inside = np.ascontiguousarray(mask[top:bottom, left:right]).astype(np.uint8)
    bordered = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(bordered, cv2.DIST_L2, 5)[1:-1, 1:-1]
    alpha = np.clip((depth - inset) / max(1.0, inset), 0, 1).astype(np.float32)
    return CutOut(np.ascontiguousarray(photo[top:bottom, left:right]), alpha)


def compose(
    background: Image, objects: list[tuple[CutOut, Placing]], front: Mask | None = None
) -> Composite:
    """Lay the objects into the background, the first one furthest back.

    front: what of the background stays before them. Raises BadInput ("object_outside").
    """
    picture = background.astype(np.float32)
    covered = np.zeros(background.shape[:2], bool)
    keep = None if front is None else _softened((~front).astype(np.float32), 0.8)
    for cut, placing in objects:
        color, alpha, height = _placed(cut, placing, background)
        foot = placing.at[1]
        if placing.shadow:
            picture *= 1 - _kept(_cast(alpha, placing.shadow, foot, height), keep)[..., None]
        if placing.reflection:
            picture = _mirrored(picture, color, alpha, placing.reflection, foot, height, keep)
        weight = _kept(alpha, keep)
        covered |= weight > 0
        picture = picture * (1 - weight[..., None]) + color * weight[..., None]
    photo = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    return Composite(photo, background, covered, covered | (photo != background).any(-1))


# --- the object --------------------------------------------------------------------------


def _placed(
    cut: CutOut, placing: Placing, background: Image
) -> tuple[NDArray[np.float32], Plane, float]:
    """Colour (H, W, 3), weight (H, W) on the background's pixels, and the object's height."""
    move, height = _move(cut, placing)
    size = background.shape[1::-1]
    # Reduced first by areas, because warping alone takes one pixel in several.
    source, alpha, move = _reduced(cut, placing.scale, move)
    warped = cv2.warpAffine(alpha, move, size, flags=cv2.INTER_LINEAR)
    color = cv2.warpAffine(
        source.astype(np.float32), move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    if warped.max() < LEAST_WEIGHT:
        raise BadInput("object_outside")
    weight = _trimmed(_softened(warped, placing.soften))
    color = _softened_color(color, placing.soften) * placing.gain
    color = _toned(color, weight, background, placing.tone)
    return np.clip(color, 0, 255), weight, height


def _move(cut: CutOut, placing: Placing) -> tuple[NDArray[np.float64], float]:
    """The affine map from the cut-out's pixels to the background's, and the placed height."""
    rows, columns = np.nonzero(cut.alpha > 0.5)
    foot_x, foot_y = (columns.min() + columns.max()) / 2, float(rows.max())
    height = max(1.0, (rows.max() - rows.min()) * placing.scale)
    angle = np.deg2rad(placing.turn)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([-1.0 if placing.flip else 1.0, 1.0]) * placing.scale
    shift = np.array(placing.at) - linear @ np.array([foot_x, foot_y])
    return np.hstack([linear, shift[:, None]]), float(height)


def _reduced(
    cut: CutOut, scale: float, move: NDArray[np.float64]
) -> tuple[Image, Plane, NDArray[np.float64]]:
    if scale >= 1:
        return cut.rgb, cut.alpha, move
    height, width = cut.alpha.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    rgb = cv2.resize(cut.rgb, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(cut.alpha, size, interpolation=cv2.INTER_AREA)
    across, down = width / size[0], height / size[1]
    # A pixel's centre lies half a pixel from its corner, in both sizes.
    back = np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])
    return rgb, alpha, move @ back


def _toned(
    color: NDArray[np.float32], weight: Plane, background: Image, tone: float
) -> NDArray[np.float32]:
    """Its mean colour moved towards that of the ring around it, by the share `tone`."""
    if not tone:
        return color
    inside = (weight > 0.5).astype(np.uint8)
    reach = max(3, int(np.sqrt(inside.sum()) / 2)) | 1
    ring = cv2.dilate(inside, np.ones((reach, reach), np.uint8)).astype(bool) & (inside == 0)
    own, around = color[inside > 0].mean(0), background[ring].mean(0)
    return (color + tone * (around - own)).astype(np.float32)


# --- its shadow and its mirror image -----------------------------------------------------


def _cast(alpha: Plane, shadow: Shadow, foot: float, height: float) -> Plane:
    """How much darker the ground becomes, 0 … 1."""
    right, down = shadow.shift[0] * height, shadow.shift[1] * height
    if shadow.shift == (0.0, 0.0):
        move = np.array(
            [[1, -shadow.lean, shadow.lean * foot], [0, shadow.length, foot * (1 - shadow.length)]]
        )
    else:
        move = np.array([[1, 0, right], [0, 1, down]])
    fallen = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    horizon = int(np.clip(round(foot - shadow.ground * height), 0, alpha.shape[0]))
    fallen[:horizon] = 0
    return _trimmed(_softened(fallen, shadow.blur * height)) * np.float32(shadow.strength)


def _mirrored(
    picture: NDArray[np.float32],
    color: NDArray[np.float32],
    alpha: Plane,
    reflection: Reflection,
    foot: float,
    height: float,
    keep: Plane | None,
) -> NDArray[np.float32]:
    size = alpha.shape[::-1]
    move = np.array([[1.0, 0, 0], [0, -1, 2 * foot]])
    upside_down = cv2.warpAffine(alpha, move, size)
    depth = (np.arange(alpha.shape[0], dtype=np.float32) - foot) / (reflection.fade * height)
    fading = np.where(depth >= 0, np.clip(1 - depth, 0, 1), 0)[:, None].astype(np.float32)
    blur = reflection.blur * height
    weight = _trimmed(_softened(upside_down, blur) * fading * np.float32(reflection.strength))
    weight = _kept(weight, keep)[..., None]
    turned = cv2.warpAffine(color, move, size, borderMode=cv2.BORDER_REFLECT)
    return picture * (1 - weight) + _softened_color(turned, blur) * weight


# --- planes ------------------------------------------------------------------------------


def _softened(plane: Plane, deviation: float) -> Plane:
    if deviation <= 0:
        return plane
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), deviation), np.float32)


def _softened_color(color: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    return color if deviation <= 0 else cv2.GaussianBlur(color, (0, 0), deviation)


def _trimmed(plane: Plane) -> Plane:
    """Without the weights that change nothing, so that what is untouched stays exact."""
    return np.where(plane < LEAST_WEIGHT, 0, np.minimum(plane, 1)).astype(np.float32)


def _kept(weight: Plane, keep: Plane | None) -> Plane:
    return weight if keep is None else _trimmed(weight * keep)
