"""From an eraser's typed Settings to the descriptions that the page makes its controls of."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MultipleOf
from pydantic.fields import FieldInfo

from methods import Settings

KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "text"}
BOUNDS: tuple[tuple[type, str, str], ...] = (
    (Ge, "ge", "min"),
    (Le, "le", "max"),
    (MultipleOf, "multiple_of", "step"),
    (MaxLen, "max_length", "max_length"),
)


def describe_settings(settings: type[Settings]) -> list[dict[str, Any]]:
    """One control per field, in the order of the class; what erasers have in common comes last.

    Each has name, kind ("bool", "int", "float", "choice" or "text"), default, description
    ({"en", "zh"}) and, where they are set, min, max, step, max_length, choices, and
    optional = True where None is allowed. Raises TypeError for a field of another type.
    """
    fields = dict(settings.model_fields)
    shared = [name for name, field in fields.items() if _is_common(name, field)]
    common = {name: fields.pop(name) for name in shared}
    return [_control(name, field) for name, field in (fields | common).items()]


def _is_common(name: str, field: FieldInfo) -> bool:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return name in Settings.model_fields or bool(extra.get("common"))


def _control(name: str, field: FieldInfo) -> dict[str, Any]:
    inner, optional = _without_none(field.annotation)
    control = {
        "name": name,
        **_kind_of(name, inner),
        "default": _plain(field.get_default(call_default_factory=True)),
        "description": _description(field),
        **_bounds(field, whole=inner is int),
    }
    return {**control, "optional": True} if optional else control


def _without_none(kind: Any) -> tuple[Any, bool]:
    if get_origin(kind) not in (Union, UnionType):
        return kind, False
    members = [member for member in get_args(kind) if member is not NoneType]
    optional = len(members) < len(get_args(kind))
    return (members[0] if len(members) == 1 else kind), optional


def _kind_of(name: str, kind: Any) -> dict[str, Any]:
    if get_origin(kind) is Literal:
        return {"kind": "choice", "choices": list(get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"kind": "choice", "choices": [member.value for member in kind]}
    if kind in KINDS:
        return {"kind": KINDS[kind]}
    raise TypeError(f"the setting {name!r} has a type that no control can show: {kind!r}")


def _description(field: FieldInfo) -> dict[str, str]:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    english = field.description or ""
    return {"en": english, "zh": str(extra.get("zh") or english)}


def _bounds(field: FieldInfo, *, whole: bool) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for limit in field.metadata:
        for kind, attribute, name in BOUNDS:
            if isinstance(limit, kind):
                bounds[name] = getattr(limit, attribute)
        # A control has no open bounds: whole numbers move by one, fractions by nothing,
        # and the server still refuses the bound itself.
        if isinstance(limit, Gt):
            bounds["min"] = limit.gt + 1 if whole else limit.gt  # type: ignore[operator]
        if isinstance(limit, Lt):
            bounds["max"] = limit.lt - 1 if whole else limit.lt  # type: ignore[operator]
    return bounds


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
