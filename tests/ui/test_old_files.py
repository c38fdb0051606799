"""Files that an earlier program wrote still mean the same: cases, run links, records of tables.

tests/data/format_1 was written before a selection and a job had one shape each; it is never
written anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from examples.running.records import Folder
from methods import Mask
from segmentation import read_case
from tiers import rest_is_slow
from ui.cli.__main__ import main
from ui.service.service import Service
from ui_mask_tools import downloaded
from ui_tools import Upload

pytest_plugins = ["ui_fixtures"]

FILES = Path(__file__).resolve().parents[1] / "data" / "format_1"
RUN = "0123456789abcdefABCDEF"
JOBS = [("telea", {}, 0), ("navier_stokes", {"whole_picture": True}, 7)]


@pytest.fixture
def mask() -> Mask:
    """What the selection of all these files covers: boxes, strokes, an upload and a shape."""
    with Pil.open(FILES / "mask.png") as png:
        return np.asarray(png)


@pytest.fixture
def photo(service: Service, upload: Upload) -> str:
    opened = service.open_photo({"path": upload((FILES / "photo.png").read_bytes()), "name": "p"})
    return str(opened["photo"]["id"])


def jobs_of(answer: Mapping[str, Any]) -> list[tuple[str, dict[str, Any], int]]:
    return [(job["eraser"], job["settings"], job["seed"]) for job in answer["jobs"]]


def test_a_case_opens_in_the_page(service: Service, photo: str, mask: Mask) -> None:
    case = json.loads((FILES / "case.json").read_text())
    answer = service.import_case({"photo": photo, "case": case})
    assert answer["ok"] and answer["notes"] == [] and jobs_of(answer) == JOBS
    selected = service.mask({"photo": photo, **answer["prompts"]})
    assert np.array_equal(downloaded(service, selected), mask)


def test_a_run_opens_by_its_link(service: Service, mask: Mask) -> None:
    shutil.copytree(FILES / RUN, service.runs.folder / RUN)
    answer = service.open_run({"run": RUN})
    assert answer["ok"] and answer["grid"]["state"] == "done" and jobs_of(answer) == JOBS
    selected = service.mask({"photo": answer["photo"]["id"], **answer["prompt"]})
    assert np.array_equal(downloaded(service, selected), mask)
    exported = service.export_case(
        {"photo": answer["photo"]["id"], **answer["prompt"], "jobs": answer["jobs"]}
    )
    assert read_case(exported["case"]) == read_case(json.loads((FILES / "case.json").read_text()))


@pytest.mark.parametrize("file", rest_is_slow(["settings.json", "case.json"]))
def test_a_case_repeats_on_the_command_line(file: str, tmp_path: Path, mask: Mask) -> None:
    given = [str(FILES / "photo.png"), "--case", str(FILES / file), "--out", str(tmp_path)]
    assert main(["erase", *given, "--offline", "--judge", "none"]) == 0
    with Pil.open(tmp_path / "mask.png") as png:
        assert np.array_equal(np.asarray(png), mask)
    for index, (eraser, _, _) in enumerate(JOBS):
        with (
            Pil.open(tmp_path / f"{eraser}.png") as png,
            Pil.open(FILES / RUN / f"{index}-{eraser}.png") as before,
        ):
            now, then = np.asarray(png), np.asarray(before)
            assert np.array_equal(now[~mask], then[~mask])
            # Inside, today's erasers see the mask with a margin, and nothing is blended.
            assert (now[mask] != then[mask]).any()
    record = json.loads((tmp_path / "settings.json").read_text())
    done = [(result["eraser"], result["seed"]) for result in record["results"]]
    assert done == [(eraser, seed) for eraser, _, seed in JOBS]


def test_a_tables_record_is_a_finished_cell() -> None:
    record = json.loads((FILES / "table" / "results" / "a" / "telea.json").read_text())
    kept = Folder(FILES / "table").finished("a", "telea", record["key"])
    assert kept is not None and (kept.eraser, kept.seed) == ("telea", 0)
    assert kept.settings == record["settings"] and kept.readings
