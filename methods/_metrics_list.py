"""The definitions of all numbers, in the order in which they are shown."""

from __future__ import annotations

from methods._base import Paper, Text
from methods._metrics_base import Metric

_SSIM = Paper(
    "Image Quality Assessment: From Error Visibility to Structural Similarity",
    "https://doi.org/10.1109/TIP.2003.819861",
    2004,
)
_PSNR = Paper(
    "Scope of validity of PSNR in image/video quality assessment",
    "https://doi.org/10.1049/el:20080522",
    2008,
)

_SURFACE = (
    Metric(
        id="seam",
        name=Text("Visible seam", "可见接缝"),
        formula=Text(
            "Share of the mask's edge along which the largest step of colour within 3 pixels is"
            " at least ΔE 5 and twice the usual one near by.",
            "掩码边缘中可见接缝所占的比例：边缘 3 像素内最大的色彩跳变至少为 ΔE 5，"
            "且达到附近通常跳变的两倍。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.25,
        remark=Text(
            "A rim is left: {value} of the edge shows.", "留有边痕：{value} 的边缘看得出来。"
        ),
    ),
    Metric(
        id="sharpness",
        name=Text("Sharpness inside", "内部清晰度"),
        formula=Text(
            "Fine detail relative to coarse detail inside the mask, divided by the same in the"
            " surrounding ring; 1 = as sharp as around.",
            "掩码内细节与粗节之比，除以周围环带的同一比值；1 = 与周围一样清晰。",
        ),
        range=(0, None),
        better="higher",
        needs="nothing",
        threshold=0.4,
        remark=Text(
            "Blurred inside: {value} of the sharpness around.",
            "内部模糊：清晰度为周围的 {value}。",
        ),
    ),
    Metric(
        id="color_shift",
        name=Text("Colour shift", "色偏"),
        formula=Text(
            "Difference of colour (CIE76) between the two sides of the mask's edge, averaged"
            " along it with its sign.",
            "掩码边缘两侧的色差（CIE76），沿边缘带符号平均。",
        ),
        range=(0, None),
        better="lower",
        needs="nothing",
        unit="ΔE",
        threshold=8.0,
        remark=Text(
            "The colour is off inside: {value} from its surroundings.",
            "内部颜色不符：与周围相差 {value}。",
        ),
    ),
    Metric(
        id="repetition",
        name=Text("Repeated texture", "重复纹理"),
        formula=Text(
            "Highest correlation of the fill with itself when shifted, less that of its"
            " surroundings for the same shift.",
            "填充内容平移后与自身的最高相关，减去周围在同一平移下的相关。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        threshold=0.5,
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
            "掩码内细节中，与原图在 16 像素邻域内相关达 0.8 以上的比例。",
        ),
        range=(0, 1),
        better="lower",
        needs="nothing",
        unit="%",
        threshold=0.35,
        remark=Text(
            "Not erased: {value} of what was there is still there.",
            "没有擦除：原有内容还剩 {value}。",
        ),
    ),
)


def _of_truth(
    name: str, shown: Text, formula: Text, better: str, top: float, source: Paper, unit: str = ""
) -> tuple[Metric, ...]:
    """A metric over the picture, the mask's box and the mask."""
    areas = (
        ("", Text("picture", "整图")),
        ("_box", Text("mask's box", "掩码外框")),
        ("_mask", Text("mask", "掩码内")),
    )
    return tuple(
        Metric(
            id=f"{name}{end}",
            name=Text(f"{shown.en}, {area.en}", f"{shown.zh}（{area.zh}）"),
            formula=formula,
            range=(0, top),
            better="lower" if better == "lower" else "higher",
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
)

DEFINITIONS = (*_SURFACE, *_TRUTH)
