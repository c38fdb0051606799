"""The pictures of a report: small JPEGs of what there is to see, and nothing else.

Outside the mask a result is the photo itself, so results are shown around the mask only, as
sharply as the report's size allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.remote import bring
from examples.running.cases import Opened
from examples.running.records import Folder
from examples.running.results import box_of, read_result
from examples.running.work import RowResult
from methods import Image, Mask, Photo, Text, UserError, load_image, on_checkerboard, view_jpeg
from segmentation import overlay_png, shown_mask

VIEW_SIDE = 900
"""Longest side, in pixels, of every picture in a report."""

QUALITY = 86

CHECKS = 72
"""Squares of a checkerboard along the longer side: coarse enough to be reduced."""

OPACITY = 0.62
"""Of the mask over the photo."""

MARGIN = 0.4
"""Shown around the mask's box, in lengths of its longer side."""

WHOLE = 0.6
"""From this share of the photo on, the whole photo is shown."""


@dataclass(slots=True)
class RowPictures:
    """JPEGs of one case. photo, overlay (PNG): whole; before, its overlay, truth and each result:
    around the mask, all of one size. others: the document's own results, by caption."""

    photo: bytes
    overlay: bytes
    size: tuple[int, int]
    view: tuple[int, int]
    before: bytes
    before_overlay: bytes
    truth: bytes | None = None
    results: dict[str, bytes] = field(default_factory=dict)
    others: list[tuple[Text, bytes]] = field(default_factory=list)

    @property
    def nbytes(self) -> int:
        """Of all of them together."""
        fixed = (self.photo, self.overlay, self.before, self.before_overlay, self.truth or b"")
        others = (data for _, data in self.others)
        return sum(map(len, (*fixed, *self.results.values(), *others)))


def pictures_of(
    row: RowResult, opened: Opened, folder: Folder, side: int = VIEW_SIDE
) -> RowPictures:
    """Every picture that the case has."""
    rgb, mask = as_seen(opened.photo), opened.mask
    window = window_of(mask)
    before = _view(rgb, window, side)
    pictures = RowPictures(
        photo=view_jpeg(rgb, side, QUALITY),
        overlay=overlay_png(shown_mask(mask, side), opacity=OPACITY),
        size=(rgb.shape[0], rgb.shape[1]),
        view=(before.shape[0], before.shape[1]),
        before=_jpeg(before),
        before_overlay=overlay_png(
            shown_mask(np.ascontiguousarray(mask[window]), side), opacity=OPACITY
        ),
    )
    if opened.truth is not None:
        pictures.truth = _jpeg(_view(opened.truth, window, side))
    for cell in row.cells:
        if cell.state == "done":
            result = read_result(folder.path / cell.file, cell.box, opened.photo)
            add_result(pictures, cell.id, result, mask, side)
    pictures.others = list(_of_others(row, rgb, window, side))
    return pictures


def add_result(
    pictures: RowPictures,
    cell_id: str,
    result: tuple[Image, NDArray[np.uint8] | None],
    mask: Mask,
    side: int = VIEW_SIDE,
) -> None:
    """One more result: its colours and its transparency, of the photo's size."""
    shown = _view(over_checks(*result), window_of(mask), side)
    pictures.results[cell_id] = _jpeg(shown)


def _of_others(
    row: RowResult, rgb: Image, window: tuple[slice, slice], side: int
) -> Iterator[tuple[Text, bytes]]:
    """What the document shows; a link that is broken leaves a gap and spoils nothing."""
    for caption, ref in row.case.shown:
        try:
            shown = as_seen(load_image(bring(ref), name=ref.name))
        except UserError:
            continue
        if _same_shape(shown, rgb):
            size = rgb.shape[1::-1]
            shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_CUBIC), np.uint8)
            yield caption, _jpeg(_view(shown, window, side))
        else:
            yield caption, view_jpeg(shown, side, QUALITY)


def as_seen(photo: Photo) -> Image:
    """As people see it."""
    return over_checks(photo.rgb, photo.alpha)


def over_checks(rgb: Image, alpha: NDArray[np.uint8] | None) -> Image:
    if alpha is None:
        return rgb
    return on_checkerboard(rgb, alpha, check=-(-max(alpha.shape) // CHECKS))


def _same_shape(one: Image, other: Image) -> bool:
    across, down = one.shape[1] * other.shape[0], other.shape[1] * one.shape[0]
    return abs(across - down) <= 0.03 * max(across, down)


def window_of(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns around the mask; all of them where it is large."""
    left, top, right, bottom = box_of(mask)
    margin = max(48, int(MARGIN * max(bottom - top, right - left)))
    height, width = mask.shape
    top, bottom = max(0, top - margin), min(height, bottom + margin)
    left, right = max(0, left - margin), min(width, right + margin)
    if (bottom - top) * (right - left) >= WHOLE * height * width:
        return slice(0, height), slice(0, width)
    return slice(top, bottom), slice(left, right)


def _view(rgb: Image, window: tuple[slice, slice], side: int) -> Image:
    part = np.ascontiguousarray(rgb[window])
    scale = side / max(part.shape[:2])
    if scale >= 1:
        return part
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(rgb: Image) -> bytes:
    return view_jpeg(rgb, max(rgb.shape), QUALITY)
