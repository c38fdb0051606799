"""Downloads of results: made when somebody asks, and kept in the run's folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field, JsonValue

from methods import (
    DECODING,
    RUNNING,
    BoundedCache,
    FileFormat,
    Limits,
    PlainText,
    SavingWish,
    Text,
    UserError,
    formats_for,
    full_size,
)
from ui.common.errors import Answer, answered
from ui.common.limits import Rate, RateLimiter
from ui.common.requests import MOST_JOBS, OneRun
from ui.service.erasing.owners import Owners
from ui.service.saving.kept import Facts, found, keep, stem_of
from ui.service.saving.make import facts_of, saved_file
from ui.stores.continuing import Continued, made
from ui.stores.originals import pixels_of
from ui.stores.runs import RunStore

log = logging.getLogger(__name__)

RATE = Rate(per_second=0.5, burst=30)
SAVING = DECODING + RUNNING
"""Bytes a pixel: the photo is decoded once more, and what is written is read again."""

Asked: TypeAlias = Literal["default", "auto", "png", "tiff", "jpeg", "webp", "avif"]
"""default: JPEG where one was opened and its blocks are kept, and PNG else."""


class AskSaving(OneRun):
    """format: of those that are offered; of any other, the default. keep_location: also places and
    serial numbers of devices."""

    index: int = Field(strict=True, ge=0, lt=MOST_JOBS)
    format: Asked = "default"
    keep_location: bool = Field(default=False, strict=True)


class SavingAnswer(Answer):
    """offered: the formats, the one like the photo first. file: its name in addresses. holds,
    removed: kinds of metadata that are in it, and that did not come along. facts: of the file, as
    `Facts` has them."""

    offered: list[str]
    file: str
    holds: list[PlainText]
    removed: list[PlainText]
    facts: dict[str, JsonValue]


def _kind(kind: str) -> PlainText:
    return Text(f"metadata.kind.{kind}").plain()


def _offered(result: Continued) -> tuple[FileFormat, ...]:
    return formats_for(result.first.read_bytes(), name=result.chain.first.name)


def _wish(offered: Sequence[FileFormat], asked: Asked, keep_location: bool) -> SavingWish:
    if asked == "auto":
        return SavingWish(offered[0], keep_location)
    usual = "jpeg" if offered[0] == "jpeg" else "png" if "png" in offered else offered[0]
    chosen = next((each for each in offered if each == asked), usual)
    return SavingWish(chosen, keep_location)


class Downloads:
    """Of all runs. `saving` answers as `Service`'s methods do."""

    def __init__(self, runs: RunStore, owners: Owners, limits: Limits) -> None:
        self._runs = runs
        self._owners = owners
        self._limits = limits
        self._rate = RateLimiter(RATE)
        self._under_way: BoundedCache[str, tuple[Path, Facts]] = BoundedCache(0, lambda kept: 1)

    @answered
    def saving(self, request: object, caller: str = "") -> SavingAnswer:
        """A file made of a result, and what is to be said of it before it is taken:
        {run, index, format, keep_location, secret?}."""
        asked = AskSaving.model_validate(request)
        self._owners.demand_sight(asked.run, asked.secret)
        result = made(self._runs, asked.run, asked.index)
        offered = _offered(result)
        wish = _wish(offered, asked.format, asked.keep_location)
        _, facts = self._get(asked.run, asked.index, result, wish, caller)
        place = "place." if asked.keep_location else ""
        return {
            "offered": list(offered),
            "file": f"{asked.index}.{place}{wish.format}",
            "holds": [_kind(kind) for kind in facts.holds],
            "removed": [_kind(kind) for kind in facts.removed],
            "facts": facts.plain(),
        }

    def get(
        self, run_id: str, index: int, asked: Asked, caller: str, *, keep_location: bool = False
    ) -> tuple[Path, Facts]:
        """The file, made now if need be. Whether whoever asks may see the run is decided before.
        Raises UserError, OSError."""
        result = made(self._runs, run_id, index)
        wish = _wish(_offered(result), asked, keep_location)
        return self._get(run_id, index, result, wish, caller)

    def like_photo(self, run_id: str, caller: str, index: int) -> Path | None:
        """A result in the photo's own format, without places and serial numbers; None where that is
        PNG, which a run has anyway, or where it cannot be had."""
        try:
            result = made(self._runs, run_id, index)
            wish = _wish(_offered(result), "auto", keep_location=False)
            if wish.format == "png":
                return None
            path, facts = self._get(run_id, index, result, wish, caller, rated=False)
        except (UserError, OSError):
            log.exception("a result of a zip could not be made like its photo")
            return None
        return None if facts.format == "png" else path

    def _get(
        self,
        run_id: str,
        index: int,
        result: Continued,
        wish: SavingWish,
        caller: str,
        *,
        rated: bool = True,
    ) -> tuple[Path, Facts]:
        folder, stem = self._runs.folder / run_id, stem_of(index, wish)
        kept = found(folder, stem)
        if kept is not None:
            return kept
        if rated:
            self._rate.take(caller)

        def make() -> tuple[Path, Facts]:
            with full_size.work(SAVING * pixels_of(run_id, self._runs), caller):
                saved = saved_file(result, wish, self._limits)
                facts = facts_of(saved)
                return keep(folder, stem, saved, facts), facts

        return self._under_way.get(f"{run_id}/{stem}", make)
