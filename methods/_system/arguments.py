"""Words of a command line as argparse can tell them apart."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

_NUMBERS = re.compile(r"-[\d.][-\d.,e+]*", re.IGNORECASE)
_OPTION = re.compile(r"--[a-z][a-z0-9-]*")


def with_their_numbers(argv: Sequence[str] | None = None) -> list[str]:
    """The words, with `--box -20,100,345,425` as `--box=-20,…`: argparse takes what begins with a
    minus for an option, unless it is one plain number. None: the program's own words."""
    argv = sys.argv[1:] if argv is None else argv
    words: list[str] = []
    for place, word in enumerate(argv):
        if word == "--":
            return [*words, *argv[place:]]
        if words and _NUMBERS.fullmatch(word) and _OPTION.fullmatch(words[-1]):
            words[-1] += f"={word}"
        else:
            words.append(word)
    return words
