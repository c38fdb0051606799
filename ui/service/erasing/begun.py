"""A run's grid and its run.json, as it begins."""

from __future__ import annotations

import time

import cv2
import numpy as np

from methods import Job, Mask, get_eraser, versions
from ui.common.grid import Card, Grid, GridMask
from ui.service.erasing import closeup
from ui.service.erasing.cards import new_card
from ui.service.erasing.order import Noted, Order
from ui.service.erasing.rest import mask_digest
from ui.stores.masks import notes_of
from ui.stores.photos import PhotoRecord
from ui.stores.runs import ORIGINAL, Inputs, run_url


def queued_card(index: int, job: Job) -> Card:
    return new_card(index, job, get_eraser(job.eraser).spec)


def first_grid(order: Order, record: PhotoRecord, mask: Mask, cards: list[Card]) -> Grid:
    run_id = order.run
    return {
        "run": run_id,
        "state": "running",
        "photo": {
            **record.public(),
            "view": run_url(run_id, "original.jpg"),
            "full": run_url(run_id, ORIGINAL),
        },
        "mask": _grid_mask(order, mask),
        "seconds": 0.0,
        "cards": cards,
    }


def _grid_mask(order: Order, mask: Mask) -> GridMask:
    run_id = order.run
    described: GridMask = {
        "url": run_url(run_id, "mask.png"),
        "overlay": run_url(run_id, "overlay.png"),
        "area": float(mask.mean()),
        "box": _box_around(mask),
        "notes": notes_of(order.upload),
    }
    box = closeup.close_box(described["box"], (mask.shape[0], mask.shape[1]))
    if box is not None:
        described["close"] = closeup.described(run_id, box)
    return described


def _box_around(mask: Mask) -> list[int]:
    """[x0, y0, x1, y1] of what is masked, right and bottom exclusive."""
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return [x, y, x + width, y + height]


def saved_inputs(order: Order, record: PhotoRecord, mask: Mask, selection: Noted) -> Inputs:
    """What stands in run.json beside the grid: enough to repeat the run."""
    return {
        "created": time.time(),
        "photo": record.saved(),
        "row": order.known.row,
        "phrase": order.known.phrase,
        "selection": selection,
        "mask_sha256": mask_digest(mask),
        "jobs": [job.plain() for job in order.jobs],
        "versions": versions(),
    }
