"""From words to boxes: "red car, dog" finds cars and dogs, each with its score.

    found = detect(photo.rgb, photo.key, "Red car, dog")
    objects = as_objects(found, box_threshold=0.4)

What was found on a photo for a phrase is a value and is remembered, down to a score that
no slider goes below: moving a threshold filters it and runs no network.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

from methods import (
    BadInput,
    BoundedCache,
    Image,
    Text,
    Unavailable,
    UserError,
    WeightsUnavailable,
    find_weights,
    keep_weights,
    with_device_room,
)
from segmentation._detection.detector import BOX_THRESHOLD as BOX_THRESHOLD
from segmentation._detection.detector import TEXT_THRESHOLD as TEXT_THRESHOLD
from segmentation._detection.detector import Detection as Detection
from segmentation._detection.detector import Detections as Detections
from segmentation._detection.detector import Detector, too_little_memory
from segmentation._detection.detector import DetectorSpec as DetectorSpec
from segmentation._prompts.phrases import read_phrase
from segmentation._prompts.prompts import MAX_OBJECTS, PromptedObject

_CLASSES = {
    "grounding_dino_tiny": ("_detection.grounding_dino", "GroundingDinoTiny"),
    "grounding_dino_base": ("_detection.grounding_dino", "GroundingDinoBase"),
    "groundingdino_py": ("_detection.groundingdino_py", "GroundingDinoPy"),
}
_shared: dict[str, Detector] = {}
_loading = {detector_id: threading.Lock() for detector_id in _CLASSES}
keep_weights(lambda: [each.name for kept in (*_shared.values(),) for each in kept.spec.weights])

_Key = tuple[str, tuple[str, ...], str]
_detections: BoundedCache[_Key, Detections] = BoundedCache(
    32 * 2**20, newest_always=True, kind="detections"
)


# --- which detectors there are -----------------------------------------------------------


def _class_of(detector_id: str) -> type[Detector]:
    if detector_id not in _CLASSES:
        raise BadInput("unknown_detector", known=", ".join(_CLASSES))
    module, name = _CLASSES[detector_id]
    found: type[Detector] = getattr(import_module(f"segmentation.{module}"), name)
    return found


def list_detectors() -> tuple[DetectorSpec, ...]:
    """All of them, the preferred one first; loads nothing heavy."""
    return tuple(_class_of(detector_id).spec for detector_id in _CLASSES)


def why_no_detector(spec: DetectorSpec) -> Text | None:
    """What stands in the way of the detector here, weights apart; None: nothing."""
    if all(find_spec(package) is not None for package in spec.packages):
        return None
    return Text("detector.packages", command=spec.install)


def is_detector_ready(spec: DetectorSpec) -> bool:
    """Whether its packages and all its weights are on this machine."""
    if why_no_detector(spec) is not None:
        return False
    try:
        return all(find_weights(weight) is not None for weight in spec.weights)
    except WeightsUnavailable:  # the user has named a file that is not there
        return False


def get_detector(detector_id: str, *, fetch_missing: bool = True) -> Detector:
    """The one loaded instance of the process; loads it at the first call, once.

    fetch_missing: False = do not download. Raises BadInput for an unknown id, Unavailable
    ("detector_packages") and WeightsUnavailable ("detector_missing", or what went wrong).
    """
    kind = _class_of(detector_id)
    with _loading[detector_id]:
        if detector_id not in _shared:
            check_packages(kind.spec)
            if not fetch_missing:
                _demand_weights(kind.spec)
            _shared[detector_id] = with_device_room(kind.load, lambda: too_little_memory(kind.spec))
        return _shared[detector_id]


def choose_detector(backend: str | None = None) -> DetectorSpec:
    """The one named, or the first that is ready, or the preferred one. Raises BadInput."""
    if backend is not None:
        return _class_of(backend).spec
    specs = list_detectors()
    return next(filter(is_detector_ready, specs), specs[0])


def check_packages(spec: DetectorSpec) -> None:
    """Raise Unavailable ("detector_packages") when the detector's packages are not here."""
    if why_no_detector(spec) is not None:
        raise Unavailable("detector_packages", name=spec.name, command=spec.install)


def _demand_weights(spec: DetectorSpec) -> None:
    missing = [weight for weight in spec.weights if find_weights(weight) is None]
    if missing:
        megabytes = round(sum(weight.size for weight in missing) / 1e6)
        command = f"python -m methods fetch {spec.id}"
        raise WeightsUnavailable(
            "detector_missing",
            name=spec.name,
            detector=spec.id,
            megabytes=megabytes,
            command=command,
        )


# --- finding things ----------------------------------------------------------------------


def detect(
    image: Image | Callable[[], Image], key: str, phrase: str, backend: str | None = None
) -> Detections:
    """Everything on a photo that a phrase may mean, best first.

    image: (H, W, 3) uint8 RGB, or a function that gives it, called only when needed. key:
    identifies the pixels (`Photo.key`). phrase: as typed; see `segmentation._prompts.phrases`.
    backend: a detector's id; None = the first that is ready. Computed once for each photo,
    phrase and detector, however many ask for it at once. Downloads nothing: raises
    WeightsUnavailable ("detector_missing") for weights that are not here, Unavailable, or
    BadInput for the phrase.
    """
    asked = read_phrase(phrase)
    spec = choose_detector(backend)

    def compute() -> Detections:
        detector = get_detector(spec.id, fetch_missing=False)
        return detector.detect(image() if callable(image) else image, asked)

    found = _detections.get((key, asked.parts, spec.id), compute)
    return replace(found, phrase=asked)  # others may have typed it in another language


def as_objects(
    detections: Detections,
    box_threshold: float = BOX_THRESHOLD,
    text_threshold: float = TEXT_THRESHOLD,
    *,
    level: int | None = None,
    most: int = MAX_OBJECTS,
) -> tuple[PromptedObject, ...]:
    """The best `most` detections above the thresholds as objects to segment.

    level: of `PromptedObject`, for all. Raises BadInput ("nothing_detected") for none.
    """
    chosen = detections.above(box_threshold, text_threshold)[:most]
    if not chosen:
        raise _nothing_detected(detections)
    prompts = ({"box": each.box, "level": level} for each in chosen)
    return tuple(PromptedObject.model_validate(prompt) for prompt in prompts)


def _nothing_detected(detections: Detections) -> UserError:
    words = ", ".join(detections.phrase.parts)
    best = max((each.score for each in detections.found), default=0.0)
    return BadInput("nothing_detected", words=words, score=round(best, 2))
