"""The settings of the erasers and the remarks on them, from their classes."""

from __future__ import annotations

from collections.abc import Iterator

from _generated.tables import code, table
from methods import EraserSpec, Settings, get_eraser, list_erasers
from ui.service.choices.entries import Control
from ui.service.choices.settings_schema import describe_settings

HEAD = ("Setting", "Default", "Values", "What it does")


def settings_as_markdown() -> str:
    """First what all have, then a section for each eraser that has settings of its own."""
    common = describe_settings(Settings)
    parts = [f"## Every eraser\n\n{table(HEAD, map(_row, common))}"]
    return "\n\n".join([*parts, *filter(None, map(_section, list_erasers()))])


def _section(spec: EraserSpec) -> str:
    common = {control["name"] for control in describe_settings(Settings)}
    described = describe_settings(get_eraser(spec.id).Settings)
    own = [control for control in described if control["name"] not in common]
    return f"## {spec.name} `{spec.id}`\n\n{table(HEAD, map(_row, own))}" if own else ""


def _row(control: Control) -> tuple[str, ...]:
    values = _values(control) + (", or nothing" if control.get("optional") else "")
    default = _default(control["default"])
    return code(control["name"]), default, values, control["description"]["en"]


def _default(value: object) -> str:
    """As it is written on the command line."""
    if isinstance(value, bool):
        return code(str(value).lower())
    return "nothing" if value in (None, "") else code(value)


def _values(control: Control) -> str:
    match control["kind"]:
        case "bool":
            return "`true`, `false`"
        case "choice":
            return ", ".join(map(code, control["choices"]))
        case "text":
            most = control.get("max_length")
            return f"text, {most} characters at most" if most else "text"
        case kind:
            return " ".join(["whole number" if kind == "int" else "number", *_bounds(control)])


def _bounds(control: Control) -> Iterator[str]:
    low, high = control.get("min"), control.get("max")
    if low is not None and high is not None:
        yield f"from {low:g} to {high:g}"
    elif low is not None:
        yield f"from {low:g}"
    elif high is not None:
        yield f"up to {high:g}"


def notes_as_markdown() -> str:
    """What each card says beside the summary."""
    noted = [spec for spec in list_erasers() if spec.notes or spec.unavailable]
    return "\n".join(map(_notes, noted))


def _notes(spec: EraserSpec) -> str:
    said = [*(note.en for note in spec.notes)]
    if spec.unavailable:
        said.append(spec.unavailable.en)
    return f"- **{spec.name}**: {' '.join(said)}"
