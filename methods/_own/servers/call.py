"""What every kind of server is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from methods._base import Progress
from methods._own.servers.errors import ServerError as ServerError
from methods._own.servers.web import Web


@dataclass(frozen=True, slots=True)
class Call:
    """One picture for a server.

    photo, mask: files as the manifest's `pictures` says. size: (height, width). values: the
    settings. key: "" = none. progress: an eraser's; it raises when Stop was pressed, and is called
    at least four times a second. until: `time.monotonic()` at which the time is over. url: the
    server's address, without a slash at its end. folder: that of the manifest.
    """

    photo: bytes
    mask: bytes
    size: tuple[int, int]
    seed: int
    values: Mapping[str, object]
    key: str
    progress: Progress
    until: float
    web: Web
    url: str
    folder: Path

    @property
    def headers(self) -> dict[str, str]:
        """With the key, where there is one, as most servers want it."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}
