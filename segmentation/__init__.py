"""From a photo and a few gestures to a mask: the one door through which others use it.

    embedding = EmbeddingCache(2**28).get(get_segmenter("mobile_sam"), photo.rgb, photo.key)
    selection = select(get_segmenter("mobile_sam"), embedding, [PromptedObject(...)], dilate=8)

Only the names below are public. Each is imported when it is first asked for, so that
`import segmentation` costs nothing and brings no heavy library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segmentation.cache import EmbeddingCache as EmbeddingCache
    from segmentation.grounding import BOX_THRESHOLD as BOX_THRESHOLD
    from segmentation.grounding import TEXT_THRESHOLD as TEXT_THRESHOLD
    from segmentation.grounding import Detection as Detection
    from segmentation.grounding import Detections as Detections
    from segmentation.grounding import DetectorSpec as DetectorSpec
    from segmentation.grounding import as_objects as as_objects
    from segmentation.grounding import choose_detector as choose_detector
    from segmentation.grounding import detect as detect
    from segmentation.grounding import get_detector as get_detector
    from segmentation.grounding import is_detector_ready as is_detector_ready
    from segmentation.grounding import list_detectors as list_detectors
    from segmentation.grounding import why_no_detector as why_no_detector
    from segmentation.masks import dilate as dilate
    from segmentation.masks import drop_speckles as drop_speckles
    from segmentation.masks import fill_holes as fill_holes
    from segmentation.masks import mask_png as mask_png
    from segmentation.masks import overlay_png as overlay_png
    from segmentation.phrases import Phrase as Phrase
    from segmentation.phrases import read_phrase as read_phrase
    from segmentation.prompts import MAX_OBJECTS as MAX_OBJECTS
    from segmentation.prompts import MAX_POINTS as MAX_POINTS
    from segmentation.prompts import Box as Box
    from segmentation.prompts import Point as Point
    from segmentation.prompts import PromptedObject as PromptedObject
    from segmentation.prompts import parse_objects as parse_objects
    from segmentation.registry import get_segmenter as get_segmenter
    from segmentation.registry import list_segmenters as list_segmenters
    from segmentation.segmenter import Candidates as Candidates
    from segmentation.segmenter import Embedding as Embedding
    from segmentation.segmenter import Segmenter as Segmenter
    from segmentation.segmenter import SegmenterSpec as SegmenterSpec
    from segmentation.selection import Level as Level
    from segmentation.selection import Selection as Selection
    from segmentation.selection import select as select

_HOME = {
    "cache": "EmbeddingCache",
    "grounding": (
        "BOX_THRESHOLD TEXT_THRESHOLD Detection Detections DetectorSpec as_objects"
        " choose_detector detect get_detector is_detector_ready list_detectors why_no_detector"
    ),
    "masks": "dilate drop_speckles fill_holes mask_png overlay_png",
    "phrases": "Phrase read_phrase",
    "prompts": "MAX_OBJECTS MAX_POINTS Box Point PromptedObject parse_objects",
    "registry": "get_segmenter list_segmenters",
    "segmenter": "Candidates Embedding Segmenter SegmenterSpec",
    "selection": "Level Selection select",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import a public name from its home at its first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'segmentation' has no attribute {name!r}")
    value = getattr(import_module(f"segmentation.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
