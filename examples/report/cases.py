"""The cases of the HTML report: what was erased, and a tile for each result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from examples.report.parts import (
    Pictures,
    as_text,
    attributes,
    in_all,
    link,
    megabytes,
    plain,
    seconds,
    t,
)
from examples.report.pictures import RowPictures
from examples.report.shapes import PlainCase, PlainCell, PlainReport
from examples.report.texts import text
from methods import ENGLISH, METRICS, PlainReading, PlainText, Text


def case_card(
    number: int,
    case: PlainCase,
    pictures: RowPictures | None,
    store: Pictures,
    report: PlainReport,
) -> str:
    tiles = ""
    if case["failure"]:
        tiles = failure(case["failure"], t("whole_case"))
    elif pictures is not None:
        tiles = "".join(_tiles(case, pictures, store, report))
    return f"""<section class="card case" id="{anchor(case["id"])}">
<div class="case-head"><span class="number">{number}</span><div>
<h2>{in_all(case["title"]) if case["title"]["en"] else plain(case["id"])}{_problem(case)}</h2>
<p class="facts">{" · ".join(_case_facts(case, report))}</p>{_sayings(case)}</div></div>
<div class="tiles">{tiles}</div></section>"""


def anchor(case_id: str) -> str:
    return f"case-{hashlib.sha256(case_id.encode()).hexdigest()[:10]}"


def _problem(case: PlainCase) -> str:
    return f' <span class="problem">{in_all(case["problem"])}</span>' if case["problem"] else ""


def _case_facts(case: PlainCase, report: PlainReport) -> Iterator[str]:
    here = {other["id"] for other in report["cases"]}
    photo = case["photo"]
    name = plain(photo["name"])
    yield f"{name} {link(photo['url'], t('source'))}" if photo["url"] else name
    if photo["width"]:
        yield t("pixels", width=photo["width"], height=photo["height"])
        yield t("masked", share=f"{100 * case['masked']:.1f}")
    if case["credit"]:
        yield plain(case["credit"])
    for key, ids in (("same_pair", case["shares"]), ("stand_ins", case["stand_ins"])):
        if ids:
            links = (_jump(other) if other in here else plain(other) for other in ids)
            yield f"{t(key)} {', '.join(links)}"


def _jump(case_id: str) -> str:
    return f'<a href="#{anchor(case_id)}">{plain(case_id)}</a>'


def _sayings(case: PlainCase) -> str:
    said = "".join(f'<p class="hint">{in_all(note)}</p>' for note in case["mask_notes"])
    if case["document_remark"]["en"]:
        said += _quote(t("document_says"), in_all(case["document_remark"]))
    if case["settings_note"]["en"]:
        said += f'<p class="hint">{in_all(case["settings_note"])}</p>'
    if case["remark"]:
        said += _quote(t("person_says"), plain(case["remark"]))
    return said


def _quote(who: str, what: str) -> str:
    return f'<blockquote><span class="who">{who}</span> {what}</blockquote>'


def failure(said: PlainText, title: str) -> str:
    return f'<div class="failure"><strong>{title}</strong><p>{in_all(said)}</p></div>'


# --- its tiles ---------------------------------------------------------------------------


def _tiles(
    case: PlainCase, pictures: RowPictures, store: Pictures, report: PlainReport
) -> Iterator[str]:
    yield _photo_tile(pictures, store)
    before = store.add(pictures.before)
    for cell in case["cells"]:
        if cell["failure"] or cell["id"] not in pictures.results:
            yield _failed_tile(cell)
            continue
        picture = _slider(before, store.add(pictures.results[cell["id"]]), pictures, cell["label"])
        yield _tile(picture, _cell_caption(cell, report), cell["id"])
    for name, data in pictures.others:
        picture = _slider(before, store.add(data), pictures, name)
        yield _tile(picture, f"<h3>{in_all(name)}</h3>", "", "other")
    if pictures.truth is not None:
        name = text("truth")
        picture = _slider(before, store.add(pictures.truth), pictures, name)
        caption = f'<h3>{in_all(name)}</h3><p class="hint">{t("truth_hint")}</p>'
        yield _tile(picture, caption, "", "other")


def _tile(picture: str, caption: str, toggled: str, kind: str = "") -> str:
    data = f' data-cell="{plain(toggled)}"' if toggled else ""
    return f'<figure class="tile {kind}"{data}>{picture}<figcaption>{caption}</figcaption></figure>'


def _photo_tile(pictures: RowPictures, store: Pictures) -> str:
    height, width = pictures.size
    picture = f"""<div class="picture" style="aspect-ratio:{width}/{height}">
<img alt="" data-picture="{store.add(pictures.photo)}">
<img class="mask" alt="" data-picture="{store.add(pictures.overlay)}"></div>"""
    return _tile(picture, f"<h3>{t('photo')}</h3>", "", "other")


def _slider(before: str, after: str, pictures: RowPictures, name: Text | PlainText) -> str:
    height, width = pictures.view
    label = text("slider", name=as_text(name))
    return f"""<div class="picture compare" style="aspect-ratio:{width}/{height}">
<img alt="" data-picture="{before}"><img class="after" alt="" data-picture="{after}">
<span class="edge"></span><span class="tag left">{t("before")}</span>
<span class="tag right">{t("after")}</span>
<input type="range" min="0" max="100" value="50" step="0.1" {attributes("aria-label", label)}>
<button type="button" class="enlarge" {attributes("title", text("enlarge"))}></button></div>"""


def _failed_tile(cell: PlainCell) -> str:
    said: PlainText = cell["failure"] or {ENGLISH: ""}
    if cell["state"] == "absent":
        inner = f"<h3>{in_all(cell['label'])}</h3><p class='hint'>{in_all(said)}</p>"
        return f'<figure class="tile failed" data-cell="{plain(cell["id"])}">{inner}</figure>'
    inner = f"<h3>{in_all(cell['label'])}</h3>{failure(said, t('no_result'))}"
    return f'<figure class="tile failed" data-cell="{plain(cell["id"])}">{inner}</figure>'


def _cell_caption(cell: PlainCell, report: PlainReport) -> str:
    outside = cell["changed_outside"]
    proof = t("untouched") if outside == 0 else t("touched", count=outside)
    said = _quote(t("person_says"), plain(cell["remark"])) if cell["remark"] else ""
    notes = "".join(f'<p class="hint">{in_all(note)}</p>' for note in cell["result_notes"])
    return f"""<h3>{in_all(cell["label"])}</h3>
<p class="facts">{_facts(cell)}</p>
<p class="proof {"bad" if outside else "good"}">{proof}</p>{notes}
{_remark_chips(cell)}{said}{_numbers(cell, report)}{_how(cell)}"""


def _facts(cell: PlainCell) -> str:
    """Seconds, memory and device, unless it was given; and how near the truth it is."""
    if cell["given"]:
        return _truth_facts(cell).removeprefix(" · ")
    pieces = f" · {t('pieces', count=cell['pieces'])}" if cell["pieces"] > 1 else ""
    used = f"{megabytes(cell['peak_memory'])} · {plain(cell['device'])}"
    return f"{seconds(cell['erase_seconds'])}{pieces} · {used}{_truth_facts(cell)}"


def _truth_facts(cell: PlainCell) -> str:
    """The numbers within the mask that have a truth behind them, for they may be compared."""
    found = [r for r in cell["readings"] if r["id"].endswith("_mask") and r["id"] in METRICS]
    return "".join(
        f" · <b>{plain(METRICS[r['id']].shown(r['value']))}</b> {plain(METRICS[r['id']].bare_name)}"
        for r in found
    )


def _remark_chips(cell: PlainCell) -> str:
    chips = [f"<li>{in_all(r['remark'])}</li>" for r in cell["readings"] if r["remark"]]
    return f'<ul class="said">{"".join(chips)}</ul>' if chips else ""


def _numbers(cell: PlainCell, report: PlainReport) -> str:
    lines = [_number(reading, report) for reading in cell["readings"]]
    if not lines:
        return ""
    return f"<details><summary>{t('numbers')}</summary><table>{''.join(lines)}</table></details>"


def _number(reading: PlainReading, report: PlainReport) -> str:
    metric = report["metrics"].get(reading["id"])
    if metric is None or reading["id"] not in METRICS:
        return ""
    direction = text(f"better_{metric['better']}")
    formula = metric["formula"]
    hint = text("metric_hint", formula=as_text(formula), direction=direction)
    value = plain(METRICS[reading["id"]].shown(reading["value"]))
    name = in_all(metric["name"])
    return f"<tr {attributes('title', hint)}><th scope='row'>{name}</th><td>{value}</td></tr>"


def _how(cell: PlainCell) -> str:
    if cell["given"]:
        return f'<p class="hint">{_file(cell)}</p>'
    settings = cell["changed_settings"]
    shown = _pairs(settings.items()) if settings else f'<p class="hint">{t("defaults")}</p>'
    files = _pairs((name, digest[:12]) for name, digest in cell["weights"].items())
    weights = files or f'<p class="hint">{t("no_weights")}</p>'
    seed = t("seed", seed=cell["seed"] or 0)
    return f"""<details><summary>{t("how")}</summary>{shown}<p class="hint">{seed}</p>
{weights}<p class="hint">{_file(cell)}</p></details>"""


def _file(cell: PlainCell) -> str:
    box = cell["box"]
    if box is None:
        return plain(cell["file"])
    return t("box", file=cell["file"], left=box[0], top=box[1])


def _pairs(items: Iterable[tuple[str, object]]) -> str:
    rows = [f"<tr><th scope='row'>{plain(k)}</th><td>{plain(v)}</td></tr>" for k, v in items]
    return f"<table>{''.join(rows)}</table>" if rows else ""
