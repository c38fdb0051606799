"""`python -m methods space`: the hardware that a Hugging Face Space can have, and with `--check`
what this folder would do on it; with `--write` its README's header is completed. Nothing is asked
of the hub and nothing is downloaded.

Erasers and limits are those of this environment's variables, which stand for the Space's own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from methods import BadInput, Report, Text
from ui.cli.output import DONE, NOT_READY, UNUSABLE, complain, say, say_json
from ui.cli.space.folder import Folder, faults, read_folder
from ui.cli.space.hardware import HARDWARE, Hardware
from ui.cli.space.header import completed, write
from ui.cli.space.plan import ASSUMED_RATE, Plan, needs_token, plan
from ui.cli.space.text import hardware_as_text, plans_as_text

ROOT = Path(__file__).resolve().parents[3]


def space(args: argparse.Namespace) -> int:
    """The command `space`; with --check its exit code is 3 where something keeps a Space from
    working. Raises BadInput for a hardware that does not exist."""
    chosen = _chosen(args.hardware)
    if args.write:
        return _write(args)
    if args.check:
        return _check(chosen, args)
    if args.json:
        say_json([asdict(each) for each in chosen])
    else:
        say(hardware_as_text(chosen, args.lang))
    return DONE


def _chosen(ids: Sequence[str] | None) -> tuple[Hardware, ...]:
    known = {each.id: each for each in HARDWARE}
    for name in ids or ():
        if name not in known:
            raise BadInput("no_such_hardware", hardware=name[:80], known=", ".join(known))
    return tuple(known[name] for name in dict.fromkeys(ids or known))


def _write(args: argparse.Namespace) -> int:
    from segmentation import list_segmenters

    header = completed(read_folder(ROOT), list_segmenters()[0].weights)
    write(ROOT / "README.md", header)
    if args.json:
        say_json(header)
    else:
        say(Text("space.written", keys=", ".join(header)).said(args.lang))
    return DONE


def _check(chosen: Sequence[Hardware], args: argparse.Namespace) -> int:
    from segmentation import list_segmenters

    folder = read_folder(ROOT)
    preferred = list_segmenters()[0].weights
    try:
        plans = [plan(folder, each, preferred) for each in chosen]
    except ValueError as error:  # names the variable that cannot be used
        complain(str(error))
        return UNUSABLE
    wrong = tuple(faults(folder))
    if args.json:
        say_json(_as_json(folder, wrong, plans))
    else:
        say(plans_as_text(folder, wrong, plans, args.lang))
    return NOT_READY if wrong or any(each.faults for each in plans) else DONE


# --- JSON ----------------------------------------------------------------------------------


def _as_json(folder: Folder, wrong: Sequence[Text], plans: Sequence[Plan]) -> dict[str, object]:
    return {
        "folder": {
            "files": len(folder.files),
            "bytes": sum(folder.files.values()),
            "torch": folder.pins.get("torch"),
            "cpu_builds": folder.cpu_builds,
            "preloads": [asdict(each) for each in folder.preloads],
            "faults": [each.plain() for each in wrong],
        },
        "assumed": {"bytes_a_second": ASSUMED_RATE},
        "hardware": [_plan_as_json(each) for each in plans],
    }


def _plan_as_json(made: Plan) -> dict[str, object]:
    return {
        **asdict(made.hardware),
        "ticked": made.ticked,
        "erasers": [_report_as_json(one) for one in made.reports],
        "weights": {"all": made.weights, "kept": made.kept, "at_start": made.at_start},
        "disk_needed": {
            "libraries": made.libraries, "weights": made.kept, "photos_and_runs": made.data,
            "all": made.disk,
        },
        "seconds": {"page": made.start_seconds, "ticked_ready": made.ready_seconds},
        "faults": [each.plain() for each in made.faults],
    }  # fmt: skip


def _report_as_json(one: Report) -> dict[str, object]:
    return {
        "id": one.spec.id,
        "state": one.readiness.value,
        "device": one.device,
        "memory": None if one.outlook is None else asdict(one.outlook),
        "to_fetch": one.missing,
        "needs_token": needs_token(one),
        "obstacles": [
            {"kind": each.kind.value, "text": each.text.plain()} for each in one.obstacles
        ],
    }
