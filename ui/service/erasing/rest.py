"""What is left to do of a run that ended in the middle: jobs without a result, results without
numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal, TypeAlias, cast

import numpy as np

from methods import BadInput, Event, Job, Mask, get_eraser
from ui.common.errors import run_damaged
from ui.common.grid import Card, Grid
from ui.service.erasing.cards import new_card
from ui.stores.masks import read_upload
from ui.stores.runs import Inputs, RunStore, SavedRun

Wanted: TypeAlias = Literal["missing", "numbers"]


@dataclass(frozen=True, slots=True)
class Rest:
    """grid: as it begins. missing: indices of the cards whose jobs are done again, with the jobs.
    unjudged: indices of results that are there without numbers."""

    grid: Grid
    missing: tuple[int, ...]
    jobs: tuple[Job, ...]
    unjudged: tuple[int, ...]


def rest_of(saved: SavedRun, grid: Grid, wanted: Wanted) -> Rest:
    """What is to be done of an ended run. saved: whose grid is `grid`, with its files taken up;
    it is changed. Raises BadInput where nothing is left to do, or a job means nothing any more."""
    cards = grid["cards"]
    lacking = [card["index"] for card in cards if _is_missing(card)]
    missing = tuple(lacking) if wanted == "missing" else ()
    unjudged = tuple(card["index"] for card in cards if _is_unjudged(card))
    if not missing and not unjudged:
        raise BadInput("run_complete")
    jobs = tuple(Job.from_plain(saved["jobs"][index]) for index in missing)
    for index, job in zip(missing, jobs, strict=True):
        cards[index] = _again(cards[index], job)
    grid.pop("zip", None)
    if missing:
        grid["state"] = "running"
    else:
        grid["judging"] = True
    if len(missing) == len(lacking):
        grid.pop("error", None)
    return Rest(grid, missing, jobs, unjudged)


def _is_missing(card: Card) -> bool:
    """Also a result that was shown, and whose lossless file was not written any more."""
    return card["state"] == "stopped" or (card["state"] == "done" and "full" not in card)


def _is_unjudged(card: Card) -> bool:
    return card["state"] == "done" and "full" in card and "readings" not in card


def _again(before: Card, job: Job) -> Card:
    card = new_card(before["index"], job, get_eraser(job.eraser).spec)
    if "axes" in before:
        card["axes"] = before["axes"]
    return card


def placed(events: Iterator[Event], indices: Sequence[int]) -> Iterator[Event]:
    """What is said of jobs, said of the cards with these indices."""
    for event in events:
        yield replace(event, index=indices[event.index])


def mask_digest(mask: Mask) -> str:
    """SHA-256 of the mask, packed to bits."""
    return sha256(np.packbits(mask).tobytes()).hexdigest()


def own_mask(runs: RunStore, run_id: str, saved: SavedRun) -> Mask:
    """The mask as it was when the run began. Raises UserError where its file is another."""
    mask = read_upload(runs.folder / run_id / "mask.png")
    if mask_digest(mask) != saved["mask_sha256"]:
        raise run_damaged()
    return mask


def inputs_of(saved: SavedRun) -> Inputs:
    """All of run.json but the grid: whatever else a run carries goes on with it."""
    return cast("Inputs", {name: v for name, v in saved.items() if name not in ("grid", "format")})
