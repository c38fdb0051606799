"""What a job's result depends on, as one key: for those who keep results themselves."""

from __future__ import annotations

from collections.abc import Iterable

from methods._base import WeightFile, WeightsUnavailable
from methods._engine.job import Job
from methods._engine.registry import get_eraser, settings_of
from methods._engine.result_cache import job_key
from methods._weights import store
from methods._weights.sources.record import expected_digest


def fingerprint(job: Job, picture: str) -> str:
    """SHA-256 of pixels, mask, eraser, settings, seed and weights; equal jobs have equal ones.

    picture: `methods.picture_key` of the photo and the mask. A weight file that is not on this
    machine counts by its pin, or as it is recorded of its first download, so that a machine without
    weights knows what others have finished; "" where neither is known: then nothing is known of
    the result.
    Raises BadInput for an unknown eraser or setting.
    """
    eraser = get_eraser(job.eraser)
    settings = settings_of(eraser, job.settings)
    weights = expected_weights(eraser.weights_for(settings))
    if not all(weights.values()):
        return ""
    seed = job.seed if eraser.spec.seeded else 0
    plain = settings.model_dump(mode="json")
    version = {eraser.spec.id: eraser.spec.version} if eraser.spec.version else {}
    return job_key(picture, eraser.spec.id, plain, seed, weights | version)


def expected_weights(weights: Iterable[WeightFile]) -> dict[str, str]:
    """By name, the SHA-256 of each as it is here or as it is pinned; "" = not known."""
    return {weight.name: _digest(weight) for weight in weights}


def _digest(weight: WeightFile) -> str:
    """Of the file that is here, else of the one that would be fetched; "" = not known."""
    try:
        here = store.find_weights(weight) is not None
        return store.digest(weight) if here else expected_digest(weight) or ""
    except WeightsUnavailable:
        return ""
