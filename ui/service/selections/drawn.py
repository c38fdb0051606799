"""Masks as the page shows them: data URLs, and the readings of a file side by side."""

from __future__ import annotations

import base64

from methods import MaskReading
from segmentation import overlay_png, shown_mask
from ui.common.requests import MOST_OVERLAY_SIDE, OVERLAY_SIDE
from ui.service.answers import PlainMaskReading, UploadAnswer
from ui.stores.masks import TakenMask

THUMB_SIDE = 160


def overlay_side(asked: int, size: tuple[int, int]) -> int:
    """The longer side of an overlay for a photo of `size` = (H, W): what was asked for, as long
    as it has no more pixels than a square one of OVERLAY_SIDE."""
    longest = OVERLAY_SIDE * (max(size) / min(size)) ** 0.5
    return min(asked, int(longest), MOST_OVERLAY_SIDE)


def data_url(png: bytes) -> str:
    """A PNG as it stands in an answer."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def upload_answer(taken: TakenMask) -> UploadAnswer:
    """What the page is told of a mask that was taken in."""
    (upload, first), *others = taken.readings
    return {
        "upload": upload,
        "area": float(first.mask.mean()),
        "notes": [note.plain() for note in taken.notes],
        "readings": [_shown(*each) for each in taken.readings] if others else [],
    }


def _shown(upload: str, reading: MaskReading) -> PlainMaskReading:
    return {
        "upload": upload,
        "area": float(reading.mask.mean()),
        "thumb": data_url(overlay_png(shown_mask(reading.mask, THUMB_SIDE))),
        "said": reading.said.plain(),
    }
