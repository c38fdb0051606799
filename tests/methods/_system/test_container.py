"""A container's memory and cores in place of its node's: both versions of control groups."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from methods._system import container
from methods._system.container import cores, free_memory, keep_to_cores, total_memory

MB = 1024**2
LESS = 300 * MB
"""A limit below any machine that runs these tests."""


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The top of the groups, empty; `own` beside it says in which the process is."""
    monkeypatch.setattr(container, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(container, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    return tmp_path / "cgroup"


def put(groups: Path, own: str, files: dict[str, str]) -> None:
    groups.with_name("own").write_text(own)
    for name, text in files.items():
        file = groups / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")


V1 = "9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n"


@pytest.mark.parametrize(
    ("own", "files"),
    [
        pytest.param("0::/\n", {"memory.max": str(LESS), "cpu.max": "150000 100000"}, id="v2"),
        pytest.param(
            "0::/pod/box\n",
            {
                "pod/memory.max": str(LESS),
                "pod/box/memory.max": "max",
                "pod/cpu.max": "150000 100000",
                "pod/box/cpu.max": "max 100000",
            },
            id="v2 above",
        ),
        pytest.param(
            V1,
            {
                "memory/memory.limit_in_bytes": str(LESS),
                "cpu,cpuacct/cpu.cfs_quota_us": "150000",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            id="v1",
        ),
        pytest.param(
            V1,
            {
                "memory/docker/abc/memory.limit_in_bytes": str(LESS),
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "cpu/docker/abc/cpu.cfs_quota_us": "150000",
                "cpu/docker/abc/cpu.cfs_period_us": "100000",
            },
            id="v1 of the node",
        ),
    ],
)
def test_the_limit_of_the_group_counts(groups: Path, own: str, files: dict[str, str]) -> None:
    put(groups, own, files)
    assert total_memory() == LESS
    assert cores() == 2  # one and a half, rounded up


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("", {"memory.max": str(LESS)}),  # not a group that this process is in
        ("0::/\n", {"memory.max": "max", "cpu.max": "max 100000"}),
        (V1, {"memory/memory.limit_in_bytes": "9223372036854771712",
              "cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}),
        ("0::/\n", {"memory.max": "nonsense", "cpu.max": ""}),
        ("nonsense\n\n::::\n", {}),
        ("0::/../../etc\n", {}),
    ],
)  # fmt: skip
def test_without_a_limit_it_is_the_machine(groups: Path, own: str, files: dict[str, str]) -> None:
    put(groups, own, files)
    assert total_memory() == psutil.virtual_memory().total
    assert free_memory() > 0
    assert cores() == 64


@pytest.mark.parametrize(
    ("own", "limit", "used", "stat", "cached"),
    [
        ("0::/\n", "memory.max", "memory.current", "memory.stat", "inactive_file"),
        (V1, "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes",
         "memory/memory.stat", "total_inactive_file"),
    ],
)  # fmt: skip
def test_the_cache_of_files_is_free(
    groups: Path, own: str, limit: str, used: str, stat: str, cached: str
) -> None:
    files = {limit: str(LESS), used: str(LESS - 10 * MB), stat: f"anon 7\n{cached} {40 * MB}"}
    put(groups, own, files)
    assert free_memory() == 50 * MB
    put(groups, own, {used: str(LESS + 90 * MB)})
    assert free_memory() == 0


def test_a_group_that_tells_no_use_counts_this_process(groups: Path) -> None:
    limit = psutil.Process().memory_info().rss + 200 * MB
    put(groups, "0::/\n", {"memory.max": str(limit)})
    assert 0 < free_memory() < 260 * MB


def test_numeric_libraries_begin_no_more_threads_than_there_are_cores(
    groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    keep_to_cores()
    assert "OMP_NUM_THREADS" not in os.environ
    put(groups, "0::/\n", {"cpu.max": "200000 100000"})
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    keep_to_cores()
    assert os.environ["OMP_NUM_THREADS"] == "5"
    monkeypatch.delenv("OMP_NUM_THREADS")
    keep_to_cores()
    assert os.environ["OMP_NUM_THREADS"] == "2"
    monkeypatch.delenv("OMP_NUM_THREADS")


def test_nobody_asks_for_the_nodes() -> None:
    """Memory and cores are asked in one place only."""
    root = Path(container.__file__).parents[2]
    asked = ("virtual_memory", "cpu_count", "sched_getaffinity")
    for part in ("methods", "segmentation", "examples", "ui"):
        for file in (root / part).rglob("*.py"):
            text = file.read_text("utf-8")
            assert file.name == "container.py" or not any(word in text for word in asked), file


def test_the_door_hands_it_out() -> None:
    code = "import methods; print(methods.cores(), methods.total_memory() > 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] == "True" and int(done.stdout.split()[0]) >= 1
