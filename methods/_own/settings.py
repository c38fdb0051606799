"""From a manifest's settings to the same typed class that our own erasers have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, JsonValue, ValidationError, create_model
from pydantic.fields import FieldInfo

from methods._base import Settings, Text, Verbatim, setting
from methods._own.faults import Fault
from methods._own.parts import (
    BoolSetting,
    ChoiceSetting,
    FloatSetting,
    IntSetting,
    SettingPart,
    TextSetting,
    Words,
)


def settings_class(parts: Mapping[str, SettingPart], whole: bool) -> type[Settings]:
    """whole: the whole picture is the default. Raises Fault for what cannot be a setting."""
    fields: dict[str, tuple[object, FieldInfo]] = {}
    for name, part in parts.items():
        fields[name] = (_checked_kind(name, part), _field(part))
    if whole:
        fields["whole_picture"] = (bool, setting(True, "setting.whole_picture"))
    made: type[Settings] = create_model("OwnSettings", __base__=Settings, **fields)  # type: ignore[call-overload]
    try:
        made.model_validate(made().model_dump())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ["settings", *first["loc"], "default"]
        named = ".".join(map(str, place))
        text = Text("own.fault.value", key=named, reason=str(first["msg"])[:300])
        raise Fault(text, place=place) from error
    return made


def said(words: Words) -> Verbatim:
    """A sentence of the owner's."""
    return Verbatim(words)


def _checked_kind(name: str, part: SettingPart) -> object:
    place = ("settings", name)
    if name in Settings.model_fields or name.startswith(("_", "model_")):
        raise Fault(Text("own.fault.setting_name", name=name), place=place)
    if isinstance(part, IntSetting | FloatSetting) and part.min > part.max:
        raise Fault(Text("own.fault.bounds", name=name), place=place)
    return _kind(part)


def _kind(part: SettingPart) -> object:
    match part:
        case BoolSetting():
            return bool
        case IntSetting():
            return int
        case FloatSetting():
            return float
        case TextSetting():
            return str
        case ChoiceSetting(choices=choices):
            return Literal[tuple(choices)]  # type: ignore[valid-type]


def _field(part: SettingPart) -> FieldInfo:
    words = part.help if isinstance(part.help, dict) else {"en": part.help}
    extra: dict[str, JsonValue] = {"words": dict(words), "common": False}
    bounds: dict[str, float | int] = {}
    if isinstance(part, IntSetting | FloatSetting):
        bounds = {"ge": part.min, "le": part.max}
    if isinstance(part, TextSetting):
        bounds = {"max_length": part.max_length}
    made: FieldInfo = Field(  # type: ignore[call-overload]
        default=part.default,
        description=str(said(part.help)),
        json_schema_extra=extra,
        **bounds,
    )
    return made
