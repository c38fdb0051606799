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
        name=Text("Rim", "边痕"),
        formula=Text(
            "Share of the mask's edge along which, within 4 pixels, the colour differs from that 3"
            " pixels to both sides in the same direction, by ΔE 5 and twice the usual near by.",
            "蒙版边缘中，4 像素内颜色与两侧 3 像素处朝同一方向相差至少 ΔE 5，"
            "且达附近通常值两倍的比例。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.25,
        remark=Text("A rim is left along {value} of the edge.", "{value} 的边缘留有一圈痕迹。"),
    ),
    Metric(
        id="seam",
        name=Text("Seam", "接缝"),
        formula=Text(
            "Share of the mask's edge along which, within 4 pixels, the colour steps by ΔE 5 and"
            " by twice what is usual near by.",
            "蒙版边缘中，4 像素内颜色跳变至少 ΔE 5 且达附近通常值两倍的比例。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.45,
        remark=Text("A seam shows along {value} of the edge.", "{value} 的边缘看得出接缝。"),
    ),
    Metric(
        id="sharpness",
        name=Text("Sharpness inside", "内部清晰度"),
        formula=Text(
            "Amplitude of the detail below 2 pixels inside the mask, relative to the surrounding"
            " ring, or relative to the coarser detail (4 to 16 pixels) of both, whichever is"
            " larger.",
            "蒙版内 2 像素以下细节的幅度与周围环带之比，或再除以两处较粗细节（4 至 16 像素）之比，"
            "取较大者。",
        ),
        range=(0, None),
        better="higher",
        needs="nothing",
        unit="%",
        threshold=0.5,
        remark=Text(
            "Blurred inside: {value} of the detail around it.",
            "内部模糊：细节只有周围的 {value}。",
        ),
    ),
    Metric(
        id="color_shift",
        name=Text("Colour shift", "色偏"),
        formula=Text(
            "Difference of colour (CIE76) between the two sides of the mask's edge, 3 to 10"
            " pixels off it: the median along the edge, with its sign.",
            "蒙版边缘两侧 3 至 10 像素处的色差（CIE76），取沿边缘带符号的中位数。",
        ),
        range=(0, None),
        better="lower",
        needs="nothing",
        unit="ΔE",
        threshold=6.0,
        remark=Text(
            "The colour is off inside: {value} from its surroundings.",
            "内部颜色不符：与周围相差 {value}。",
        ),
    ),
    Metric(
        id="repetition",
        name=Text("Repeated texture", "重复纹理"),
        formula=Text(
            "Highest correlation of the fill's fine detail with itself when shifted, less that"
            " of its surroundings.",
            "填充内容的细节平移后与自身的最高相关，减去周围的同一数值。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        threshold=0.45,
        remark=Text(
            "A texture repeats itself inside (correlation {value}).",
            "内部有重复纹理（相关 {value}）。",
        ),
    ),
    Metric(
        id="leftover",
        name=Text("Left as it was", "原样残留"),
        formula=Text(
            "Share of the detail inside the mask whose neighbourhood of 16 pixels correlates"
            " with the photo's by 0.8 or more.",
            "蒙版内细节中，与原图在 16 像素邻域内相关达 0.8 以上的比例。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.3,
        remark=Text(
            "Not erased: {value} of what was there is still there.",
            "没有擦除：原有内容还剩 {value}。",
        ),
    ),
)

_CONTENT = (
    Metric(
        id="leftover_features",
        name=Text("Object still there", "物体仍在"),
        formula=Text(
            "Share of the cells inside the mask whose features (Segment Anything's encoder) are"
            " those of the photo: cosine 0.8 or more.",
            "蒙版内特征（Segment Anything 编码器）与原图余弦相似度达 0.8 以上的格子所占比例。",
        ),
        range=(0, 1),
        better="lower",
        needs="features",
        unit="%",
        threshold=0.4,
        remark=Text(
            "Not erased: {value} of what was there can still be made out.",
            "没有擦除：原有内容的 {value} 仍可辨认。",
        ),
    ),
    Metric(
        id="inserted",
        name=Text("Something new", "新出现的内容"),
        formula=Text(
            "1 - the highest cosine of features with anything in the surroundings, mean inside"
            " the mask, less the same of the surroundings themselves.",
            "1 - 特征与周围任意处的最高余弦相似度，蒙版内平均，减去周围自身的同一数值。",
        ),
        range=(0, 2),
        better="lower",
        needs="features",
        threshold=0.09,
        remark=Text(
            "Something new appeared that its surroundings do not have ({value}).",
            "出现了周围没有的新内容（{value}）。",
        ),
    ),
    Metric(
        id="remove",
        name=Text("ReMOVE", "ReMOVE"),
        formula=Text(
            "Cosine of the mean features (Segment Anything's encoder) inside and outside the"
            " mask, on a square around it.",
            "蒙版内外平均特征（Segment Anything 编码器）的余弦相似度，在其周围的正方形内计算。",
        ),
        range=(-1, 1),
        better="higher",
        needs="features",
        source=_REMOVE,
    ),
    Metric(
        id="leftover_words",
        name=Text("Object found by name", "按名称找到物体"),
        formula=Text(
            "The best score with which the detector finds the object's words where it was.",
            "检测器在原位置按物体名称检测的最高得分。",
        ),
        range=(0, 1),
        better="lower",
        needs="detector",
        threshold=0.35,
        remark=Text(
            "The detector still finds it there (score {value}).",
            "检测器在原处仍能找到它（得分 {value}）。",
        ),
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
        ("", Text("picture", "整图")),
        ("_box", Text("mask's box", "蒙版外框")),
        ("_mask", Text("mask", "蒙版内")),
    )
    return tuple(
        Metric(
            id=f"{name}{end}",
            name=Text(f"{shown.en}, {area.en}", f"{shown.zh}（{area.zh}）"),
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
        Text("PSNR", "PSNR"),
        Text(
            "10 log10(255² / mean squared error against the truth), 100 at most.",
            "10 log10(255² / 与真值的均方误差)，最高 100。",
        ),
        "higher",
        100,
        _PSNR,
        "dB",
    ),
    *_of_truth(
        "ssim",
        Text("SSIM", "SSIM"),
        Text(
            "Structural similarity to the truth, Gaussian window of sigma 1.5, mean of R, G, B.",
            "与真值的结构相似度，σ 1.5 高斯窗，RGB 平均。",
        ),
        "higher",
        1,
        _SSIM,
    ),
    *_of_truth(
        "lpips",
        Text("LPIPS", "LPIPS"),
        Text(
            "Perceptual distance to the truth: AlexNet's features, linear heads of version 0.1,"
            " mean of the map.",
            "与真值的感知距离：AlexNet 特征，0.1 版线性头，取图的平均。",
        ),
        "lower",
        None,
        _LPIPS,
    ),
)

DEFINITIONS = (*_SURFACE, *_CONTENT, *_TRUTH)
