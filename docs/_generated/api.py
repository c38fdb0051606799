"""The endpoints for programs, read from their source: Gradio need not be imported for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from _generated.tables import code, table
from segmentation import BOX_THRESHOLD, TEXT_THRESHOLD

API = Path(__file__).resolve().parents[2] / "ui" / "api"
FILES = ("endpoints.py", "sweeps.py", "results.py", "figures.py", "reports.py")
CONSTANTS = {"BOX_THRESHOLD": BOX_THRESHOLD, "TEXT_THRESHOLD": TEXT_THRESHOLD}
HEAD = ("Argument", "Type", "Default", "What it is")


def endpoints_as_markdown() -> str:
    """A section for each function that is `spoken`."""
    return "\n\n".join(_section(function) for file in FILES for function in _spoken(API / file))


Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
SPOKEN = {"spoken", "spoken_soon"}
"""How endpoints are marked."""


def _spoken(file: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and SPOKEN & set(
            map(ast.unparse, node.decorator_list)
        ):
            yield node


def _section(function: Function) -> str:
    about, said, returns = _docstring(ast.get_docstring(function) or "")
    parts = [f"## /{function.name}", about]
    if rows := list(_arguments(function, said)):
        parts.append(table(HEAD, rows))
    if returns:
        parts.append(f"**Returns** {returns}")
    return "\n\n".join(parts)


def _docstring(text: str) -> tuple[str, dict[str, str], str]:
    """Its first lines, what it says of each argument, and what is returned."""
    about, _, rest = text.partition("\n\nArgs:\n")
    arguments, _, returns = rest.partition("\n\nReturns:\n")
    found = re.findall(r"^    (\w+): (.*?)(?=^    \w+: |\Z)", arguments, re.DOTALL | re.MULTILINE)
    said = {name: " ".join(words.split()) for name, words in found}
    return about, said, " ".join(returns.split())


def _arguments(function: Function, said: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Name, type, default, meaning; `request` is Gradio's own."""
    arguments, defaults = function.args.args, function.args.defaults
    lacking = len(arguments) - len(defaults)
    for place, argument in enumerate(arguments):
        if argument.arg != "request":
            default = "" if place < lacking else _default(defaults[place - lacking])
            yield code(argument.arg), _type(argument), default, said.get(argument.arg, "")


def _default(node: ast.expr) -> str:
    written = ast.unparse(node)
    return code(CONSTANTS.get(written, written))


def _type(argument: ast.arg) -> str:
    written = ast.unparse(argument.annotation) if argument.annotation else "any"
    return code(written.replace("gr.FileData", "file").replace(" | None", ""))
