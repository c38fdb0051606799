"""What the tools say of what they have done: English, short, for a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from methods import JSON, METRICS, PlainReading, Text
from ui.api.answers import Segmented
from ui.api.tools.kept import Kept, Saved
from ui.common.grid import Card, Grid
from ui.service.choices.entries import EraserEntry

TINTED = "The photo with the selection tinted magenta:"
MASK = "The mask, white = selected:"
REDUCED = (
    "(This picture is reduced to be looked at; the lossless PNG of full size is at the address.)"
)

STATES = {
    "ready": "ready",
    "to_fetch": "ready after its weights are downloaded, which erase does",
    "blocked": "cannot run here",
}


def selected(found: Segmented, photo: str, mask: str) -> str:
    """What segment has found."""
    boxes = [
        f"{[round(edge) for edge in extent['box']]}"
        for extent in found["objects"]
        if extent is not None
    ]
    said = [
        f"Selected {100 * found['area']:.2f} % of the photo of {found['width']} x"
        f" {found['height']} pixels.",
        *([f"Boxes of the objects [x0, y0, x1, y1]: {', '.join(boxes)}."] if boxes else []),
        *(f"Found {each['label']}, score {each['score']:.2f}." for each in found["detections"]),
        *(["The segmenter works by colours alone; its outline is rough."]
          if found["approximate"] else []),
        f"Photo: {photo}",
        f"Mask: {mask}",
    ]  # fmt: skip
    return "\n".join(said)


def selected_facts(found: Segmented, photo: str, mask: str) -> Mapping[str, JSON]:
    """The same for a program."""
    names = ("width", "height", "area", "objects", "segmenter", "approximate", "detections")
    figures = {name: value for name, value in found.items() if name in names}
    return _plain({"photo": photo, "mask": mask, **figures})


def run(seconds: float, link: str, grid: Grid) -> str:
    """What stands above the results of a run."""
    cards = grid["cards"]
    done = sum("full" in card for card in cards)
    notes = [note["en"] for note in grid["photo"]["notes"]] if "photo" in grid else []
    said = f"{done} of {len(cards)} erasers done in {seconds:.2f} s. On the page: {link}"
    return "\n".join([said, *notes])


def result(card: Card, kept: Kept | None = None) -> str:
    """One eraser's result, or why there is none."""
    head = f"{card['eraser']} ({card['name']})"
    if kept is None:
        why = card["error"]["text"] if "error" in card else f"It was {card['state']}."
        return f"{head} has no result. {why}"
    said = [
        f"{head}: {card['erase_seconds']:.2f} s, {card['changed_outside']} pixels changed outside"
        f" the mask, seed {card['seed']}.",
        *(note["en"] for note in card.get("notes", ())),
        *([_remarks(card["readings"])] if "readings" in card else []),
        f"Lossless: {kept.address}",
        f"To erase more from it: continue_from {kept.card}",
        *([] if kept.saved is None else _saved(kept.saved)),
    ]
    return "\n".join(said)


def _saved(saved: Saved) -> list[str]:
    """The file that is like the photo, and what is in it that concerns people."""
    told = saved.told
    blocks = told["coefficients_changed_outside"]
    proof = (
        f"{told['samples_changed_outside']} samples changed outside the mask"
        if blocks is None
        else f"{blocks} coefficients changed outside the mask's blocks"
    )
    kinds = [
        f"{what}: {', '.join(str(Text(f'metadata.kind.{kind}')) for kind in named)}."
        for what, named in (("In it", told["holds"]), ("Left out", told["removed"]))
        if named
    ]
    file = f"Saved as {told['format'].upper()}, {told['size']} bytes, {proof}: {saved.address}"
    return [file, *kinds, *(note["en"] for note in told["notes"])]


def _saved_facts(saved: Saved) -> Mapping[str, object]:
    told = {name: value for name, value in saved.told.items() if name != "file"}
    return {"address": saved.address, **told, "notes": [n["en"] for n in saved.told["notes"]]}


def result_facts(card: Card, kept: Kept | None = None) -> Mapping[str, JSON]:
    """The same for a program."""
    names = ("eraser", "name", "state", "seed", "settings", "load_seconds", "erase_seconds",
             "changed_outside", "device", "cached")  # fmt: skip
    figures = {name: value for name, value in card.items() if name in names}
    error = card["error"]["text"] if "error" in card else None
    readings = _in_english(card.get("readings", ()))
    where: Mapping[str, object] = {"image": None} if kept is None else {
        "image": kept.address,
        "continue_from": kept.card,
        **({} if kept.saved is None else {"saved": _saved_facts(kept.saved)}),
    }  # fmt: skip
    return _plain({**figures, **where, "error": error, "readings": readings})


def all_erasers(entries: Sequence[EraserEntry]) -> str:
    """A line on each."""
    chosen = [entry["id"] for entry in entries if entry["default"]]
    return "\n".join([f"Without erasers, erase uses: {', '.join(chosen)}.", *map(_eraser, entries)])


def _eraser(entry: EraserEntry) -> str:
    state = STATES.get(entry["readiness"], entry["readiness"])
    why = "".join(f" ({each['text']['en']})" for each in entry["obstacles"][:1]) \
        if entry["readiness"] == "blocked" else ""  # fmt: skip
    licence = f"{entry['license']}{', not for commercial use' if entry['non_commercial'] else ''}"
    about = f"{entry['name']}: {entry['summary']['en']}"
    return f"- {entry['id']} = {about} Licence {licence}. State: {state}{why}."


def erasers_facts(entries: Sequence[EraserEntry]) -> Mapping[str, JSON]:
    """The same for a program."""
    names = ("id", "name", "license", "non_commercial", "seeded", "default", "readiness")
    found = [{name: value for name, value in each.items() if name in names} for each in entries]
    return _plain({"erasers": found})


def one_eraser(entry: EraserEntry) -> str:
    """One eraser with its settings, as JSON lines that say what may be given."""
    settings = [
        json.dumps({**control, "description": control["description"]["en"]}, ensure_ascii=False)
        for control in entry["settings"]
    ]
    return "\n".join([_eraser(entry), "Settings, one a line:", *settings])


def eraser_facts(entry: EraserEntry) -> Mapping[str, JSON]:
    """The same for a program."""
    settings = [{**each, "description": each["description"]["en"]} for each in entry["settings"]]
    return _plain({"id": entry["id"], "readiness": entry["readiness"], "settings": settings})


def judged(changed: int, readings: Sequence[PlainReading]) -> str:
    """Remarks first, then all numbers."""
    numbers = ", ".join(f"{METRICS[each['id']].name.en} {each['value']:g}" for each in readings)
    outside = (
        "Outside the mask nothing was changed."
        if changed == 0
        else f"{changed} pixels outside the mask are not the photo's."
    )
    return "\n".join(
        [outside, _remarks(readings), f"Numbers: {numbers}." if numbers else "No numbers."]
    )


def judged_facts(changed: int, readings: Sequence[PlainReading]) -> Mapping[str, JSON]:
    """The same for a program."""
    return _plain({"changed_outside": changed, "readings": _in_english(readings)})


def _remarks(readings: Sequence[PlainReading]) -> str:
    said = [each["remark"]["en"] for each in readings if each["remark"]]
    return "Remarks: " + " ".join(said) if said else "No remarks: no fault was measured."


def _in_english(readings: Sequence[PlainReading]) -> list[Mapping[str, object]]:
    return [
        {**each, "remark": each["remark"]["en"] if each["remark"] else None} for each in readings
    ]


def _plain(value: Mapping[str, object]) -> Mapping[str, JSON]:
    """As JSON has it: lists for tuples, no values of other types."""
    return cast("Mapping[str, JSON]", json.loads(json.dumps(value)))
