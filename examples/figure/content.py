"""What a figure shows: the pictures of each case, reduced to what the figure needs, and words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from examples.figure.layout import MM_PER_INCH, Outline, Window, Words, columns_of
from examples.figure.options import MOST_PIXELS, SECONDS, FigureOptions
from examples.report.parts import as_text, seconds
from examples.report.pictures import OPACITY, WHOLE, as_seen, over_checks
from examples.report.shapes import PlainCase, PlainCell
from examples.report.texts import text
from examples.running.cases import Opened
from examples.running.results import box_of, read_result
from methods import METRICS, BadInput, Image, Mask, readable
from segmentation import OVERLAY_COLOR

LEAST_ASPECT, MOST_ASPECT = 0.75, 3.0
"""Of the mask's neighbourhood, width by height."""

MARGIN, LEAST_MARGIN = 0.2, 0.02
"""Shown around the mask's box: in lengths of its longer side, and at least of the photo's."""


@dataclass(frozen=True, slots=True)
class FigureCase:
    """A case of a report with its pictures. open: reads photo, mask and truth; may raise
    UserError. folder: what the cells' files are relative to."""

    case: PlainCase
    open: Callable[[], Opened]
    folder: Path


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A case, ready to be drawn. pictures: (h, w, 3) uint8 each; closes: the mask's neighbourhood
    in each of them, empty where that is the whole."""

    outline: Outline
    pictures: tuple[Image, ...]
    closes: tuple[Image, ...] = field(default=())


def strips_of(cases: Sequence[FigureCase], options: FigureOptions) -> list[Strip]:
    """Every case that could be opened. Raises UserError."""
    chosen = [_Chosen(each, _cells(each.case, options), options) for each in cases]
    shown = [each for each in chosen if each.cells]
    if not shown:
        raise _nothing(cases, options)
    columns = columns_of([each.count for each in shown], options.columns)
    side = math.ceil(options.width / MM_PER_INCH * options.dpi / columns)
    room = _Room()
    return [each.strip(side, room) for each in shown]


class _Room:
    """For the pixels of all pictures together: what is too much is said before it is held."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self, picture: Image) -> Image:
        """The picture. Raises BadInput where there is no room for it."""
        self._taken += picture.shape[0] * picture.shape[1]
        if self._taken > 2 * MOST_PIXELS:  # with the mask's neighbourhoods
            megapixels = round(self._taken / 1e6)
            raise BadInput("figure_too_large", megapixels=megapixels, limit=MOST_PIXELS // 10**6)
        return picture


def _cells(case: PlainCase, options: FigureOptions) -> list[PlainCell]:
    done = [cell for cell in case["cells"] if cell["state"] == "done" and not case["failure"]]
    return [cell for cell in done if not options.cells or cell["id"] in options.cells]


def _nothing(cases: Sequence[FigureCase], options: FigureOptions) -> BadInput:
    known = dict.fromkeys(cell["id"] for each in cases for cell in each.case["cells"])
    if options.cells and known:
        return BadInput("figure_cells_unknown", known=", ".join(known)[:400])
    return BadInput("figure_empty")


class _Chosen:
    """A case with those of its results that are shown."""

    def __init__(
        self, given: FigureCase, cells: Sequence[PlainCell], options: FigureOptions
    ) -> None:
        self._given, self.cells, self._options = given, cells, options
        self._truth = options.truth and given.case["truth"]

    @property
    def count(self) -> int:
        """Of its pictures."""
        return self._options.photo + self._options.mask + len(self.cells) + self._truth

    def strip(self, side: int, room: _Room) -> Strip:
        """side: of a picture, in pixels across, at most. Raises UserError."""
        opened = self._given.open()
        window = _window(opened.mask)
        pictures, closes = [], []
        for picture in self._pictures(opened):
            pictures.append(room.take(_reduced(picture, side)))
            if window is not None:
                close = _reduced(np.ascontiguousarray(picture[window]), side)
                closes.append(room.take(close))
        outline = _outline(opened.mask, window, tuple(self._words()), self._title())
        return Strip(outline, tuple(pictures), tuple(closes))

    def _pictures(self, opened: Opened) -> Iterator[Image]:
        """In the photo's own pixels, one at a time."""
        photo = as_seen(opened.photo)
        if self._options.photo:
            yield photo
        if self._options.mask:
            yield _marked(photo, opened.mask)
        for cell in self.cells:
            yield self._result(cell, opened)
        if self._truth:
            yield photo if opened.truth is None else opened.truth

    def _result(self, cell: PlainCell, opened: Opened) -> Image:
        try:
            return over_checks(
                *read_result(self._given.folder / cell["file"], cell["box"], opened.photo)
            )
        except ValueError:
            raise BadInput("figure_result_size", file=Path(cell["file"]).name) from None

    def _words(self) -> Iterator[Words]:
        if self._options.photo:
            yield self._labelled("figure_photo")
        if self._options.mask:
            yield self._labelled("figure_mask")
        for cell in self.cells:
            label = as_text(cell["label"]).said(self._options.language)
            yield Words(tuple(self._label(label)) + tuple(self._numbers(cell)))
        if self._truth:
            yield self._labelled("truth")

    def _labelled(self, key: str) -> Words:
        return Words(tuple(self._label(text(key).said(self._options.language))))

    def _label(self, label: str) -> list[str]:
        return [_UNITS.sub("\u00a0", _drawable(label))] if self._options.labels else []

    def _numbers(self, cell: PlainCell) -> Iterator[str]:
        values = {reading["id"]: reading["value"] for reading in cell["readings"]}
        for name in self._options.numbers:
            if name == SECONDS and cell["given"]:
                continue  # nothing ran here
            if name == SECONDS:
                yield _together(seconds(cell["erase_seconds"]))
            elif name in values:
                metric = METRICS[name]
                said = metric.bare_name.said(self._options.language)
                yield f"{_drawable(said)} {_together(metric.shown(values[name]))}"

    def _title(self) -> str:
        case = self._given.case
        return _drawable(as_text(case["title"]).said(self._options.language) or case["id"])


_UNITS = re.compile(r"(?<=\d) (?=px\b)")
"""Where a label must not be broken."""


def _together(number: str) -> str:
    """A number stays on one line with its unit."""
    return number.replace(" ", "\u00a0")


def _drawable(words: str) -> str:
    """On one line, and without characters that neither a font nor XML has."""
    one_line = " ".join(readable(words).split())
    return "".join(letter for letter in one_line if letter.isprintable())


def _window(mask: Mask) -> tuple[slice, slice] | None:
    """Around the mask, widened where it would be a thin strip; None for (nearly) the whole."""
    left, top, right, bottom = box_of(mask)
    margin = max(MARGIN * max(right - left, bottom - top), LEAST_MARGIN * max(mask.shape))
    height, width = bottom - top + 2 * margin, right - left + 2 * margin
    columns = _about(left, right, max(width, LEAST_ASPECT * height), mask.shape[1])
    rows = _about(top, bottom, max(height, width / MOST_ASPECT), mask.shape[0])
    shown = (rows.stop - rows.start) * (columns.stop - columns.start)
    return None if shown >= WHOLE * mask.size else (rows, columns)


def _about(start: int, stop: int, length: float, end: int) -> slice:
    """So long, with the middle of start … stop in its middle as far as 0 … end allows it."""
    length = min(end, round(length))
    first = min(max(0, (start + stop - length) // 2), end - length)
    return slice(first, first + length)


def _outline(
    mask: Mask, window: tuple[slice, slice] | None, words: tuple[Words, ...], title: str
) -> Outline:
    height, width = mask.shape
    if window is None:
        return Outline(width / height, words, title=title)
    rows, columns = window
    shares: Window = (
        columns.start / width,
        rows.start / height,
        columns.stop / width,
        rows.stop / height,
    )
    close = (columns.stop - columns.start) / (rows.stop - rows.start)
    return Outline(width / height, words, shares, close, title)


def _marked(photo: Image, mask: Mask) -> Image:
    """The photo with the mask over it, as on the page."""
    marked = photo.copy()
    mixed = (1 - OPACITY) * photo[mask] + OPACITY * np.asarray(OVERLAY_COLOR)
    marked[mask] = np.rint(mixed).astype(np.uint8)
    return marked


def _reduced(picture: Image, side: int) -> Image:
    """Not wider than `side` pixels; never enlarged."""
    height, width = picture.shape[:2]
    if width <= side:
        return picture.copy()  # not a view that holds the whole
    size = side, max(1, round(height * side / width))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
