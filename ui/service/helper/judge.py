"""What a run's results are judged by: numbers, against the truth where one is known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from typing import TypeAlias

import numpy as np

from examples.remote import is_here, place_of
from methods import (
    LPIPS_WEIGHTS,
    METRICS,
    BadInput,
    Image,
    Mask,
    Metric,
    Photo,
    Reading,
    UserError,
    changed_outside,
    fetch,
    find_weights,
    flattened,
    judge,
    load_image,
    patiently,
    why_missing,
)
from segmentation import (
    are_features_ready,
    choose_detector,
    features_of,
    get_detector,
    is_detector_ready,
    list_detectors,
    read_phrase,
)
from ui.service.choices.catalog import describe_paper
from ui.service.choices.entries import MetricEntry
from ui.service.choices.visitors import Fetching, fetching
from ui.service.table_rows import rows
from ui.stores.photos import PhotoRecord

log = logging.getLogger(__name__)

Judge: TypeAlias = Callable[[Image, Mask, Image], Sequence[Reading]]
"""judge(photo, mask, result)."""

Measure: TypeAlias = Callable[[Image, Mask, Image, Image | None, str | None], Sequence[Reading]]
"""See `measured`."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a run beside its pictures. row: the row of a table that is run, whose
    truth may be known. phrase: the words by which the object was found."""

    row: str | None = None
    phrase: str | None = None


NOTHING_KNOWN = Known()


def measured(
    photo: Image, mask: Mask, result: Image, truth: Image | None, phrase: str | None
) -> Sequence[Reading]:
    """The numbers of a result, with what networks see where these are here; see `methods.judge`.

    phrase: the words by which the object was found, if any. Clicks come first.
    """
    features = features_of if are_features_ready() else None
    finds = finder_of(phrase)
    with patiently():
        return judge(photo, mask, result, truth=truth, features=features, finds=finds)


def judge_of(record: PhotoRecord, known: Known, measure: Measure | None = None) -> Judge:
    """The judge of a run on this photo. measure: who looks at the results; None = `measured`."""
    truth = cache(partial(truth_of, record, known.row))

    def judged(photo: Image, mask: Mask, result: Image) -> Sequence[Reading]:
        return (measure or measured)(photo, mask, result, truth(), known.phrase)

    return judged


def judge_pictures(
    photo: Photo,
    mask: Mask,
    result: Photo,
    truth: Photo | None = None,
    measure: Measure | None = None,
) -> tuple[int, Sequence[Reading]]:
    """Any program's result: how many pixels outside the mask are not the photo's, and numbers.

    truth: the photo as it is without the object. measure: as in `judge_of`. Raises BadInput for
    pictures of other sizes.
    """
    _check_size(photo, result, "judged_size")
    if truth is not None:
        _check_size(photo, truth, "truth_size.judge")
        _bring_lpips()
    readings = (measure or measured)(
        flattened(photo.rgb, photo.alpha, photo.ground),
        mask,
        flattened(result.rgb, result.alpha, photo.ground),
        None if truth is None else flattened(truth.rgb, truth.alpha, photo.ground),
        None,
    )
    return changed_outside(_layers(photo), _layers(result), mask), readings


def _check_size(photo: Photo, other: Photo, sentence: str) -> None:
    if other.size != photo.size:
        (height, width), (photo_height, photo_width) = other.size, photo.size
        raise BadInput(
            sentence,
            truth_width=width,
            truth_height=height,
            photo_width=photo_width,
            photo_height=photo_height,
        )


def _layers(photo: Photo) -> Image:
    """Colour and transparency, (H, W, 4)."""
    opaque = np.full(photo.size, 255, np.uint8)
    return np.dstack((photo.rgb, opaque if photo.alpha is None else photo.alpha))


def truth_of(record: PhotoRecord, row_id: str | None) -> Image | None:
    """The row's photo without the object, where it is known and the photo is the row's own."""
    row = rows().get(row_id or "")
    if row is None or row.truth is None or not is_here(row.truth) or not is_here(row.photo):
        return None
    if sha256(place_of(row.photo).read_bytes()).hexdigest() != record.sha256:
        return None
    truth = load_image(place_of(row.truth))
    if truth.size != (record.height, record.width):
        return None
    _bring_lpips()
    return truth.rgb if truth.alpha is None else _laid(truth, load_image(place_of(row.photo)))


def _laid(truth: Photo, photo: Photo) -> Image:
    """The truth over the ground on which the photo is judged."""
    return flattened(truth.rgb, truth.alpha, photo.ground)


def _bring_lpips() -> None:
    """Ten megabytes; where they cannot be had, the other numbers do without."""
    if find_weights(LPIPS_WEIGHTS) is None and fetching() is not Fetching.NO:
        try:
            fetch(LPIPS_WEIGHTS)
        except UserError as error:
            log.warning("There will be no LPIPS: %s", error)


def finder_of(phrase: str | None) -> Callable[[Image], float] | None:
    """The best score with which the detector finds the phrase on a picture."""
    if phrase is None or not any(is_detector_ready(spec) for spec in list_detectors()):
        return None

    def finds(image: Image) -> float:
        detector = get_detector(choose_detector(None).id, fetch_missing=False)
        found = detector.detect(image, read_phrase(phrase)).found
        return max((each.score for each in found), default=0.0)

    return finds


def describe_metrics() -> list[MetricEntry]:
    """Every number that a result may have, as the page and the API give it."""
    return [_describe(metric) for metric in METRICS.values()]


def _describe(metric: Metric) -> MetricEntry:
    source, missing = metric.source, why_missing(metric.id)
    return {
        "id": metric.id,
        "name": metric.name.plain(),
        "short": metric.bare_name.plain(),
        "formula": metric.formula.plain(),
        "range": list(metric.range),
        "better": metric.better,
        "needs": metric.needs,
        "missing": None if missing is None else missing.plain(),
        "unit": metric.unit,
        "threshold": metric.threshold,
        "source": None if source == "ours" else describe_paper(source),
    }
