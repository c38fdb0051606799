"""What stands in the manifests, as a table: where each network comes from, what is known of it."""

from __future__ import annotations

from collections.abc import Iterator

from _generated.tables import code, table
from methods import MANIFESTS, Manifests
from methods._weights.pins.schema import (
    FileManifest,
    HubSource,
    Manifest,
    RepositoryManifest,
    read,
)
from segmentation._weights import MANIFESTS as SEGMENTATION

HEAD = ("Folder or file", "Size", "From", "Commit", "Pinned", "Why not all", "Seen")


def weights_as_markdown() -> str:
    """A row for each manifest, those of the erasers first."""
    return table(HEAD, [*_rows(MANIFESTS), *_rows(SEGMENTATION)])


def _rows(manifests: Manifests) -> Iterator[tuple[str, ...]]:
    for name in manifests.names():
        found = read(manifests.file(name))
        yield _of_folder(found) if isinstance(found, RepositoryManifest) else _of_file(found)


def _of_folder(found: RepositoryManifest) -> tuple[str, ...]:
    pinned = sum(file.sha256 is not None for file in found.files)
    home = found.repo or ("plain links" if any(file.urls for file in found.files) else "by hand")
    copies = "".join(f", {mirror.repo}" for mirror in found.mirrors)
    size = _size(sum(file.size for file in found.files))
    count = f"{pinned} of {len(found.files)}"
    return code(found.name), size, home + copies, _short(found.revision), count, *_known(found)


def _of_file(found: FileManifest) -> tuple[str, ...]:
    hub = [source for source in found.sources if isinstance(source, HubSource)]
    others = ["elsewhere"] if len(hub) < len(found.sources) else []
    homes = ", ".join([*(source.repo for source in hub), *others])
    first = found.sources[:1]
    commit = _short(hub[0].revision) if hub[:1] == first else ""
    count = f"{int(found.sha256 is not None)} of 1"
    return code(found.name), _size(found.size), homes, commit, count, *_known(found)


def _known(found: Manifest) -> tuple[str, str]:
    guesses = sorted({file.not_seen or "" for file in getattr(found, "files", ())} - {""})
    seen = "; ".join([found.seen or "", *(f"not seen: {guess}" for guess in guesses)])
    return found.unpinned_because or "", seen.strip("; ")


def _short(revision: str | None) -> str:
    return code(revision[:8]) if revision else ""


def _size(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
