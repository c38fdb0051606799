"""Fonts that have the letters of a figure: DejaVu, which the drawing library brings, and for what
it lacks one of this machine."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

BASE = "DejaVu Sans"

PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Noto Sans CJK JP",  # of a collection of fonts, only the first is listed
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
    "Heiti SC",
    "Noto Serif CJK SC",
    "Noto Serif CJK JP",
)
"""Asked first, in this order, for Chinese."""


def families_for(text: str) -> tuple[list[str], str]:
    """The families that draw the text, to be tried in this order for each letter, and the letters
    that no font of this machine has."""
    chosen = [BASE]
    missing = _without(set(text), _letters_of(BASE))
    for family in _candidates():
        if not missing:
            break
        left = _without(missing, _letters_of(family))
        if left != missing:
            chosen.append(family)
        missing = left
    return chosen, "".join(sorted(missing))


def _without(letters: Iterable[str], known: frozenset[int]) -> set[str]:
    return {letter for letter in letters if letter.isprintable() and ord(letter) not in known}


@lru_cache(maxsize=1)
def _candidates() -> tuple[str, ...]:
    from matplotlib import font_manager

    there = dict.fromkeys(entry.name for entry in font_manager.fontManager.ttflist)
    first = [name for name in PREFERRED if name in there]
    return tuple(dict.fromkeys((*first, *sorted(there))))


@lru_cache(maxsize=64)
def _letters_of(family: str) -> frozenset[int]:
    """The code points that a family's regular face has; none for a font that cannot be read."""
    from matplotlib import font_manager

    try:
        file = font_manager.findfont(family, fallback_to_default=False)
        return frozenset(font_manager.get_font(file).get_charmap())
    except (ValueError, RuntimeError, OSError):
        return frozenset()
