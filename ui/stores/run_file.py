"""run.json as anybody may have left it: one model says whether it can be read at all.

It asks for what the program uses. Whatever else stands there passes, so that a newer program's file
is not damaged for an older one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, JsonValue, ValidationError

from ui.common.errors import run_damaged
from ui.common.grid import CardState, RunState
from ui.common.names import ID_PATTERN
from ui.stores.chain import Chain

MOST_BYTES = 2**25

_Id = Annotated[str, Field(pattern=ID_PATTERN)]
_Eraser = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
_Side = Annotated[int, Field(ge=1, le=2**31)]
_Words = dict[str, JsonValue]
_Note = dict[str, str] | list[str]
_Zips_time = Annotated[float, Field(ge=315619200, le=4354732800)]
"""1980 … 2107, which a zip can say."""


class _Known(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class _Fault(_Known):
    code: str
    text: str
    details: _Words = {}
    said: dict[str, str] = {}


class _Photo(_Known):
    id: _Id
    name: str
    width: _Side
    height: _Side
    alpha: bool
    notes: list[_Note] = []


class _WholePhoto(_Photo):
    format: str
    key: str
    sha256: str
    chain: Chain | None = None


class _Mask(_Known):
    area: FiniteFloat
    box: Annotated[list[int], Field(min_length=4, max_length=4)]
    url: str
    overlay: str
    notes: list[_Note] = []


class _Card(_Known):
    index: Annotated[int, Field(ge=0, lt=100)]
    eraser: _Eraser
    name: str
    state: CardState
    seed: int
    settings: _Words
    notes: list[_Note] = []
    error: _Fault | None = None
    readings: list[_Words] = []
    weights: dict[str, str] = {}
    axes: _Words = {}
    view: str = ""
    full: str = ""


class _Grid(_Known):
    run: str
    state: RunState
    cards: list[_Card]
    photo: _Photo
    mask: _Mask
    seconds: FiniteFloat
    error: _Fault | None = None


class _Job(_Known):
    eraser: str
    settings: _Words
    seed: int


class RunFile(_Known):
    """See `ui.stores.runs.SavedRun`."""

    format: Literal[1, 2]
    created: _Zips_time
    photo: _WholePhoto
    selection: _Words
    jobs: list[_Job]
    versions: dict[str, str]
    mask_sha256: str
    grid: _Grid
    row: str | None = None
    phrase: str | None = None


def read_run(data: bytes, newest: int) -> Mapping[str, JsonValue]:
    """The plain values of a run.json, in the form of format `newest`. Raises UserError."""
    try:
        found = json.loads(data) if len(data) <= MOST_BYTES else None
        saved = _upgraded(found, newest) if isinstance(found, dict) else None
        RunFile.model_validate_json(json.dumps(saved))
    except (ValidationError, ValueError, RecursionError) as error:
        raise run_damaged() from error
    return cast("Mapping[str, JsonValue]", saved)


def _upgraded(saved: dict[str, JsonValue], newest: int) -> dict[str, JsonValue]:
    """Format 1 called the selection `prompts`. It is read by `Selection`, whatever its version."""
    if saved.get("format") == newest or "prompts" not in saved:
        return saved
    rest = {name: value for name, value in saved.items() if name != "prompts"}
    return {**rest, "format": newest, "selection": saved["prompts"]}
