"""What `doctor` has found, for a person at a terminal of a hundred columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from methods import Obstacle, Outlook, Readiness, Report, in_bytes
from ui.cli.doctor.findings import Findings
from ui.cli.output import table
from ui.service.choices.catalog import describe_device, has_login

WIDTH = 100
HEAD = ("eraser", "state", "weights", "memory", "on", "licence")
_INDENT = "    "
_STATES = {
    Readiness.READY: "ready",
    Readiness.TO_FETCH: "to fetch",
    Readiness.BLOCKED: "NOT READY",
}


def as_text(found: Findings) -> str:
    """The machine, a line for each eraser with its reasons below, and the sum."""
    head, *rows = table(HEAD, map(_row, found.reports)).splitlines()
    lines = [*_machine(found), "", head]
    for row, one in zip(rows, found.reports, strict=True):
        lines += [_cut(row), *(_reason(obstacle) for obstacle in one.obstacles)]
    for broken in found.broken:
        lines += [f"{broken.id}  NOT READY", f"{_INDENT}Its file has an error: run with --verbose"]
    return "\n".join([*lines, "", _sum(found)])


def _machine(found: Findings) -> Iterator[str]:
    machine = found.machine
    budget, disk = in_bytes(machine.budget[machine.device]), in_bytes(machine.disk)
    yield f"device    {machine.device} ({describe_device()['name']}): {budget} for models"
    yield f"disk      {disk} free where the weights are kept"
    if not found.unmet:
        yield "packages  all of requirements.txt"
    for line in found.unmet:
        yield f"packages  {line}: pip install -r requirements.txt"
    yield f"hub       {_asking(found)}"


def _asking(found: Findings) -> str:
    token = "a token is given" if has_login() else "no token is given"
    if found.silent:
        return f"nobody was asked ({found.silent}); {token}"
    if not found.asked:
        return f"nothing to ask for; {token}"
    late = f", {found.late} were not answered in {found.seconds:g} s" if found.late else ""
    return f"{found.asked} files asked for{late}; {token}"


# --- a line --------------------------------------------------------------------------------


def _row(one: Report) -> tuple[str, ...]:
    licence = one.spec.license + (" (nc)" if one.spec.non_commercial else "")
    return (
        one.spec.id,
        _STATES[one.readiness],
        _weights(one),
        _memory(one.outlook),
        one.device or "-",
        licence,
    )


def _cut(line: str) -> str:
    """The licence stands last: the longest names end in it."""
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _weights(one: Report) -> str:
    if not one.weights:
        return "none"
    if not one.missing:
        return f"{in_bytes(sum(facts.size for facts in one.weights))} here"
    gated = any(facts.gated and facts.opens is not True for facts in one.weights)
    return f"{in_bytes(one.missing)}, gated" if gated else f"{in_bytes(one.missing)} to fetch"


def _memory(plan: Outlook | None) -> str:
    if plan is None or not plan.needed:
        return "-"
    remark = "too large" if plan.lacking else plan.setting
    return f"{in_bytes(plan.needed)} {remark}".rstrip()


# --- below it ------------------------------------------------------------------------------

_NO_BREAK = "\0"
_COMMAND = re.compile(r"(?:python -m methods|pip install)(?: [\w./-]*\w)+")


def _reason(obstacle: Obstacle) -> str:
    """The sentence; a command in it stays in one piece, to be copied."""
    text = _COMMAND.sub(lambda found: found[0].replace(" ", _NO_BREAK), obstacle.text.en)
    wrapped = textwrap.fill(
        text,
        WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped.replace(_NO_BREAK, " ")


def _sum(found: Findings) -> str:
    free = found.machine.disk
    counts = dict.fromkeys(Readiness, 0)
    for one in found.reports:
        counts[one.readiness] += 1
    missing = {f.name: f.missing for one in found.reports for f in one.weights}
    needed = sum(missing.values())
    more = f", more than the {in_bytes(free)} that are free" if needed > free else ""
    all_in_all = f"; {in_bytes(needed)} to fetch in all{more}" if needed else ""
    said = f"{counts[Readiness.READY]} ready, {counts[Readiness.TO_FETCH]} to fetch, "
    blocked = counts[Readiness.BLOCKED] + len(found.broken)
    return f"{said}{blocked} not ready{all_in_all}"
