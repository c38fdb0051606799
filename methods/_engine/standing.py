"""How an eraser stands on this machine, in one word, for whoever lists erasers."""

from __future__ import annotations

from enum import StrEnum

from methods._base import Eraser
from methods._diffusion.settings import DiffusionSettings, TransformerSettings
from methods._engine.obstacles import Hurdle
from methods._engine.readiness import Report

_NEVER = frozenset({Hurdle.NOWHERE, Hurdle.PACKAGES, Hurdle.DEVICE})
_TOO_LARGE = frozenset({Hurdle.MEMORY, Hurdle.DISK})
BY_HAND = "weights_by_hand"
"""The code of what no program can fetch."""


class Standing(StrEnum):
    """READY: runs at once. TO_FETCH: runs here once its weights have come. TOO_LARGE: for this
    machine's memory or disk. NO_WEIGHTS: they are missing, and no program can fetch them. CANNOT:
    a package or a device is missing, or it runs nowhere."""

    READY = "ready"
    TO_FETCH = "to_fetch"
    TOO_LARGE = "too_large"
    NO_WEIGHTS = "no_weights"
    CANNOT = "cannot"


def standing_of(found: Report) -> Standing:
    """The gravest first: what is in the way of all else."""
    kinds = {each.kind for each in found.obstacles}
    missing = [facts for facts in found.weights if not facts.is_here]
    if kinds & _NEVER:
        return Standing.CANNOT
    if any(facts.code == BY_HAND for facts in missing):
        return Standing.NO_WEIGHTS
    if kinds & _TOO_LARGE:
        return Standing.TOO_LARGE
    return Standing.TO_FETCH if missing else Standing.READY


class Family(StrEnum):
    """By how an eraser computes, which says most of how long it takes. CLASSICAL: no network.
    NETWORK: one pass through a network. DIFFUSION: several through one of Stable Diffusion's size.
    TRANSFORMER: several through a transformer of billions of numbers."""

    CLASSICAL = "classical"
    NETWORK = "network"
    DIFFUSION = "diffusion"
    TRANSFORMER = "transformer"


def family_of(eraser: type[Eraser]) -> Family:
    """As its settings and its spec tell."""
    if issubclass(eraser.Settings, TransformerSettings):
        return Family.TRANSFORMER
    if issubclass(eraser.Settings, DiffusionSettings):
        return Family.DIFFUSION
    return Family.NETWORK if eraser.spec.learned else Family.CLASSICAL
