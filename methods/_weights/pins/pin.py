"""Filling a manifest from a place that has the files: sizes, hashes, and the commit.

What is not pinned yet is filled in. What is pinned and differs is told, and stays as it is
unless that is asked for: a pin that gives way by itself would be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from pydantic import ValidationError

from methods._base import BadInput
from methods._weights.errors import SourceFailed
from methods._weights.pins.homes import Home, home_of, moved_to, paths_of
from methods._weights.pins.manifest import Manifests
from methods._weights.pins.places import FolderPlace, HubPlace, Place, Seen
from methods._weights.pins.schema import (
    FileEntry,
    FileManifest,
    Manifest,
    RepositoryManifest,
    read,
    write,
)

Kind: TypeAlias = Literal["same", "filled", "added", "differs", "missing", "left"]
_Entry = TypeVar("_Entry", FileEntry, FileManifest)


_BY_PIN = "found by `python -m methods pin`"


class Finding(NamedTuple):
    """What was found about one line of a manifest: a path, or "revision".

    kind: same; filled; added; differs from what is pinned; missing at the place, or kept back
    there; left, for files of the place that nobody asked for.
    """

    kind: Kind
    path: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted.

    folder: where the files lie; None = on the hub. revision: "" = the manifest's, or the
    folder's. add: patterns of further files for a repository; by default all of a folder's, and
    none of the hub's, where much lies that no eraser needs, unless the manifest has no file yet.
    again: overwrite what differs. dry: write nothing.
    """

    folder: Path | None = None
    revision: str = ""
    add: tuple[str, ...] = ()
    again: bool = False
    dry: bool = False


def begin_manifest(manifests: Manifests, name: str, repo: str, license: str) -> None:
    """A manifest without files, for `pin` to fill. Raises BadInput for a name in use."""
    file = manifests.file(name)
    if file.exists():
        raise BadInput("would_overwrite.manifest", name=name)
    fields = {"name": name, "repo": repo, "revision": "main", "license": license, "files": []}
    write(_checked(RepositoryManifest, fields), file)


def pin(manifests: Manifests, name: str, wish: Wish) -> list[Finding]:
    """Compare one manifest with the place where its files are, and fill it in.

    Raises BadInput, and Unavailable where the hub does not answer.
    """
    manifest = _read(manifests.file(name))
    filled = _Filling(manifest, _place(manifest, name, wish), wish)
    fresh = filled.run()
    if not wish.dry and fresh != manifest:
        write(fresh, manifests.file(name))
    return filled.findings


def _read(file: Path) -> Manifest:
    try:
        return read(file)
    except ValidationError as error:
        raise _unsound(file.stem, error) from error
    except ValueError as error:
        raise BadInput("bad_manifest.unread", name=file.stem, reason=str(error)) from error


# --- where the files are -------------------------------------------------------------------


def _place(manifest: Manifest, name: str, wish: Wish) -> Place:
    if wish.folder is not None:
        own = wish.folder / name
        return FolderPlace(own if own.is_dir() else wish.folder, wish.revision)
    home = home_of(manifest)
    if home is None:
        raise BadInput("pin_no_hub", name=name)
    return HubPlace(home.repo, wish.revision or home.revision)


# --- the comparison ------------------------------------------------------------------------


@dataclass(slots=True)
class _Filling:
    """One comparison; `findings` grows in the order of the manifest."""

    manifest: Manifest
    place: Place
    wish: Wish
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> Manifest:
        """The manifest with what was found; as it was where it must not be touched."""
        home = home_of(self.manifest)
        revision = "" if home is None else self._revision(home)
        moved = home is not None and home.revision not in ("main", revision)
        if moved and not self.wish.again:
            return self.manifest
        filled = self._filled(moved_to(self.manifest, revision) if revision else self.manifest)
        if moved and any(finding.kind == "missing" for finding in self.findings):
            return self.manifest  # a pinned file would be looked for where it is not
        return _checked(type(filled), filled.model_dump() | self._seen(filled))

    def _seen(self, filled: Manifest) -> dict[str, str]:
        """Who has seen these files: this comparison, where nobody is named yet."""
        found = any(finding.kind in ("same", "filled", "added") for finding in self.findings)
        return {"seen": _BY_PIN} if found and not filled.seen else {}

    def _revision(self, home: Home) -> str:
        """The commit at the place, else the one that is known."""
        old, new = home.revision, self.place.revision or home.revision
        pinned = isinstance(self.manifest, FileManifest) and self.manifest.sha256
        if new == "main" and not pinned:  # a pinned file's commit is another source's
            raise BadInput("pin_revision")
        if new != old:
            kind: Kind = "filled" if old == "main" else "differs"
            self.findings.append(Finding(kind, "revision", f"{old} -> {new}"))
        return new

    def _filled(self, manifest: Manifest) -> Manifest:
        """With what is known of a repository's files now, or of the one that stands alone."""
        if not isinstance(manifest, RepositoryManifest):
            fresh = self._fill(manifest)
            return fresh.model_copy(update={"unpinned_because": None}) if fresh.sha256 else fresh
        files = [self._fill(entry) for entry in manifest.files]
        files += self._more(files)
        reason = None if all(entry.sha256 for entry in files) else manifest.unpinned_because
        return manifest.model_copy(update={"files": files, "unpinned_because": reason})

    def _fill(self, entry: _Entry) -> _Entry:
        paths = paths_of(entry)
        try:
            seen, why = self._look(paths), ""
        except SourceFailed as error:
            seen, why = None, str(error)
        if seen is None:
            self.findings.append(Finding("missing", paths[0], why))
            return entry
        kind = _compared(entry, seen)
        detail = "" if kind == "same" else f"{seen.size} bytes, SHA-256 {seen.sha256}"
        self.findings.append(Finding(kind, paths[0], detail))
        again = kind == "filled" or self.wish.again
        news: dict[str, object] = seen._asdict() if again else {}
        if isinstance(entry, FileEntry):
            news["not_seen"] = None
        return entry.model_copy(update=news)

    def _look(self, paths: Sequence[str]) -> Seen | None:
        for known in paths:
            if (seen := self.place.look(known)) is not None:
                return seen
        return None

    def _more(self, entries: Sequence[FileEntry]) -> list[FileEntry]:
        """Files of the place that the manifest does not know, as far as they are wanted."""
        known = {path for entry in entries for path in paths_of(entry)}
        unknown = [path for path in self.place.paths if path not in known]
        takes_all = self.wish.folder is not None or not entries
        patterns = self.wish.add or (("*",) if takes_all else ())
        wanted = [path for path in unknown if any(fnmatch(path, each) for each in patterns)]
        if rest := len(unknown) - len(wanted):
            self.findings.append(Finding("left", f"{rest} more files", "take them with --add"))
        return list(self._added(wanted))

    def _added(self, paths: Sequence[str]) -> Iterator[FileEntry]:
        for path in paths:
            try:
                seen = self.place.look(path)
            except SourceFailed as why:
                self.findings.append(Finding("missing", path, str(why)))
                continue
            if seen is not None:
                self.findings.append(Finding("added", path, f"{seen.size} bytes"))
                yield FileEntry.model_construct(path=path, size=seen.size, sha256=seen.sha256)


def _compared(entry: FileEntry | FileManifest, seen: Seen) -> Kind:
    if entry.sha256 is None:
        return "filled"
    return "same" if (entry.size, entry.sha256) == seen else "differs"


def _checked(kind: type[Manifest], fields: Mapping[str, object]) -> Manifest:
    """The manifest of these fields. Raises BadInput for what may not stand in one."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise _unsound(str(fields["name"]), error) from error


def _unsound(name: str, error: ValidationError) -> BadInput:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "as a whole"
    return BadInput("bad_manifest", name=name, place=place, reason=first["msg"])
