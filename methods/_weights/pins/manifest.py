"""Weights as data: one JSON file for each repository, or for each file that stands alone.

    REPOSITORY = repository("sd15")         reads manifests/sd15.json
    WEIGHTS = weight_file("lama")           reads manifests/lama.json

A repository's manifest has the fields of `Repository`, a single file's those of `WeightFile`.
Reading takes the standard library alone and believes what it reads, because the erasers are
listed at every start; what may stand in a manifest is said, and checked in the tests and by
`python -m methods pin`, by `_weights.pins.schema`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict, final

from methods._base import HubFile, NpmMember, PipMember, Source, Text, UrlFile, WeightFile
from methods._weights.repository import NOT_SEEN, RepoFile, Repository


class FileFields(TypedDict):
    """One file of a repository's manifest."""

    path: str
    size: int
    sha256: NotRequired[str]
    elsewhere: NotRequired[list[str]]
    urls: NotRequired[list[str]]


@final  # only so does "files" tell the two kinds apart
class RepositoryFields(TypedDict):
    """A repository's manifest, as it was parsed."""

    name: str
    license: str
    files: list[FileFields]
    repo: NotRequired[str]
    revision: NotRequired[str]
    mirrors: NotRequired[list[dict[str, str]]]
    gated: NotRequired[bool]
    unpinned_because: NotRequired[str]
    by_hand: NotRequired[str]


@final
class WeightFileFields(TypedDict):
    """The manifest of a file that stands alone, as it was parsed."""

    name: str
    license: str
    sources: list[dict[str, str]]
    size: int
    sha256: NotRequired[str]
    unpinned_because: NotRequired[str]
    by_hand: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Manifests:
    """The manifests of one folder, by the names of their files."""

    folder: Path

    def file(self, name: str) -> Path:
        """Where a manifest lies, or would."""
        return self.folder / f"{name}.json"

    def names(self) -> tuple[str, ...]:
        """All of them, in the order of the alphabet."""
        return tuple(sorted(file.stem for file in self.folder.glob("*.json")))

    def repository(self, name: str) -> Repository:
        """The repository in this manifest."""
        return as_repository(json.loads(self._content(name)))

    def weight_file(self, name: str) -> WeightFile:
        """The single file in this manifest."""
        return as_weight_file(json.loads(self._content(name)))

    def weights(self, name: str) -> tuple[WeightFile, ...]:
        """The files of a manifest of either kind."""
        found: RepositoryFields | WeightFileFields = json.loads(self._content(name))
        return as_repository(found).weights() if "files" in found else (as_weight_file(found),)

    def _content(self, name: str) -> str:
        return self.file(name).read_text("utf-8")


MANIFESTS = Manifests(Path(__file__).parents[1] / "manifests")

repository, weight_file = MANIFESTS.repository, MANIFESTS.weight_file


def as_repository(found: RepositoryFields) -> Repository:
    """A manifest with `files`."""
    return Repository(
        name=found["name"],
        repo=found.get("repo", ""),
        revision=found.get("revision", ""),
        mirrors=tuple((each["repo"], each["revision"]) for each in found.get("mirrors", ())),
        license=found["license"],
        gated=found.get("gated", False),
        unpinned_because=found.get("unpinned_because", NOT_SEEN),
        by_hand=_text(found.get("by_hand")),
        files=tuple(map(_file, found["files"])),
    )


def _file(found: FileFields) -> RepoFile:
    elsewhere, urls = tuple(found.get("elsewhere", ())), tuple(found.get("urls", ()))
    return RepoFile(found["path"], found["size"], found.get("sha256"), elsewhere, urls)


def as_weight_file(found: WeightFileFields) -> WeightFile:
    """A manifest with `sources`."""
    return WeightFile(
        name=found["name"],
        sources=tuple(map(_source, found["sources"])),
        size=found["size"],
        sha256=found.get("sha256"),
        license=found["license"],
        unpinned_because=found.get("unpinned_because", ""),
        by_hand=_text(found.get("by_hand")),
    )


def _source(found: dict[str, str]) -> Source:
    """The key that no other kind has tells the kind."""
    if "url" in found:
        return UrlFile(**found)
    if "repo" in found:
        return HubFile(**found)
    return PipMember(**found) if "requirement" in found else NpmMember(**found)


def _text(found: str | None) -> Text | None:
    return None if found is None else Text(found)
