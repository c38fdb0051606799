"""What people wrote beside the results of a run: all of it, with the time; the last one counts.

remarks.json   {"0": [{"at": 1767225600.0, "text": "A smear."}, …]}, by the index of the card

A remark that is taken away is one without words: what stood there before can still be read.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from methods import BadInput
from ui.common.files import write_json

FILE = "remarks.json"
MOST = 100
"""Remarks on one result: who changes one more often than that is no reader."""


class Remark(BaseModel):
    """at: seconds since the epoch; None = from before that was kept. text: "" = taken away."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str
    at: float | None = Field(default=None, allow_inf_nan=False)


_WRITTEN = TypeAdapter(dict[int, tuple[Remark, ...]])


class Remarks:
    """Of all runs."""

    def __init__(self) -> None:
        self._writing = threading.Lock()

    def read(self, folder: Path) -> dict[int, tuple[Remark, ...]]:
        """By the index of the card, oldest first; {} where nothing can be read."""
        try:
            return _WRITTEN.validate_python(_upgraded(json.loads((folder / FILE).read_bytes())))
        except (OSError, ValueError, ValidationError, RecursionError):
            return {}

    def add(self, folder: Path, index: int, text: str) -> None:
        """Write one after those that are there; the same again changes nothing.

        Raises BadInput ("too_many_remarks").
        """
        with self._writing:
            known = self.read(folder)
            before = known.get(index, ())
            if text == latest(before):
                return
            if len(before) >= MOST:
                raise BadInput("too_many_remarks", limit=MOST)
            now = known | {index: (*before, Remark(text=text, at=time.time()))}
            write_json(folder / FILE, _WRITTEN.dump_python(now, mode="json"))


def latest(remarks: tuple[Remark, ...]) -> str:
    """The one that counts; "" where there is none, or it was taken away."""
    return remarks[-1].text if remarks else ""


def _upgraded(written: object) -> object:
    """In today's form: before, one text stood for each index, and when it came was not kept."""
    if not isinstance(written, dict):
        return written
    return {
        index: [{"text": one}] if isinstance(one, str) else one for index, one in written.items()
    }
