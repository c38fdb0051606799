"""Arguments with places to be filled: `--steps={settings.steps}`.

Each argument is filled in itself and never cut into several, and no shell reads it: what a visitor
has typed stays one argument, or a part of one. `{{` and `}}` mean the braces themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

PICTURES = ("image", "mask", "output")
VALUES = ("seed", "device")
OF_ROW = ("row", "photo")

_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def names_in(word: str) -> Iterator[str]:
    """The names of the places of one argument."""
    for found in _MARK.finditer(word):
        if found[1] is not None:
            yield found[1].strip()


def filled(word: str, values: Mapping[str, str]) -> str:
    """One argument with its values. Raises KeyError for a name without one."""

    def one(found: re.Match[str]) -> str:
        return found[0][0] if found[1] is None else values[found[1].strip()]

    return _MARK.sub(one, word)


def begins_with(word: str) -> str:
    """The name of the place that an argument begins with, "" = it begins with something else."""
    found = _MARK.match(word)
    return found[1].strip() if found and found[1] is not None else ""
