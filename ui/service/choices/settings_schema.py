"""From an eraser's typed Settings to the descriptions that the page makes its controls of."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Literal, TypeAlias, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MultipleOf
from pydantic.fields import FieldInfo

from methods import PlainText, Settings, SettingValue, Text, Verbatim
from ui.service.choices.entries import Control, ControlKind, KindOfControl, Limits

KINDS: dict[type, ControlKind] = {bool: "bool", int: "int", float: "float", str: "text"}
Bound: TypeAlias = Literal["min", "max", "step", "max_length"]

BOUNDS: tuple[tuple[type, str, Bound], ...] = (
    (Ge, "ge", "min"),
    (Le, "le", "max"),
    (MultipleOf, "multiple_of", "step"),
    (MaxLen, "max_length", "max_length"),
)


def describe_settings(settings: type[Settings]) -> list[Control]:
    """One control per field, in the order of the class; what erasers have in common comes last.

    Each has name, kind ("bool", "int", "float", "choice" or "text"), default, description
    (by language) and, where they are set, min, max, step, max_length, choices, and
    optional = True where None is allowed. Raises TypeError for a field of another type.
    """
    fields = dict(settings.model_fields)
    shared = [name for name, field in fields.items() if _is_common(name, field)]
    common = {name: fields.pop(name) for name in shared}
    return [_control(name, field) for name, field in (fields | common).items()]


def _is_common(name: str, field: FieldInfo) -> bool:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return name in Settings.model_fields or bool(extra.get("common"))


def _control(name: str, field: FieldInfo) -> Control:
    inner, optional = _without_none(field.annotation)
    return {
        "name": name,
        **_kind_of(name, inner),
        "default": _plain(field.get_default(call_default_factory=True)),
        "description": _description(field),
        **_limits(field, whole=inner is int, optional=optional),
    }


def _without_none(kind: object) -> tuple[object, bool]:
    if get_origin(kind) not in (Union, UnionType):
        return kind, False
    members = [member for member in get_args(kind) if member is not NoneType]
    optional = len(members) < len(get_args(kind))
    return (members[0] if len(members) == 1 else kind), optional


def _kind_of(name: str, kind: object) -> KindOfControl:
    if get_origin(kind) is Literal:
        return {"kind": "choice", "choices": list(get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"kind": "choice", "choices": [member.value for member in kind]}
    if isinstance(kind, type) and kind in KINDS:
        return {"kind": KINDS[kind]}
    raise TypeError(f"the setting {name!r} has a type that no control can show: {kind!r}")


def _description(field: FieldInfo) -> PlainText:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    sentence, words = extra.get("sentence"), extra.get("words")
    if isinstance(words, dict):  # an owner's own
        return Verbatim({language: str(said) for language, said in words.items()}).plain()
    return (Text(str(sentence)) if sentence else Verbatim(field.description or "")).plain()


def _limits(field: FieldInfo, *, whole: bool, optional: bool) -> Limits:
    bounds: Limits = {}
    for limit in field.metadata:
        for kind, attribute, name in BOUNDS:
            if isinstance(limit, kind):
                bounds[name] = getattr(limit, attribute)
        # A control has no open bounds: whole numbers move by one, fractions by nothing,
        # and the server still refuses the bound itself.
        if isinstance(limit, Gt):
            bounds["min"] = limit.gt + 1 if whole else limit.gt  # type: ignore[operator, typeddict-item]
        if isinstance(limit, Lt):
            bounds["max"] = limit.lt - 1 if whole else limit.lt  # type: ignore[operator, typeddict-item]
    if optional:
        bounds["optional"] = True
    return bounds


def _plain(value: SettingValue | Enum) -> SettingValue:
    return value.value if isinstance(value, Enum) else value
