"""Who may do what with a run.

    its id       shows it and downloads it: that is its link, made to be given away
    its secret   stops it, remarks on it, deletes it, goes on with it and makes it private

The server makes both. The id follows from the secret by a key that only this process has, so nobody
chooses an id, and nothing need be kept of ids that are never used. Runs from before there were
owners are nobody's: only who sits at the machine changes them (`python -m methods runs`).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from secrets import token_bytes, token_urlsafe
from typing import TypeVar, cast

from methods import BadInput
from ui.common.errors import run_gone
from ui.common.grid import Grid
from ui.common.names import is_id
from ui.stores.runs import RunStore

KEY_BYTES = 32
ID_BYTES = 16
SECRET_BYTES = 16
Plain = TypeVar("Plain")


def new_key() -> bytes:
    return token_bytes(KEY_BYTES)


class Owners:
    """Of all runs in a store."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs
        self._key = new_key()

    def begin(self) -> tuple[str, str]:
        """The id and the secret of a run that may be begun."""
        secret = token_urlsafe(SECRET_BYTES)
        return run_of(self._key, secret), secret

    def check_begun(self, run_id: str, secret: str) -> None:
        """Raises BadInput ("run_unknown") where the id does not come from here."""
        if not self._is_made(run_id, secret):
            raise BadInput("run_unknown")

    def owns(self, run_id: str, secret: str | None) -> bool:
        """Also for a run that has not got a folder yet."""
        if secret is None:
            return False
        return self._runs.ownership(run_id).is_of(secret) or self._is_made(run_id, secret)

    def demand(self, run_id: str, secret: str | None) -> None:
        """Raises BadInput: "run_gone", "not_owner"."""
        if self.owns(run_id, secret):
            return
        raise BadInput("not_owner") if self._runs.exists(run_id) else run_gone()

    def demand_sight(self, run_id: str, secret: str | None) -> None:
        """Raises BadInput ("run_private") where a run is not shown to whoever asks."""
        if self._runs.ownership(run_id).private and not self.owns(run_id, secret):
            raise BadInput("run_private")

    def named(self, name: str) -> str:
        """The run's id by what stands for it in addresses; of a private one that is more than its
        id. Raises BadInput ("run_gone"), also for what is not shown."""
        run_id, _, key = name.partition(".")
        ownership = self._runs.ownership(run_id)
        if ownership.private and not hmac.compare_digest(
            key.encode("utf-8", "surrogatepass"), ownership.view_key.encode("ascii")
        ):
            raise run_gone()
        return run_id

    def all_named(self, names: Iterable[str]) -> list[str]:
        """The ids of several; what is not shown is left out."""
        found = []
        for name in names:
            with suppress(BadInput):
                found.append(self.named(name))
        return found

    def shown(self, grid: Grid) -> Grid:
        """The grid as its owner gets it: a private one's addresses have a key in them."""
        run_id = grid["run"]
        ownership = self._runs.ownership(run_id)
        if not ownership.private:
            return grid
        name = f"{run_id}.{ownership.view_key}"
        dressed = _replaced(grid, f"lab/runs/{run_id}/", f"lab/runs/{name}/")
        return {**dressed, "private": True, "shown": name}

    def _is_made(self, run_id: str, secret: str) -> bool:
        return is_id(run_id) and hmac.compare_digest(run_id, run_of(self._key, secret))


def run_of(key: bytes, secret: str) -> str:
    """The id that belongs to a secret: 128 bits, in base64url."""
    digest = hmac.digest(key, secret.encode("utf-8", "surrogatepass"), "sha256")
    return urlsafe_b64encode(digest[:ID_BYTES]).decode("ascii").rstrip("=")


def _replaced(value: Plain, start: str, by: str) -> Plain:
    """Plain values with another beginning of addresses."""
    if isinstance(value, str):
        return cast("Plain", by + value[len(start) :] if value.startswith(start) else value)
    if isinstance(value, dict):
        return cast("Plain", {name: _replaced(one, start, by) for name, one in value.items()})
    if isinstance(value, list):
        return cast("Plain", [_replaced(one, start, by) for one in value])
    return value
