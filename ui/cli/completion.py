"""`python -m methods completion bash`: a script for the shell that completes our words.

The script is static: a Tab runs no Python. `python -m methods` is three words to a shell, and
completion goes by the first; so the script also makes the one-word command `eraser-lab`, which
works from any folder:

    eval "$(python -m methods completion bash)"      # the same in zsh
    python -m methods completion fish | source
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from methods import list_erasers
from ui.cli.output import DONE, say

COMMAND = "eraser-lab"
ROOT = Path(__file__).resolve().parents[2]

Words = Mapping[str, Sequence[str]]
"""The ids that an argument takes, by the argument's name in the parser."""

_BASH = """_eraser_lab_{name}() {{
  local done="${{1%"${{1##*,}}"}}"
  compgen -P "$done" -W {words} -- "${{1##*,}}"
}}
"""
"""Completes also the second name of a list with commas."""

_FISH = """function {command}
  PYTHONPATH={root} {python} -m methods $argv
end
"""
_OTHERS = """{command}() {{
  PYTHONPATH={root}"${{PYTHONPATH:+:$PYTHONPATH}}" {python} -m methods "$@"
}}
"""


def show_completion(shell: str, parser: argparse.ArgumentParser) -> int:
    """The command `completion`. parser: the whole command line, called COMMAND."""
    say(script(shell, parser))
    return DONE


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """What the shell is to read: the command `eraser-lab`, and how its words are completed."""
    import shtab

    words = _words()
    for action in _all_actions(parser):
        _say_what_fits(action, words, shtab.FILE)
    before = "".join(map(_bash_function, words, words.values())) if shell == "bash" else ""
    return _command(shell) + str(shtab.complete(parser, shell, preamble=before))


def _words() -> Words:
    from segmentation import list_detectors, list_segmenters

    erasers = [spec.id for spec in list_erasers()]
    segmenters = [spec.id for spec in list_segmenters()]
    detectors = [spec.id for spec in list_detectors()]
    return {
        "erasers": erasers,
        "segmenter": segmenters,
        "detector": detectors,
        "ids": erasers,
        "names": [*erasers, *segmenters, *detectors, "lpips"],
    }


def _all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of the parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _all_actions(command)


def _say_what_fits(action: argparse.Action, words: Words, files: object) -> None:
    """Ids or files, in the attribute where shtab looks for it."""
    if action.type is Path:
        action.complete = files  # type: ignore[attr-defined]
    elif action.dest in words:
        ids = shlex.join(words[action.dest])
        action.complete = {  # type: ignore[attr-defined]
            "bash": f"_eraser_lab_{action.dest}",
            "zsh": f"_values -s , id {ids}" if action.dest == "erasers" else f"({ids})",
            "fish": f"(__fish_append , {ids})" if action.dest == "erasers" else ids,
        }


def _bash_function(name: str, words: Sequence[str]) -> str:
    return _BASH.format(name=name, words=shlex.quote(" ".join(words)))


def _command(shell: str) -> str:
    """The function `eraser-lab`: this Python, this folder."""
    root, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    made = _FISH if shell == "fish" else _OTHERS
    return made.format(command=COMMAND, root=root, python=python)
