"""The container file. No image is built here: its words are read, and what it runs is run in the
environment of the tests, on a root that is read-only."""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ports import own_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 600

Steps = list[tuple[str, str]]


def read(text: str) -> list[Steps]:
    """By stage, the instructions and what they are given."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    steps = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    stages: list[Steps] = []
    for word, _, rest in steps:
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, " ".join(rest.split())))
    return stages


@pytest.fixture(scope="module")
def stages() -> list[Steps]:
    return read((ROOT / "Dockerfile").read_text("utf-8"))


@pytest.fixture(scope="module")
def last(stages: list[Steps]) -> Steps:
    return stages[-1]


def given(steps: Steps, word: str) -> list[str]:
    return [rest for name, rest in steps if name == word]


def environment(steps: Steps) -> dict[str, str]:
    pairs = " ".join(given(steps, "ENV")).split()
    return dict(pair.split("=", 1) for pair in pairs)


def test_it_is_slim_and_has_no_moving_base(stages: list[Steps]) -> None:
    for steps in stages:
        (base,) = given(steps, "FROM")
        name, _, tag = base.split()[0].partition(":")
        assert name == "python" and "slim" in tag and tag != "latest"
        assert not given(steps, "ADD")


def test_it_takes_the_locked_packages(stages: list[Steps]) -> None:
    assert "REQUIREMENTS=requirements.lock" in given(stages[0], "ARG")
    (install,) = [each for each in given(stages[0], "RUN") if "pip install" in each]
    assert '-r "$REQUIREMENTS"' in install


def test_it_does_not_run_as_root(last: Steps) -> None:
    words = [word for word, _ in last]
    (user,) = given(last, "USER")
    assert user not in ("0", "root")
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert f"--uid {user}" in given(last, "RUN")[0]


def test_all_that_is_copied_is_there_and_not_ignored(stages: list[Steps]) -> None:
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = [line[1:] for line in ignore if line.startswith("!")]
    for copied in (each for steps in stages for each in given(steps, "COPY")):
        if copied.startswith("--from"):
            continue
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(fnmatch.fnmatch(source, each) for each in kept), source


def test_what_it_sets_is_what_the_program_reads(last: Steps) -> None:
    documented = (ROOT / "docs" / "hosting.md").read_text("utf-8")
    for name, value in environment(last).items():
        if name.startswith("ERASER_LAB_"):
            assert f"| `{name}` |" in documented, name
        if name not in ("PATH",) and value.startswith("/"):
            assert value.startswith(given(last, "VOLUME")[0]), name


def test_all_folders_of_the_program_are_in_it(last: Steps) -> None:
    copied = {each.split()[0] for each in given(last, "COPY")}
    assert {"app.py", "methods", "segmentation", "examples", "ui"} <= copied


# --- what it runs -----------------------------------------------------------------------------

READ_ONLY = """
mount -t tmpfs none "$1" && mount -t tmpfs none "$2" && mount -o remount,bind,ro /
cd "$3" && shift 3 && exec "$@"
"""


def commands(last: Steps) -> tuple[list[str], list[str]]:
    """Of the entry and of the health check, with the interpreter of the tests."""
    (entry,), (health,) = given(last, "ENTRYPOINT"), given(last, "HEALTHCHECK")
    found = json.loads(entry), json.loads(health[health.index("CMD") + 4 :])
    assert found[0][0] == found[1][0] == "python"
    return [sys.executable, *found[0][1:]], [sys.executable, *found[1][1:]]


@contextmanager
def on_read_only_root(tmp_path: Path, last: Steps) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The program as the image runs it; where its volume lies, and what it is told to use."""
    volume, own = tmp_path / "data", tmp_path / "tmp"
    volume.mkdir()
    own.mkdir()
    told = {name: value.replace("/data", str(volume)) for name, value in environment(last).items()}
    port = str(own_port())
    told |= {"PATH": os.environ["PATH"], "TMPDIR": str(own), "ERASER_LAB_PORT": port}
    told |= {"ERASER_LAB_HOST": "127.0.0.1", "ERASER_LAB_OFFLINE": "1"}
    (entry, _) = commands(last)
    script = ["sh", "-c", READ_ONLY, "sh", str(volume), str(own), str(ROOT)]
    with subprocess.Popen(
        ["unshare", "--mount", *script, *entry, "--no-fetch"],
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        try:
            os.environ["ERASER_LAB_PORT"] = port
            yield program, volume
        finally:
            program.kill()


def may_make_a_root() -> bool:
    trial = 'mount -t tmpfs none "$1" && mount -o remount,bind,ro /'
    words = ["unshare", "--mount", "sh", "-c", trial, "sh", "/tmp"]
    return (
        shutil.which("unshare") is not None
        and subprocess.run(words, capture_output=True).returncode == 0
    )


@pytest.mark.slow
def test_it_runs_is_healthy_and_ends_on_a_read_only_root(
    last: Steps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not may_make_a_root():
        pytest.skip("this machine makes no read-only root: unshare or mount is not allowed")
    monkeypatch.setenv("ERASER_LAB_PORT", "0")  # so that it is as it was afterwards
    _, health = commands(last)
    with on_read_only_root(tmp_path, last) as (program, volume):
        until = time.monotonic() + START_SECONDS
        while subprocess.run(health, capture_output=True).returncode != 0:
            assert program.poll() is None and time.monotonic() < until, "it did not start"
        seen = Path(f"/proc/{program.pid}/root") / volume.relative_to("/")
        assert (seen / "lab" / "runs").is_dir()
        with pytest.raises(OSError, match="Read-only"):
            Path(f"/proc/{program.pid}/root/{ROOT}/x").write_text("x")
        program.terminate()
        assert program.wait(60) == 0
        assert program.stdout is not None
        assert "Traceback" not in program.stdout.read()
