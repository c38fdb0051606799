"""The sentences of the second tab: the tables, what papers say, the systems."""

from __future__ import annotations

from methods import Text

TABLE_TEXTS: dict[str, Text] = {
    # the tabs
    "tabs.label": Text("Parts of the page", "页面分区"),
    "tabs.erase": Text("Erase", "擦除"),
    "tabs.tables": Text("Tables", "表格"),
    # the tables
    "tables.title": Text("Tables", "表格"),
    "tables.lead": Text(
        "Documents on erasing judge by rows: a photo, a mask, a result, a remark. Here their rows"
        " are run again.",
        "文档以表格评判擦除器：照片、蒙版、结果、评语。可在这里重新运行。",
    ),
    "tables.views": Text("What to show", "显示内容"),
    "tables.rows": Text("Rows", "各行"),
    "tables.papers": Text("Papers say", "论文数据"),
    "tables.systems": Text("Systems", "系统"),
    "tables.loading": Text("Reading…", "正在读取…"),
    "tables.sets": Text("Whose rows", "哪一组"),
    "tables.set.documents": Text("From documents · {count}", "文档中的 · {count}"),
    "tables.set.ours": Text("Stand-ins · {count}", "替代案例 · {count}"),
    "tables.beside": Text("Erasers beside", "对比的擦除器"),
    "tables.beside.hint": Text(
        "Which erasers run on every row beside the row's own", "除该行自己的擦除器外还运行哪些"
    ),
    "tables.beside.count": Text("Erasers beside: {count}", "对比的擦除器：{count}"),
    "tables.fetchall": Text("Fetch the pictures of {count} rows", "获取 {count} 行的图片"),
    "tables.fetch": Text("Fetch from {host}", "从 {host} 获取"),
    "tables.fetching": Text("Fetching…", "正在获取…"),
    "tables.runall": Text("Run all rows", "运行所有行"),
    "tables.left": Text("{count} rows to go", "还有 {count} 行"),
    "tables.report.hint": Text(
        "All results shown here as one page to keep or send; it opens without this program",
        "此处所有结果汇成一个可保存、可发送的网页；无需本程序即可打开",
    ),
    "tables.held": Text(
        "The editor's run is going on; rows can be run after it.",
        "编辑区正在运行，完成后可运行各行。",
    ),
    "tables.refused": Text(
        "The documents' pictures may not be handed on with this program, and they could not be"
        " fetched from here. The stand-in cases pose the same problems with free photos.",
        "文档中的图片不能随程序分发，此处又无法获取。替代案例用自由照片提出同样的难题。",
    ),
    "tables.tostandins": Text("Show the stand-in cases", "查看替代案例"),
    "tables.standin": Text("Show the stand-in: {title}", "查看替代案例：{title}"),
    "tables.document": Text("The document", "原文"),
    "tables.row": Text("{eraser}, row {number}", "{eraser} 第 {number} 行"),
    "tables.case": Text("Stand-in case", "替代案例"),
    "tables.says": Text("The document says:", "原文评语："),
    "tables.shares": Text("Same photo and mask:", "相同照片与蒙版："),
    "tables.photo": Text("Photo", "照片"),
    "tables.mask": Text("Mask", "蒙版"),
    "tables.result": Text("{eraser}, in the document", "原文中的 {eraser}"),
    "tables.detail": Text("A detail, in the document", "原文中的细节"),
    "tables.truth": Text("The true background", "真实背景"),
    "tables.asdocument": Text("with the document's settings", "使用原文的设置"),
    "tables.notyet": Text("not run yet", "尚未运行"),
    "tables.fetchfirst": Text("not run yet; fetches {size} first", "尚未运行；将先下载 {size}"),
    "tables.nothere": Text("its weights are not here", "本机还没有它的权重"),
    "tables.fetchown": Text("Fetch them ({size})", "下载权重（{size}）"),
    "tables.noeraser": Text("No eraser here runs it yet.", "这里还没有运行它的擦除器。"),
    "tables.run": Text("Run", "运行"),
    "tables.run.many": Text("Run {count} erasers", "运行 {count} 种擦除器"),
    "tables.edit": Text("Open in the editor", "在编辑区打开"),
    # what is said of a result
    "readings.judging": Text("measuring…", "正在测量…"),
    "readings.none": Text("no number stands out", "没有异常的数值"),
    "readings.hint": Text("All numbers on this result", "该结果的所有数值"),
    "readings.areas": Text(
        "over the whole picture · the mask's box · the mask", "整图 · 蒙版外框 · 蒙版内"
    ),
    "readings.ours": Text("defined by this program", "由本程序定义"),
    "remark.write": Text("Write a remark", "写评语"),
    "remark.change": Text("Change the remark", "修改评语"),
    "remark.label": Text("Your remark on {eraser}", "对 {eraser} 的评语"),
    "remark.placeholder": Text(
        "What went well or wrong? Kept with this run", "好在哪里、错在哪里？随本次运行保存"
    ),
    "remark.save": Text("Keep", "保存"),
    # what papers say
    "papers.lead": Text(
        "These numbers are printed in papers; nothing here was measured by this program. Papers use"
        " different masks, sizes and protocols, so compare within one table only. Bold: the best of"
        " its column in that table.",
        "以下数字均为论文所印，并非本程序测得。各论文的蒙版、尺寸和评测方式不同，只能在同一张表内比较。"
        "粗体为该表该列最佳。",
    ),
    "papers.method": Text("Method", "方法"),
    "papers.metric": Text("Metric", "指标"),
    "papers.everymethod": Text("all methods", "所有方法"),
    "papers.everymetric": Text("all metrics", "所有指标"),
    "papers.none": Text(
        "No paper prints that metric for that method.", "没有论文给出该方法的这项指标。"
    ),
    "papers.table": Text("table {number}", "表 {number}"),
    "papers.source": Text("Source: {source}", "来源：{source}"),
    "papers.nan": Text("The paper prints NaN: that training failed.", "论文印作 NaN：该训练失败。"),
    "better.higher": Text("higher is better", "越高越好"),
    "better.lower": Text("lower is better", "越低越好"),
    # the systems
    "systems.lead": Text(
        "Every system that the documents name. Whether it runs is asked of this program itself.",
        "文档提到的所有系统。能否运行由本程序实时给出。",
    ),
    "systems.filter": Text("State", "状态"),
    "systems.all": Text("all", "全部"),
    "systems.unchecked": Text(
        "° not checked against the system's own paper or code", "° 未与该系统的论文或代码核对"
    ),
    "systems.card": Text("Show {eraser}", "查看 {eraser}"),
}
