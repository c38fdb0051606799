"""Imports run strictly downward, and asking what there is loads nothing heavy."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOUSES = ("methods", "segmentation", "examples", "ui")
HEAVY = {"torch", "torchvision", "diffusers", "transformers", "peft", "accelerate", "timm"}
HEAVY |= {"segment_anything", "onnxruntime", "patchmatch", "gradio", "groundingdino"}
MOST_ANY = 5
"""In a thousand lines: beyond this, the type checker sees too little of the program."""
LOADS_AT_ONCE = ("methods._diffusion.eraser",)
"""Files that import heavy libraries at import time, beside the networks'."""


def test_imports_keep_the_rules() -> None:
    """The rules stand in pyproject.toml. Not in this process: the linter sets logging up anew."""
    code = "from importlinter.cli import lint_imports as f; raise SystemExit(f(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("folder", "most"), [("methods", 25), ("segmentation", 12), ("ui", 12)])
def test_a_folder_stays_small_enough_to_read(folder: str, most: int) -> None:
    """Files that lie directly in it: what grows beyond becomes a package."""
    assert len(list((ROOT / folder).glob("*.py"))) <= most


@pytest.mark.parametrize("folder", HOUSES)
def test_types_are_said(folder: str) -> None:
    """Imports of the word count too: who means a type that nobody can name writes `object`."""
    program = "".join(file.read_text(encoding="utf-8") for file in (ROOT / folder).rglob("*.py"))
    words, lines = len(re.findall(r"\bAny\b", program)), program.count("\n")
    assert words * 1000 <= MOST_ANY * lines, f"Any stands {words} times in {lines} lines"


class Import(NamedTuple):
    """One import at import time: by which module, of what."""

    module: str
    imported: str


def eager_imports() -> Iterator[Import]:
    """What the program's modules import when they are imported themselves."""
    for file in sorted(path for house in HOUSES for path in (ROOT / house).rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        yield from (Import(module, name) for name in _eager(tree))


def _eager(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module or ""
        elif not _is_later(child):
            yield from _eager(child)


def _is_later(node: ast.AST) -> bool:
    """A function's body, and what is for the type checker alone."""
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def test_heavy_libraries_are_imported_inside_functions() -> None:
    """Save in the files of networks, which are imported inside functions themselves."""
    heavy = [found for found in eager_imports() if found.imported.split(".")[0] in HEAVY]
    assert any(found.imported == "torch" for found in heavy)
    for found in heavy:
        is_network = found.module.split(".")[-1].endswith("network")
        in_page = found.module.startswith("ui.") and found.imported.startswith("gradio")
        assert is_network or in_page or found.module in LOADS_AT_ONCE, str(found)


STEPS = [
    "import methods, segmentation",
    "import methods; assert methods.list_erasers()",
    "import segmentation; assert segmentation.list_segmenters()",
    "import segmentation; assert segmentation.list_detectors()",
    "import examples.rows; assert examples.rows.document_rows()",
    "from methods import get_eraser, list_erasers\n"
    "for spec in list_erasers(): get_eraser(spec.id)().unload()",
    "from methods import Job, run, load_image, weight_status",
    "import methods.__main__",
    "import ui.cli.__main__",
]
"""What is asked of a program that erases nothing yet."""


def test_a_fresh_process_loads_nothing_heavy() -> None:
    """After none of the steps, one after the other."""
    look = f"print(sorted({HEAVY!r} & set(sys.modules)))"
    check = "\n".join(("import sys", *(f"{step}\n{look}" for step in STEPS)))
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = dict(zip(STEPS, done.stdout.splitlines(), strict=True))
    assert {step: names for step, names in loaded.items() if names != "[]"} == {}


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
