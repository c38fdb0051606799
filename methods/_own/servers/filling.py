"""Templates of what is sent: values of any depth, with places in their strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from methods._own import template

if TYPE_CHECKING:
    from methods._own.servers.call import Call

PLAIN = ("seed", "width", "height")
"""Places that texts may name, beside settings."""


def given(wish: JsonValue, values: Mapping[str, object]) -> Any:
    """A manifest's value with its places filled: one that is a place alone becomes the value
    itself, a number or a picture."""
    if isinstance(wish, dict):
        return {name: given(part, values) for name, part in wish.items()}
    if isinstance(wish, list):
        return [given(part, values) for part in wish]
    if not isinstance(wish, str):
        return wish
    names = list(template.names_in(wish))
    if len(names) == 1 and wish.strip()[1:-1].strip() == names[0]:
        return values[names[0]]
    return template.filled(wish, {name: str(values[name]) for name in names})


def names_in(wish: JsonValue) -> set[str]:
    """The places of a value, however deep."""
    if isinstance(wish, dict):
        return set().union(*map(names_in, wish.values()))
    if isinstance(wish, list):
        return set().union(*map(names_in, wish))
    return set(template.names_in(wish)) if isinstance(wish, str) else set()


def text_of(value: object) -> str:
    """A value as a form's field has it; a switch as JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def plain_values(call: Call) -> dict[str, object]:
    """What such places are: by "seed", "width", "height" and "settings.NAME"."""
    height, width = call.size
    settings = {f"settings.{name}": value for name, value in call.values.items()}
    return {"seed": call.seed, "width": width, "height": height, **settings}
