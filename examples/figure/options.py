"""What a figure looks like, as the command line, the API and the page may say it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from methods import METRICS, BadInput, languages

Zoom: TypeAlias = Literal["inset", "below", "alone", "none"]
"""Where the neighbourhood of the mask is shown: in a corner of each picture, in a line of its own,
in the place of the whole, or nowhere."""

ZOOMS: tuple[Zoom, ...] = ("inset", "below", "alone", "none")

Format: TypeAlias = Literal["png", "svg", "pdf", "tex", "csv"]
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf", "tex", "csv")

MOST_PANELS = 200
MOST_PIXELS = 60_000_000
"""Of a figure as PNG; in memory it takes four bytes for each."""

SECONDS = "seconds"
"""A number beside those of `METRICS`: what erasing took."""

Number = Annotated[float, Field(allow_inf_nan=False)]


class FigureOptions(BaseModel):
    """How a figure is drawn.

    width: of the whole, in millimetres. dpi: of PNG, and what pictures in SVG and PDF are reduced
    to. font_size: in points. columns: pictures side by side, 0 = by their number. gap: between
    them, in millimetres. labels: names under the pictures. photo, mask, truth: show these beside
    the results (the truth where it is known). numbers: ids of `METRICS` and "seconds" that stand
    under each result. cells: ids of the results to show, () = all. language: of the labels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    width: Annotated[Number, Field(ge=20, le=1000)] = 174.0
    dpi: int = Field(default=300, ge=50, le=1200)
    font_size: Annotated[Number, Field(ge=3, le=40)] = 8.0
    columns: int = Field(default=0, ge=0, le=40)
    gap: Annotated[Number, Field(ge=0, le=20)] = 1.0
    zoom: Zoom = "inset"
    labels: bool = True
    photo: bool = True
    mask: bool = True
    truth: bool = True
    numbers: tuple[str, ...] = Field(default=(), max_length=8)
    cells: tuple[str, ...] = Field(default=(), max_length=MOST_PANELS)
    language: str = "en"

    @field_validator("numbers")
    @classmethod
    def _known(cls, numbers: tuple[str, ...]) -> tuple[str, ...]:
        for name in numbers:
            if name not in METRICS and name != SECONDS:
                known = ", ".join((SECONDS, *METRICS))
                raise BadInput("figure_number_unknown", name=name[:60], known=known)
        return tuple(dict.fromkeys(numbers))

    @field_validator("language")
    @classmethod
    def _spoken(cls, language: str) -> str:
        if language not in languages():
            known = ", ".join(languages())
            raise BadInput("figure_language_unknown", language=language[:20], known=known)
        return language
