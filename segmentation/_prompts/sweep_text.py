"""Sweeps as people and programs write them: on a command line, in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from methods import BadInput, readable
from segmentation._prompts.sweep import SEED, Sweep, seed_of


def sweep_in(words: Sequence[str], seeds: Sequence[int] = ()) -> Sweep | None:
    """A sweep from a command line's NAME=VALUE,VALUE and from seeds; None for neither. Values with
    commas in them stand in a list as JSON has it. Raises BadInput."""
    axes: list[dict[str, object]] = [_axis_in(text) for text in words]
    if seeds:
        axes.append({"name": SEED, "values": list(seeds)})
    return read_sweep({"axes": axes}) if axes else None


MOST_RANGE = 100
"""Seeds in one list or range."""


def seeds_in(text: str) -> tuple[int, ...]:
    """0-4 or 0,3,7: each once, in the order given, 100 at most. Raises BadInput."""
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadInput("sweep_seed", value=readable(part)[:80])
        low, high = seed_of(first), seed_of(last if dash else first)
        if high < low or high - low >= MOST_RANGE:
            raise BadInput("sweep_seeds", value=readable(part)[:80], limit=MOST_RANGE)
        found |= dict.fromkeys(range(low, high + 1))
    if len(found) > MOST_RANGE:
        raise BadInput("sweep_seeds", value=readable(text)[:80], limit=MOST_RANGE)
    return tuple(found)


def _axis_in(text: str) -> dict[str, object]:
    name, equals, listed = text.partition("=")
    values: object = [part.strip() for part in listed.split(",")]
    if listed.lstrip().startswith("["):
        try:
            values = json.loads(listed)
        except (ValueError, RecursionError):
            raise BadInput("sweep_form", value=readable(text)[:80]) from None
    if not equals or not name.strip() or not listed.strip():
        raise BadInput("sweep_form", value=readable(text)[:80])
    return {"name": name.strip(), "values": values}


def read_sweep(data: object) -> Sweep:
    """A sweep from untrusted plain values: {"axes": [{"name", "values"}, …]}, or shorter, values by
    name. Raises BadInput."""
    if isinstance(data, Mapping) and "axes" not in data:
        data = {"axes": [{"name": name, "values": values} for name, values in data.items()]}
    try:
        return Sweep.model_validate(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = f"{_place(data, fault['loc'])}: {fault['msg'][:120]}"
        raise BadInput("sweep_form.fault", reason=reason) from None


def _place(data: object, place: tuple[int | str, ...]) -> str:
    """Where a fault is: an axis by its name, where it has one."""
    match data, place:
        case {"axes": list(axes)}, ("axes", int(number), *_):
            axis = axes[number]
            name = axis.get("name") if isinstance(axis, Mapping) else None
            if isinstance(name, str):
                return readable(name)[:60]
    return ".".join(str(part)[:40] for part in place[:5])
