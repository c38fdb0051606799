"""What papers print about erasers: numbers of others, never mixed with measured ones.

`paper_tables.json` holds each printed table as it stands in its source: papers use different
masks, sizes and protocols, so that a number may be compared within its own table only.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from methods import Text

TABLES = Path(__file__).with_name("paper_tables.json")

SourceKind = Literal["paper text", "paper figure", "summary"]
Value = Annotated[float, Field(allow_inf_nan=False)] | Literal["NaN"] | None
"""A number; "NaN" where the paper prints that (its training failed); None where it prints none."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaperMetric(_Data):
    """A column: its name as printed, and which way is better."""

    name: str
    better: Literal["higher", "lower"]


class PaperRow(_Data):
    """method: as printed; of: the method that it is a form of, for filtering."""

    method: str
    of: str
    values: tuple[Value, ...]


class PaperTable(_Data):
    """One printed table. kind: where its numbers were read; table: its number in the paper."""

    paper: str
    venue: str
    url: str
    table: str | None
    kind: SourceKind
    dataset: Text
    source: Text
    notes: tuple[Text, ...]
    metrics: tuple[PaperMetric, ...]
    rows: tuple[PaperRow, ...]

    @model_validator(mode="after")
    def _rows_fit_the_columns(self) -> PaperTable:
        if any(len(row.values) != len(self.metrics) for row in self.rows):
            raise ValueError(f"{self.paper}: a row has not one value for each metric")
        return self

    def best(self, column: int) -> tuple[int, ...]:
        """The rows with the column's best number; more than one where it is printed twice."""
        printed = {
            place: row.values[column]
            for place, row in enumerate(self.rows)
            if isinstance(row.values[column], float)
        }
        if len(printed) < 2:
            return ()
        pick = max if self.metrics[column].better == "higher" else min
        wanted = pick(value for value in printed.values() if isinstance(value, float))
        return tuple(place for place, value in printed.items() if value == wanted)


@lru_cache(maxsize=1)
def paper_tables() -> tuple[PaperTable, ...]:
    """All tables, in the order of the file."""
    return TypeAdapter(tuple[PaperTable, ...]).validate_json(TABLES.read_bytes())
