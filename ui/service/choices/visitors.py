"""What visitors of the page and of the API may have fetched onto this machine.

    ERASER_LAB_FETCH=yes        all that the page offers
    ERASER_LAB_FETCH=offered    what its erasers need, the preferred segmenter and detector
    ERASER_LAB_FETCH=no         nothing

Whatever it says, nothing is fetched for them that this machine could not load. Whoever runs the
program is not meant: `python -m methods fetch` and what `app.py` fetches at its start come all the
same, where there is room.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum

from methods import (
    BadInput,
    Eraser,
    EraserSpec,
    Settings,
    Unavailable,
    UserError,
    WeightFile,
    WeightState,
    check_own_folder,
    demand_memory,
    get_eraser,
    list_erasers,
    most_silent_seconds,
    needed_weights,
    to_be_brought,
    weight_status,
    weights_cap,
)
from segmentation import list_detectors, list_segmenters
from ui.service.unwatched import most_unwatched_seconds


class Fetching(StrEnum):
    """Of ERASER_LAB_FETCH."""

    YES = "yes"
    OFFERED = "offered"
    NO = "no"


def fetching() -> Fetching:
    """The host's choice; on a Space OFFERED, elsewhere YES, where there is none.

    Raises BadInput for another word.
    """
    text = os.environ.get("ERASER_LAB_FETCH", "").strip().lower()
    if not text:
        return Fetching.OFFERED if os.environ.get("SPACE_ID") else Fetching.YES
    try:
        return Fetching(text)
    except ValueError:
        raise BadInput("bad_fetch_setting") from None


def check_host() -> None:
    """Raise UserError for a setting of the host that makes no sense, before anybody comes."""
    fetching()
    most_unwatched_seconds()
    most_silent_seconds()
    weights_cap()
    check_own_folder()
    list_erasers()


def may_fetch(eraser: type[Eraser], settings: Settings) -> None:
    """As `methods.run` asks it. Raises Unavailable ("fetch_forbidden", "not_enough_memory")."""
    if fetching() is Fetching.NO:
        raise Unavailable("fetch_forbidden", title=eraser.spec.name)
    demand_memory(eraser, settings)


def why_not_fetched(eraser: type[Eraser]) -> UserError | None:
    """What keeps visitors from fetching an eraser's weights, for its default settings: the host,
    memory, or that no program can fetch some of them."""
    try:
        may_fetch(eraser, eraser.Settings())
    except UserError as error:
        return error
    return next(filter(None, map(why_by_hand, needed_weights(eraser.spec))), None)


def why_by_hand(weight: WeightFile) -> UserError | None:
    """What people must do for a file that nobody sends, and that is not here."""
    if weight.by_hand is None or weight.sources or weight_status(weight).state in _HERE:
        return None
    return to_be_brought(weight, weight.by_hand)


_HERE = (WeightState.READY, WeightState.FOUND)


def demand_fetch(title: str, weights: Iterable[WeightFile]) -> None:
    """Raise UserError where visitors may not fetch these files. title: what they are for."""
    choice, names = fetching(), {weight.name for weight in weights}
    if choice is Fetching.NO:
        raise Unavailable("fetch_forbidden", title=title)
    if choice is Fetching.OFFERED and not names <= _names_offered():
        raise Unavailable("fetch_not_offered", title=title)
    users = [spec for spec in list_erasers() if names & _names_of(spec)]
    reasons = [why_not_fetched(get_eraser(spec.id)) for spec in users]
    if reasons and None not in reasons:
        raise next(filter(None, reasons))


def _names_offered() -> set[str]:
    page = [*list_segmenters()[0].weights, *list_detectors()[0].weights]
    own = {weight.name for weight in page}
    return own.union(*map(_names_of, list_erasers()))


def _names_of(spec: EraserSpec) -> set[str]:
    return {weight.name for weight in (*spec.weights, *spec.more_weights)}
