"""Imports run strictly downward, and asking what there is loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"torch", "torchvision", "diffusers", "transformers", "peft", "accelerate", "timm"}
HEAVY |= {"segment_anything", "onnxruntime", "patchmatch", "gradio", "groundingdino"}

BASE, NETWORK, HELPER, ERASER, REGISTRY, RUNNER, COMMANDS = range(7)
NAMED = {
    "_base": BASE,
    "_onnx_tensors": NETWORK,  # a reader of a file format: it knows nothing of the program
    "_registry": REGISTRY,
    "_worker": RUNNER,
    "_runner": RUNNER,
    "_fingerprint": RUNNER,
}


class Import(NamedTuple):
    """One imported name: in which file, what, and whether it happens at import time."""

    file: Path
    module: str
    name: str
    eager: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)} imports {self.module}.{self.name}".rstrip(".")


def program_files() -> list[Path]:
    """Every Python file of the program; tests and benchmarks may import what they like."""
    folders = ("methods", "segmentation", "examples", "ui")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted([*files, *ROOT.glob("*.py")])


def imports_of(file: Path) -> list[Import]:
    return list(_imports(file, ast.parse(file.read_text(encoding="utf-8")), eager=True))


def _imports(file: Path, node: ast.AST, eager: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, alias.name, "", eager)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{file.name}: imports are absolute here"
            for alias in child.names:
                yield Import(file, child.module or "", alias.name, eager)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _imports(file, child, eager=False)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(file, child, eager and not inside)


def all_imports() -> list[Import]:
    return [found for file in program_files() for found in imports_of(file)]


def layer(module: str) -> int:
    """The height of methods/<module>.py; a module may import only what lies lower, or its
    siblings at the same height where no circle arises."""
    if module in NAMED:
        return NAMED[module]
    if module in ("__main__", "_cli") or module.startswith("_cli_"):
        return COMMANDS
    if module.endswith("_network"):
        return NETWORK
    return HELPER if module.startswith("_") else ERASER


def within_methods(found: Import) -> str:
    """The file of methods that the import leads to, without ending; '' for other imports."""
    package, _, rest = found.module.partition(".")
    if package != "methods":
        return ""
    target = rest.split(".")[0] or found.name
    return target if (ROOT / "methods" / f"{target}.py").exists() else "__init__"


def test_the_walk_sees_the_program() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in program_files()}
    assert {"methods/_base.py", "methods/_runner.py", "methods/migan.py"} <= files
    assert any(found.module == "torch" for found in all_imports())


def test_methods_import_downward() -> None:
    """An eraser whose method begins with another one's result asks the registry for it by its
    id, when it runs; it knows no other eraser's file."""
    graph: dict[str, set[str]] = {}
    for file in sorted((ROOT / "methods").glob("*.py")):
        if file.stem == "__init__":
            continue
        for found in imports_of(file):
            target = within_methods(found)
            if not target:
                continue
            assert target != "__init__", f"{found}: within methods, name the module itself"
            asks = target == "_registry" and layer(file.stem) == ERASER and not found.eager
            assert asks or layer(target) <= layer(file.stem), f"{found}: that is upward"
            both_erasers = layer(target) == layer(file.stem) == ERASER
            assert not both_erasers, f"{found}: an eraser knows no other eraser"
            if found.eager:
                graph.setdefault(file.stem, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules of methods import each other in a circle: {error.args[1]}")


def test_only_the_commands_of_methods_know_segmentation() -> None:
    for found in all_imports():
        if found.file.parent.name == "methods" and found.module.startswith("segmentation"):
            assert layer(found.file.stem) == COMMANDS, str(found)
            assert found.module == "segmentation", f"{found}: use the door"


def test_methods_and_segmentation_know_no_page() -> None:
    for found in all_imports():
        if found.file.parent.name in ("methods", "segmentation"):
            assert found.module.split(".")[0] not in ("ui", "app", "gradio"), str(found)


def test_only_the_page_and_the_commands_know_the_examples() -> None:
    """examples → the doors of methods and segmentation; ui → examples; none the other way.

    The command `python -m examples.tables` stands above the page, as app.py does: it borrows
    the page's sentences in Chinese and its list of versions, and nothing imports it.
    """
    for found in all_imports():
        folder, package = found.file.parent.name, found.module.split(".")[0]
        if folder in ("methods", "segmentation"):
            assert package != "examples", str(found)
        if folder == "examples" and package in ("ui", "app", "gradio"):
            assert found.file.stem == "tables" and not found.eager, str(found)
            assert found.module in ("ui.texts_errors", "ui.versions"), str(found)
        assert found.module != "examples.tables", str(found)
        assert (found.module, found.name) != ("examples", "tables"), str(found)


def test_others_enter_by_the_door() -> None:
    for found in all_imports():
        folder = found.file.parent.name
        if folder != "methods":
            assert not found.module.startswith("methods."), f"{found}: import from methods"
        if folder not in ("methods", "segmentation"):
            assert not found.module.startswith("segmentation."), f"{found}: use the door"


def test_nothing_imports_the_app() -> None:
    for found in all_imports():
        assert found.module.split(".")[0] != "app", str(found)


def test_gradio_is_for_the_page_only() -> None:
    for found in all_imports():
        if found.module.split(".")[0] == "gradio":
            in_page = found.file.is_relative_to(ROOT / "ui") or found.file.name == "app.py"
            assert in_page, str(found)


def test_heavy_libraries_are_imported_inside_functions() -> None:
    for found in all_imports():
        package = found.module.split(".")[0]
        if package not in HEAVY or package == "gradio" or not found.eager:
            continue
        stem = found.file.stem
        assert stem.endswith("_network") or stem == "_diffusion", f"{found} at import time"


@pytest.mark.parametrize(
    "code",
    [
        "import methods, segmentation",
        "import methods; assert methods.list_erasers()",
        "import segmentation; assert segmentation.list_segmenters()",
        "import segmentation; assert segmentation.list_detectors()",
        "import examples.rows; assert examples.rows.document_rows()",
        "from methods import get_eraser, list_erasers\n"
        "for spec in list_erasers(): get_eraser(spec.id)().unload()",
        "from methods import Job, run, load_image, weight_status",
        "import methods.__main__",
    ],
)
def test_a_fresh_process_loads_nothing_heavy(code: str) -> None:
    check = f"{code}\nimport sys\nprint(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_doors_name_only_what_is_there() -> None:
    code = (
        "import methods, segmentation\n"
        "for door in (methods, segmentation):\n"
        "    for name in door.__all__: getattr(door, name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
