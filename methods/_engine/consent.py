"""Photos leave this machine only for hosts that whoever erases has agreed to.

An owner's eraser that runs at a server names the host in its `spec.sends_to`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from methods._base import BadInput, EraserSpec
from methods._engine.registry import get_eraser


def demand_agreed(erasers: Iterable[str], agreed: Container[str]) -> None:
    """Raise BadInput ("not_agreed") for the first eraser, by its id, that sends photos to a host
    that is not among those that were agreed to. Names that no eraser has are others' business."""
    for spec in filter(None, map(_known, dict.fromkeys(erasers))):
        if spec.sends_to and spec.sends_to not in agreed:
            raise BadInput("not_agreed", title=spec.name, host=spec.sends_to)


def _known(eraser: str) -> EraserSpec | None:
    try:
        return get_eraser(eraser).spec
    except BadInput:
        return None
