"""The README keeps its word: its length, its commands, and the examples of where it leads."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from pathlib import Path

import pytest
import yaml

from examples import tables
from examples.compose import __main__ as compose
from examples.rows import stand_in_rows
from methods import WeightFile, list_erasers
from ports import own_port
from segmentation import list_segmenters
from ui.cli.space.folder import read_folder
from ui.cli.space.hardware import HARDWARE

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = README + "".join(page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md")))
"""The README and where it leads."""
HUB_COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def code_blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of one language, in order."""
    fenced = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for name, block in fenced if name == language]


def test_it_is_read_in_three_minutes() -> None:
    assert len(README.splitlines()) <= 150
    assert len(README.split()) <= 1000


def test_the_table_of_results_is_a_real_runs() -> None:
    made = json.loads((ROOT / "docs/table.json").read_text("utf-8"))
    assert {line["id"] for line in made["summary"]} == {
        "migan", "patchmatch", "telea", "navier_stokes",
    }  # fmt: skip
    assert all(line["changed_outside"] == line["failed"] == 0 for line in made["summary"])
    assert all(line["done"] == len(stand_in_rows()) for line in made["summary"])


def test_the_head_is_a_hugging_face_space_header() -> None:
    import gradio

    head = yaml.safe_load(README.split("---\n")[1])
    assert head["sdk"] == "gradio"
    assert head["app_file"] == "app.py"
    assert (ROOT / head["app_file"]).is_file()
    assert {head["colorFrom"], head["colorTo"]} <= HUB_COLORS
    assert len(head["short_description"]) <= 60
    assert head["license"] == "apache-2.0"
    assert head["suggested_hardware"] in {each.id for each in HARDWARE}
    assert re.fullmatch(r"\d+[hm]", head["startup_duration_timeout"])
    assert set(head["models"]) <= _repositories()
    tested = tuple(map(int, head["sdk_version"].split(".")[:2]))
    assert tested == tuple(map(int, gradio.__version__.split(".")[:2]))


def _repositories() -> set[str]:
    """All that this program's weights come from, on the model hub."""
    folders = (ROOT / "methods/_weights/manifests", ROOT / "segmentation/_weights/manifests")
    texts = (file.read_text("utf-8") for folder in folders for file in folder.glob("*.json"))
    return {repo for text in texts for repo in re.findall(r'"repo": "([^"]+)"', text)}


def test_the_build_of_a_space_fetches_what_is_ticked_at_the_start() -> None:
    preloads = read_folder(ROOT).preloads
    marked = [weight for spec in list_erasers() if spec.default for weight in spec.weights]
    for weight in (*marked, *list_segmenters()[0].weights):
        assert any(each.brings(weight) for each in preloads), weight.name
    assert all(each.paths for each in preloads), "not the whole repository"
    assert all(any(each.brings(weight) for weight in _all_weights()) for each in preloads)


def _all_weights() -> list[WeightFile]:
    erasers = [weight for spec in list_erasers() for weight in spec.weights]
    return erasers + [weight for spec in list_segmenters() for weight in spec.weights]


def test_the_two_commands_stand_alone() -> None:
    blocks = [block.strip() for block in code_blocks("")]
    assert "pip install -r requirements.txt && python app.py" in blocks
    assert "pip install -r requirements-dev.txt && pytest" in blocks


def test_every_command_line_example_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    from ui.cli.commands import make_parser

    parser = make_parser()
    lines = "\n".join(code_blocks("", PAGES)).replace("\\\n", " ").splitlines()
    commands = [
        shlex.split(line)
        for line in lines
        if line.startswith("python -m methods") and "[options]" not in line
    ]
    assert len(commands) >= 5
    for words in commands:
        parser.parse_args(words[3:])
    for tool, reader in (("tables", tables.make_parser()), ("compose", compose.make_parser())):
        mine = [
            shlex.split(line)
            for line in lines
            if line.startswith(f"python -m examples.{tool}") and "[options]" not in line
        ]
        assert mine
        for words in mine:
            reader.parse_args(words[3:])


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

    example = next(block for block in code_blocks("python", PAGES) if "gradio_client" in block)
    service = Service(tmp_path)
    page = build_page(service)
    page.queue()
    options = launch_options(service, lang=None)
    _, url, _ = page.launch(
        **options,
        server_name="127.0.0.1",
        server_port=own_port(),
        quiet=True,
        prevent_thread_lock=True,
    )
    monkeypatch.chdir(ROOT)
    try:
        code = textwrap.dedent(example).replace("http://127.0.0.1:7860", url)
        exec(compile(code, "docs/api.md", "exec"), {})
    finally:
        page.close()
        service.close()
    said = capsys.readouterr().out
    assert "migan" in said
    assert "telea" in said
