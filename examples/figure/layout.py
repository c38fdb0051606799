"""Where everything of a figure lies, in millimetres from its top left corner: arithmetic alone."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from examples.figure.options import MOST_PANELS, MOST_PIXELS, FigureOptions
from methods import BadInput

MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72

USUAL_COLUMNS = 6
"""As many pictures stand side by side at most where nobody has said how many."""

LINE = 1.25
"""Height of a line of text, in font sizes."""

BASELINE = 1.05
"""From the end of a picture to the baseline of the first line below it, in font sizes."""

DESCENT = 0.3
"""Below the last baseline, in font sizes: what letters such as g need."""

INSET_WIDTH, INSET_HEIGHT, INSET_AREA = 0.5, 0.7, 0.25
"""Of a picture's width, height and area, what an inset may take."""

LEAST_ZOOM, MOST_ZOOM = 1.25, 5.0
"""An inset that could enlarge less only is left out, and none enlarges more."""

NARROW, WIDE = 0.56, 1.0
"""Width of a letter, in font sizes, of Latin and of Chinese: on the safe side."""

Window = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of a picture's width and height."""


@dataclass(frozen=True, slots=True)
class Rect:
    """Left, top, width and height in millimetres; top counts from the figure's top."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Words:
    """What stands with a picture: its label and the numbers, a line each before wrapping."""

    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """A case before it is drawn. aspect: width by height of its pictures. window: the mask's
    neighbourhood, None where it is (nearly) the whole. words: of each picture."""

    aspect: float
    words: tuple[Words, ...]
    window: Window | None = None
    window_aspect: float = 1.0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture's place. strip, panel: which it is. close: whether its neighbourhood of the mask
    is shown there. lines: of text below it, from `text_top` on."""

    strip: int
    panel: int
    at: Rect
    close: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole figure. titles: text and place of each case's, turned by 90 degrees."""

    width: float
    height: float
    placed: tuple[Placed, ...]
    titles: tuple[tuple[str, Rect], ...] = field(default=())

    def pixels(self, dpi: int) -> tuple[int, int]:
        """Height and width at so many dots an inch."""
        return round(self.height / MM_PER_INCH * dpi), round(self.width / MM_PER_INCH * dpi)


def lay_out(outlines: Sequence[Outline], options: FigureOptions) -> Layout:
    """Raises BadInput for no picture, too many, or more pixels than a PNG of ours may have."""
    count = sum(len(outline.words) for outline in outlines)
    if not count:
        raise BadInput("figure_empty")
    if count > MOST_PANELS:
        raise BadInput("figure_too_many", count=count, limit=MOST_PANELS)
    layout = _stacked(outlines, options)
    height, width = layout.pixels(options.dpi)
    if height * width > MOST_PIXELS:
        megapixels = round(height * width / 1e6)
        raise BadInput("figure_too_large", megapixels=megapixels, limit=MOST_PIXELS // 10**6)
    return layout


def columns_of(counts: Sequence[int], wanted: int) -> int:
    """Pictures side by side: as wanted, else so that the lines are about equally long."""
    most = max(counts)
    if wanted:
        return min(wanted, most)
    return math.ceil(most / math.ceil(most / USUAL_COLUMNS))


def _stacked(outlines: Sequence[Outline], options: FigureOptions) -> Layout:
    """One case below the other, each in as many lines as its pictures need."""
    columns = columns_of([len(outline.words) for outline in outlines], options.columns)
    titled = options.labels and len(outlines) > 1
    left = (LINE * options.font_size * MM_PER_POINT + options.gap) if titled else 0.0
    cell = (options.width - left - (columns - 1) * options.gap) / columns
    if cell < 3:
        raise BadInput("figure_too_narrow", count=columns)
    placed: list[Placed] = []
    titles: list[tuple[str, Rect]] = []
    y = 0.0
    for number, outline in enumerate(outlines):
        top = y
        for panels in _batches(len(outline.words), columns):
            line = _Line(number, outline, panels, left, y, cell, options)
            placed += line.placed()
            y = line.bottom + options.gap
        if titled:
            room = Rect(0.0, top, left - options.gap, y - options.gap - top)
            titles.append((_shortened(outline.title, room.height, options.font_size), room))
    return Layout(options.width, y - options.gap, tuple(placed), tuple(titles))


def _batches(count: int, columns: int) -> Iterator[range]:
    for first in range(0, count, columns):
        yield range(first, min(first + columns, count))


class _Line:
    """Pictures side by side, what is enlarged of them, and their words."""

    def __init__(
        self,
        strip: int,
        outline: Outline,
        panels: range,
        left: float,
        top: float,
        cell: float,
        options: FigureOptions,
    ) -> None:
        alone = options.zoom == "alone" and outline.window is not None
        self._strip, self._panels, self._left, self._top = strip, panels, left, top
        self._cell, self._gap, self._alone = cell, options.gap, alone
        self._height = cell / (outline.window_aspect if alone else outline.aspect)
        below = options.zoom == "below" and outline.window is not None
        self._below = cell / outline.window_aspect if below else 0.0
        self._lines = {
            panel: _wrapped(outline.words[panel], cell, options.font_size) for panel in panels
        }
        pictures = self._height + (options.gap + self._below if below else 0.0)
        most = max(map(len, self._lines.values()))
        self.bottom = top + pictures + height_of_text(most, options.font_size)

    def placed(self) -> Iterator[Placed]:
        for column, panel in enumerate(self._panels):
            x = self._left + column * (self._cell + self._gap)
            words = self._lines[panel]
            main = Rect(x, self._top, self._cell, self._height)
            yield Placed(self._strip, panel, main, self._alone, () if self._below else words)
            if self._below:
                y = self._top + self._height + self._gap
                enlarged = Rect(x, y, self._cell, self._below)
                yield Placed(self._strip, panel, enlarged, True, words)


def inset_of(panel: Rect, window: Window, aspect: float) -> Rect | None:
    """Where in a picture its neighbourhood of the mask is enlarged: the corner that hides the
    least of it. aspect: of the neighbourhood. None where it would hardly be enlarged."""
    left, top, right, bottom = window
    usual = (right - left) * panel.width
    width = min(
        INSET_WIDTH * panel.width,
        INSET_HEIGHT * panel.height * aspect,
        math.sqrt(INSET_AREA * panel.width * panel.height * aspect),
        MOST_ZOOM * usual,
    )
    if width < LEAST_ZOOM * usual:
        return None
    height = width / aspect
    corners = [
        Rect(x, y, width, height)
        for y in (panel.y + panel.height - height, panel.y)
        for x in (panel.x + panel.width - width, panel.x)
    ]
    shown = Rect(
        panel.x + left * panel.width,
        panel.y + top * panel.height,
        (right - left) * panel.width,
        (bottom - top) * panel.height,
    )
    return min(corners, key=lambda corner: _shared(corner, shown))


def _shared(one: Rect, other: Rect) -> float:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0.0, across) * max(0.0, down)


def height_of_text(lines: int, font_size: float) -> float:
    """Of so many lines below a picture, in millimetres."""
    size = font_size * MM_PER_POINT
    return (BASELINE + (lines - 1) * LINE + DESCENT) * size if lines else 0.0


# --- words -------------------------------------------------------------------------------


def _wrapped(words: Words, width: float, font_size: float) -> tuple[str, ...]:
    """In lines that are no longer than the picture above them."""
    room = width / (font_size * MM_PER_POINT)
    return tuple(line for words_line in words.lines for line in _broken(words_line, room))


def _broken(text: str, room: float) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if line and _length(joined) > room:
            yield line
            joined = word
        while _length(joined) > room and len(joined) > 1:
            fit = max(1, _fitting(joined, room))
            yield joined[:fit]
            joined = joined[fit:]
        line = joined
    if line:
        yield line


def _shortened(text: str, room: float, font_size: float) -> str:
    """On one line; what does not fit is left out, which is marked."""
    letters = room / (font_size * MM_PER_POINT)
    if _length(text) <= letters:
        return text
    return text[: max(1, _fitting(text, letters - WIDE))] + "…"


def _fitting(text: str, room: float) -> int:
    for count in range(len(text), 0, -1):
        if _length(text[:count]) <= room:
            return count
    return 0


def _length(text: str) -> float:
    """In font sizes."""
    return sum(WIDE if unicodedata.east_asian_width(c) in "WF" else NARROW for c in text)
