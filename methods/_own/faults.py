"""What is wrong with a file of the owner's, as a sentence, with the line."""

from __future__ import annotations

import difflib
import re
import tomllib
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeGuard

from pydantic import BaseModel, ValidationError

from methods._base import Text

Place = Sequence[int | str]

_LENGTH = 300
_AT_END = "(at end of document)"
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class Fault(ValueError):
    """A file that cannot be used. text: why, in all languages; line: where, 0 = nowhere at all.
    place: the keys that lead there, as long as the line is not known. kind: of the manifest, where
    that much of it could be read."""

    kind = ""

    def __init__(self, text: Text, line: int = 0, place: Place = ()) -> None:
        super().__init__(str(text))
        self.text, self.line, self.place = text, line, place

    def told(self, file: Path) -> Text:
        """The whole sentence."""
        if self.line:
            return Text("own.fault.line", file=file.name, line=self.line, why=self.text)
        return Text("own.fault.file", file=file.name, why=self.text)


def of_toml(error: tomllib.TOMLDecodeError, text: str) -> Fault:
    """What the parser says, with its line; it names none for the last one."""
    found = _AT_LINE.search(str(error))
    reason = _AT_LINE.sub("", str(error)).replace(_AT_END, "").strip()
    line = int(found[1]) if found else len(text.rstrip().splitlines())
    return Fault(Text("own.fault.toml", reason=reason[:_LENGTH]), line)


def located(fault: Fault, file: Path) -> Fault:
    """The same with the line at which its place is written."""
    if fault.line or not fault.place:
        return fault
    return Fault(fault.text, line_of(file.read_text("utf-8-sig"), fault.place))


def of_manifest(error: ValidationError, text: str, model: type[BaseModel]) -> Fault:
    """The first thing that is wrong with a manifest; an unknown key goes before the one that is
    missing for it. model: what it should have been."""
    all_of_them = error.errors(include_url=False, include_input=False)
    unknown = (each for each in all_of_them if each["type"] == "extra_forbidden")
    first = next(unknown, all_of_them[0])
    place = [part for part in first["loc"] if not str(part).startswith("function-")]
    key = str(place[-1]) if place else "kind"
    line = line_of(text, place)
    if first["type"] == "extra_forbidden":
        return Fault(_unknown(key, known_at(model, place[:-1])), line)
    if first["type"] in ("missing", "union_tag_not_found"):
        return Fault(Text("own.fault.missing", key=key), line)
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, Fault):
        return Fault(cause.text, line_of(text, [*place, *cause.place]))
    named = ".".join(map(str, place)) or key
    return Fault(Text("own.fault.value", key=named, reason=str(first["msg"])[:_LENGTH]), line)


def of_python(error: BaseException, file: Path) -> Fault:
    """What importing a file raised, with the last line of that file that had to do with it."""
    said = f"{type(error).__name__}: {error}"[:_LENGTH]
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return Fault(
            Text("own.fault.python", reason=f"SyntaxError: {error.msg}"), error.lineno or 0
        )
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    return Fault(Text("own.fault.python", reason=said), (lines[-1] or 0) if lines else 0)


def _unknown(key: str, known: Iterable[str]) -> Text:
    names = sorted(known)
    close = difflib.get_close_matches(key, names, 1)
    if close:
        return Text("own.fault.unknown.meant", key=key, meant=close[0])
    return Text("own.fault.unknown", key=key, known=", ".join(names))


def suggested(key: str, known: Iterable[str]) -> Text:
    """The sentence for a name that is none of those that are known."""
    return _unknown(key, known)


# --- where something stands ---------------------------------------------------------------


def known_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that a table of the manifest may have."""
    found: object = model
    for part in place:
        found = _below(found, str(part))
    fields = found.model_fields if _is_model(found) else {}
    return [field.alias or name for name, field in fields.items()]


def _is_model(found: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _below(kind: object, part: str) -> object:
    """What stands under a key: a model's field, a dictionary's value, or the member of a union that
    pydantic names in between."""
    if _is_model(kind):
        fields = kind.model_fields
        named = (f for name, f in fields.items() if part in (name, f.alias))
        return getattr(next(named, None), "annotation", None)
    members = getattr(kind, "__args__", ())
    tagged = [each for each in _models(members) if part == _tag(each)]
    if tagged:
        return tagged[0]
    models = list(_models(members))
    return models[0] if len(models) == 1 else next(iter(members[1:]), None)


def _models(members: Iterable[object]) -> Iterable[type[BaseModel]]:
    for each in members:
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each
        else:
            yield from _models(getattr(each, "__args__", ()))


def _tag(model: type[BaseModel]) -> str:
    field = model.model_fields.get("type")
    values = getattr(getattr(field, "annotation", None), "__args__", ("",))
    return str(values[0])


def line_of(text: str, place: Place) -> int:
    """The line of the deepest part of a place that is written down; 0 = none is."""
    wanted = [str(part) for part in place]
    table: list[str] = []
    best, depth = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]#]+?)\s*\]", line):
            table = _keys(header[1])
            here = table
        elif key := re.match(r"\s*([\w.\-\"']+)\s*=", line):
            here = [*table, *_keys(key[1])]
        else:
            continue
        shared = _in_order(here, wanted)
        if shared > depth:
            best, depth = number, shared
    return best


def _keys(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _in_order(here: Sequence[str], wanted: Sequence[str]) -> int:
    """How many parts of `here` there are, where all of them occur in `wanted` in their order:
    pydantic names a union's member between two of them."""
    left = iter(wanted)
    return len(here) if all(part in left for part in here) else 0
