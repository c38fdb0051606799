"""Which erasers there are: every file or package of this folder whose name has no underscore, and
what the owner has put into a folder of theirs.

A package hands its eraser out: `methods/lama/__init__.py` imports the class from its
`eraser.py`. Importing them costs little, because an eraser brings its heavy libraries only
inside its functions. A file that cannot be used (an error at import, a class that breaks the
contract) never takes the others down: it is logged once with its traceback, listed by
`broken_erasers`, and asking for it says so.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TypeVar, cast

from pydantic import ValidationError

from methods._base import BadInput, Eraser, EraserSpec, Settings, Unavailable, WeightFile
from methods._engine.contract import check_spec, only_eraser
from methods._engine.own import own_erasers
from methods._own import reloading
from methods._own.given import GivenResults
from methods._weights.status import WeightState, weight_status

logger = logging.getLogger(__name__)

SMALL_DOWNLOAD = 64_000_000
"""Bytes that an eraser of the default set may still have to fetch: less than a minute's."""


_NEAR = (WeightState.READY, WeightState.FOUND)


@dataclass(frozen=True, slots=True)
class BrokenEraser:
    """An eraser's file that cannot be used. reason: for the program's log, not for a page."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found, all by id: usable classes, unusable files, and results that were
    made elsewhere."""

    erasers: dict[str, type[Eraser]] = field(default_factory=dict)
    broken: dict[str, BrokenEraser] = field(default_factory=dict)
    given: dict[str, GivenResults] = field(default_factory=dict)


def list_erasers() -> tuple[EraserSpec, ...]:
    """The specs of all usable erasers that this host offers, by rank, then by id.

    Raises BadInput where ERASER_LAB_ERASERS names one that does not exist.
    """
    specs = (eraser.spec for eraser in found().erasers.values())
    offered = _offered()
    listed = (spec for spec in specs if offered is None or spec.id in offered)
    return tuple(sorted(listed, key=lambda spec: (spec.rank, spec.id)))


def _offered() -> frozenset[str] | None:
    """The ids in ERASER_LAB_ERASERS, None = all that there are."""
    wanted = re.split(r"[\s,]+", os.environ.get("ERASER_LAB_ERASERS", "").strip(" ,\t\n"))
    if wanted == [""]:
        return None
    known = found()
    for name in wanted:
        if name not in {**known.erasers, **known.broken, **known.given}:
            ids = ", ".join(sorted(known.erasers))
            raise BadInput("bad_erasers_setting", eraser=name[:80], known=ids)
    return frozenset(wanted)


def default_erasers() -> tuple[EraserSpec, ...]:
    """What runs when the user names none: the erasers marked as default, less those that would
    first need a large download, for which nobody should wait without having asked."""
    listed = list_erasers()
    # A host that offers none of the marked ones has marked by offering.
    marked = [spec for spec in listed if spec.default] or listed
    return tuple(spec for spec in marked if _soon_ready(spec))


def _soon_ready(spec: EraserSpec) -> bool:
    """Whether its missing weights are no more than a small download."""
    states = [weight_status(weight) for weight in spec.weights]
    return is_small_download(sum(each.size for each in states if each.state not in _NEAR))


def is_small_download(size: int) -> bool:
    """Whether an eraser of the default set may still have so many bytes to fetch."""
    return size <= SMALL_DOWNLOAD


def broken_erasers() -> tuple[BrokenEraser, ...]:
    """The files that look like erasers and cannot be used; empty in a sound checkout."""
    return tuple(found().broken.values())


def get_eraser(eraser_id: str) -> type[Eraser]:
    """The class of one eraser. Raises BadInput (unknown id, or not offered by this host),
    Unavailable (broken file)."""
    known, offered = found(), _offered()
    if eraser_id in known.broken:
        raise Unavailable("eraser_broken", eraser=eraser_id)
    if eraser_id in known.erasers and (offered is None or eraser_id in offered):
        return known.erasers[eraser_id]
    if eraser_id in known.given and (offered is None or eraser_id in offered):
        raise BadInput("eraser_given", eraser=eraser_id, title=known.given[eraser_id].name)
    ids = ", ".join(spec.id for spec in list_erasers())
    if eraser_id in known.erasers:
        title = known.erasers[eraser_id].spec.name
        raise BadInput("eraser_not_offered", eraser=eraser_id, title=title, known=ids)
    shown = str(eraser_id)[:80]
    raise BadInput("unknown_eraser", eraser=shown, known=ids)


def list_given() -> tuple[GivenResults, ...]:
    """The results made elsewhere that this host offers beside erasers in tables, by id; those that
    cannot be used say why in `fault`."""
    offered = _offered()
    every = sorted(found().given.values(), key=lambda given: given.id)
    return tuple(given for given in every if offered is None or given.id in offered)


S = TypeVar("S", bound=Settings)


def settings_of(eraser: type[Eraser[S]], values: Settings | Mapping[str, object]) -> S:
    """The eraser's own Settings made from `values`; an instance of them passes as it is.

    Raises BadInput that names the first setting which is unknown or out of bounds.
    """
    if isinstance(values, eraser.Settings):
        return cast("S", values)
    plain = values.model_dump() if isinstance(values, Settings) else dict(values)
    try:
        return cast("S", eraser.Settings.model_validate(plain))
    except ValidationError as error:
        raise _bad_setting(eraser, error) from error


def _bad_setting(eraser: type[Eraser], error: ValidationError) -> BadInput:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])[:80] or "settings"
    details = {"eraser": eraser.spec.id, "setting": name}
    if first["type"] == "extra_forbidden":
        known = ", ".join(eraser.Settings.model_fields)
        return BadInput("unknown_setting", known=known, **details, title=eraser.spec.name)
    reason = str(first["msg"])[:200]
    reason = reason[:1].lower() + reason[1:]
    return BadInput("bad_setting", reason=reason, **details, title=eraser.spec.name)


def needed_weights(spec: EraserSpec) -> tuple[WeightFile, ...]:
    """The eraser's own files that its default settings need on this machine: all, less those of
    text encoders whose only embedding is kept already."""
    eraser = get_eraser(spec.id)
    names = {weight.name for weight in eraser.weights_for(eraser.Settings())}
    return tuple(weight for weight in spec.weights if weight.name in names)


def missing_packages(spec: EraserSpec) -> tuple[str, ...]:
    """The optional packages that the eraser needs and this environment does not have."""
    return tuple(name for name in spec.packages if find_spec(name) is None)


# --- the search --------------------------------------------------------------------------


_searching = threading.Lock()
_kept: dict[int, Found] = {}
"""What was found last, by the time at which the owner has asked for it."""


def found() -> Found:
    """What lies in this folder and in the owner's; searched once in a process, and again when the
    owner wishes it (see `_own.reloading`)."""
    stamp = reloading.stamp()
    with _searching:
        if stamp not in _kept:
            before = next(iter(_kept.values()), Found())
            _kept.clear()
            _kept[stamp] = _searched(before.erasers)
        return _kept[stamp]


def _searched(before: Mapping[str, type[Eraser]]) -> Found:
    folder = Path(__file__).parent.parent
    names = sorted(m.name for m in iter_modules([str(folder)]) if not m.name.startswith("_"))
    result = search(names)
    taken = {*result.erasers, *result.broken}
    files = {file.name: file for each in result.erasers.values() for file in _files_of(each.spec)}
    own = own_erasers(taken, files, before)
    result.erasers.update(own.erasers)
    result.given.update(own.given)
    return result


def _files_of(spec: EraserSpec) -> tuple[WeightFile, ...]:
    return (*spec.weights, *spec.more_weights)


def search(names: Iterable[str], package: str = "methods") -> Found:
    """Import `package.<name>` for each name and keep what meets the contract of `_base`."""
    result = Found()
    pins: dict[str, WeightFile] = {}
    for name in names:
        try:
            eraser = only_eraser(import_module(f"{package}.{name}"))
            check_spec(eraser, name, pins)
        except Exception as error:
            # Any kind of error: the file is foreign code as far as the search is concerned.
            logger.exception("methods/%s cannot be used as an eraser", name)
            result.broken[name] = BrokenEraser(name, f"{type(error).__name__}: {error}")
        else:
            result.erasers[name] = eraser
            pins.update((weight.name, weight) for weight in _files_of(eraser.spec))
    for eraser in result.erasers.values():
        ids = (name for name in eraser.spec.companions if name in result.erasers)
        eraser.companions = {name: result.erasers[name] for name in ids}
    return result
