"""What a job's result depends on, as one key: for those who keep results themselves."""

from __future__ import annotations

from methods._base import WeightsUnavailable
from methods._engine.job import Job
from methods._engine.registry import get_eraser, settings_of
from methods._engine.result_cache import job_key
from methods._weights import store


def fingerprint(job: Job, picture: str) -> str:
    """SHA-256 of pixels, mask, eraser, settings, seed and weights; equal jobs have equal ones.

    picture: `methods.picture_key` of the photo and the mask. "" where a weight file is not on
    this machine: then nothing is known of the result.
    Raises BadInput for an unknown eraser or setting.
    """
    eraser = get_eraser(job.eraser)
    settings = settings_of(eraser, job.settings)
    weights = {}
    for weight in eraser.weights_for(settings):
        try:
            if store.find_weights(weight) is None:
                return ""
            weights[weight.name] = store.digest(weight)
        except WeightsUnavailable:
            return ""
    seed = job.seed if eraser.spec.seeded else 0
    plain = settings.model_dump(mode="json")
    return job_key(picture, eraser.spec.id, plain, seed, weights)
