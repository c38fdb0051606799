"""The report as one HTML file: opens from a disk, asks no network, speaks every language.

Everything that a user or a file's name may have said goes through `html.escape`. The page's
policy forbids every address and every script but the one whose hash it names, so that a hole
in the escaping would still run nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from pathlib import Path

from examples.report.cases import case_card
from examples.report.parts import Pictures, attributes, in_all, link, megabytes, plain, seconds, t
from examples.report.pictures import RowPictures
from examples.report.shapes import PlainLine, PlainNote, PlainReport
from examples.report.texts import text
from methods import ENGLISH, METRICS, PlainText, catalogues

STATIC = Path(__file__).resolve().parent / "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file stands in a report of several pages, by the names of these files: a page with
    its cases' numbers, the pages before and after it and the one of the whole; or, with `pages`,
    the whole itself."""

    file: str = ""
    first: int = 1
    last: int = 0
    before: str = ""
    after: str = ""
    whole: str = ""
    pages: tuple[Place, ...] = ()


def page(
    report: PlainReport, pictures: Mapping[str, RowPictures], place: Place | None = None
) -> str:
    """A whole file. report: `Report.plain()`; pictures: by case, none for cases not opened.
    place: of a report on several pages."""
    store, place = Pictures(), place or Place()
    cases = "\n".join(
        case_card(number, case, pictures.get(case["id"]), store, report)
        for number, case in enumerate(report["cases"], place.first)
    )
    script, style = static("report.js"), static("report.css") + _one_language()
    main = f"{_summary(report)}\n{_contents(place)}{cases}{_ways(place)}"
    body = f"{_top(report, place)}\n<main>{main}</main>\n{_foot(report)}{_viewer()}"
    return (
        f'<!doctype html>\n<html lang="{ENGLISH}" data-lang="{ENGLISH}" '
        f'data-languages="{plain(_languages())}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, style)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{plain(report['title']['en'])} · Eraser Lab</title>\n<style>{style}</style>\n"
        f'</head>\n<body>\n{body}\n<script type="application/json" id="pictures">{store.json()}'
        f"</script>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _languages() -> str:
    """What the script makes its switch of."""
    return json.dumps(
        [{"code": c.code, "tag": c.tag, "name": c.name} for c in catalogues().values()],
        ensure_ascii=False,
    )


def _one_language() -> str:
    """The rules by which only the chosen language is seen."""
    return "".join(
        f'html[data-lang="{c.code}"] span[lang]:not([lang="{c.tag}"]) '
        "{ display: none !important; }\n"
        for c in catalogues().values()
    )


@lru_cache(maxsize=4)
def static(name: str) -> str:
    """A file of the page, as it stands in it."""
    return (STATIC / name).read_text("utf-8")


def _policy(script: str, style: str) -> str:
    """Content-Security-Policy, level 3: no address at all; one script and one style by hash.
    Elements' own styles are allowed, for they carry the sizes of pictures."""
    return (
        f"default-src 'none'; img-src blob:; script-src '{_hash(script)}'; "
        f"style-src '{_hash(style)}'; style-src-attr 'unsafe-inline'"
    )


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


# --- the head ----------------------------------------------------------------------------


def _top(report: PlainReport, place: Place) -> str:
    facts = [
        t("made", date=report["created"][:10]),
        _counts(report, place),
        t("seed", seed=", ".join(map(str, report["seeds"]))),
    ]
    notes = "".join(_note(note, report["title"]) for note in report["notes"])
    return f"""<header class="top"><div class="bar">
<div class="head"><h1>{in_all(report["title"])}</h1><p class="facts">{" · ".join(facts)}</p></div>
<div class="controls">
{"" if place.pages else _all_sliders()}
<button type="button" id="language" {attributes("title", text("language"))}></button>
<button type="button" id="theme" {attributes("title", text("theme"))} aria-pressed="false"><span
class="sun"></span></button></div></div>
{"" if place.pages else _toggles(report)}</header>
<noscript><p class="note">{t("no_script")}</p></noscript>{notes}"""


def _counts(report: PlainReport, place: Place) -> str:
    """How many cases and results; of a page, which cases."""
    cases = place.pages[-1].last if place.pages else len(report["cases"])
    cells = sum(line["done"] for line in report["summary"])
    counted = t(
        "counts",
        cases=text("counts.cases", count=cases),
        cells=text("counts.cells", count=cells),
    )
    if not place.file:
        return counted
    return f"{t('page', first=place.first, last=place.last)} · {_way(place.whole, 'page.whole')}"


def _toggles(report: PlainReport) -> str:
    """A switch for each eraser."""
    switches = "".join(
        f'<label class="chip"><input type="checkbox" checked data-toggle="{plain(line["id"])}">'
        f"{in_all(line['label'])}</label>"
        for line in report["summary"]
    )
    lead = f'<span class="lead">{t("shown")}</span>'
    return f'<div class="chips" role="group">{lead}{switches}</div>'


def _all_sliders() -> str:
    """Moves those of all pictures."""
    return f"""<label class="all">{t("all_sliders")}
<input id="all" type="range" min="0" max="100" value="50"></label>"""


def _note(note: PlainNote, title: PlainText) -> str:
    heading = "" if note["title"] == title else f"<strong>{in_all(note['title'])}</strong> "
    words = f"{heading}{in_all(note['text'])}"
    source = f" {link(note['document'], t('document'))}" if note["document"] else ""
    return f'<p class="note">{words}{source}</p>'


# --- several pages -----------------------------------------------------------------------


def _contents(place: Place) -> str:
    """What is where."""
    if not place.pages:
        return ""
    items = "".join(
        f'<li><a href="{plain(each.file)}">{t("page", first=each.first, last=each.last)}</a></li>'
        for each in place.pages
    )
    return f'<nav class="card pages"><h2>{t("page.all")}</h2><ol>{items}</ol></nav>'


def _ways(place: Place) -> str:
    """To the pages beside this one."""
    ways = ((place.before, "page.before"), (place.whole, "page.whole"), (place.after, "page.after"))
    links = "".join(_way(file, words) for file, words in ways if file)
    return f'<nav class="ways">{links}</nav>' if links else ""


def _way(file: str, words: str) -> str:
    return f'<a href="{plain(file)}">{t(words)}</a>'


# --- the summary -------------------------------------------------------------------------


def _summary(report: PlainReport) -> str:
    lines = report["summary"]
    if not lines:
        return ""
    names = [name for name in METRICS if any(name in line["means"] for line in lines)]
    shown = [name for name in names if name.endswith("_mask")] or names
    head = ["eraser", "done", "failed", "seconds", "memory", "outside", "remarks"]
    cells = "".join(f'<th scope="col">{t(key)}</th>' for key in head)
    cells += "".join(f'<th scope="col">{in_all(METRICS[name].name)}</th>' for name in shown)
    rows = "".join(_summary_row(line, lines, shown) for line in lines)
    notes = [t("seconds_note")]
    if shown:
        names_of = (METRICS[name].bare_name for name in shown)
        listed = reduce(lambda first, then: text("listed", first=first, then=then), names_of)
        count = max(line["truth_cases"] for line in lines)
        notes.insert(0, t("truth_note", names=listed, count=count))
    return f"""<section class="card summary"><h2>{t("summary")}</h2>
<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>
<p class="hint">{"<br>".join(notes)}</p><p class="hint">{t("keys")}</p></section>"""


def _summary_row(line: PlainLine, lines: Sequence[PlainLine], shown: Sequence[str]) -> str:
    outside = line["changed_outside"]
    cells = [
        str(line["done"]),
        f'<span class="bad">{line["failed"]}</span>' if line["failed"] else "0",
        seconds(line["median_seconds"]),
        megabytes(line["peak_memory"]),
        f'<span class="{"bad" if outside else "good"}">{outside}</span>',
        str(line["remarks"]),
        *(_mean(name, line, lines) for name in shown),
    ]
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{in_all(line["label"])}</th>{row}</tr>'


def _mean(name: str, line: PlainLine, lines: Sequence[PlainLine]) -> str:
    if name not in line["means"]:
        return "–"
    value, metric = line["means"][name], METRICS[name]
    values = [other["means"][name] for other in lines if name in other["means"]]
    best = max(values) if metric.better == "higher" else min(values)
    shown = plain(metric.shown(value))
    return f"<b>{shown}</b>" if value == best and len(values) > 1 else shown


# --- the foot ----------------------------------------------------------------------------


def _foot(report: PlainReport) -> str:
    listed = " · ".join(f"{plain(k)} {plain(v)}" for k, v in report["versions"].items())
    made_by = f"<p>Eraser Lab {plain(report['versions'].get('eraser-lab', ''))}</p>"
    inside = f"<details><summary>{t('versions')}</summary><p>{listed}</p></details>"
    return f"<footer>{made_by}{inside}</footer>"


def _viewer() -> str:
    return f"""<dialog id="viewer"><div class="viewer-head"><h3></h3>
<span class="hint">{t("viewer_hint")}</span>
<button type="button" class="close" {attributes("title", text("close"))}></button></div>
<div class="picture compare"><img alt=""><img class="after" alt=""><span class="edge"></span>
<input type="range" min="0" max="100" value="50" step="0.1"
{attributes("aria-label", text("enlarge"))}></div></dialog>"""
