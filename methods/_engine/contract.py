"""What a file must hold to be an eraser, whoever has written it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType

from methods._base import Eraser, EraserSpec, Settings, WeightFile


def only_eraser(module: ModuleType) -> type[Eraser]:
    """The one concrete Eraser that the module itself, or a file of its own package, defines.

    Raises TypeError where there is none, or more than one.
    """
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Eraser)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
        and not inspect.isabstract(value)
    ]
    if len(own) != 1:
        names = ", ".join(sorted(c.__name__ for c in own)) or "none"
        raise TypeError(f"an eraser's file defines exactly one Eraser; found {names}")
    return own[0]


def check_spec(eraser: type[Eraser], name: str, pins: Mapping[str, WeightFile]) -> None:
    """Raise TypeError or ValueError for what would only fail later, in front of a user.

    pins: the weight files of others, by name.
    """
    spec = getattr(eraser, "spec", None)
    if not isinstance(spec, EraserSpec):
        raise TypeError(f"{eraser.__name__}.spec is not an EraserSpec")
    if spec.id != name:
        raise ValueError(f"the id '{spec.id}' differs from the file's name '{name}'")
    if not (isinstance(eraser.Settings, type) and issubclass(eraser.Settings, Settings)):
        raise TypeError(f"{eraser.__name__}.Settings is not a subclass of Settings")
    # pydantic does not look at defaults by itself, and a default out of bounds is a mistake.
    eraser.Settings.model_validate(eraser.Settings().model_dump())
    for weight in (*spec.weights, *spec.more_weights):
        if pins.get(weight.name, weight) != weight:
            raise ValueError(f"the weight file '{weight.name}' is pinned differently elsewhere")
