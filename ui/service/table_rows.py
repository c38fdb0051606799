"""The rows of all tables, the documents' and the stand-ins', by their ids."""

from __future__ import annotations

from examples.rows import (
    PhotoRef,
    Row,
    Table,
    document_rows,
    document_tables,
    stand_in_rows,
    stand_in_table,
)
from methods import BadInput

PARTS = ("photo", "mask", "result", "detail", "truth")
"""The pictures of a row, as the page names them; not every row has all."""


def tables() -> tuple[Table, ...]:
    """All tables of both sets."""
    return (*document_tables(), stand_in_table())


def rows() -> dict[str, Row]:
    """All rows of both sets by their ids."""
    return {row.id: row for row in (*document_rows(), *stand_in_rows())}


def row_of(row_id: str) -> Row:
    """One row. Raises BadInput ("unknown_row")."""
    row = rows().get(row_id)
    if row is None:
        raise BadInput("unknown_row")
    return row


def pictures_of(row: Row) -> dict[str, PhotoRef]:
    """The pictures that a row has, by `PARTS`."""
    refs = (row.photo, row.mask, row.documents_result, row.detail, row.truth)
    return {part: ref for part, ref in zip(PARTS, refs, strict=True) if ref is not None}
