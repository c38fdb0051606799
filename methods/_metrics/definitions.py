"""The definitions of all numbers, in the order in which they are shown."""

from __future__ import annotations

from methods._base import Paper, Text
from methods._metrics.base import Direction, Metric

_SSIM = Paper(
    "Image Quality Assessment: From Error Visibility to Structural Similarity",
    "https://doi.org/10.1109/TIP.2003.819861",
    2004,
)
_LPIPS = Paper(
    "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
    "https://arxiv.org/abs/1801.03924",
    2018,
)
_REMOVE = Paper(
    "ReMOVE: A Reference-free Metric for Object Erasure",
    "https://arxiv.org/abs/2409.00707",
    2024,
)
_PSNR = Paper(
    "Scope of validity of PSNR in image/video quality assessment",
    "https://doi.org/10.1049/el:20080522",
    2008,
)

_SURFACE = (
    Metric(
        id="rim",
        name=Text("metric.rim.name"),
        formula=Text("metric.rim.formula"),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.25,
        remark="metric.rim.remark",
    ),
    Metric(
        id="seam",
        name=Text("metric.seam.name"),
        formula=Text("metric.seam.formula"),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.45,
        remark="metric.seam.remark",
    ),
    Metric(
        id="sharpness",
        name=Text("metric.sharpness.name"),
        formula=Text("metric.sharpness.formula"),
        range=(0, None),
        better="higher",
        needs="nothing",
        unit="%",
        threshold=0.5,
        remark="metric.sharpness.remark",
    ),
    Metric(
        id="color_shift",
        name=Text("metric.color_shift.name"),
        formula=Text("metric.color_shift.formula"),
        range=(0, None),
        better="lower",
        needs="nothing",
        unit="ΔE",
        threshold=6.0,
        remark="metric.color_shift.remark",
    ),
    Metric(
        id="silhouette",
        name=Text("metric.silhouette.name"),
        formula=Text("metric.silhouette.formula"),
        range=(0, None),
        better="lower",
        needs="nothing",
        unit="ΔE",
        threshold=2.5,
        remark="metric.silhouette.remark",
    ),
    Metric(
        id="tint",
        name=Text("metric.tint.name"),
        formula=Text("metric.tint.formula"),
        range=(0, None),
        better="lower",
        needs="nothing",
        unit="ΔE",
        threshold=2.0,
        remark="metric.tint.remark",
    ),
    Metric(
        id="repetition",
        name=Text("metric.repetition.name"),
        formula=Text("metric.repetition.formula"),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.3,
        remark="metric.repetition.remark",
    ),
    Metric(
        id="leftover",
        name=Text("metric.leftover.name"),
        formula=Text("metric.leftover.formula"),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.3,
        remark="metric.leftover.remark",
    ),
)

_CONTENT = (
    Metric(
        id="leftover_features",
        name=Text("metric.leftover_features.name"),
        formula=Text("metric.leftover_features.formula"),
        range=(0, 1),
        better="lower",
        needs="features",
        unit="%",
        threshold=0.4,
        remark="metric.leftover_features.remark",
    ),
    Metric(
        id="inserted",
        name=Text("metric.inserted.name"),
        formula=Text("metric.inserted.formula"),
        range=(0, 2),
        better="lower",
        needs="features",
        threshold=0.09,
        remark="metric.inserted.remark",
    ),
    Metric(
        id="remove",
        name=Text("metric.remove.name"),
        formula=Text("metric.remove.formula"),
        range=(-1, 1),
        better="higher",
        needs="features",
        source=_REMOVE,
    ),
    Metric(
        id="leftover_words",
        name=Text("metric.leftover_words.name"),
        formula=Text("metric.leftover_words.formula"),
        range=(0, 1),
        better="lower",
        needs="detector",
        threshold=0.35,
        remark="metric.leftover_words.remark",
    ),
)


def _of_truth(
    name: str,
    shown: Text,
    formula: Text,
    better: Direction,
    top: float | None,
    source: Paper,
    unit: str = "",
) -> tuple[Metric, ...]:
    """A metric over the picture, the mask's box and the mask."""
    areas = (
        ("", Text("metric.area.picture")),
        ("_box", Text("metric.area.box")),
        ("_mask", Text("metric.area.mask")),
    )
    return tuple(
        Metric(
            id=f"{name}{end}",
            name=Text("metric.in_area", metric=shown, area=area),
            short=shown,
            formula=formula,
            range=(-1 if name == "ssim" else 0, top),
            better=better,
            needs="truth",
            source=source,
            unit=unit,
        )
        for end, area in areas
    )


_TRUTH = (
    *_of_truth(
        "psnr",
        Text("metric.psnr.name"),
        Text("metric.psnr.formula"),
        "higher",
        100,
        _PSNR,
        "dB",
    ),
    *_of_truth(
        "ssim",
        Text("metric.ssim.name"),
        Text("metric.ssim.formula"),
        "higher",
        1,
        _SSIM,
    ),
    *_of_truth(
        "lpips",
        Text("metric.lpips.name"),
        Text("metric.lpips.formula"),
        "lower",
        None,
        _LPIPS,
    ),
)

DEFINITIONS = (*_SURFACE, *_CONTENT, *_TRUTH)
