"""Selections and refusals in plain values, as the page and the API are told of them."""

from __future__ import annotations

from collections.abc import Sequence

from methods import BadInput, Mask
from segmentation import (
    PromptedObject,
    Rle,
    SegmenterSpec,
    Selected,
    Settled,
    Understood,
    encode_rle,
)
from ui.common.errors import described
from ui.common.grid import RefusedGrid
from ui.common.logs import keeping_private
from ui.common.names import is_id
from ui.service.answers import Figures, PlainSettled, PlainUnderstood


def rle_of(mask: Mask) -> Rle | None:
    """COCO's compressed run lengths; None for a mask that is like noise."""
    try:
        return encode_rle(mask)
    except BadInput:
        return None


def figures(selection: Selected, spec: SegmenterSpec | None) -> Figures:
    """The numbers of a selection, as the page and the API give them.

    spec: who answered; None = nobody was asked, the mask is painted or uploaded.
    """
    return {
        "area": selection.area,
        "levels": [
            [{"score": level.score, "area": level.area} for level in levels]
            for levels in selection.levels
        ],
        "chosen": list(selection.chosen),
        "objects": [
            None if extent is None else {"area": extent.area, "box": list(extent.box)}
            for extent in selection.extents
        ],
        "looks": list(selection.looks),
        "everything": selection.everything,
        "segmenter": None if spec is None else spec.id,
        "approximate": spec is not None and spec.approximate,
    }


def seen_objects(settled: Settled, preview: bool) -> tuple[PromptedObject, ...]:
    """All; before a click is made, the one that it would select."""
    return (settled.objects[settled.understood[-1].object],) if preview else settled.objects


def described_settled(settled: Settled) -> PlainSettled:
    """What became of clicks, in plain values."""
    return {
        "objects": [entry.model_dump(mode="json") for entry in settled.objects],
        "clicks": described_clicks(settled.understood),
    }


def described_clicks(understood: Sequence[Understood]) -> list[PlainUnderstood]:
    """What clicks were understood as, in plain values."""
    return [
        {"meant": each.meant, "object": each.object, "beside": each.beside} for each in understood
    ]


def failed_grid(payload: object, error: Exception) -> RefusedGrid:
    """The one value of a run that could not begin."""
    run_id = payload.get("run") if isinstance(payload, dict) else None
    known = run_id if isinstance(run_id, str) and is_id(run_id) else None
    return {"run": known, "state": "failed", "error": described(error), "cards": []}


def refused(payload: object, error: Exception) -> RefusedGrid:
    """What a visitor is told in place of a run; the log does not learn what was asked."""
    with keeping_private(payload):
        return failed_grid(payload, error)
