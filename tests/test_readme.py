"""The README keeps its word: its table, its commands, its examples."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import yaml

from examples import tables
from examples.compose import __main__ as compose
from examples.report.markdown import summary_table
from examples.rows import stand_in_rows
from methods import Image
from ui.cli.markdown import erasers_as_markdown

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TABLE = re.compile(r"(<!-- erasers:[^>]*-->\n).*?(<!-- /erasers -->)", re.DOTALL)
HUB_COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def code_blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [block for name, block in fenced if name == language]


def test_the_table_of_erasers_is_the_registrys() -> None:
    found = TABLE.search(README)
    assert found is not None
    assert found.group(0) == f"{found.group(1)}{erasers_as_markdown()}\n{found.group(2)}", (
        "run `python -m methods list --markdown` and put its output into the README"
    )


RESULTS = re.compile(r"(<!-- table:[^>]*-->\n).*?(<!-- /table -->)", re.DOTALL)


def test_the_table_of_results_is_a_real_runs() -> None:
    made = json.loads((ROOT / "docs/table.json").read_text("utf-8"))
    found = RESULTS.search(README)
    assert found is not None
    table = "\n".join(summary_table(made["summary"]))
    assert found.group(0) == f"{found.group(1)}{table}\n{found.group(2)}"
    assert {line["id"] for line in made["summary"]} == {
        "migan", "patchmatch", "telea", "navier_stokes",
    }  # fmt: skip
    assert all(line["changed_outside"] == line["failed"] == 0 for line in made["summary"])
    assert all(line["done"] == len(stand_in_rows()) for line in made["summary"])


def test_the_table_of_what_fits_is_computed() -> None:
    from ui.cli.fits import fits_as_markdown

    found = re.search(r"<!-- fits:[^>]*-->\n(.*?)\n<!-- /fits -->", README, re.DOTALL)
    assert found is not None
    assert found.group(1) == fits_as_markdown(), (
        "run `python -m methods fits --markdown` and put its output into the README"
    )


def test_the_head_is_a_hugging_face_space_header() -> None:
    import gradio

    head = yaml.safe_load(README.split("---\n")[1])
    assert head["sdk"] == "gradio"
    assert head["app_file"] == "app.py"
    assert (ROOT / head["app_file"]).is_file()
    assert {head["colorFrom"], head["colorTo"]} <= HUB_COLORS
    assert len(head["short_description"]) <= 60
    assert head["license"] == "apache-2.0"
    tested = tuple(map(int, head["sdk_version"].split(".")[:2]))
    assert tested == tuple(map(int, gradio.__version__.split(".")[:2]))


def test_the_two_commands_stand_alone() -> None:
    blocks = [block.strip() for block in code_blocks("")]
    assert "pip install -r requirements.txt && python app.py" in blocks
    assert "pip install -r requirements-dev.txt && pytest" in blocks


def test_every_picture_and_file_that_is_named_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_every_command_line_example_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.cli.commands import make_parser

    parser = make_parser()
    lines = "\n".join(code_blocks("")).replace("\\\n", " ").splitlines()
    commands = [shlex.split(line) for line in lines if line.startswith("python -m methods")]
    assert len(commands) >= 5
    for words in commands:
        parser.parse_args(words[3:])
    for tool, reader in (("tables", tables._parser()), ("compose", compose._parser())):
        mine = [
            shlex.split(line) for line in lines if line.startswith(f"python -m examples.{tool}")
        ]
        assert mine
        for words in mine:
            reader.parse_args(words[3:])


def test_the_example_of_a_new_eraser_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rocket: Image
) -> None:
    from methods import Job, run
    from methods._engine import registry

    source = next(block for block in code_blocks("python") if "class MeanColor(" in block)
    file = tmp_path / "mean_color.py"
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("methods.mean_color", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "methods.mean_color", module)
    spec.loader.exec_module(module)
    found = registry.search(["mean_color"])
    assert found.broken == {}
    monkeypatch.setitem(registry.found().erasers, "mean_color", found.erasers["mean_color"])
    mask = np.zeros(rocket.shape[:2], bool)
    mask[100:200, 300:340] = True
    job = Job("mean_color", {"reach": 4}, 0)
    *_, last = run([job], rocket, mask)
    assert np.array_equal(last.image[~mask], rocket[~mask])  # type: ignore[union-attr]
    assert (last.image[mask] != rocket[mask]).any()  # type: ignore[union-attr]


@pytest.mark.slow
def test_the_client_example_works(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    migan_weights: Path,
    mobile_sam_weights: Path,
) -> None:
    from ui.page.layout import build_page, launch_options
    from ui.service.service import Service

    example = next(block for block in code_blocks("python") if "gradio_client" in block)
    service = Service(tmp_path)
    page = build_page(service)
    page.queue()
    options = launch_options(service, lang=None)
    _, url, _ = page.launch(
        **options, server_name="127.0.0.1", quiet=True, prevent_thread_lock=True
    )
    monkeypatch.chdir(ROOT)
    try:
        code = textwrap.dedent(example).replace("http://127.0.0.1:7860", url)
        exec(compile(code, "README.md", "exec"), {})
    finally:
        page.close()
        service.close()
    said = capsys.readouterr().out
    assert "migan" in said
    assert "telea" in said
