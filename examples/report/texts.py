"""The sentences of the HTML report, in both languages."""

from __future__ import annotations

from methods import Text

TEXTS: dict[str, Text] = {
    "made": Text("Made {date} with Eraser Lab", "{date} 由 Eraser Lab 生成"),
    "counts": Text("{cases} cases, {cells} results", "{cases} 个案例，{cells} 个结果"),
    "seed": Text("seed {seed}", "种子 {seed}"),
    "language": Text("Language", "语言"),
    "theme": Text("Light or dark", "浅色或深色"),
    "all_sliders": Text("All sliders", "全部滑块"),
    "shown": Text("Show", "显示"),
    "summary": Text("At a glance", "总览"),
    "eraser": Text("Eraser", "擦除器"),
    "done": Text("Done", "完成"),
    "failed": Text("Failed", "失败"),
    "seconds": Text("Seconds, median", "秒（中位数）"),
    "memory": Text("Memory, most", "内存峰值"),
    "outside": Text("Changed outside", "蒙版外改动"),
    "remarks": Text("Remarks", "问题数"),
    "truth_note": Text(
        "{names}: means over the {count} cases with a known truth that every eraser finished,"
        " inside the mask. Best in bold. A small set: it shows tendencies, it does not rank.",
        "{names}：在所有擦除器均完成的 {count} 个有真值案例上、蒙版内的平均值，最佳值加粗。"
        "案例很少，只显示倾向，不作排名。",
    ),
    "seconds_note": Text(
        "Seconds are of erasing alone, on the device named with each result; memory is the loaded"
        " eraser and the most that its work took above that.",
        "秒数只计擦除本身，设备见各结果；内存为加载后的擦除器加上工作时的峰值。",
    ),
    "photo": Text("Photo and mask", "照片与蒙版"),
    "truth": Text("Truth", "真值"),
    "truth_hint": Text("the photo without the object", "没有该物体的照片"),
    "before": Text("before", "之前"),
    "after": Text("after", "之后"),
    "masked": Text("{share} % masked", "蒙版占 {share}%"),
    "pixels": Text("{width} × {height} pixels", "{width} × {height} 像素"),
    "untouched": Text("0 pixels changed outside the mask", "蒙版外 0 像素改动"),
    "touched": Text("{count} pixels changed outside the mask", "蒙版外改动了 {count} 像素"),
    "numbers": Text("All numbers", "全部数值"),
    "how": Text("Settings, seed, weights", "设置、种子、权重"),
    "defaults": Text("all settings at their defaults", "全部为默认设置"),
    "weights": Text("weights", "权重"),
    "no_weights": Text("no weights", "无权重"),
    "same_pair": Text("Same photo and mask:", "相同照片和蒙版："),
    "stand_ins": Text("Stand-in cases:", "替代案例："),
    "document_says": Text("The document says", "文档评语"),
    "person_says": Text("Remark", "评语"),
    "no_result": Text("No result", "无结果"),
    "whole_case": Text("This case could not be opened", "无法打开此案例"),
    "source": Text("link", "链接"),
    "document": Text("document", "文档"),
    "enlarge": Text("Enlarge", "放大"),
    "close": Text("Close", "关闭"),
    "viewer_hint": Text(
        "← → other results · Space: before and after · Esc: close",
        "← → 切换结果 · 空格：前后对比 · Esc：关闭",
    ),
    "slider": Text("Before and after: {name}", "前后对比：{name}"),
    "no_script": Text(
        "The pictures of this report need JavaScript; the numbers do not.",
        "本报告的图片需要 JavaScript，数值不需要。",
    ),
    "better_higher": Text("higher is better", "越高越好"),
    "better_lower": Text("lower is better", "越低越好"),
    "versions": Text("Versions", "版本"),
    "keys": Text(
        "Drag on a picture, or focus it and use the arrow keys; all pictures of a case move"
        " together.",
        "在图片上拖动，或选中后用方向键；同一案例的所有图片同步移动。",
    ),
}


def text(key: str, **values: object) -> Text:
    """A sentence with its values."""
    return Text(*(sentence.format(**values) for sentence in TEXTS[key]))
