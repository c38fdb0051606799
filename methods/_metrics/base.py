"""What a number about a result is: its definition, and one reading of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict

from methods._base import Paper, Text
from methods._texts.text import PlainText

Direction: TypeAlias = Literal["higher", "lower"]
"""Which values are the better ones."""

Needs: TypeAlias = Literal["nothing", "truth", "features", "detector"]
"""What a metric is computed from beside the photo, the mask and the result: nothing more; the
photo as it is without the object; a network's features; a detector that knows the object's
name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The definition of a number.

    formula: how it is computed, in words. range: the least and the greatest value; None = no
    bound. better: see Direction. source: the paper, or "ours". unit: "", "%", "dB" or "ΔE".
    threshold: from this value on (in the worse direction) a reading carries the remark; None
    = it never does. remark: the id of the sentence on what is wrong then; it takes the number as
    "value". short: the name alone, where `name` says the area too.
    """

    id: str
    name: Text
    formula: Text
    range: tuple[float | None, float | None]
    better: Direction
    needs: Needs
    source: Paper | Literal["ours"] = "ours"
    unit: str = ""
    threshold: float | None = None
    remark: str = ""
    short: Text | None = None

    @property
    def bare_name(self) -> Text:
        """The name without the area."""
        return self.short or self.name

    def shown(self, value: float) -> str:
        """The number as people read it: 0.31, 31 %, 24.1 dB, ΔE 7.2."""
        if self.unit == "%":
            return f"{100 * value:.0f} %"
        if self.unit == "dB":
            return f"{value:.1f} dB"
        return f"ΔE {value:.1f}" if self.unit == "ΔE" else f"{value:.2f}"

    def is_bad(self, value: float) -> bool:
        """Whether the value deserves the remark."""
        if self.threshold is None:
            return False
        return value <= self.threshold if self.better == "higher" else value >= self.threshold

    def read(self, value: float) -> Reading:
        """The value, with the remark where it is bad."""
        remark = None
        if self.remark and self.is_bad(value):
            remark = Text(self.remark, value=self.shown(value))
        return Reading(self.id, float(value), remark)


class PlainReading(TypedDict):
    """A `Reading` as it stands in JSON."""

    id: str
    value: float
    remark: PlainText | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One number about one result. id: of its metric; remark: only where the number is bad."""

    id: str
    value: float
    remark: Text | None = None

    def plain(self) -> PlainReading:
        """For JSON; four digits are enough."""
        remark = None if self.remark is None else self.remark.plain()
        return {"id": self.id, "value": float(f"{self.value:.4g}"), "remark": remark}
