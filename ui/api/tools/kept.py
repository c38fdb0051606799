"""Where a result lies, and what file was made of it to be kept."""

from __future__ import annotations

from dataclasses import dataclass

from ui.api.saving import SavedResult


@dataclass(frozen=True, slots=True)
class Saved:
    """A file like the photo. told: what the endpoint says of it."""

    address: str
    told: SavedResult


@dataclass(frozen=True, slots=True)
class Kept:
    """A result. address: of its lossless PNG. card: RUN:CARD, to go on with it."""

    address: str
    card: str
    saved: Saved | None
