"""The lists of requirements: complete, bounded, and named by the README."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from ui.cli.space.hardware import ZERO_TORCH

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ("app.py", "methods", "segmentation", "ui")
COMES_WITH = {
    # Packages that a listed one re-exports as its own interface, so that its range rules.
    "starlette": "gradio",
    "fastapi": "gradio",
    "anyio": "gradio",
    "gradio-client": "gradio",
    "annotated-types": "pydantic",
    "tokenizers": "transformers",
}


def _requirements(name: str) -> dict[str, str]:
    """{normalised name: version range} of a requirements file and those that it includes."""
    found: dict[str, str] = {}
    for raw in (ROOT / name).read_text("utf-8").splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("-r "):
            found |= _requirements(line[3:].strip())
        elif line and not line.startswith("--"):
            package, versions = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?(.*)", line).groups()  # type: ignore[union-attr]
            found[_normalised(package)] = versions
    return found


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sources(name: str) -> Iterator[Path]:
    path = ROOT / name
    return iter([path]) if path.is_file() else path.rglob("*.py")


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that stands in a file."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


def _imports(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, wherever in the file it does."""
    names: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@cache
def _optional() -> frozenset[str]:
    """Modules that the program does without: it asks `find_spec` for them, or lists them in
    the `packages` of a spec, which the page then calls unavailable."""
    nodes = (node for name in PROGRAM for path in _sources(name) for node in _nodes(path))
    return frozenset(word for node in nodes if _is_question(node) for word in _words(node))


def _is_question(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).endswith("find_spec")
    if isinstance(node, ast.keyword) and node.arg == "packages":
        return isinstance(node.value, ast.Tuple)
    return False


def _words(node: ast.AST) -> set[str]:
    constants = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


@cache
def _own_modules() -> frozenset[str]:
    files = [*ROOT.glob("*.py"), *(ROOT / "tests").rglob("*.py")]
    homes = (ROOT, ROOT / "tests" / "support")
    folders = [path.name for home in homes for path in home.iterdir() if path.is_dir()]
    return frozenset([path.stem for path in files] + folders)


def _foreign(name: str) -> set[str]:
    """Third-party distributions that the files below `name` import."""
    modules = set().union(*(_imports(path) for path in _sources(name)))
    modules -= set(sys.stdlib_module_names) | _own_modules()
    known = packages_distributions()
    dists = {_normalised(known.get(module, [module])[0]) for module in modules - _optional()}
    return {COMES_WITH.get(name, name) for name in dists}


@pytest.mark.parametrize("name", PROGRAM)
def test_program_imports_only_what_is_required(name: str) -> None:
    assert _foreign(name) <= set(_requirements("requirements.txt"))


def test_tests_import_only_what_is_required() -> None:
    assert _foreign("tests") <= set(_requirements("requirements-dev.txt"))


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-ray.txt"]
)
def test_each_requirement_has_a_lower_bound_and_no_pin(name: str) -> None:
    for package, versions in _requirements(name).items():
        assert versions.startswith(">="), package
        assert "==" not in versions, package


def test_torch_and_torchvision_come_as_a_pair_with_an_open_top() -> None:
    required = _requirements("requirements.txt")
    assert required["torch"] == ">=2.8,<3"
    assert "torchvision" in required


def test_a_cluster_needs_plain_ray_with_tokens_and_nobody_else_does() -> None:
    """`ray[default]` would bring forty more packages; before 2.52 no cluster asks for a token."""
    assert _requirements("requirements-ray.txt") == {"ray": ">=2.52,<3"}
    assert "ray[" not in (ROOT / "requirements-ray.txt").read_text("utf-8").splitlines()[-1]
    assert "ray" not in _requirements("requirements-dev.txt")
    assert "ray" in _optional()


def test_what_a_space_installs_first_fits_what_it_installs_then() -> None:
    """pip leaves alone what is there and fits: the torch that ZeroGPU runs stays."""
    first, then = _requirements("pre-requirements.txt"), _requirements("requirements.txt")
    assert first.keys() == {"torch", "torchvision"}
    for package, pin in first.items():
        version = pin.removeprefix("==")
        assert SpecifierSet(then[package]).contains(version), package
    assert first["torch"].removeprefix("==") in ZERO_TORCH


@pytest.mark.network
def test_pip_leaves_the_torch_of_a_space_alone(tmp_path: Path) -> None:
    """In an environment with stand-ins for the two packages, which claim what the real ones do."""
    venv.create(tmp_path, with_pip=False)
    python = tmp_path / "bin" / "python"
    (packages,) = (tmp_path / "lib").glob("python*/site-packages")
    first = {name: pin[2:] for name, pin in _requirements("pre-requirements.txt").items()}
    _stand_in(packages, "torch", first["torch"], "")
    needs = f"Requires-Dist: torch=={first['torch']}"
    _stand_in(packages, "torchvision", first["torchvision"], needs)
    report = tmp_path / "report.json"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--dry-run", "--quiet"]
    wanted = ["--only-binary=:all:", "--report", str(report), "-r", str(ROOT / "requirements.txt")]
    asked = subprocess.run([*pip, *wanted], capture_output=True, text=True, timeout=600)
    assert asked.returncode == 0, asked.stderr
    installs = json.loads(report.read_text("utf-8"))["install"]
    coming = {_normalised(each["metadata"]["name"]) for each in installs}
    assert {"timm", "gradio", "numpy"} <= coming
    assert not {"torch", "torchvision"} & coming


def _stand_in(packages: Path, name: str, version: str, more: str) -> None:
    claims = packages / f"{name}-{version}.dist-info"
    claims.mkdir()
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}\n"
    (claims / "METADATA").write_text(head)
    (claims / "INSTALLER").write_text("pip")


def test_one_opencv_only() -> None:
    """opencv-python and -headless overwrite each other's files."""
    found = [name for name in _requirements("requirements-dev.txt") if name.startswith("opencv")]
    assert found == ["opencv-python-headless"]


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "pip install -r requirements.txt && python app.py" in readme
    assert "pip install -r requirements-dev.txt && pytest" in readme


def test_ci_runs_the_readme_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert r"pip install -r requirements-dev\.txt && pytest" in script.read_text("utf-8")


def test_ci_has_a_way_for_all_that_is_left_out_by_default() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]
    chosen = options["ini_options"]["addopts"]
    left_out = chosen[chosen.index("-m") + 1].removeprefix("not ").split(" and not ")
    assert set(left_out) == {"slow", "network", "zerogpu"}
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    # Of these one needs a process, and an environment, of its own.
    assert 'pytest -m "slow or network"' in script
    assert "pytest -n 0 -m slow tests/test_load.py" in script  # with every change
    assert "pytest -n 0 -m zerogpu tests/zerogpu" in script


def test_ci_tries_a_cluster_in_an_environment_of_its_own() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "-r requirements-ray.txt" in script and "pytest -m ray" in script


def test_ci_can_try_the_torch_of_a_space() -> None:
    """Installed in a Space's own order, and compared before and after."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    first, then = "install -q -r pre-requirements.txt", "install -q -r requirements.txt"
    assert script.index(first) < script.index(then)
    assert "torch-before" in script and "run_space_tests; exit" in script


def test_every_check_of_ci_runs_before_a_commit() -> None:
    """ruff, mypy, lint-imports: the same words in both."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook["entry"] for repo in settings["repos"] for hook in repo["hooks"]]
    checks = re.findall(r"^    ((?:ruff|mypy|lint-imports)[^\n]*)$", script, re.MULTILINE)
    assert len(checks) == 4
    assert set(checks) <= set(hooks)
