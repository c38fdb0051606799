"""The pages in docs/ keep their word: what is generated is fresh, and no link is dead."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ui.cli.fits import fits_as_markdown

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "examples/README.md",
         ROOT / "tests/bench/README.md"]  # fmt: skip
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
PROGRAM = ("app.py", "methods", "segmentation", "examples", "ui")


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", page.read_text("utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_what_is_generated_is_fresh_and_needs_no_heavy_library() -> None:
    code = (
        "import sys, runpy; sys.argv = ['docs/generate.py', '--check']\n"
        "try: runpy.run_path('docs/generate.py', run_name='__main__')\n"
        "except SystemExit as end: assert not {'torch', 'gradio'} & set(sys.modules); raise"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_table_of_what_fits_is_computed() -> None:
    page = (DOCS / "hardware.md").read_text("utf-8")
    found = re.search(r"<!-- fits:[^>]*-->\n(.*?)\n<!-- /fits -->", page, re.DOTALL)
    assert found is not None
    assert found[1] == fits_as_markdown(), "run `python docs/generate.py --all`"


@pytest.mark.parametrize(
    ("page", "part"),
    [
        ("erasers.md", "erasers"),
        ("erasers.md", "notes"),
        ("settings.md", "settings"),
        ("api.md", "api"),
        ("mcp.md", "tools"),
        ("cli.md", "commands"),
        ("numbers.md", "numbers"),
        ("tables.md", "table"),
        ("hardware.md", "fits"),
        ("weights.md", "weights"),
    ],
)
def test_each_generated_part_has_its_page(page: str, part: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    assert re.search(rf"<!-- {part}:[^>]*-->\n\S.*?\n<!-- /{part} -->", text, re.DOTALL)


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    stale = runpy.run_path(str(DOCS / "generate.py"))["stale"]
    page = tmp_path / "erasers.md"
    page.write_text("<!-- erasers: here -->\nold\n<!-- /erasers -->\n", encoding="utf-8")
    assert "PatchMatch" in stale(tmp_path)[page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_relative_link_is_dead(page: Path) -> None:
    for target in LINK.findall(FENCED.sub("", page.read_text("utf-8"))):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_the_page_on_hosting_has_every_environment_variable_and_no_other() -> None:
    page = (DOCS / "hosting.md").read_text("utf-8")
    rows = re.findall(r"^\| `(ERASER_LAB_\w+)` \| (.+?) \| (.+) \|$", page, re.MULTILINE)
    listed = [name for name, _default, _meaning in rows]
    files = [f for part in PROGRAM for f in [ROOT / part, *(ROOT / part).rglob("*.py")]]
    code = "".join(file.read_text("utf-8") for file in files if file.is_file())
    used = set(re.findall(r"\bERASER_LAB_[A-Z_]*[A-Z]\b", code))
    used = {name for name in used if not name.startswith("ERASER_LAB_WEIGHT_")}
    assert sorted(listed) == sorted(used | {"ERASER_LAB_WEIGHT_NAME"})
    others = [file.read_text("utf-8") for file in PAGES if file.name != "CHANGELOG.md"]
    named = set(re.findall(r"\bERASER_LAB_[A-Z_]*[A-Z]\b", "".join(others)))
    assert {name for name in named if not name.startswith("ERASER_LAB_WEIGHT_")} <= set(listed)


def test_the_cluster_for_kubernetes_is_closed() -> None:
    """Tokens, no dashboard, no door to the outside but the page's, and the Ray that was tried."""
    cluster, page, *walls = yaml.safe_load_all((DOCS / "kuberay.yaml").read_text("utf-8"))
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    assert cluster["spec"]["headGroupSpec"]["rayStartParams"]["include-dashboard"] == "false"
    groups = [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"], page["spec"]]
    labels = [group["template"]["metadata"]["labels"].items() for group in groups]
    inside = walls[0]["spec"]["podSelector"]["matchLabels"]
    assert all(inside.items() <= each for each in labels)
    assert walls[0]["spec"]["ingress"] == [{"from": [{"podSelector": {"matchLabels": inside}}]}]
    assert walls[1]["spec"]["ingress"] == [{"ports": [{"port": 7860}]}]
    assert {wall["kind"] for wall in walls} == {"NetworkPolicy"}
