"""What `check` says of one thing that it has tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. verdict: "note" = it is allowed, and should be known."""

    about: str
    verdict: Verdict
    text: str
