"""Every sentence of the page, in English and Chinese.

Keys are grouped by the part of the page that says them; `{name}` stands for a value that the
page fills in. Errors of the program have their English sentence where they are raised, and
their Chinese one in `methods._error_texts`.
"""

from __future__ import annotations

from methods import Text
from ui.common.table_texts import TABLE_TEXTS

TEXTS: dict[str, Text] = {
    **TABLE_TEXTS,
    "title": Text("Eraser Lab", "橡皮实验室"),
    "head.tagline": Text(
        "Which object eraser really works on your photo?", "哪种物体擦除器真正适合你的照片？"
    ),
    "head.language": Text("中文", "English"),
    "head.language.hint": Text("切换到中文", "Switch to English"),
    "head.theme": Text("Light or dark", "浅色或深色"),
    "foot.api": Text("Use it from a program", "通过程序调用"),
    "foot.private": Text(
        "Photos stay on this machine; they are deleted after a day, results after a week.",
        "照片只保存在本机：照片一天后删除，结果一周后删除。",
    ),
    "foot.keys": Text(
        "Keyboard: arrows move, Enter adds, Shift+Enter takes away, B draws a box, N another"
        " object, Ctrl+Z undoes, Ctrl+Enter erases",
        "键盘：方向键移动，回车添加，Shift+回车去除，B 画框，N 另一个物体，"
        "Ctrl+Z 撤销，Ctrl+回车擦除",
    ),
    "close": Text("Close", "关闭"),
    # the prompt canvas
    "canvas.section": Text("Photo and mask", "照片与蒙版"),
    "canvas.label": Text(
        "Photo. Click the object; drag to draw a box around it.",
        "照片。点击物体，或拖动画框选中它。",
    ),
    "canvas.drop": Text("Drop a photo here", "把照片拖到这里"),
    "canvas.choose": Text("Choose a photo", "选择照片"),
    "canvas.paste": Text("or paste one, or try an example below", "也可以粘贴，或试试下面的示例"),
    "canvas.examples": Text("Examples", "示例"),
    "canvas.tools": Text("Selection tools", "选择工具"),
    "canvas.tool": Text("Tool", "工具"),
    "canvas.click": Text("Click", "点击"),
    "canvas.click.hint": Text(
        "A click selects the object under it; dragging draws a box",
        "点击选中所指的物体；拖动画框",
    ),
    "canvas.box": Text("Box", "画框"),
    "canvas.box.hint": Text("Drag a box around the object", "拖动框住物体"),
    "canvas.brush": Text("Brush", "画笔"),
    "canvas.brush.hint": Text("Paint on the mask by hand", "手工涂改蒙版"),
    "canvas.brush.size": Text("Brush size", "画笔大小"),
    "canvas.sign": Text("Add or take away", "添加或去除"),
    "canvas.add": Text("Add", "添加"),
    "canvas.add.hint": Text("What you point at belongs to the object", "所指之处属于物体"),
    "canvas.remove": Text("Take away", "去除"),
    "canvas.remove.hint": Text(
        "What you point at does not belong to it (also: right button, Shift, or hold X)",
        "所指之处不属于物体（也可用右键、Shift 或按住 X）",
    ),
    "canvas.remove.point": Text("Click to remove this point", "点击移除此点"),
    "canvas.minus.first": Text(
        "First select the object, then draw boxes around what does not belong to it.",
        "请先选中物体，再框出不属于它的部分。",
    ),
    "canvas.segmenter": Text("Who finds the object", "分割模型"),
    "canvas.segmenter.auto": Text("found by: the best that is ready", "分割模型：自动选择"),
    "canvas.segmenter.fetch": Text("{segmenter} – fetch {size}", "{segmenter} – 下载 {size}"),
    "canvas.fetching": Text(
        "{segmenter}: fetching {percent} %", "正在下载 {segmenter}：{percent} %"
    ),
    "canvas.undo": Text("Undo (Ctrl+Z)", "撤销（Ctrl+Z）"),
    "canvas.redo": Text("Redo (Ctrl+Shift+Z)", "重做（Ctrl+Shift+Z）"),
    "canvas.clear": Text("Clear the selection", "清除选择"),
    "canvas.overlay": Text("Show the mask (M)", "显示蒙版（M）"),
    "canvas.fit": Text("Show the whole photo (0)", "显示整张照片（0）"),
    "canvas.levels": Text("How much is selected", "选中多少"),
    "canvas.level.0": Text("Part", "局部"),
    "canvas.level.1": Text("Object", "物体"),
    "canvas.level.2": Text("Whole", "整体"),
    "canvas.level.hint": Text(
        "{percent} of the photo, score {score}", "占照片 {percent}，得分 {score}"
    ),
    "canvas.grow": Text("Grow", "扩大"),
    "canvas.new": Text("New photo", "换一张"),
    "canvas.opening": Text("Opening the photo…", "正在打开照片…"),
    "canvas.start": Text(
        "Click the object you want to erase, or drag a box around it.",
        "点击要擦除的物体，或拖动画框选中它。",
    ),
    "canvas.thinking": Text("Looking for the object…", "正在识别物体…"),
    "canvas.nothing": Text(
        "Nothing is selected there. Try another point, or a box.",
        "这里没有选中任何东西。换一个点，或画一个框试试。",
    ),
    "canvas.covers": Text("The mask covers {percent} of the photo", "蒙版覆盖照片的 {percent}"),
    "canvas.cursor": Text("Cursor at {x}, {y}", "光标位于 {x}, {y}"),
    "canvas.corner": Text(
        "First corner set. Move, then press B again.", "已设第一个角。移动后再按 B。"
    ),
    "canvas.approximate": Text("approximate mask", "近似蒙版"),
    "canvas.approximate.fetching": Text(
        "approximate mask · {segmenter}: fetching {percent} %",
        "近似蒙版 · 正在下载 {segmenter}：{percent} %",
    ),
    "canvas.fetch": Text(
        "Fetch {segmenter} ({size}, {license})", "下载 {segmenter}（{size}，{license}）"
    ),
    "canvas.approximate.why": Text(
        "MobileSAM is not on this machine yet; GrabCut drew this mask. It is replaced as soon as"
        " MobileSAM is here.",
        "本机还没有 MobileSAM，此蒙版由 GrabCut 绘制；MobileSAM 就绪后会自动替换。",
    ),
    "hint.rim": Text("a rim may be left: grow the mask", "物体边缘可能残留：请扩大蒙版"),
    "hint.rim.why": Text(
        "Judged by colour: along much of the outline, what lies just outside the mask still looks"
        " like the object rather than like the ground farther out.",
        "按颜色判断：沿大部分轮廓，紧邻蒙版外侧的像素仍更像物体，而不像更远处的背景。",
    ),
    "hint.shadow": Text("its shadow may stay: brush it in", "阴影可能残留：可用画笔加入"),
    "hint.shadow.why": Text(
        "Judged by light: a region that touches the mask is darker than the ground around it but"
        " of the same colour, as shadows are.",
        "按明暗判断：与蒙版相接的区域比周围地面暗，但颜色相同，像是阴影。",
    ),
    # several objects
    "objects.list": Text("Objects in the mask", "蒙版中的物体"),
    "objects.new": Text("Another object", "再选一个物体"),
    "objects.new.hint": Text(
        "The next click selects another object (N)", "下一次点击选另一个物体（N）"
    ),
    "objects.name": Text("Object {number}", "物体 {number}"),
    "objects.box": Text("box", "框"),
    "objects.points": Text("{count} points", "{count} 个点"),
    "objects.empty": Text("click it on the photo", "请在照片上点击"),
    "objects.switch": Text("Object {number} in the mask", "物体 {number} 计入蒙版"),
    "objects.remove": Text("Remove object {number}", "移除物体 {number}"),
    "objects.upload": Text("Uploaded mask", "上传的蒙版"),
    "objects.strokes": Text("Brush strokes", "画笔笔迹"),
    "objects.drop": Text("Remove: {what}", "移除：{what}"),
    # the mask's shape and files
    "shape.title": Text("Shape", "形状"),
    "shape.title.hint": Text("Smooth, loosen or invert the mask", "平滑、放宽或反转蒙版"),
    "shape.unit": Text(
        "Grow in pixels or in percent of the object", "按像素或按物体大小的百分比扩大"
    ),
    "shape.precision": Text("Outline", "轮廓"),
    "shape.precision.hint": Text(
        "From the exact outline to the box: many erasers do better with a mask that is not exact",
        "从精确轮廓到外接框：许多擦除器在蒙版不太精确时效果更好",
    ),
    "shape.exact": Text("exact", "精确"),
    "shape.loose": Text("loose", "宽松"),
    "shape.boxed": Text("box", "外接框"),
    "shape.smooth": Text("Smooth", "平滑"),
    "shape.smooth.hint": Text("Round off corners and teeth", "去掉尖角和锯齿"),
    "shape.holes": Text("Fill holes", "填充空洞"),
    "shape.holes.hint": Text("Fill what the mask encloses", "填充蒙版包围的空洞"),
    "shape.speckles": Text("Drop speckles", "去除斑点"),
    "shape.speckles.hint": Text("Remove tiny islands of the mask", "去掉蒙版中的小岛"),
    "shape.invert": Text("Invert", "反转"),
    "shape.invert.hint": Text("Erase everything but the selection", "擦除选区以外的一切"),
    "shape.feather": Text("Show the soft edge", "显示羽化边缘"),
    "shape.feather.hint": Text(
        "How results are blended into the photo along the mask's edge",
        "结果沿蒙版边缘融入照片的方式",
    ),
    "shape.feather.none": Text(
        "No eraser chosen: {width} px, as where the photo is not reduced",
        "未选择擦除器：{width} px，即照片不缩小时的宽度",
    ),
    "shape.feather.one": Text("{eraser}: {width} px", "{eraser}：{width} px"),
    "shape.feather.widest": Text(
        "The widest of {count}: {eraser}, {width} px", "{count} 个中最宽的：{eraser}，{width} px"
    ),
    "mask.title": Text("Mask", "蒙版"),
    "mask.title.hint": Text("Upload, download, keep the case", "上传、下载、保存案例"),
    "mask.upload": Text("Upload a mask", "上传蒙版"),
    "mask.download": Text("Download the mask", "下载蒙版"),
    "mask.rle": Text("Copy as COCO RLE", "复制为 COCO RLE"),
    "mask.export": Text("Keep this case as a file", "把此案例存为文件"),
    "mask.import": Text("Open a case file", "打开案例文件"),
    "mask.copied": Text("The mask is copied as COCO RLE.", "蒙版已复制为 COCO RLE。"),
    # objects by name
    "detect.label": Text("Name the object", "说出物体名称"),
    "detect.placeholder": Text("or name it: red car, dog", "或输入名称，例如：red car, dog"),
    "detect.off": Text("by name: needs GroundingDINO", "按名称选择需要 GroundingDINO"),
    "detect.fetch": Text(
        "Fetch {detector} ({size}, {license})", "下载 {detector}（{size}，{license}）"
    ),
    "detect.find": Text("Find", "查找"),
    "detect.searching": Text("Looking for it…", "正在查找…"),
    "detect.found": Text("{count} found: tick what you mean.", "找到 {count} 个，请勾选。"),
    "detect.none": Text(
        "Nothing like that was found. Lower the thresholds or use other words.",
        "没有找到。请降低阈值或换一种说法。",
    ),
    "detect.box": Text("Box threshold", "框阈值"),
    "detect.text": Text("Text threshold", "文本阈值"),
    "detect.all": Text("All or none", "全选或全不选"),
    "detect.use": Text("Select {count}", "选中 {count} 个"),
    "detect.close": Text("Forget what was found", "清除查找结果"),
    # the eraser cards
    "panel.section": Text("Erasers", "擦除器"),
    "panel.title": Text("Erasers", "擦除器"),
    "panel.loading": Text("Looking at what this machine can run…", "正在查看本机可运行的擦除器…"),
    "panel.all": Text("All that are ready", "勾选全部就绪的"),
    "panel.seed": Text("Seed", "种子"),
    "panel.seed.hint": Text(
        "The same seed gives the same result again.", "相同的种子会得到相同的结果。"
    ),
    "panel.dice": Text("Another seed", "换一个种子"),
    "panel.erase": Text("Erase", "擦除"),
    "panel.erase.many": Text("Erase with {count} erasers", "用 {count} 种擦除器擦除"),
    "panel.running": Text("Erasing…", "正在擦除…"),
    "panel.stop": Text("Stop", "停止"),
    "panel.why.photo": Text("Open a photo first.", "请先打开一张照片。"),
    "panel.why.mask": Text("Select an object first.", "请先选中一个物体。"),
    "panel.why.eraser": Text("Tick at least one eraser.", "请至少勾选一种擦除器。"),
    "panel.noweights": Text("needs no weights", "无需权重"),
    "panel.ready": Text("ready", "就绪"),
    "panel.fetching": Text("fetching {percent} %", "正在下载 {percent} %"),
    "panel.fetch": Text("Press to fetch ({size}, {license})", "点击下载（{size}，{license}）"),
    "panel.more": Text("{count} more, to be fetched first", "另有 {count} 种，需先下载"),
    "panel.again": Text("Try again ({size}, {license})", "重试（{size}，{license}）"),
    "panel.anew": Text("Fetch its files again", "重新下载其文件"),
    "panel.found": Text("found on this machine", "本机已有"),
    "panel.found.hint": Text(
        "In the model hub's cache, where another program has left it: it is checked and used from"
        " there, nothing is downloaded",
        "在模型库的本机缓存中，由其他程序下载；核对后直接使用，无需下载",
    ),
    "panel.fetchfailed": Text("could not be fetched", "下载失败"),
    "panel.noncommercial": Text("non-commercial", "非商用"),
    "panel.noncommercial.hint": Text(
        "The licence of these weights does not allow commercial use.",
        "这些权重的许可证不允许商业用途。",
    ),
    "panel.license": Text("Licence", "许可证"),
    "panel.paper": Text("Paper", "论文"),
    "panel.settings": Text("Settings", "设置"),
    "panel.reset": Text("Back to the defaults", "恢复默认"),
    "panel.retry": Text("Try again", "重试"),
    # the grid
    "grid.title": Text("Results", "结果"),
    "grid.original": Text("Original", "原图"),
    "grid.masked": Text("mask {percent}", "蒙版 {percent}"),
    "grid.after": Text("After", "擦除后"),
    "grid.before": Text("Before", "擦除前"),
    "grid.split": Text("Compare before and after on all cards", "在所有卡片上对比擦除前后"),
    "grid.closeup": Text("Close-up", "特写"),
    "grid.closeup.hint": Text(
        "Show the object's place on every card", "在每张卡片上放大物体所在处"
    ),
    "grid.link": Text("Copy link", "复制链接"),
    "grid.copied": Text("The link to this run is copied.", "已复制本次运行的链接。"),
    "grid.zip": Text("Download all", "全部下载"),
    "grid.report": Text("Report", "报告"),
    "grid.report.hint": Text(
        "One page to keep or send: pictures, numbers, remarks; it opens without this program",
        "一个可保存、可发送的网页：图片、数值、评语；无需本程序即可打开",
    ),
    "grid.progress": Text("{done} of {total} done", "已完成 {done} / {total}"),
    "grid.finished": Text(
        "{done} of {total} done in {seconds}", "完成 {done} / {total}，用时 {seconds}"
    ),
    "grid.stopped": Text("stopped, {done} of {total} done", "已停止，完成 {done} / {total}"),
    "grid.large": Text("Large view", "大图"),
    "grid.by": Text("Result of {eraser}", "{eraser} 的结果"),
    "grid.download": Text("Download {eraser} as PNG", "下载 {eraser} 的 PNG"),
    "grid.saving": Text("Saving the lossless picture", "正在保存无损图片"),
    "grid.cached": Text("from the cache", "来自缓存"),
    "grid.load": Text("{seconds} load", "加载 {seconds}"),
    "grid.memory.ram": Text("{size} memory", "内存 {size}"),
    "grid.memory.gpu": Text("{size} GPU memory", "显存 {size}"),
    "grid.figures.hint": Text(
        "Time to erase, time to load, and the most memory used while it ran",
        "擦除用时、加载用时，以及运行期间的内存峰值",
    ),
    "grid.outside": Text("{count} pixels changed outside the mask", "蒙版外改变了 {count} 个像素"),
    "grid.outside.hint": Text(
        "Counted over the whole photo, at its own resolution",
        "按原始分辨率在整张照片上统计",
    ),
    "state.queued": Text("in line", "排队中"),
    "state.waiting": Text("waiting for the device", "等待设备"),
    "state.waiting.ahead": Text("waiting, {ahead} ahead", "等待中，前面还有 {ahead} 个"),
    "state.fetching": Text("fetching the weights, {percent} %", "正在下载权重 {percent} %"),
    "state.loading": Text("loading", "正在加载"),
    "state.running": Text("erasing", "正在擦除"),
    "state.step": Text("step {step} of {total}", "第 {step} / {total} 步"),
    "state.stopping": Text("stopping", "正在停止"),
    "state.stopped": Text("stopped", "已停止"),
    "state.failed": Text("did not finish", "未完成"),
    "state.done": Text("done", "完成"),
    # the large view
    "viewer.label": Text("Large view", "大图"),
    "viewer.hold": Text("Hold for the original", "按住看原图"),
    "viewer.hold.hint": Text("Hold this button or the space bar", "按住此按钮或空格键"),
    "viewer.in": Text("Zoom in (+)", "放大（+）"),
    "viewer.out": Text("Zoom out (−)", "缩小（−）"),
    "viewer.fit": Text("Fit (0)", "适应窗口（0）"),
    "viewer.previous": Text("Previous", "上一张"),
    "viewer.next": Text("Next", "下一张"),
    # errors
    "error.lost": Text(
        "The program does not answer. Check that it is still running, then try again.",
        "程序没有响应。请确认它仍在运行，然后重试。",
    ),
    "error.file_too_large": Text(
        "This file has {megabytes} MB; at most {limit} MB are accepted. Save it smaller first.",
        "文件有 {megabytes} MB，上限是 {limit} MB，请先缩小。",
    ),
    "error.case_without_photo": Text(
        "Open a photo first; a case holds prompts, not the photo itself.",
        "请先打开照片：案例只含提示，不含照片。",
    ),
    "error.case_unreadable": Text(
        "{name} is not a case file that can be read.", "{name} 不是可读取的案例文件。"
    ),
    "error.internal": Text(
        "Something went wrong inside the program. Try again; the log says more.",
        "程序内部出错。请重试；日志中有更多信息。",
    ),
}
