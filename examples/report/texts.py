"""The sentences of the HTML report: those whose ids begin with "report."."""

from __future__ import annotations

from methods import Text, Value


def text(key: str, **values: Value) -> Text:
    """A sentence with its values."""
    return Text(f"report.{key}", **values)
