"""Embeddings of constant prompts that somebody has made and published, fetched as weights are.

What encodes a prompt may be five times as large as what erases, and is needed for a few words that
never change. Whoever has it makes their embeddings once (`_diffusion.publishing`), puts them on a
model hub, and pins them in the manifest "prompt-embeddings":

    <encoder's repository>-<its revision>/<key>.safetensors     as `embedding_files` keeps them

A key holds the encoder's pins, the precision and the text. Where there is no such manifest, or it
is about another revision, everything is as if there were none.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from methods._base import WeightFile, WeightsUnavailable
from methods._weights.pins.manifest import MANIFESTS, Manifests
from methods._weights.repository import Repository
from methods._weights.store import find_weights

EMBEDDINGS = "prompt-embeddings"
"""Of the manifest, and of the folder among the weights."""

_REVISION = 8  # digits of it that tell one from another


def home_of(encoder: Repository) -> str:
    """The folder for what one repository's encoders have made."""
    return f"{encoder.name}-{encoder.revision[:_REVISION]}"


def published_by(encoder: Repository) -> tuple[WeightFile, ...]:
    """All that was published of one repository's encoders: for the `more_weights` of a spec."""
    home = f"{EMBEDDINGS}/{home_of(encoder)}/"
    return tuple(weight for weight in _all(MANIFESTS) if weight.name.startswith(home))


def any_published() -> bool:
    """Whether there are any."""
    return bool(_all(MANIFESTS))


def published(key: str) -> WeightFile | None:
    """The file with the embedding of this key, wherever it is now."""
    return next((weight for weight in _all(MANIFESTS) if Path(weight.name).stem == key), None)


def published_file(key: str) -> Path | None:
    """That file on this machine, whole and as it is pinned."""
    weight = published(key)
    try:
        return None if weight is None else find_weights(weight)
    except WeightsUnavailable:  # the user's own, and not where it should be
        return None


@lru_cache(maxsize=2)
def _all(manifests: Manifests) -> tuple[WeightFile, ...]:
    return manifests.weights(EMBEDDINGS) if manifests.file(EMBEDDINGS).is_file() else ()
