"""What may stand in a manifest (see `_weights.pins.manifest`), and how it is written down.

Apart from the reading, which happens at every start and needs none of this.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from methods._base import JSON
from methods._weights.cache import beside

_PLAIN, _FOREIGN = r"[A-Za-z0-9][A-Za-z0-9._-]*", r"[A-Za-z0-9_][A-Za-z0-9._+ -]*"
Name: TypeAlias = Annotated[str, Field(pattern=rf"^{_PLAIN}(/{_PLAIN})*$")]
"""A place in our folder for weights: it cannot leave it."""
Path_: TypeAlias = Annotated[str, Field(pattern=rf"^{_FOREIGN}(/{_FOREIGN})*$")]
"""A place among others' files."""
Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Repo: TypeAlias = Annotated[str, Field(pattern=rf"^{_PLAIN}/{_PLAIN}$")]
Commit: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Revision: TypeAlias = Annotated[str, Field(pattern=r"^([0-9a-f]{40}|main)$")]
Size: TypeAlias = Annotated[int, Field(gt=0)]
Words: TypeAlias = Annotated[str, Field(min_length=1)]
Address: TypeAlias = Annotated[str, Field(pattern=r"^https?://\S+$")]


class _Part(BaseModel):
    """Fields stand in a file in the order in which they stand in the class."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Mirror(_Part):
    """Another repository with the same bytes."""

    repo: Repo
    revision: Commit


class FileEntry(_Part):
    """One file of a repository; `size` is an estimate where there is no hash.

    not_seen: where the manifest's `seen` does not hold for this file, what of it nobody has shown.
    """

    path: Name
    size: Size
    sha256: Digest | None = None
    elsewhere: list[Path_] = []
    urls: list[Address] = []
    not_seen: Words | None = None


class HubSource(_Part):
    """In a repository of the model hub."""

    repo: Repo
    path: Path_
    revision: Revision


class UrlSource(_Part):
    """Behind a plain address."""

    url: Address


class PipSource(_Part):
    """Inside a Python source distribution."""

    requirement: Words
    member: Path_


class NpmSource(_Part):
    """Inside an npm package."""

    package: Words
    member: Path_


class RepositoryManifest(_Part):
    """Files that belong together, in the folder `name`.

    seen: who else names these files at this revision, so that a name is never a guess.
    """

    name: Name
    repo: Repo | None = None
    revision: Revision | None = None
    mirrors: list[Mirror] = []
    license: Words
    gated: bool = False
    unpinned_because: Words | None = None
    seen: Words | None = None
    by_hand: Words | None = None
    files: list[FileEntry]

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        _demand((self.repo is None) == (self.revision is None), "repo and revision go together")
        homes = self.repo or self.by_hand or all(file.urls for file in self.files)
        _demand(bool(homes), "neither on a hub nor at addresses nor by hand")
        paths = [file.path for file in self.files]
        _demand(len(paths) == len(set(paths)), "a path stands there twice")
        return self

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        pinned = [file.sha256 is not None for file in self.files]
        moves = self.revision == "main" and any(pinned)
        _demand(not moves, "a hash belongs to a commit: `revision` may not be main")
        _demand_reason(all(pinned), self.unpinned_because)
        return self

    @model_validator(mode="after")
    def _is_seen(self) -> Self:
        fetched = any(self.repo or file.urls for file in self.files)
        unknown = [file for file in self.files if file.not_seen]
        _demand_seen(fetched and len(unknown) < len(self.files), self.seen)
        guessed = [file.path for file in unknown if file.sha256]
        _demand(not guessed, "a file whose hash is known has been seen")
        return self


class FileManifest(_Part):
    """One file that stands alone. seen: who else names it where the sources say it is."""

    name: Name
    sources: list[HubSource | UrlSource | PipSource | NpmSource]
    size: Size
    sha256: Digest | None = None
    license: Words
    unpinned_because: Words | None = None
    seen: Words | None = None
    by_hand: Words | None = None

    @model_validator(mode="after")
    def _says_where_and_is_pinned(self) -> Self:
        _demand(bool(self.sources or self.by_hand), "neither a source nor by hand")
        _demand_reason(self.sha256 is not None, self.unpinned_because)
        _demand_seen(bool(self.sources), self.seen)
        first = self.sources[0] if self.sources else None  # a later one may only repeat its bytes
        at_branch = isinstance(first, HubSource) and first.revision == "main"
        moves = self.sha256 is not None and at_branch
        _demand(not moves, "a hash belongs to a commit: `revision` may not be main")
        return self


Manifest: TypeAlias = RepositoryManifest | FileManifest


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _demand_reason(pinned: bool, reason: str | None) -> None:
    _demand(pinned or reason is not None, "without a hash, and no reason why")
    _demand(not pinned or reason is None, "a reason why there is no hash, and all have one")


def _demand_seen(needed: bool, seen: str | None) -> None:
    _demand(not needed or seen is not None, "nobody was seen to name these files: `seen`")


def read(file: Path) -> Manifest:
    """A manifest, checked. Raises ValueError (pydantic's names the place) and OSError."""
    content = json.loads(file.read_text("utf-8"))
    if "files" not in content:
        return FileManifest.model_validate(content)
    found = RepositoryManifest.model_validate(content)
    _demand(found.name == file.stem, f"{file.name} is the manifest of {found.name}")
    return found


def write(manifest: Manifest, file: Path) -> None:
    """Beside it first, so that a reader never finds half a manifest."""
    fresh = beside(file, ".new")
    fresh.write_text(as_text(manifest), "utf-8")
    os.replace(fresh, file)


def as_text(manifest: Manifest) -> str:
    """JSON in which every field and every file has a line of its own, so that differences are
    small; what is as by default is left out."""
    fields = manifest.model_dump(exclude_defaults=True)
    return "{\n" + ",\n".join(f"  {_json(key)}: {_value(fields[key])}" for key in fields) + "\n}\n"


def _value(value: JSON) -> str:
    if not isinstance(value, list) or not value:
        return _json(value)
    return "[\n" + ",\n".join(f"    {_json(item)}" for item in value) + "\n  ]"


def _json(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)
