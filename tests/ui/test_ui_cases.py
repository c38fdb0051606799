"""Runs and cases with all kinds of prompts: they come back as they were, anywhere."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from segmentation import Case
from ui.service.reports.archive import stream_zip
from ui.service.service import Service
from ui_mask_tools import SIZE, SWIPE, Answer, asked, code, downloaded, overlay, shaped, uploaded
from ui_tools import Upload, last, new_run, order, picture, png_file, run_id

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


# --- runs --------------------------------------------------------------------------------


def whole_order(service: Service, upload: Upload, photo: str) -> Answer:
    corner = np.zeros(SIZE, np.bool_)
    corner[:12, :12] = True
    mask_id = uploaded(service, upload, photo, corner)["upload"]
    request = {**shaped(photo, dilate=2, precision=0.3), "strokes": [SWIPE], "upload": mask_id}
    return {**order(photo, "paint"), **request, "dilate": 0}


def without_run(payload: Answer) -> Answer:
    return {name: value for name, value in payload.items() if name not in ("run", "secret", "jobs")}


def test_a_run_gives_back_all_prompts_and_their_mask(
    service: Service, upload: Upload, photo: str
) -> None:
    payload = whole_order(service, upload, photo)
    shown = overlay(service.segment(without_run(payload)))
    final = last(service.erase(payload))
    assert final["state"] == "done" and abs(final["mask"]["area"] - shown.mean()) < 1e-9
    shutil.rmtree(service.photos.folder / photo)  # a day later
    service.photos.forget(photo)
    reopened = service.open_run({"run": final["run"]})
    assert reopened["ok"]
    for name in ("objects", "strokes", "upload", "shape", "segmenter"):
        assert reopened["prompt"][name] == payload[name], name
    again = service.segment({"photo": photo, **reopened["prompt"]})
    assert np.array_equal(overlay(again), shown)


def test_a_run_of_a_mask_that_is_gone_does_not_begin(service: Service, photo: str) -> None:
    final = last(service.erase({**order(photo, "paint"), "upload": run_id()}))
    assert final["state"] == "failed" and code(final) == "upload_gone"
    assert not list(service.runs.folder.iterdir())


def test_an_inverted_empty_selection_is_no_mask_to_erase(service: Service, photo: str) -> None:
    off = {**asked(photo)["objects"][0], "on": False}
    request = {**asked(photo), "objects": [off], **new_run()}
    jobs = order(photo, "paint")["jobs"]
    assert code(last(service.erase({**request, "jobs": jobs}))) == "mask_empty"
    request["shape"] = {**request["shape"], "invert": True}
    assert code(last(service.erase({**request, **new_run(), "jobs": jobs}))) == "mask_full"


def test_the_zip_holds_a_case_that_repeats_the_run(
    service: Service, upload: Upload, photo: str
) -> None:
    final = last(service.erase(whole_order(service, upload, photo)))
    packed = b"".join(stream_zip(service.runs, final["run"]))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        report = json.loads(archive.read("settings.json"))
        with archive.open("mask.png") as file, Pil.open(file) as png:
            mask = np.asarray(png)
    answer = service.import_case({"photo": photo, "case": report})
    assert answer["ok"] and answer["notes"] == []
    again = service.mask({"photo": photo, **answer["prompts"]})
    assert np.array_equal(downloaded(service, again), mask)
    assert [job["eraser"] for job in answer["jobs"]] == ["paint"]


# --- cases -------------------------------------------------------------------------------


def exported(service: Service, upload: Upload, photo: str) -> Answer:
    whole = whole_order(service, upload, photo)
    payload = {name: value for name, value in whole.items() if name not in ("run", "secret")}
    answer = service.export_case(payload)
    assert answer["ok"], answer
    return dict(json.loads(json.dumps(answer["case"])))


def test_a_case_repeats_on_the_same_photo_opened_again(
    service: Service, upload: Upload, photo: str
) -> None:
    case = exported(service, upload, photo)
    assert case["version"] == 2 and case["photo"]["width"] == 120
    assert case["photo"]["sha256"] == service.photos.record(photo).sha256
    other = service.open_photo({"path": upload(), "name": "photo.png"})["photo"]["id"]
    answer = service.import_case({"photo": other, "case": case})
    assert answer["ok"] and answer["notes"] == []
    assert answer["jobs"] == [{"eraser": "paint", "settings": {}, "seed": 0}]
    first = service.mask(without_run(whole_order(service, upload, photo)))
    second = service.mask({"photo": other, **answer["prompts"]})
    assert np.array_equal(downloaded(service, first), downloaded(service, second))
    assert service.export_case({"photo": other, **answer["prompts"], "jobs": answer["jobs"]})[
        "case"
    ] == {**case, "photo": {**case["photo"], "name": "photo.png"}}


def test_another_photo_is_remarked_on_and_another_size_refused(
    service: Service, upload: Upload, photo: str
) -> None:
    case = exported(service, upload, photo)
    image = picture()
    image[0, 0] = 0
    other = service.open_photo({"path": upload(png_file(image)), "name": "x.png"})["photo"]["id"]
    notes = service.import_case({"photo": other, "case": case})["notes"]
    assert len(notes) == 1 and "another photo" in notes[0]["en"] and notes[0]["zh"]
    large = service.open_photo({"path": upload(png_file(picture(180, 240))), "name": "x.png"})
    answer = service.import_case({"photo": large["photo"]["id"], "case": case})
    assert code(answer) == "case_size"


def test_unknown_erasers_and_segmenters_are_left_out_and_said(
    service: Service, upload: Upload, photo: str
) -> None:
    case = exported(service, upload, photo)
    case["selection"]["segmenter"] = "sam_99"
    jobs: list[Answer] = [
        {"eraser": name, "settings": {}, "seed": 1} for name in ("nobody", "telea")
    ]
    jobs.append({"eraser": "telea", "settings": {"radios": 7}, "seed": 1})
    answer = service.import_case({"photo": photo, "case": {**case, "jobs": jobs}})
    assert answer["prompts"]["segmenter"] is None and len(answer["notes"]) == 3
    assert answer["jobs"] == [{"eraser": "telea", "settings": {}, "seed": 1}]


@pytest.mark.parametrize("case", [None, 5, "x", [], {}, {"version": 1}, {"case": {"case": {}}}])
def test_what_is_no_case_is_refused(service: Service, photo: str, case: Any) -> None:
    answer = service.import_case({"photo": photo, "case": case})
    assert code(answer) == "bad_case" and len(str(answer)) < 1000


def test_a_case_that_is_a_bomb_is_refused(service: Service, upload: Upload, photo: str) -> None:
    case = exported(service, upload, photo)
    for size, counts in (
        ([90, 120], "1" * 10**6),
        ([10**6, 10**6], "S1"),
        ([90, 120], "oooo" * 99),
    ):
        case["selection"]["upload"] = {"size": size, "counts": counts}
        answer = service.import_case({"photo": photo, "case": case})
        assert code(answer) == "bad_rle" and len(str(answer)) < 1000
    assert len(list((service.photos.folder / photo).glob("upload-*.png"))) == 1  # of the export


def test_a_case_can_be_exported_before_its_places_are_looked_at(
    service: Service, photo: str
) -> None:
    assert Case.model_validate(service.export_case({**asked(photo), "jobs": []})["case"])
