"""What tells of a chain of erases beside the page: the zip, the report, command line and API."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import JSON, BadInput
from ui.api.requests import ApiErase
from ui.api.work import Api
from ui.cli.__main__ import main
from ui.service.reports.archive import stream_zip
from ui.service.reports.report import report_of
from ui.service.service import Service
from ui_tools import Answer, box, last, order, owned, picture

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

SECOND = {"mask": {"size": [90, 120], "counts": [0, 900, 9900]}, "erasers": ["telea"]}
"""The ten columns on the left."""


@pytest.fixture
def run(service: Service, photo: str) -> Answer:
    return last(service.erase(order(photo, "paint")))


@pytest.fixture
def follower(service: Service, run: Answer) -> Answer:
    """A run on the result of the one before."""
    opened = service.steps.continue_with({"run": run["run"], "index": 0})
    disc = box()[0]["box"]
    beside = {**disc, "x0": 2, "x1": 30}
    objects: list[JSON] = [{"points": [], "box": beside, "level": None}]
    return last(service.erase(order(opened["photo"]["id"], "telea", objects=objects)))


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Pil.open(io.BytesIO(data)))


def test_a_zip_holds_the_first_original_and_the_way_from_it(
    service: Service, run: Answer, follower: Answer
) -> None:
    data = b"".join(stream_zip(service.runs, follower["run"]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert np.array_equal(pixels_of(files["photo.png"]), picture())
    reached = pixels_of(files["mask.png"]) | pixels_of(files["masks.png"])
    done = pixels_of(files["results/0-telea.png"])
    assert np.array_equal(done[~reached], picture()[~reached]) and reached.any()
    before = pixels_of(files["before.png"])
    assert np.array_equal(
        before[~pixels_of(files["mask.png"])], done[~pixels_of(files["mask.png"])]
    )
    chain = json.loads(files["settings.json"])["chain"]
    assert [step["run"] for step in chain["steps"]] == [run["run"]]
    assert chain["steps"][0]["eraser"] == "paint" and chain["first"]["name"] == "photo.png"


def test_a_report_tells_the_chain(service: Service, follower: Answer) -> None:
    assert "photo.png → Test paint" in report_of(service.runs, [follower["run"]]).decode()


@pytest.mark.slow
def test_the_command_line_goes_on_with_a_run_of_the_page(
    service: Service,
    follower: Answer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ERASER_LAB_DATA", str(service.runs.folder.parent))
    mask = np.zeros((90, 120), np.uint8)
    mask[5:15, 100:115] = 255
    Pil.fromarray(mask).save(tmp_path / "hand.png")
    rest = ["--mask", str(tmp_path / "hand.png"), "--erasers", "telea", "--offline"]
    link = f"http://127.0.0.1:7860/?run={follower['run']}"
    for number, named in enumerate((f"{link}:telea", f"{follower['run']}:0")):
        out = tmp_path / str(number)
        assert main(["erase", "--continue", named, *rest, "--out", str(out)]) == 0
        told = json.loads((out / "settings.json").read_text())
        assert [step["eraser"] for step in told["chain"]["steps"]] == ["paint", "telea"]
        before = pixels_of((service.runs.folder / follower["run"] / "0-telea.png").read_bytes())
        done = pixels_of((out / "telea.png").read_bytes())
        assert np.array_equal(done[mask == 0], before[mask == 0])
    capsys.readouterr()
    for wrong in (["--continue", f"{link}:lama"], [], ["p.png", "--continue", f"{link}:0"]):
        assert main(["erase", *wrong, *rest, "--out", str(tmp_path / "none")]) == 2
    assert "not there any more" in capsys.readouterr().err


def test_the_api_goes_on_with_a_result(service: Service, run: Answer) -> None:
    api = Api(service)
    asked = {**SECOND, "continue_from": f"{run['run']}:0"}
    erased = api.erase(ApiErase.model_validate(asked), "somebody")
    chain: Any = service.runs.load(erased["run"])["photo"]["chain"]
    assert [step["run"] for step in chain["steps"]] == [run["run"]]
    for wrong, code in (
        ({"image": "photo.png"}, "one_photo"),
        ({"continue_from": run["run"]}, "no_result"),
        ({"continue_from": f"{run['run']}:7"}, "no_result"),
    ):
        with pytest.raises(BadInput) as refused:
            api.erase(ApiErase.model_validate({**asked, **wrong}), "somebody")
        assert refused.value.code == code
    service.keep_private(owned(run, private=True))
    with pytest.raises(BadInput, match="keeps it to themselves"):
        api.erase(ApiErase.model_validate(asked), "somebody")
    asked["continue_secret"] = owned(run)["secret"]
    assert api.erase(ApiErase.model_validate(asked), "somebody")["results"][0]["state"] == "done"


def test_the_api_saves_results_like_the_photo(service: Service, run: Answer) -> None:
    asked = {**SECOND, "continue_from": f"{run['run']}:0", "format": "tiff"}
    (result,) = Api(service).erase(ApiErase.model_validate(asked), "somebody")["results"]
    saved = result["saved"]
    assert saved is not None and saved["format"] == "tiff" and saved["samples_changed_outside"] == 0
    path = Path(str(saved["file"]["path"]))
    found = np.asarray(Pil.open(path))
    assert path.name == "photo-telea.tif" and found.shape == (90, 120, 3)
    assert np.array_equal(found[:, 100:], picture()[:, 100:])
    del asked["format"]
    (result,) = Api(service).erase(ApiErase.model_validate(asked), "somebody")["results"]
    assert result["saved"] is None


def test_the_command_line_saves_in_the_photos_own_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pil.fromarray(picture()).save(tmp_path / "photo.tif")
    mask = np.zeros((90, 120), np.uint8)
    mask[5:15, 100:115] = 255
    Pil.fromarray(mask).save(tmp_path / "hand.png")
    base = ["erase", str(tmp_path / "photo.tif"), "--mask", str(tmp_path / "hand.png")]
    base += ["--erasers", "telea", "--offline", "--out", str(tmp_path / "out")]
    for wanted, name in (([], "telea.tif"), (["--format", "png", "--no-location"], "telea.png")):
        assert main([*base, *wanted]) == 0
        found = np.asarray(Pil.open(tmp_path / "out" / name))
        assert np.array_equal(found[mask == 0], picture()[mask == 0])
        told = json.loads((tmp_path / "out" / "settings.json").read_text())["results"][0]
        assert told["file"] == name and told["saved"]["samples_changed_outside"] == 0
    monkeypatch.chdir(tmp_path / "out")
    assert main([*base[:1], "telea.tif", *base[2:]]) == 2  # it would be written over


def test_a_zip_holds_results_like_the_photo_too(service: Service, run: Answer) -> None:
    kept, _ = service.downloads.get(run["run"], 0, "tiff", "somebody")
    data = b"".join(stream_zip(service.runs, run["run"], lambda index: kept))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("like-photo/0-paint.tif") == kept.read_bytes()
        assert "results/0-paint.png" in archive.namelist()
    assert service.downloads.like_photo(run["run"], "somebody", 0) is None  # PNG is like a PNG
    assert service.downloads.like_photo(run["run"], "somebody", 5) is None
