"""A figure as PNG, SVG or PDF, drawn by matplotlib; text stays text."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from examples.figure.content import Strip
from examples.figure.fonts import families_for
from examples.figure.layout import (
    BASELINE,
    LINE,
    MM_PER_INCH,
    MM_PER_POINT,
    Layout,
    Placed,
    Rect,
    Window,
    inset_of,
    lay_out,
)
from examples.figure.options import FigureOptions
from examples.report.texts import text
from methods import Image, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawn = Literal["png", "svg", "pdf"]

FRAME, FRAME_EDGE = "#ffc800", "#1d1b1a"
FRAME_POINTS = 0.9
"""Width of the frames around what is enlarged; a dark edge keeps them visible on light photos."""

INK = "#000000"

UNKNOWN = "?"
"""In the place of a letter that no font has: an empty box would look like a broken file."""

_ONE_AT_A_TIME = threading.Lock()
"""The library's settings belong to the whole process."""

NO_DATE: Mapping[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""The same figure is the same bytes."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """data: the file. notes: what is to be said of it, such as letters that no font has."""

    data: bytes
    notes: tuple[Text, ...] = ()


def draw(strips: Sequence[Strip], options: FigureOptions, form: Drawn) -> Drawing:
    """The figure. Raises BadInput where it would be empty or too large."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layout = lay_out([strip.outline for strip in strips], options)
    families, missing = families_for("".join(_all_words(layout)))
    with _ONE_AT_A_TIME, rc_context(_settings(families)):
        size = layout.width / MM_PER_INCH, layout.height / MM_PER_INCH
        figure = Figure(figsize=size, dpi=options.dpi, facecolor="white")
        FigureCanvasAgg(figure)
        _Drawer(figure, layout, strips, options, missing).draw()
        buffer = BytesIO()
        figure.savefig(buffer, format=form, dpi=options.dpi, metadata=NO_DATE[form])
    notes = (text("figure_letters", letters=missing[:40]),) if missing else ()
    return Drawing(buffer.getvalue(), notes)


def _settings(families: Sequence[str]) -> dict[str, object]:
    return {
        "font.family": list(families),
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "svg.hashsalt": "eraser-lab",
        "svg.image_inline": True,
        "image.composite_image": False,
        "axes.unicode_minus": False,
    }


def _all_words(layout: Layout) -> Iterator[str]:
    for placed in layout.placed:
        yield from placed.lines
    for title, _ in layout.titles:
        yield title


class _Drawer:
    """Puts the pictures and words of a layout into a figure of the library."""

    def __init__(
        self,
        figure: Figure,
        layout: Layout,
        strips: Sequence[Strip],
        options: FigureOptions,
        missing: str,
    ) -> None:
        self._figure, self._layout = figure, layout
        self._strips, self._options = strips, options
        self._unknown = str.maketrans(dict.fromkeys(missing, UNKNOWN))

    def draw(self) -> None:
        for placed in self._layout.placed:
            self._panel(placed)
        for title, room in self._layout.titles:
            self._text(title, room.x + room.width / 2, room.y + room.height / 2, 90, "center")

    def _panel(self, placed: Placed) -> None:
        strip = self._strips[placed.strip]
        picture = (strip.closes if placed.close else strip.pictures)[placed.panel]
        self._picture(picture, placed.at)
        window = strip.outline.window
        if placed.close:
            self._frame(placed.at)
        elif window is not None and self._options.zoom == "below":
            self._frame(_within(placed.at, window))
        elif window is not None and self._options.zoom == "inset":
            self._inset(strip, placed, window)
        self._words(placed)

    def _inset(self, strip: Strip, placed: Placed, window: Window) -> None:
        at = inset_of(placed.at, window, strip.outline.window_aspect)
        if at is None:
            return
        self._frame(_within(placed.at, window))
        self._picture(strip.closes[placed.panel], at)
        self._frame(at)

    def _words(self, placed: Placed) -> None:
        size = self._options.font_size * MM_PER_POINT
        middle, end = placed.at.x + placed.at.width / 2, placed.at.y + placed.at.height
        for number, line in enumerate(placed.lines):
            self._text(line, middle, end + (BASELINE + number * LINE) * size, 0, "baseline")

    def _picture(self, picture: Image, at: Rect) -> None:
        axes = self._figure.add_axes(self._shares(at))
        axes.set_axis_off()
        axes.imshow(picture, aspect="auto", interpolation="auto")

    def _frame(self, at: Rect) -> None:
        """Within its place, so that nothing of it is cut at the figure's edge."""
        from matplotlib.patches import Rectangle

        for color, points in ((FRAME_EDGE, 2 * FRAME_POINTS), (FRAME, FRAME_POINTS)):
            inner = 2 * FRAME_POINTS * MM_PER_POINT / 2
            place = Rect(
                at.x + inner,
                at.y + inner,
                max(0.0, at.width - 2 * inner),
                max(0.0, at.height - 2 * inner),
            )
            x, y, width, height = self._shares(place)
            self._figure.add_artist(
                Rectangle(
                    (x, y),
                    width,
                    height,
                    transform=self._figure.transFigure,
                    fill=False,
                    edgecolor=color,
                    linewidth=points,
                    zorder=3,
                )
            )

    def _text(self, words: str, x: float, y: float, turned: float, vertical: str) -> None:
        """x, y: in millimetres from the top left. Not read as a formula."""
        self._figure.text(
            x / self._layout.width,
            1 - y / self._layout.height,
            words.translate(self._unknown),
            fontsize=self._options.font_size,
            color=INK,
            rotation=turned,
            ha="center",
            va=vertical,
            parse_math=False,
        )

    def _shares(self, at: Rect) -> tuple[float, float, float, float]:
        """Left, bottom, width and height as the library counts them."""
        width, height = self._layout.width, self._layout.height
        bottom = 1 - (at.y + at.height) / height
        return at.x / width, bottom, at.width / width, at.height / height


def _within(panel: Rect, window: Window) -> Rect:
    left, top, right, bottom = window
    return Rect(
        panel.x + left * panel.width,
        panel.y + top * panel.height,
        (right - left) * panel.width,
        (bottom - top) * panel.height,
    )
