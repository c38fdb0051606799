"""Quality against time as a picture: the fast ones on the left, the good ones above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from methods import BadInput, get_eraser
from ui.cli.bench.quality import Quality, distance

if TYPE_CHECKING:
    from PIL import Image as Pil
    from PIL import ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 760
_FINER = 2  # drawn so many times as large and reduced: Pillow's circles have hard edges
_LEFT, _TOP, _RIGHT, _BOTTOM = 110, 120, 1150, 660

_PAPER, _INK, _QUIET, _LINE = "#fbfaf7", "#23252b", "#75787f", "#e3e1da"
_COLORS = (
    "#2f6fb0", "#d4772c", "#3d8f5b", "#b0413e", "#7a5aa6", "#8a6a4f", "#c2589b", "#5f6b73",
    "#9a9a2f", "#2c9aa8",
)  # fmt: skip

Place: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Scales:
    """Seconds (logarithmic) and distance from the truth (the least one above) to places."""

    seconds: tuple[float, float]
    distances: tuple[float, float]

    def place(self, seconds: float, away: float) -> Place:
        """In pixels of the finished picture."""
        low, high = (math.log10(end) for end in self.seconds)
        across = (math.log10(seconds) - low) / (high - low)
        down = (away - self.distances[0]) / (self.distances[1] - self.distances[0])
        return _LEFT + across * (_RIGHT - _LEFT), _TOP + down * (_BOTTOM - _TOP)


def draw_trade_off(rows: Sequence[Quality], file: Path) -> None:
    """Write the picture as a PNG; the folder is made. Raises BadInput where that is impossible."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        trade_off(rows).save(file, format="PNG")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput("cannot_write.picture", file=file.name, reason=reason) from error


def trade_off(rows: Sequence[Quality]) -> Pil.Image:
    """A Pillow picture of WIDTH x HEIGHT; there must be at least one row."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), _PAPER)
    pen = _Pen(ImageDraw.Draw(picture))
    scales = scales_for(rows)
    _axes(pen, scales, rows)
    places = [scales.place(max(row.erase_seconds, 1e-3), distance(row)) for row in rows]
    _best(pen, places)
    taken: list[Box] = [(x - 9, y - 9, x + 9, y + 9) for x, y in places]
    for index, (row, place) in enumerate(zip(rows, places, strict=True)):
        color = _COLORS[index % len(_COLORS)]
        pen.dot(place, 8, color)
        name = get_eraser(row.eraser).spec.name
        taken.append(_label(pen, name, place, color, taken))
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def scales_for(rows: Sequence[Quality]) -> Scales:
    """Whole steps around all rows, and never an empty span."""
    times = [max(row.erase_seconds, 1e-3) for row in rows]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    away = [distance(row) for row in rows]
    least, most = math.floor(min(away) * 10) / 10, math.ceil(max(away) * 10) / 10
    return Scales((10**low, 10 ** max(high, low + 1)), (least, max(most, least + 0.1)))


class _Pen:
    """Draws in pixels of the finished picture."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self._draw = draw

    def line(self, points: Sequence[Place], color: str, width: float = 1) -> None:
        scaled = [(x * _FINER, y * _FINER) for x, y in points]
        self._draw.line(scaled, fill=color, width=round(width * _FINER), joint="curve")

    def dot(self, place: Place, radius: float, color: str) -> None:
        x, y, r = (value * _FINER for value in (*place, radius))
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=color, outline=_PAPER, width=_FINER)

    def text(self, place: Place, text: str, size: float, color: str, anchor: str = "la") -> None:
        scaled = (place[0] * _FINER, place[1] * _FINER)
        self._draw.text(
            scaled,
            text,
            fill=color,
            font=self._font(size),
            anchor=anchor,
            stroke_width=2 * _FINER,
            stroke_fill=_PAPER,
        )

    def extent(self, text: str, size: float) -> tuple[float, float]:
        """Width and height of the text."""
        left, top, right, bottom = self._draw.textbbox((0, 0), text, font=self._font(size))
        return (right - left) / _FINER, (bottom - top) / _FINER

    def _font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        from PIL import ImageFont

        return ImageFont.load_default(size * _FINER)


def _axes(pen: _Pen, scales: Scales, rows: Sequence[Quality]) -> None:
    measure = "LPIPS" if rows[0].lpips_mask is not None else "1 - SSIM"
    explained = f"{measure} inside the mask, 0 = the truth"
    cases = max(row.cases for row in rows)
    devices = ", ".join(dict.fromkeys(row.device.upper() for row in rows))
    pen.text((_LEFT, 34), "Quality against time", 28, _INK)
    pen.text((_LEFT, 74), f"{explained}; mean of {cases} cases, {devices}", 16, _QUIET)
    for decade in range(round(math.log10(scales.seconds[0])), 20):
        for factor in (1, 3):
            seconds = factor * 10.0**decade
            if seconds <= scales.seconds[1] * 1.001:
                x, _ = scales.place(seconds, 0)
                pen.line([(x, _TOP), (x, _BOTTOM)], _LINE)
                pen.text((x, _BOTTOM + 12), f"{seconds:g} s", 15, _QUIET, "ma")
    least, most = scales.distances
    steps = round((most - least) * 10)
    for step in range(steps + 1):
        away = least + step / 10
        _, y = scales.place(1, away)
        pen.line([(_LEFT, y), (_RIGHT, y)], _LINE)
        pen.text((_LEFT - 12, y), f"{away:.1f}", 15, _QUIET, "rm")
    pen.text((_LEFT - 12, _TOP - 14), measure, 15, _INK, "rb")
    pen.text((_RIGHT, _BOTTOM + 50), "seconds for one object (median)", 15, _INK, "ra")
    pen.text((_LEFT, _BOTTOM + 50), "better: above and to the left", 15, _INK)


def _best(pen: _Pen, places: Sequence[Place]) -> None:
    """A line through those that nothing beats in both respects."""
    front = [
        (x, y)
        for x, y in places
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in places)
    ]
    if len(front) > 1:
        pen.line(sorted(front), "#c9c5b8", 3)


def _label(pen: _Pen, text: str, place: Place, color: str, taken: Sequence[Box]) -> Box:
    """Beside its dot, where it covers nothing; returns where it stands."""
    width, height = pen.extent(text, 17)
    x, y = place
    corners = [
        (x + 14, y - height / 2 - 4), (x - 14 - width, y - height / 2 - 4),
        (x - width / 2, y - 18 - height), (x - width / 2, y + 12),
    ]  # fmt: skip
    boxes = [(left, top, left + width, top + height + 6) for left, top in corners]
    free = [box for box in boxes if _fits(box) and not any(_touch(box, other) for other in taken)]
    chosen = (free or boxes)[0]
    pen.text(chosen[:2], text, 17, color)
    return chosen


def _fits(box: Box) -> bool:
    return box[0] >= _LEFT and box[2] <= WIDTH - 10 and box[1] >= _TOP - 20


def _touch(first: Box, second: Box) -> bool:
    across = first[0] < second[2] and second[0] < first[2]
    return across and first[1] < second[3] and second[1] < first[3]
