"""`python -m methods space`: what a Space of this folder would do, and what would go wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from methods import languages, list_erasers
from methods._weights.cache import cache_dir
from segmentation import list_segmenters
from ui.cli.__main__ import main
from ui.cli.output import DONE, NOT_READY, UNUSABLE
from ui.cli.space import space
from ui.cli.space.folder import faults, read_folder
from ui.cli.space.hardware import GB, HARDWARE
from ui.cli.space.plan import LIBRARIES, LIBRARIES_WITHOUT_CUDA, plan

ROOT = Path(__file__).resolve().parents[3]
SEGMENTER = list_segmenters()[0].weights
BY_ID = {each.id: each for each in HARDWARE}

README = """---
sdk: gradio
python_version: "3.12"
app_file: app.py
suggested_hardware: zero-a10g
preload_from_hub:
  - gaspardbruno/BigLama big-lama.pt
---
"""
PINS = "torch==2.11.0\ntorchvision==0.26.0\n"


@pytest.fixture(autouse=True)
def plain_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests counts."""
    for name in ("ERASERS", "WEIGHTS_GB", "MAX_GB", "RUN_DAYS"):
        monkeypatch.delenv(f"ERASER_LAB_{name}", raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small one that is a Space."""
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "app.py").write_text("")
    (tmp_path / "pre-requirements.txt").write_text(PINS)
    return tmp_path


def checked(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    """What the check prints as JSON for one hardware."""
    main(["space", "--check", "--json", *args])
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def ids_of(found: dict[str, Any], state: str) -> set[str]:
    return {one["id"] for one in found["hardware"][0]["erasers"] if one["state"] == state}


def test_this_folder_is_a_space_on_every_hardware(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["space", "--check"]) == DONE
    said = capsys.readouterr().out
    assert all(f"\n{each.id}: " in said for each in HARDWARE)
    assert "WRONG" not in said


def test_a_cpu_has_the_quick_ones_at_once_and_not_the_large_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = checked(capsys, "--hardware", "cpu-basic")
    made = found["hardware"][0]
    assert made["ticked"] == ["lama", "migan", "patchmatch", "telea", "navier_stokes"]
    assert made["weights"]["at_start"] == 0, "the build fetches them"
    assert {"lama", "migan", "telea"} <= ids_of(found, "ready")
    assert {"flux_fill", "qwen_image_edit"} <= ids_of(found, "blocked")
    assert made["disk_needed"]["all"] < made["disk"] == 50 * GB


def test_a_larger_card_carries_more() -> None:
    folder = read_folder(ROOT)

    def running(hardware: str) -> set[str]:
        return {one.spec.id for one in plan(folder, BY_ID[hardware], SEGMENTER).running}

    assert running("cpu-basic") < running("t4-small") < running("t4-medium")
    assert "omnipaint" not in running("t4-small"), "it has too little main memory on the way"


def test_what_lies_on_this_machine_does_not_count(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where all of its weights are here."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    before = plan(read_folder(folder), BY_ID["cpu-basic"], SEGMENTER)
    for weight in SEGMENTER:
        file = cache_dir() / weight.name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as made:
            made.truncate(weight.size)
    after = plan(read_folder(folder), BY_ID["cpu-basic"], SEGMENTER)
    assert before.at_start == after.at_start
    assert before.at_start > sum(weight.size for weight in SEGMENTER), "and MI-GAN's"


def test_only_what_the_build_fetches_under_the_programs_own_names_is_there(folder: Path) -> None:
    (folder / "README.md").write_text(README.replace("big-lama.pt", "lama.pt"))
    other = plan(read_folder(folder), BY_ID["cpu-basic"], SEGMENTER)
    assert "lama" not in other.ticked, "206 MB would have to be fetched first"
    (folder / "README.md").write_text(README)
    assert "lama" in plan(read_folder(folder), BY_ID["cpu-basic"], SEGMENTER).ticked


def test_the_spaces_variables_are_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_ERASERS", "telea,flux_fill")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", "60")
    found = checked(capsys, "--hardware", "l40sx1")
    assert [one["id"] for one in found["hardware"][0]["erasers"]] == ["telea", "flux_fill"]
    assert ids_of(found, "ready") == {"telea"}
    told = {one["id"]: one for one in found["hardware"][0]["erasers"]}["flux_fill"]
    assert told["needs_token"]
    assert {each["kind"] for each in told["obstacles"]} <= {"fetch", "access"}, "it has the room"


def test_a_cap_above_the_disk_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", "100")
    assert main(["space", "--check", "--hardware", "cpu-upgrade"]) == NOT_READY
    assert "Lower ERASER_LAB_WEIGHTS_GB" in " ".join(capsys.readouterr().out.split())


def test_a_host_that_offers_nothing_for_its_hardware_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_ERASERS", "qwen_image_edit")
    assert main(["space", "--check", "--hardware", "cpu-basic"]) == NOT_READY
    assert "Nothing would be ticked on cpu-basic" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["ERASER_LAB_MAX_GB", "ERASER_LAB_WEIGHTS_GB"])
def test_a_variable_that_makes_no_sense_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "much")
    assert main(["space", "--check"]) != DONE
    assert variable in capsys.readouterr().err


# --- the folder ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "kinds"),
    [
        ("README.md", "sdk: gradio", "sdk: docker", ["space.fault.sdk"]),
        ("README.md", "app_file: app.py", "app_file: main.py", ["space.fault.app_file"]),
        ("README.md", "zero-a10g", "zero-gpu", ["space.fault.hardware"]),
        ("README.md", "app.py\n", f"app.py\nshort_description: {'x' * 61}\n",
         ["space.fault.description"]),
        ("README.md", README, "no header", ["space.fault.sdk", "space.fault.app_file"]),
        ("README.md", "sdk: gradio", "sdk: [", ["space.fault.sdk", "space.fault.app_file"]),
    ],
)  # fmt: skip
def test_a_header_that_is_no_good_is_told(
    folder: Path, file: str, old: str, new: str, kinds: list[str]
) -> None:
    assert list(faults(read_folder(folder))) == []
    path = folder / file
    path.write_text(path.read_text().replace(old, new))
    assert [each.id for each in faults(read_folder(folder))] == kinds


def test_a_file_that_the_hub_does_not_take_is_told(folder: Path) -> None:
    with (folder / "weights.bin").open("wb") as large:
        large.truncate(10_000_001)
    (told,) = faults(read_folder(folder))
    assert told.en.startswith("weights.bin has 10.0 MB")


@pytest.mark.parametrize(
    ("first", "kinds"),
    [
        (PINS, []),
        ("torch==2.12.0\ntorchvision==0.27.0\n", ["space.fault.torch"]),
        ("torch==2.11.0\n", ["space.fault.torch"]),
        ("", ["space.fault.torch"]),
        (f"--extra-index-url https://example.org/whl/cpu\n{PINS}", ["space.fault.cpu_builds"]),
        (f"# --extra-index-url https://example.org/whl/cpu\n{PINS}", []),
    ],
)
def test_zero_needs_a_torch_that_it_runs(folder: Path, first: str, kinds: list[str]) -> None:
    (folder / "pre-requirements.txt").write_text(first)
    made = plan(read_folder(folder), BY_ID["zero-a10g"], SEGMENTER)
    assert [each.id for each in made.faults] == kinds


def test_zero_needs_a_python_that_it_runs(folder: Path) -> None:
    (folder / "README.md").write_text(README.replace("3.12", "3.11"))
    (told,) = plan(read_folder(folder), BY_ID["zero-a10g"], SEGMENTER).faults
    assert told.id == "space.fault.python"


def test_without_cuda_a_cpu_saves_four_gigabytes_and_a_card_is_lost(folder: Path) -> None:
    (folder / "pre-requirements.txt").write_text(f"--index-url https://example.org/whl/cpu\n{PINS}")
    read = read_folder(folder)
    assert plan(read, BY_ID["cpu-basic"], SEGMENTER).libraries == LIBRARIES_WITHOUT_CUDA
    assert LIBRARIES - LIBRARIES_WITHOUT_CUDA > 4 * GB
    (told,) = plan(read, BY_ID["l4x1"], SEGMENTER).faults
    assert told.id == "space.fault.cpu_builds"


# --- how it is said --------------------------------------------------------------------------


def test_the_hardware_is_listed_without_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["space"]) == DONE
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(HARDWARE)
    assert main(["space", "--json", "--hardware", "l4x1"]) == DONE
    assert json.loads(capsys.readouterr().out)[0]["gpu"] == 24 * GB


def test_a_hardware_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["space", "--hardware", "t5"]) == UNUSABLE
    assert "There is no hardware t5" in capsys.readouterr().err


@pytest.mark.parametrize("language", languages())
def test_it_speaks_every_language(capsys: pytest.CaptureFixture[str], language: str) -> None:
    assert main(["space", "--check", "--hardware", "zero-a10g", "--lang", language]) == DONE
    said = capsys.readouterr().out
    assert "space." not in said
    assert ("Ticked" in said) == (language == "en")
    assert all(spec.id in said for spec in list_erasers())


def test_json_has_the_sentences_in_all_languages(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "README.md").write_text("no header")
    monkeypatch.setattr(space, "ROOT", folder)
    told = checked(capsys, "--hardware", "cpu-basic")["folder"]["faults"]
    assert [set(one) for one in told] == [set(languages())] * 2
