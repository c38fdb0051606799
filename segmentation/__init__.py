"""From a photo and a few gestures to a mask: the one door through which others use it.

    embedding = EmbeddingCache(2**28).get(get_segmenter("mobile_sam"), photo.rgb, photo.key)
    selection = select(get_segmenter("mobile_sam"), embedding, [PromptedObject(...)], dilate=8)

Only the names below are public. Each is imported when it is first asked for, so that
`import segmentation` costs nothing and brings no heavy library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segmentation._detection.detect import BOX_THRESHOLD as BOX_THRESHOLD
    from segmentation._detection.detect import TEXT_THRESHOLD as TEXT_THRESHOLD
    from segmentation._detection.detect import Detection as Detection
    from segmentation._detection.detect import Detections as Detections
    from segmentation._detection.detect import DetectorSpec as DetectorSpec
    from segmentation._detection.detect import as_objects as as_objects
    from segmentation._detection.detect import check_packages as check_packages
    from segmentation._detection.detect import choose_detector as choose_detector
    from segmentation._detection.detect import detect as detect
    from segmentation._detection.detect import get_detector as get_detector
    from segmentation._detection.detect import is_detector_ready as is_detector_ready
    from segmentation._detection.detect import list_detectors as list_detectors
    from segmentation._detection.detect import why_no_detector as why_no_detector
    from segmentation._engine.embeddings import EmbeddingCache as EmbeddingCache
    from segmentation._engine.features import are_features_ready as are_features_ready
    from segmentation._engine.features import features_of as features_of
    from segmentation._engine.looking import Tiles as Tiles
    from segmentation._engine.registry import default_segmenter as default_segmenter
    from segmentation._engine.registry import get_segmenter as get_segmenter
    from segmentation._engine.registry import is_segmenter_ready as is_segmenter_ready
    from segmentation._engine.registry import license_page as license_page
    from segmentation._engine.registry import list_segmenters as list_segmenters
    from segmentation._engine.registry import preferred_segmenters as preferred_segmenters
    from segmentation._engine.selection import Extent as Extent
    from segmentation._engine.selection import Level as Level
    from segmentation._engine.selection import Selected as Selected
    from segmentation._engine.selection import select as select
    from segmentation._engine.selection import select_drawn as select_drawn
    from segmentation._engine.settling import Ground as Ground
    from segmentation._engine.settling import Settled as Settled
    from segmentation._engine.settling import Understood as Understood
    from segmentation._engine.settling import settle as settle
    from segmentation._masks.compose import Composed as Composed
    from segmentation._masks.compose import compose as compose
    from segmentation._masks.hints import Hint as Hint
    from segmentation._masks.hints import find_hints as find_hints
    from segmentation._masks.masks import OVERLAY_COLOR as OVERLAY_COLOR
    from segmentation._masks.masks import dilate as dilate
    from segmentation._masks.masks import drop_speckles as drop_speckles
    from segmentation._masks.masks import fill_holes as fill_holes
    from segmentation._masks.masks import margin_png as margin_png
    from segmentation._masks.masks import mask_png as mask_png
    from segmentation._masks.masks import overlay_png as overlay_png
    from segmentation._masks.masks import shown_mask as shown_mask
    from segmentation._prompts.case import Case as Case
    from segmentation._prompts.case import CasePhoto as CasePhoto
    from segmentation._prompts.case import read_case as read_case
    from segmentation._prompts.case import write_case as write_case
    from segmentation._prompts.clicks import Gesture as Gesture
    from segmentation._prompts.clicks import Gestures as Gestures
    from segmentation._prompts.mask_file import are_run_lengths as are_run_lengths
    from segmentation._prompts.mask_file import mask_of_runs as mask_of_runs
    from segmentation._prompts.mask_file import read_mask_file as read_mask_file
    from segmentation._prompts.phrases import Phrase as Phrase
    from segmentation._prompts.phrases import read_phrase as read_phrase
    from segmentation._prompts.prompts import MAX_OBJECTS as MAX_OBJECTS
    from segmentation._prompts.prompts import MAX_POINTS as MAX_POINTS
    from segmentation._prompts.prompts import Box as Box
    from segmentation._prompts.prompts import Objects as Objects
    from segmentation._prompts.prompts import Point as Point
    from segmentation._prompts.prompts import PromptedObject as PromptedObject
    from segmentation._prompts.prompts import check_count as check_count
    from segmentation._prompts.prompts import parse_objects as parse_objects
    from segmentation._prompts.rle import Rle as Rle
    from segmentation._prompts.rle import decode_rle as decode_rle
    from segmentation._prompts.rle import encode_rle as encode_rle
    from segmentation._prompts.selection import Selection as Selection
    from segmentation._prompts.selection import shape_of as shape_of
    from segmentation._prompts.shape import Shape as Shape
    from segmentation._prompts.shape import grown_as_usual as grown_as_usual
    from segmentation._prompts.shape import usual_growth as usual_growth
    from segmentation._prompts.strokes import Stroke as Stroke
    from segmentation._prompts.strokes import Strokes as Strokes
    from segmentation._prompts.sweep import DILATE as DILATE
    from segmentation._prompts.sweep import MOST_CELLS as MOST_CELLS
    from segmentation._prompts.sweep import SEED as SEED
    from segmentation._prompts.sweep import Axis as Axis
    from segmentation._prompts.sweep import Sweep as Sweep
    from segmentation._prompts.sweep import SweepCell as SweepCell
    from segmentation._prompts.sweep import SweepPart as SweepPart
    from segmentation._prompts.sweep import cell_name as cell_name
    from segmentation._prompts.sweep import cells_of as cells_of
    from segmentation._prompts.sweep import parts_of as parts_of
    from segmentation._prompts.sweep import value_words as value_words
    from segmentation._prompts.sweep_text import read_sweep as read_sweep
    from segmentation._prompts.sweep_text import seeds_in as seeds_in
    from segmentation._prompts.sweep_text import sweep_in as sweep_in
    from segmentation._prompts.tiles import Tile as Tile
    from segmentation._segmenter import Candidates as Candidates
    from segmentation._segmenter import Embedding as Embedding
    from segmentation._segmenter import Segmenter as Segmenter
    from segmentation._segmenter import SegmenterSpec as SegmenterSpec
    from segmentation._weights import MANIFESTS as MANIFESTS

_HOME = {
    "_detection.detect": (
        "BOX_THRESHOLD TEXT_THRESHOLD Detection Detections DetectorSpec as_objects check_packages"
        " choose_detector detect get_detector is_detector_ready list_detectors why_no_detector"
    ),
    "_engine.embeddings": "EmbeddingCache",
    "_engine.features": "are_features_ready features_of",
    "_engine.looking": "Tiles",
    "_engine.registry": (
        "default_segmenter get_segmenter is_segmenter_ready license_page list_segmenters"
        " preferred_segmenters"
    ),
    "_engine.selection": "Extent Level Selected select select_drawn",
    "_engine.settling": "Ground Settled Understood settle",
    "_masks.compose": "Composed compose",
    "_masks.hints": "Hint find_hints",
    "_masks.masks": (
        "OVERLAY_COLOR dilate drop_speckles fill_holes margin_png mask_png overlay_png shown_mask"
    ),
    "_prompts.case": "Case CasePhoto read_case write_case",
    "_prompts.clicks": "Gesture Gestures",
    "_prompts.mask_file": "are_run_lengths mask_of_runs read_mask_file",
    "_prompts.phrases": "Phrase read_phrase",
    "_prompts.selection": "Selection shape_of",
    "_prompts.prompts": (
        "MAX_OBJECTS MAX_POINTS Box Objects Point PromptedObject check_count parse_objects"
    ),
    "_prompts.rle": "Rle decode_rle encode_rle",
    "_prompts.shape": "Shape grown_as_usual usual_growth",
    "_prompts.strokes": "Stroke Strokes",
    "_prompts.sweep": (
        "DILATE MOST_CELLS SEED Axis Sweep SweepCell SweepPart cell_name cells_of parts_of"
        " value_words"
    ),
    "_prompts.sweep_text": "read_sweep seeds_in sweep_in",
    "_prompts.tiles": "Tile",
    "_segmenter": "Candidates Embedding Segmenter SegmenterSpec",
    "_weights": "MANIFESTS",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name from its home at its first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'segmentation' has no attribute {name!r}")
    value = getattr(import_module(f"segmentation.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
