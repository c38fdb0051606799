"""What is remembered of first downloads: the digests of files without a pin, and the commit
that the files of a repository came from.

    weights.lock.json   {"sam3/model.safetensors": {"sha256": …, "unpinned_because": …,
                         "commit": …}, "sam3/": {"commit": …}}

A branch ("main") means at the first file whatever it points to then, and the same commit for
each further file, so that a folder never mixes two states of a repository. What the user has
deleted is forgotten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress

from filelock import Timeout
from pydantic import BaseModel, ValidationError

from methods._base import JSON, HubFile, WeightFile, WeightsUnavailable
from methods._weights.cache import Entries, beside, cache_dir, change_json, read_json
from methods._weights.errors import record_damaged

RECORD = "weights.lock.json"
_COMMIT = re.compile(r"[0-9a-f]{40}")


class _First(BaseModel):
    """An entry: of a file, or of a folder, which has its commit only. "" = not known.

    removed: by this program, to make room, so that what was recorded still counts.
    """

    sha256: str = ""
    unpinned_because: str = ""
    commit: str = ""
    removed: bool = False


def expected_digest(weight: WeightFile) -> str | None:
    """The digest that the file must have; None when this would be its first download.

    Raises WeightsUnavailable when the record of first downloads is damaged.
    """
    if weight.sha256 is not None:
        return weight.sha256.lower()
    if not weight.unpinned_because:
        raise ValueError(f"{weight.name} has neither a sha256 nor a reason for having none")
    found = _entry(weight.name).sha256
    return found if found and not is_outdated(weight) else None


def revision_of(weight: WeightFile, source: HubFile) -> str:
    """The revision to ask the hub for: a branch is the commit that the folder came from."""
    if weight.sha256 is not None or _COMMIT.fullmatch(source.revision):
        return source.revision
    return _entry(_folder(weight)).commit or source.revision


def is_outdated(weight: WeightFile) -> bool:
    """Whether the rest of its folder has come from another state of the repository since."""
    if weight.sha256 is not None:
        return False
    own, whole = _entry(weight.name).commit, _entry(_folder(weight)).commit
    return bool(own and whole and own != whole)


def record_first(weight: WeightFile, digest: str, commit: str = "") -> None:
    """Write down the digest of a first download, and the commit that it came from."""
    why = weight.unpinned_because
    entry = _First(sha256=digest, unpinned_because=why, commit=commit)
    fresh: dict[str, JSON] = {weight.name: entry.model_dump()}
    if commit:
        fresh[_folder(weight)] = {"commit": commit}
    try:
        change_json(RECORD, lambda entries: entries | fresh, repair=False)
    except ValueError:
        raise record_damaged(RECORD) from None


def forget_deleted(weight: WeightFile) -> None:
    """Forget a file that is not here any more, and its folder's commit with the last file.

    A file that was set aside is not forgotten: nobody has deleted it. Where the commit of its
    folder is not known, the digest is all that keeps two states apart, and stays while other
    files of the folder are here.
    """
    if weight.sha256 is not None or _is_here(weight.name) or _entry(weight.name).removed:
        return
    folder = _folder(weight)
    others = [name for name in _entries() if name.startswith(folder) and name != folder]
    rest = [name for name in others if name != weight.name]
    alone = not any(_is_here(name, ".part") or _entry(name).removed for name in rest)
    if alone:
        _drop({weight.name, folder, *others})
    elif _entry(folder).commit:
        _drop({weight.name})


def note_removed(names: Iterable[str]) -> None:
    """These files are about to be removed to make room: nobody has asked for other ones."""
    with suppress(OSError, Timeout, ValueError, WeightsUnavailable):
        entries = _entries()
        known = {name: _entry(name) for name in names if name in entries}
        marked: dict[str, JSON] = {
            name: one.model_copy(update={"removed": True}).model_dump()
            for name, one in known.items()
        }
        if marked:
            change_json(RECORD, lambda kept: kept | marked, repair=False)


def _folder(weight: WeightFile) -> str:
    """The entry of the repository: "sam3/model.safetensors" -> "sam3/", "net.pt" -> "net.pt/"."""
    return weight.name.partition("/")[0] + "/"


def _is_here(name: str, *more: str) -> bool:
    """more: further endings by which it counts; what is about to arrive has its `.part`."""
    file = cache_dir() / name
    return any(os.path.isfile(beside(file, ending)) for ending in ("", ".refused", *more))


def _entries() -> Entries:
    try:
        return read_json(RECORD)
    except ValueError:
        raise record_damaged(RECORD) from None


def _entry(name: str) -> _First:
    try:
        return _First.model_validate(_entries().get(name, {}))
    except ValidationError:
        raise record_damaged(RECORD) from None


def _drop(names: set[str]) -> None:
    if not names.isdisjoint(_entries()):
        change_json(
            RECORD, lambda kept: {k: v for k, v in kept.items() if k not in names}, repair=False
        )
