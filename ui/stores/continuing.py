"""A run's result as a photo to go on with: its files, and the chain of erases that it ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from methods import BadInput, Mask
from ui.common.errors import run_damaged
from ui.common.files import own_file
from ui.common.grid import Card
from ui.common.names import safe_stem
from ui.stores.chain import FIRST, MOST_STEPS, REACHED, Chain, FirstPhoto, Step
from ui.stores.masks import read_upload
from ui.stores.runs import RunStore, SavedRun, result_name


@dataclass(frozen=True, slots=True)
class Continued:
    """result: the lossless file. first: the file of the photo that was opened in the beginning.
    masks: the files whose union is what may differ between them. name: what the photo is called."""

    chain: Chain
    name: str
    result: Path
    first: Path
    masks: tuple[Path, ...]

    def reached(self) -> Mask:
        """The union of all masks, (H, W) bool. Raises UserError where a file is gone."""
        return reduce(np.logical_or, map(read_upload, self.masks))


def continued(runs: RunStore, run_id: str, index: int) -> Continued:
    """The result of a run's card, to go on with. Raises UserError: "run_gone", "no_result",
    "chain_too_long"."""
    found = made(runs, run_id, index)
    if len(found.chain.steps) > MOST_STEPS:
        raise BadInput("chain_too_long", limit=MOST_STEPS)
    return found


def made(runs: RunStore, run_id: str, index: int) -> Continued:
    """The same, for whoever wants to keep it. Raises UserError: "run_gone", "no_result"."""
    saved, folder = runs.load(run_id), runs.folder / run_id
    card = _card(saved, index)
    result = own_file(folder / result_name(index, card["eraser"], "png"))
    first, masks = first_and_masks(saved, folder)
    if result is None:
        raise BadInput("no_result")
    chain = _longer(saved, run_id, card)
    name = f"{safe_stem(chain.first.name)}.png"
    return Continued(chain, name, result, first, masks)


def first_and_masks(saved: SavedRun, folder: Path) -> tuple[Path, tuple[Path, ...]]:
    """The file of the photo that was opened in the beginning, and those of the masks by which a
    run's results may differ from it. Raises UserError ("run_damaged") where one is gone."""
    chained = "chain" in saved["photo"]
    first = folder / (FIRST if chained else "original")
    masks = (folder / REACHED, folder / "mask.png") if chained else (folder / "mask.png",)
    if any(own_file(file) is None for file in (first, *masks)):
        raise run_damaged()
    return first, masks


def _card(saved: SavedRun, index: int) -> Card:
    """A card whose lossless result is written."""
    cards = saved["grid"]["cards"]
    if not 0 <= index < len(cards) or "full" not in cards[index]:
        raise BadInput("no_result")
    return cards[index]


def _longer(saved: SavedRun, run_id: str, card: Card) -> Chain:
    photo = saved["photo"]
    if "chain" in photo:
        before = Chain.model_validate(photo["chain"])
        first, steps = before.first, before.steps
    else:
        first, steps = FirstPhoto.model_validate(photo), ()
    return Chain(first=first, steps=(*steps, _step(photo["id"], run_id, card)))


def _step(photo_id: str, run_id: str, card: Card) -> Step:
    return Step(
        photo=photo_id,
        run=run_id,
        index=card["index"],
        eraser=card["eraser"],
        name=card["name"][:200],
        seed=card["seed"],
        settings=_plain(card),
    )


def _plain(card: Card) -> dict[str, JsonValue]:
    return dict(card["settings"])
