"""Which segmenters there are, and one shared instance of each."""

from __future__ import annotations

import threading
from importlib import import_module

from methods import BadInput
from segmentation.segmenter import Segmenter, SegmenterSpec

_CLASSES = {"mobile_sam": "MobileSam", "grabcut": "GrabCut"}
_shared: dict[str, Segmenter] = {}
_loading = {segmenter_id: threading.Lock() for segmenter_id in _CLASSES}


def _class_of(segmenter_id: str) -> type[Segmenter]:
    if segmenter_id not in _CLASSES:
        raise BadInput(
            f"There is no segmenter of that name; choose one of {', '.join(_CLASSES)}.",
            "unknown_segmenter",
            known=", ".join(_CLASSES),
        )
    module = import_module(f"segmentation.{segmenter_id}")
    return getattr(module, _CLASSES[segmenter_id])


def list_segmenters() -> tuple[SegmenterSpec, ...]:
    """All of them, the preferred one first; loads nothing heavy."""
    return tuple(_class_of(segmenter_id).spec for segmenter_id in _CLASSES)


def get_segmenter(segmenter_id: str, *, fetch_missing: bool = True) -> Segmenter:
    """The one loaded instance of the process; loads it at the first call, once.

    fetch_missing: False = do not download, raise WeightsUnavailable instead. Raises
    BadInput for an unknown id and WeightsUnavailable when its weights cannot be had.
    """
    kind = _class_of(segmenter_id)
    with _loading[segmenter_id]:
        if segmenter_id not in _shared:
            if not fetch_missing:
                _demand_weights(kind.spec)
            _shared[segmenter_id] = kind.load()
        return _shared[segmenter_id]


def _demand_weights(spec: SegmenterSpec) -> None:
    from methods import WeightsUnavailable, find_weights

    for weight in spec.weights:
        if find_weights(weight) is None:
            raise WeightsUnavailable(
                f"The weights of {spec.name} are not on this machine yet"
                f" ({weight.size / 1e6:.0f} MB). Fetch them first.",
                "weights_missing",
                name=weight.name,
                size=weight.size,
            )
