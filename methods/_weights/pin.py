"""Filling a manifest from a place that has the files: sizes, hashes, and the commit.

What is not pinned yet is filled in. What is pinned and differs is told, and stays as it is
unless that is asked for: a pin that gives way by itself would be none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import ValidationError

from methods._base import BadInput
from methods._weights.errors import SourceFailed
from methods._weights.manifest import Manifests
from methods._weights.manifest_schema import Manifest, RepositoryManifest, read, write
from methods._weights.pin_places import FolderPlace, HubPlace, Place, Seen

Kind: TypeAlias = Literal["same", "filled", "added", "differs", "missing", "left"]


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
        text = f"There is a manifest {name} already: leave out --repo and --license."
        raise BadInput(text, "would_overwrite", name=name)
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
        text = f"The manifest {file.stem} is not sound: {error}."
        raise BadInput(text, "bad_manifest") from error


# --- where the files are -------------------------------------------------------------------


def _place(manifest: Manifest, name: str, wish: Wish) -> Place:
    if wish.folder is not None:
        own = wish.folder / name
        return FolderPlace(own if own.is_dir() else wish.folder, wish.revision)
    homes = _homes(manifest.model_dump())
    if not homes:
        text = f"The files of {name} are on no model hub: name a folder that has them with --from."
        raise BadInput(text, "pin_no_hub", name=name)
    return HubPlace(homes[0]["repo"], wish.revision or homes[0]["revision"])


def _homes(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a manifest that hold a repository of the hub and its revision."""
    if fields.get("repo"):
        return [fields]
    return [source for source in fields.get("sources", ()) if "repo" in source][:1]


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
        fields = self.manifest.model_dump()
        moved = self._move(fields)
        if moved and not self.wish.again:
            return self.manifest
        entries = self._filled(fields)
        if moved and any(finding.kind == "missing" for finding in self.findings):
            return self.manifest  # a pinned file would be looked for where it is not
        if all(entry["sha256"] for entry in entries):
            fields["unpinned_because"] = None
        return _checked(type(self.manifest), fields)

    def _filled(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        """Its files, in `fields` too: a repository's, or the one that stands alone."""
        if not isinstance(self.manifest, RepositoryManifest):
            self._fill(fields)
            return [fields]
        entries: list[dict[str, Any]] = fields["files"]
        for entry in entries:
            self._fill(entry)
        entries += self._more(entries)
        return entries

    def _move(self, fields: dict[str, Any]) -> bool:
        """Fill in the commit; whether that is another one than the pinned."""
        homes = _homes(fields)
        if not homes:
            return False
        old = homes[0]["revision"]
        new = homes[0]["revision"] = self.place.revision or old
        if new == "main":
            text = "Which commit are these files of? Say so with --revision."
            raise BadInput(text, "pin_revision")
        if new != old:
            kind: Kind = "filled" if old == "main" else "differs"
            self.findings.append(Finding(kind, "revision", f"{old} -> {new}"))
        return old not in ("main", new)

    def _fill(self, entry: dict[str, Any]) -> None:
        path = entry.get("path") or entry["name"]
        try:
            seen, why = self._look(entry, path), ""
        except SourceFailed as error:
            seen, why = None, str(error)
        if seen is None:
            self.findings.append(Finding("missing", path, why))
            return
        kind = _compared(entry, seen)
        detail = "" if kind == "same" else f"{seen.size} bytes, SHA-256 {seen.sha256}"
        self.findings.append(Finding(kind, path, detail))
        if kind == "filled" or self.wish.again:
            entry |= seen._asdict()

    def _look(self, entry: dict[str, Any], path: str) -> Seen | None:
        """Under its own path, else under the others that it is known by."""
        others = [*entry.get("elsewhere", ()), *(h["path"] for h in _homes(entry) if "path" in h)]
        for known in (path, *others):
            if (seen := self.place.look(known)) is not None:
                return seen
        return None

    def _more(self, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Files of the place that the manifest does not know, as far as they are wanted."""
        known = {path for entry in entries for path in (entry["path"], *entry["elsewhere"])}
        unknown = [path for path in self.place.paths if path not in known]
        takes_all = self.wish.folder is not None or not entries
        patterns = self.wish.add or (("*",) if takes_all else ())
        wanted = [path for path in unknown if any(fnmatch(path, each) for each in patterns)]
        if rest := len(unknown) - len(wanted):
            self.findings.append(Finding("left", f"{rest} more files", "take them with --add"))
        return list(self._added(wanted))

    def _added(self, paths: Sequence[str]) -> Iterator[dict[str, Any]]:
        for path in paths:
            try:
                seen = self.place.look(path)
            except SourceFailed as why:
                self.findings.append(Finding("missing", path, str(why)))
                continue
            if seen is not None:
                self.findings.append(Finding("added", path, f"{seen.size} bytes"))
                yield {"path": path, **seen._asdict()}


def _compared(entry: dict[str, Any], seen: Seen) -> Kind:
    if entry["sha256"] is None:
        return "filled"
    return "same" if (entry["size"], entry["sha256"]) == seen else "differs"


def _checked(kind: type[Any], fields: dict[str, Any]) -> Any:
    """The manifest of these fields. Raises BadInput for what may not stand in one."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise _unsound(fields["name"], error) from error


def _unsound(name: str, error: ValidationError) -> BadInput:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "as a whole"
    text = f"The manifest {name} is not sound, or would not be: {place}: {first['msg']}."
    return BadInput(text, "bad_manifest")
