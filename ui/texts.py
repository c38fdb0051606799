"""Every sentence of the page, in English and Chinese.

Keys are grouped by the part of the page that says them; `{name}` stands for a value that the
page fills in. Errors of the program have their English sentence where they are raised, and
their Chinese one in `texts_errors`.
"""

from __future__ import annotations

from methods import Text

TEXTS: dict[str, Text] = {
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
        "Keyboard: arrows move, Enter adds, Shift+Enter excludes, B draws a box, Ctrl+Z undoes,"
        " Ctrl+Enter erases",
        "键盘：方向键移动，回车添加，Shift+回车排除，B 画框，Ctrl+Z 撤销，Ctrl+回车擦除",
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
    "canvas.mode": Text("What a click does", "点击的作用"),
    "canvas.include": Text("Include", "选中"),
    "canvas.include.hint": Text("A click selects what is under it", "点击选中所指的部分"),
    "canvas.exclude": Text("Exclude", "排除"),
    "canvas.exclude.hint": Text(
        "A click leaves out what is under it (also: right-click)",
        "点击排除所指的部分（也可用右键）",
    ),
    "canvas.box": Text("Box", "画框"),
    "canvas.box.hint": Text(
        "Drag a box around the object (with a mouse, dragging always draws a box)",
        "拖动框住物体（用鼠标时拖动总是画框）",
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
    "canvas.remove": Text("Click to remove this point", "点击移除此点"),
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
    "canvas.covers": Text(
        "The mask covers {percent} of the photo · {segmenter}",
        "蒙版覆盖照片的 {percent} · {segmenter}",
    ),
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
    # the eraser cards
    "panel.section": Text("Erasers", "擦除器"),
    "panel.title": Text("Erasers", "擦除器"),
    "panel.loading": Text("Looking at what this machine can run…", "正在查看本机可运行的擦除器…"),
    "panel.all": Text("All or none", "全选或全不选"),
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
    "panel.again": Text("Try again ({size}, {license})", "重试（{size}，{license}）"),
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
    "grid.progress": Text("{done} of {total} done", "已完成 {done} / {total}"),
    "grid.finished": Text(
        "{done} of {total} done in {seconds}", "完成 {done} / {total}，用时 {seconds}"
    ),
    "grid.stopped": Text("stopped, {done} of {total} done", "已停止，完成 {done} / {total}"),
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
    "error.internal": Text(
        "Something went wrong inside the program. Try again; the log says more.",
        "程序内部出错。请重试；日志中有更多信息。",
    ),
}
