"""Where a manifest says that its files are: the repository on the hub, and their paths in it."""

from __future__ import annotations

from typing import NamedTuple

from methods._weights.pins.schema import (
    FileEntry,
    FileManifest,
    HubSource,
    Manifest,
    RepositoryManifest,
)


class Home(NamedTuple):
    """A repository of the hub, at one revision."""

    repo: str
    revision: str


def home_of(manifest: Manifest) -> Home | None:
    """None for files that the hub does not have."""
    if isinstance(manifest, FileManifest):
        source = _hub_source(manifest)
        return None if source is None else Home(source.repo, source.revision)
    if manifest.repo is None or manifest.revision is None:  # they go together
        return None
    return Home(manifest.repo, manifest.revision)


def moved_to(manifest: Manifest, revision: str) -> Manifest:
    """A copy with another revision of its home, and not checked yet: its hashes may be old."""
    if isinstance(manifest, RepositoryManifest):
        return manifest.model_copy(update={"revision": revision})
    home = _hub_source(manifest)
    sources = [
        each.model_copy(update={"revision": revision}) if each is home else each
        for each in manifest.sources
    ]
    return manifest.model_copy(update={"sources": sources})


def paths_of(entry: FileEntry | FileManifest) -> list[str]:
    """The file's own path first, then the others that it is known by."""
    if isinstance(entry, FileEntry):
        return [entry.path, *entry.elsewhere]
    source = _hub_source(entry)
    return [entry.name] if source is None else [entry.name, source.path]


def _hub_source(manifest: FileManifest) -> HubSource | None:
    return next((each for each in manifest.sources if isinstance(each, HubSource)), None)
