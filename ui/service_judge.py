"""What a run's results are judged by: numbers, against the truth where one is known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, TypeAlias

from examples.remote import is_here, place_of
from methods import METRICS, Image, Mask, Metric, Reading, judge, load_image
from ui.photos import PhotoRecord
from ui.service_tables import rows

log = logging.getLogger(__name__)

Judge: TypeAlias = Callable[[Image, Mask, Image], Sequence[Reading]]
"""judge(photo, mask, result)."""


def judge_of(record: PhotoRecord, row_id: str | None) -> Judge:
    """The judge of a run on this photo. row_id: the row of a table that is run, or None."""

    @cache
    def truth() -> Image | None:
        return truth_of(record, row_id)

    def measure(photo: Image, mask: Mask, result: Image) -> Sequence[Reading]:
        return judge(photo, mask, result, truth=truth())

    return measure


def truth_of(record: PhotoRecord, row_id: str | None) -> Image | None:
    """The row's photo without the object, where it is known and the photo is the row's own."""
    row = rows().get(row_id or "")
    if row is None or row.truth is None or not is_here(row.truth) or not is_here(row.photo):
        return None
    if sha256(place_of(row.photo).read_bytes()).hexdigest() != record.sha256:
        return None
    truth = load_image(place_of(row.truth)).rgb
    return truth if truth.shape[:2] == (record.height, record.width) else None


def describe_metrics() -> list[dict[str, Any]]:
    """Every number that a result may have, as the page and the API give it."""
    return [_describe(metric) for metric in METRICS.values()]


def _describe(metric: Metric) -> dict[str, Any]:
    source = metric.source
    return {
        "id": metric.id,
        "name": metric.name._asdict(),
        "formula": metric.formula._asdict(),
        "range": list(metric.range),
        "better": metric.better,
        "needs": metric.needs,
        "unit": metric.unit,
        "threshold": metric.threshold,
        "source": None
        if source == "ours"
        else {"title": source.title, "url": source.url, "year": source.year},
    }
