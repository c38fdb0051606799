"""The lock of a release fits requirements.txt, and the audit does not take silence for peace."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.metadata import Distribution, distributions
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
AGAIN = "run .ci/lock again"


def required(text: str) -> Iterator[Requirement]:
    """Of a file of requirements; hashes and remarks are left out."""
    for line in text.replace("\\\n", " ").splitlines():
        words = line.partition("#")[0].partition(" --hash")[0].strip()
        if words and not words.startswith("-"):
            yield Requirement(words)


def unmet(wanted: Iterator[Requirement], lock: str) -> list[str]:
    """What a lock has not, or at a version that is not wanted, for any Python on Linux."""
    pinned = list(required(lock))
    return [
        f"{need} for Python {python}"
        for need in wanted
        for python in PYTHONS
        if applies(need, python) and not any(meets(pin, need, python) for pin in pinned)
    ]


def applies(need: Requirement, python: str) -> bool:
    where = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    linux = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
    return need.marker is None or need.marker.evaluate({**where, **linux, "os_name": "posix"})


def meets(pin: Requirement, need: Requirement, python: str) -> bool:
    same = canonicalize_name(pin.name) == canonicalize_name(need.name)
    return same and applies(pin, python) and need.specifier.contains(version_of(pin))


def version_of(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "=="
    return only.version


@pytest.fixture(scope="module")
def lock() -> str:
    return (ROOT / "requirements.lock").read_text("utf-8")


def test_the_lock_has_all_that_is_required(lock: str) -> None:
    wanted = required((ROOT / "requirements.txt").read_text("utf-8"))
    assert unmet(wanted, lock) == [], AGAIN


def test_a_lock_that_does_not_fit_is_noticed() -> None:
    old = "numpy==2.0.0 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n"
    assert unmet(required("numpy>=1.26,<3"), old) == [
        f"numpy<3,>=1.26 for Python {python}" for python in PYTHONS[1:]
    ]
    assert unmet(required("NumPy>=2.1"), "numpy==2.0.0\n") != []
    assert unmet(required("numpy>=1.26,<3  # numbers"), "numpy==2.0.0\n") == []


def test_the_lock_brings_what_its_packages_need(lock: str) -> None:
    """Asked of those that are installed here at the version that is locked."""
    pinned = {canonicalize_name(pin.name): version_of(pin) for pin in required(lock)}
    same = [each for each in distributions() if is_pinned(each, pinned)]
    assert len(same) > 20, "the versions that are locked are not those that were tested"
    for each in same:
        needs = map(Requirement, each.requires or ())
        assert unmet(needs, lock) == [], f"{each.name}: {AGAIN}"


def is_pinned(found: Distribution, pinned: dict[Any, str]) -> bool:
    return pinned.get(canonicalize_name(found.name)) == found.version


def test_each_pin_has_hashes_and_nobody_s_address(lock: str) -> None:
    pins = lock.replace("\\\n", " ").splitlines()
    for pin in pins:
        if pin and not pin.startswith("#"):
            assert re.search(r" --hash=sha256:[0-9a-f]{64}", pin), pin
    assert not re.search(r"://|--(extra-)?index|--find-links|@", lock)


# --- the audit ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit", str(ROOT / ".ci" / "audit"))
    spec = spec_from_loader("audit", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def report(**known: list[str] | str) -> dict[str, Any]:
    """As pip-audit's: by package the ids of its holes, or why it was skipped."""
    return {
        "dependencies": [
            {"name": name, "skip_reason": what}
            if isinstance(what, str)
            else {
                "name": name,
                "version": "1",
                "vulns": [{"id": each, "fix_versions": ["2"]} for each in what],
            }
            for name, what in known.items()
        ]
    }


OLD = report(jinja2=["PYSEC-1"])
"""Of a database that knows something."""


@pytest.mark.parametrize(
    ("old", "locked", "code", "words"),
    [
        (OLD, report(numpy=[]), 0, "nothing is known (osv)"),
        (OLD, report(numpy=["GHSA-1"], scipy=[]), 1, "numpy 1: GHSA-1, fixed in 2"),
        (OLD, report(numpy=[], own="not found"), 3, "osv knows nothing of own"),
        (OLD, None, 3, "no database answers"),
        (None, None, 3, "no database answers"),
        (report(jinja2=[]), report(numpy=[]), 3, "no database answers"),
        (report(jinja2="not found on PyPI"), report(numpy="not found"), 3, "no database answers"),
    ],
)
def test_the_audit_believes_a_database_that_knows_an_old_hole(
    audit: ModuleType, old: Any, locked: Any, code: int, words: str
) -> None:
    def asked(service: str, file: Path) -> Any:
        return old if file.name == "old.txt" else locked

    found, lines = audit.judged_python(asked)
    assert found == code and words in "\n".join(lines)


def test_the_audit_asks_the_next_database(audit: ModuleType) -> None:
    def asked(service: str, file: Path) -> Any:
        return None if service == "osv" else OLD

    assert audit.judged_python(asked)[0] == 1


def test_the_audit_of_scripts_needs_npms_own_answer(audit: ModuleType) -> None:
    assert audit.judged_scripts({"message": "405 Method Not Allowed"})[0] == 3
    assert audit.judged_scripts(None)[0] == 3
    clean = {"auditReportVersion": 2, "vulnerabilities": {}}
    assert audit.judged_scripts(clean)[0] == 0
    hole = {"x": {"severity": "high", "range": "<2"}}
    code, lines = audit.judged_scripts({**clean, "vulnerabilities": hole})
    assert code == 1 and "x: high, in <2" in lines
    assert [audit.worst(codes) for codes in ([0, 0], [3, 0], [3, 1])] == [0, 3, 1]


def test_commands_of_a_release_can_be_called() -> None:
    for name in ("lock", "audit", "tools"):
        assert os.access(ROOT / ".ci" / name, os.X_OK)
