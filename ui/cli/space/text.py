"""What `space` has computed, for a person at a terminal, in any language of the catalogues."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from methods import Hurdle, Report, Text, in_bytes
from ui.cli.output import table
from ui.cli.space.folder import Folder
from ui.cli.space.hardware import Hardware
from ui.cli.space.plan import ASSUMED_RATE, Plan, needs_token

WIDTH = 100
_INDENT = "    "
_COLUMNS = (
    "space.column.hardware",
    "space.column.cores",
    "space.column.memory",
    "space.column.gpu",
    "space.column.disk",
    "space.column.price",
)
_NOT = {
    Hurdle.NOWHERE: "space.not.nowhere",
    Hurdle.PACKAGES: "space.not.packages",
    Hurdle.DEVICE: "space.not.device",
    Hurdle.MEMORY: "space.not.memory",
    Hurdle.FILES: "space.not.files",
    Hurdle.SOURCE: "space.not.source",
    Hurdle.DISK: "space.not.disk",
}
"""What is said of erasers by the gravest obstacle in their way."""


def hardware_as_text(hardware: Sequence[Hardware], language: str) -> str:
    """A line for each."""
    head = [Text(name).said(language) for name in _COLUMNS]
    return table(head, (_row(each, language) for each in hardware))


def _row(each: Hardware, language: str) -> tuple[str, ...]:
    unknown = Text("space.unknown").said(language)
    gpu = in_bytes(each.gpu) if each.gpu else "-"
    return (
        each.id,
        unknown if each.cores is None else str(each.cores),
        unknown if each.memory is None else in_bytes(each.memory),
        Text("space.lent", gpu=gpu).said(language) if each.lent else gpu,
        unknown if each.disk is None else in_bytes(each.disk),
        f"${each.price:.2f}",
    )


def plans_as_text(
    folder: Folder, wrong: Sequence[Text], plans: Sequence[Plan], language: str
) -> str:
    """The folder, then each hardware."""
    lines = [_folder(folder).said(language), *_faults(wrong, language)]
    for each in plans:
        lines += ["", _title(each.hardware, language)]
        lines += [_wrapped(text.said(language)) for text in _sentences(each)]
        lines += _faults(each.faults, language)
    rate = in_bytes(ASSUMED_RATE)
    return "\n".join([*lines, "", Text("space.assumed", rate=rate).said(language)])


def _folder(folder: Folder) -> Text:
    return Text(
        "space.folder",
        files=len(folder.files),
        size=in_bytes(sum(folder.files.values())),
        torch=folder.pins.get("torch", "-"),
        preloads=", ".join(each.repo for each in folder.preloads) or "-",
    )


def _title(hardware: Hardware, language: str) -> str:
    unknown = Text("space.unknown").said(language)
    name, *cells = _row(hardware, language)
    said = [
        f"{Text(column).said(language)} {cell}"
        for column, cell in zip(_COLUMNS[1:], cells, strict=True)
        if cell not in ("-", unknown)
    ]
    return f"{name}: {', '.join(said)}"


def _faults(wrong: Sequence[Text], language: str) -> list[str]:
    mark = Text("space.fault").said(language)
    return [_wrapped(f"{mark} {text.said(language)}") for text in wrong]


def _wrapped(text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )


# --- one hardware ----------------------------------------------------------------------------


def _sentences(made: Plan) -> Iterator[Text]:
    yield Text("space.ticked", erasers=", ".join(made.ticked) or "-")
    yield Text("space.run", erasers=_ids(made.running), count=len(made.running))
    if gated := [one for one in made.running if needs_token(one)]:
        yield Text("space.gated", erasers=_ids(gated))
    yield from _not(made)
    if not made.hardware.gpu:
        yield Text("space.slow", erasers=",".join(made.ticked))
    yield Text("space.weights", size=in_bytes(made.weights), kept=in_bytes(made.kept))
    yield Text(
        "space.disk",
        libraries=in_bytes(made.libraries),
        weights=in_bytes(made.kept),
        data=in_bytes(made.data),
        sum=in_bytes(made.disk),
    )
    page, ready = f"{made.start_seconds:.0f}", f"{made.ready_seconds:.0f}"
    yield Text("space.start", page=page, ready=ready, size=in_bytes(made.at_start))


def _not(made: Plan) -> Iterator[Text]:
    """Those that do not run, by the reason."""
    left = [one for one in made.reports if one not in made.running]
    for kind, sentence in _NOT.items():
        if held := [one for one in left if _first(one) is kind]:
            yield Text(sentence, erasers=_ids(held))


def _first(one: Report) -> Hurdle:
    """The gravest obstacle that the Space's owner cannot mend with a token."""
    return next(each.kind for each in one.obstacles if each.kind in _NOT)


def _ids(reports: Sequence[Report]) -> str:
    return ", ".join(one.spec.id for one in reports) or "-"
