"""The grid's cards: plain dictionaries that follow the events of a run.

A card's `state` is one of: queued, waiting, borrowing, fetching, loading, running, stopping; and at
the end: done, failed, stopped. A card that is done gets its `readings` when all have ended.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from methods import (
    Borrowing,
    EraserSpec,
    Event,
    Failed,
    Fetching,
    Finished,
    Job,
    Loading,
    Started,
    Stepped,
    Waiting,
)
from ui.common.errors import notice_shown
from ui.common.grid import Card, CardState

ENDED = frozenset({"done", "failed", "stopped"})
INTERRUPTIBLE = frozenset({"borrowing", "fetching", "loading", "running"})
Progressing: TypeAlias = Literal[
    "ahead", "after", "step", "total", "done", "size", "file", "notice"
]

PROGRESS: tuple[Progressing, ...] = get_args(Progressing)
"""What a card says of its progress; each state has its own, and the last has none."""

Figure: TypeAlias = Literal[
    "load_seconds",
    "erase_seconds",
    "pieces",
    "peak_memory",
    "memory_kind",
    "device",
    "changed_outside",
    "cached",
    "weights",
    "error",
    "result_notes",
    "readings",
    "remark",
    "remarks",
]

FIGURES: tuple[Figure, ...] = get_args(Figure)
"""What a card says of its result, wherever that is told again."""


def new_card(index: int, job: Job, spec: EraserSpec) -> Card:
    return {
        "index": index,
        "eraser": spec.id,
        "name": spec.name,
        "state": "queued",
        "seed": job.seed,
        "settings": dict(job.settings),
        "notes": [note.plain() for note in spec.notes],
    }


def follow(card: Card, event: Event) -> bool:
    """Change the card as the event says. True = at once for the page; False = in good time.

    `Finished` is left to the caller, who has a picture to put away first.
    """
    before = card["state"]
    match event:
        case Waiting(ahead=ahead, seconds=seconds):
            _move(card, "waiting")
            card["ahead"] = ahead
            if seconds is not None:
                card["after"] = seconds
        case Borrowing():
            _move(card, "borrowing")
        case Fetching(name=name, done=done, total=total, notice=notice):
            _move(card, "fetching")
            card.update({"file": name, "done": done, "size": total})
            if notice is not None:
                card["notice"] = notice_shown(notice)
        case Loading():
            _move(card, "loading")
        case Started(patches=patches):
            _move(card, "running")
            card["pieces"] = patches
        case Stepped(step=step, total=total):
            _move(card, "running")
            card.update({"step": step, "total": total})
        case Failed():
            _fail(card, event)
    return card["state"] != before


def _move(card: Card, state: CardState) -> None:
    """Into a state; a stopped card stays "stopping" until its end."""
    stopping = card["state"] == "stopping"
    for name in PROGRESS:
        card.pop(name, None)
    card["state"] = "stopping" if stopping else state


def _fail(card: Card, event: Failed) -> None:
    end(card, "stopped" if event.stopped else "failed")
    if not event.stopped:
        card["error"] = {
            "code": event.code,
            "text": event.text,
            "details": dict(event.details),
            "said": event.sentence.plain(),
        }


def finish(card: Card, event: Finished, view: str) -> None:
    """The figures and the view of a result; its lossless file (`full`) comes later."""
    end(card, "done")
    card.update(
        {
            "view": view,
            "load_seconds": event.load_seconds,
            "erase_seconds": event.erase_seconds,
            "pieces": event.pieces,
            "peak_memory": event.peak_memory,
            "memory_kind": event.memory_kind,
            "device": event.device,
            "changed_outside": event.changed_outside,
            "cached": event.cached,
            "seed": event.seed,
            "settings": dict(event.settings),
            "weights": dict(event.weights),
            "result_notes": [note.plain() for note in event.notes],
        }
    )


def end(card: Card, state: CardState) -> None:
    for name in PROGRESS:
        card.pop(name, None)
    card["state"] = state


def ask_to_stop(cards: list[Card]) -> None:
    """Stop was pressed: what is at work says so, what waits is over at once anyway."""
    for card in cards:
        if card["state"] in INTERRUPTIBLE:
            card["state"] = "stopping"
