"""`python -m methods doctor`: which erasers would run on this machine, and why others would not.

Nothing is downloaded and no model loaded; model hubs and hosts are asked by HEAD requests alone.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from methods import BadInput, Hurdle, Obstacle, Readiness, Report, WeightFacts
from ui.cli.doctor.findings import Findings, chosen, find_out
from ui.cli.doctor.text import as_text
from ui.cli.output import DONE, NOT_READY, say, say_json

_LONGEST = 600.0
"""Seconds that may be given to the questions."""


def doctor(args: argparse.Namespace) -> int:
    """The command `doctor`; its exit code is 0 where all erasers that were named are ready.

    Where none is named, all count but those that can run nowhere for now.
    """
    if not 0 < args.seconds <= _LONGEST:
        raise BadInput("bad_seconds", most=f"{_LONGEST:g}")
    specs, broken = chosen(args.ids)
    found = find_out(specs, broken, args.offline, args.seconds)
    if args.json:
        say_json(_as_json(found))
    else:
        say(as_text(found))
    return DONE if _all_ready(found, named=bool(args.ids)) else NOT_READY


def _all_ready(found: Findings, *, named: bool) -> bool:
    counted = [one for one in found.reports if named or not _is_nowhere(one)]
    ready = all(one.readiness is Readiness.READY for one in counted)
    return ready and not found.unmet and not found.broken


def _is_nowhere(one: Report) -> bool:
    return any(obstacle.kind is Hurdle.NOWHERE for obstacle in one.obstacles)


# --- JSON ----------------------------------------------------------------------------------


def _as_json(found: Findings) -> dict[str, object]:
    return {
        "machine": {**asdict(found.machine), "unmet_requirements": found.unmet},
        "asked": {"files": found.asked, "not_because": found.silent or None},
        "erasers": [_report_as_json(one) for one in found.reports],
        "broken": [one.id for one in found.broken],
    }


def _report_as_json(one: Report) -> dict[str, object]:
    return {
        "id": one.spec.id,
        "name": one.spec.name,
        "state": one.readiness.value,
        "device": one.device,
        "license": one.spec.license,
        "non_commercial": one.spec.non_commercial,
        "memory": None if one.outlook is None else asdict(one.outlook),
        "to_fetch": one.missing,
        "weights": [_facts_as_json(facts) for facts in one.weights],
        "obstacles": [_obstacle_as_json(obstacle) for obstacle in one.obstacles],
    }


def _facts_as_json(facts: WeightFacts) -> dict[str, object]:
    said = None if facts.sentence is None else facts.sentence.plain()
    return vars(facts) | {"state": facts.state.value, "sentence": said}


def _obstacle_as_json(obstacle: Obstacle) -> dict[str, object]:
    text = obstacle.text.plain()
    return {"kind": obstacle.kind.value, "text": text, "way": obstacle.way or None}
