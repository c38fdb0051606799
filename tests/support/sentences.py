"""Where the program's sentences are named in its source, and a language made for tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from methods import ENGLISH, Catalogue, Sentence, catalogues
from methods._texts import catalogue as catalogue_module

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("methods", "segmentation", "examples", "ui")
ERRORS = {"BadInput", "Unavailable", "UserError", "WeightsUnavailable"}
PREFIXES = {"Text": "", "setting": "", "text": "report.", "t": "report."}
"""Of an id, what the call adds to the string in it."""


def english() -> Mapping[str, Sentence]:
    """The sentences that every language is measured by."""
    return catalogues()[ENGLISH].sentences


def places(sentence: Sentence) -> list[set[str]]:
    """The names of the values in each form."""
    return [{name for _, name, _, _ in Formatter().parse(form) if name} for form in sentence.forms]


# --- the source ------------------------------------------------------------------------------


class Named(NamedTuple):
    """A sentence's id in the source. values: those that it is given there; None: not all seen."""

    file: str
    id: str
    values: set[str] | None


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for file in [ROOT / "app.py", *(p for f in FOLDERS for p in sorted((ROOT / f).rglob("*.py")))]:
        yield file, ast.parse(file.read_text(encoding="utf-8"))


@cache
def named_in_python() -> Sequence[Named]:
    """Every literal id."""
    return tuple(_named_in_python())


def _named_in_python() -> Iterator[Named]:
    for file, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := getattr(node.func, "id", "")):
                prefix = "error." if name in ERRORS else PREFIXES.get(name)
                place = node.args[1:2] if name == "setting" else node.args[:1]
                if prefix is None or (name in {"t", "text"} and "report" not in file.parts):
                    continue
                values = {word.arg for word in node.keywords if word.arg}
                seen = len(values) == len(node.keywords) and name != "setting"
                for literal in _literals(place):
                    yield Named(file.name, prefix + literal, values if seen else None)


def _literals(place: list[ast.expr]) -> Iterator[str]:
    for node in place:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.IfExp):
            yield from _literals([node.body, node.orelse])


def named_in_scripts() -> set[str]:
    """Every literal key that the page's scripts say."""
    found: set[str] = set()
    for file in sorted((ROOT / "ui").rglob("*")):
        if file.suffix in {".js", ".py"}:
            text = file.read_text(encoding="utf-8")
            if file.suffix == ".js":
                found |= set(re.findall(r"""\bt\("([\w.]+)"[,)]""", text))
            found |= set(re.findall(r"""data-t(?:-label|-title)?"?[:=] ?"([\w.]+)\"""", text))
    return {f"page.{key}" for key in found if not key.endswith(".")}


def words_of_source() -> set[str]:
    """Every string of the program's Python, scripts and data: whatever may name a sentence."""
    words: set[str] = set()
    for _, tree in sources():
        words |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in {".js", ".json"}:
                words |= set(re.findall(r'"([\w.-]+)"', file.read_text(encoding="utf-8")))
            if file.suffix == ".html" or (file.suffix == ".py" and file.parent.name == "page"):
                # Markup names sentences, too, and its scripts as members.
                words |= set(
                    re.findall(r'(?:="|sentences\.)([\w.]+)', file.read_text(encoding="utf-8"))
                )
    return words


# --- a language ------------------------------------------------------------------------------


def pretend(words: str) -> str:
    """A sentence of the pseudo-language: the English one, marked."""
    return f"⟦{words}⟧"


def write_pseudo(folder: Path, *, without: str = "", code: str = "pl") -> Path:
    """A catalogue in which every sentence but those whose id begins with `without` is marked, each
    plural form by its number. pl has three forms, as Polish does."""
    catalogue = Catalog(locale=code)
    for sentence_id, sentence in english().items():
        if without and sentence_id.startswith(without):
            continue
        if sentence.counted:
            forms = [pretend(f"{n}:{sentence.forms[-1]}") for n in range(catalogue.num_plurals)]
            catalogue.add((sentence_id, sentence.counted), tuple(forms))
        else:
            catalogue.add(sentence_id, pretend(sentence.forms[0]))
    file = folder / f"{code}.po"
    with file.open("wb") as stream:
        write_po(stream, catalogue, width=0)
    forget_catalogues()
    return file


def forget_catalogues() -> None:
    """So that the folders are looked into anew."""
    catalogue_module._catalogues.cache_clear()


def of(code: str) -> Catalogue:
    return catalogues()[code]
