"""The help of every command, from the parsers themselves.

Not what --help prints: that depends on the terminal's width and on Python's version.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import app
from _generated.tables import code, table
from examples import given_documents, tables
from examples.compose import __main__ as compose
from examples.figure import __main__ as figure
from ui.cli.commands import make_parser

HEAD = ("Option", "Value", "What it does")


def commands_as_markdown() -> str:
    """A section for each command."""
    parsers = [app.make_parser(), make_parser(), tables.make_parser()]
    parsers += [figure.make_parser(), compose.make_parser(), given_documents.make_parser()]
    parsers[0].prog = "python app.py"
    return "\n\n".join(section for parser in parsers for section in _sections(parser))


def _sections(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield _section(parser)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _sections(inner)


def _section(parser: argparse.ArgumentParser) -> str:
    shown = [action for action in parser._actions if action.dest != "help"]
    rows = table(HEAD, map(_row, shown))
    usage = f"```\n{_usage(parser)}\n```"
    about = [parser.description or "", usage, rows, parser.epilog or ""]
    return "\n\n".join([f"## {parser.prog}", *filter(None, about)])


def _usage(parser: argparse.ArgumentParser) -> str:
    """Its positional arguments, and a word for the rest."""
    words = [_word(action) for action in parser._actions if not action.option_strings]
    return " ".join([parser.prog, *words, "[options]"])


def _word(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest.upper())
    return {"*": f"[{name} ...]", "?": f"[{name}]"}.get(str(action.nargs), name)


def _row(action: argparse.Action) -> tuple[str, ...]:
    name = ", ".join(map(code, action.option_strings)) or code(_word(action))
    return name, _value(action), _help(action)


def _value(action: argparse.Action) -> str:
    if action.choices:
        return ", ".join(code(choice) for choice in action.choices)
    takes = action.nargs != 0 and action.option_strings
    return code(action.metavar or action.dest.upper()) if takes else ""


def _help(action: argparse.Action) -> str:
    """argparse doubles its per cent signs; --version has a help of Python's own."""
    if isinstance(action, argparse._SubParsersAction):
        return "one of the commands below"
    if isinstance(action, argparse._VersionAction):
        return "show the version and end"
    return (action.help or "").replace("%%", "%")
