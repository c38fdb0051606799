"""One erase after the other: a result that becomes the photo, and the way back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import Limits
from segmentation import mask_png
from ui.service.service import Service
from ui.stores.chain import MOST_STEPS, Chain, own_limits
from ui.stores.continuing import continued
from ui.stores.masks import read_upload
from ui_tools import Answer, Upload, last, new_run, order, owned, picture, png_file

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

HOLES = ((5, 5, 20, 25), (60, 10, 80, 40), (50, 90, 85, 110))
"""Three parts of the photo, as top, left, bottom, right."""


def code(answer: Answer) -> str:
    return str(answer["error"]["code"])


def erase_part(service: Service, photo: str, hole: tuple[int, ...], **more: Any) -> Answer:
    """A run that paints a part of the photo with a grey of its own."""
    mask = np.zeros((90, 120), np.bool_)
    mask[hole[0] : hole[2], hole[1] : hole[3]] = True
    upload = service.masks.put(photo, mask)
    job = {"eraser": "paint", "settings": {"level": hole[0]}, "seed": 0}
    return last(service.erase(order(photo, objects=[], upload=upload, jobs=[job], **more)))


def go_on(service: Service, run: Answer, **more: Any) -> Answer:
    return service.steps.continue_with({"run": run["run"], "index": 0, **more})


def pixels_of(path: Path) -> np.ndarray:
    with Pil.open(path) as opened:
        return np.asarray(opened)


def result(service: Service, run: Answer) -> np.ndarray:
    return pixels_of(service.runs.folder / run["run"] / "0-paint.png")


@pytest.fixture
def three(service: Service, photo: str) -> tuple[list[Answer], list[str]]:
    """Three runs, each on the result of the one before; and the photos that they began with."""
    runs: list[Answer] = []
    photos = [photo]
    for hole in HOLES:
        runs.append(erase_part(service, photos[-1], hole))
        answer = go_on(service, runs[-1])
        assert answer["ok"], answer
        photos.append(answer["photo"]["id"])
    return runs, photos


def test_beyond_all_masks_three_erases_leave_the_first_original(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    runs, photos = three
    union = np.zeros((90, 120), np.bool_)
    for hole in HOLES:
        union[hole[0] : hole[2], hole[1] : hole[3]] = True
    done = result(service, runs[-1])
    assert np.array_equal(done[~union], picture()[~union])
    assert (done[union] != picture()[union]).any(axis=1).all()
    reached = read_upload(service.photos.folder / photos[-1] / "reached.png")
    assert np.array_equal(reached, union)
    assert np.array_equal(service.photos.load(photos[-1]).rgb, done)
    first = service.photos.folder / photos[-1] / "first"
    assert first.read_bytes() == service.photos.original(photos[0]).read_bytes()


def test_a_run_tells_the_whole_chain(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    runs, photos = three
    assert "chain" not in runs[0]["photo"]
    opened = service.open_run({"run": runs[2]["run"]})
    for told in (runs[2]["photo"], opened["photo"], opened["grid"]["photo"]):
        assert [step["run"] for step in told["chain"]] == [runs[0]["run"], runs[1]["run"]]
        assert [step["photo"] for step in told["chain"]] == photos[:2]
    kept = json.loads((service.runs.folder / runs[2]["run"] / "run.json").read_text())
    chain = Chain.model_validate(kept["photo"]["chain"])
    assert chain.first.id == photos[0] and chain.first.name == "photo.png"
    assert [step.settings["level"] for step in chain.steps] == [5, 60]


def test_every_step_can_be_opened_again(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    _, photos = three
    for step, expected in enumerate(photos[:3]):
        answer = service.steps.open_step({"photo": photos[3], "step": step})
        assert answer["photo"]["id"] == expected
        assert len(answer["photo"].get("chain", [])) == step
    assert code(service.steps.open_step({"photo": photos[3], "step": 3})) == "photo_gone"
    assert code(service.steps.open_step({"photo": photos[0], "step": 0})) == "photo_gone"


def test_what_was_gone_on_with_outlives_the_runs_and_photos_before(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    runs, photos = three
    for folder in (*photos[:3], photos[3]):
        shutil.rmtree(service.photos.folder / folder)
    for run in runs[:2]:
        shutil.rmtree(service.runs.folder / run["run"])
    opened = service.open_run({"run": runs[2]["run"]})
    assert opened["photo"]["id"] == photos[2] and len(opened["photo"]["chain"]) == 2
    first = service.steps.open_step({"photo": photos[2], "step": 0})
    assert first["photo"]["id"] == photos[0] and first["photo"]["name"] == "photo.png"
    assert np.array_equal(service.photos.load(photos[0]).rgb, picture())
    assert code(service.steps.open_step({"photo": photos[2], "step": 1})) == "run_gone"
    again = go_on(service, runs[2])
    assert len(again["photo"]["chain"]) == 3


def test_a_step_whose_photo_is_gone_is_made_of_its_run(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    runs, photos = three
    shutil.rmtree(service.photos.folder / photos[1])
    answer = service.steps.open_step({"photo": photos[3], "step": 1})
    assert answer["ok"] and answer["photo"]["id"] not in photos
    assert np.array_equal(service.photos.load(answer["photo"]["id"]).rgb, result(service, runs[0]))


def test_only_who_may_see_a_run_goes_on_with_it(service: Service, photo: str) -> None:
    run = erase_part(service, photo, HOLES[0])
    assert service.keep_private(owned(run, private=True))["ok"]
    assert code(go_on(service, run)) == "run_private"
    assert code(go_on(service, run, secret=new_run()["secret"])) == "run_private"
    answer = go_on(service, run, secret=owned(run)["secret"])
    follower = erase_part(service, answer["photo"]["id"], HOLES[1])
    assert code(service.open_run({"run": follower["run"]})) == "run_private"
    shutil.rmtree(service.photos.folder / answer["photo"]["id"])
    opened = service.open_run(owned(follower))
    assert opened["grid"]["private"]
    after = go_on(service, follower, secret=owned(follower)["secret"])
    shutil.rmtree(service.photos.folder / opened["photo"]["id"])
    asked = {"photo": after["photo"]["id"], "step": 1}
    assert code(service.steps.open_step(asked)) == "run_private"
    secrets = {run["run"]: owned(run)["secret"]}
    assert service.steps.open_step({**asked, "secrets": secrets})["ok"]


def test_what_comes_of_a_private_run_stays_private_when_that_is_deleted(
    service: Service, photo: str
) -> None:
    run = erase_part(service, photo, HOLES[0])
    assert service.keep_private(owned(run, private=True))["ok"]
    answer = go_on(service, run, secret=owned(run)["secret"])
    assert service.delete_run(owned(run))["ok"]
    follower = erase_part(service, answer["photo"]["id"], HOLES[1])
    assert code(service.open_run({"run": follower["run"]})) == "run_private"
    assert service.keep_private(owned(follower, private=False))["ok"]
    assert service.open_run({"run": follower["run"]})["ok"]


@pytest.mark.parametrize("index", [1, 2])
def test_there_must_be_a_result(service: Service, photo: str, index: int) -> None:
    run = last(service.erase(order(photo, "paint", "broken")))
    asked = {"run": run["run"], "index": index}
    assert code(service.steps.continue_with(asked)) == "no_result"
    assert code(service.steps.continue_with({**asked, "index": -1})) == "bad_request"
    assert code(service.steps.continue_with({**asked, "run": "x" * 22})) == "run_gone"


def test_chains_are_bounded(service: Service, three: tuple[list[Answer], list[str]]) -> None:
    runs, _ = three
    path = service.runs.folder / runs[2]["run"] / "run.json"
    kept = json.loads(path.read_text())
    steps = kept["photo"]["chain"]["steps"]
    kept["photo"]["chain"]["steps"] = [steps[0]] * MOST_STEPS
    path.write_text(json.dumps(kept))
    assert code(go_on(service, runs[2])) == "chain_too_long"
    kept["photo"]["chain"]["steps"] = [steps[0]] * (MOST_STEPS + 2)
    path.write_text(json.dumps(kept))
    assert code(go_on(service, runs[2])) == "run_gone"


def test_transparent_photos_go_on_too(service: Service, upload: Upload) -> None:
    rgba = np.dstack([picture(), np.full((90, 120), 255, np.uint8)])
    rgba[:30, :, 3] = 0  # with colours under it
    rgba[30:40, :, 3] = 128
    path = upload(png_file(rgba, "RGBA"), "see-through.png")
    first = service.open_photo({"path": path, "name": "see-through.png"})["photo"]
    assert first["alpha"]
    union, photo = np.zeros((90, 120), np.bool_), first["id"]
    for hole in HOLES:
        union[hole[0] : hole[2], hole[1] : hole[3]] = True
        run = erase_part(service, photo, hole)
        photo = go_on(service, run)["photo"]["id"]
    assert np.array_equal(result(service, run)[~union], rgba[~union])


def test_what_belongs_to_a_chain_must_be_there(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    runs, photos = three
    (service.runs.folder / runs[2]["run"] / "reached.png").unlink()
    assert code(go_on(service, runs[2])) == "run_gone"
    shutil.rmtree(service.photos.folder / photos[2])
    assert code(service.open_run({"run": runs[2]["run"]})) == "run_gone"


def test_a_link_in_a_runs_folder_is_not_followed(
    service: Service, photo: str, tmp_path: Path
) -> None:
    run = erase_part(service, photo, HOLES[0])
    secret = tmp_path / "secret.png"
    secret.write_bytes(mask_png(np.ones((90, 120), np.bool_)))
    place = service.runs.folder / run["run"] / "0-paint.png"
    place.unlink()
    place.symlink_to(secret)
    assert not go_on(service, run)["ok"]


def test_a_result_may_be_larger_than_an_upload(
    service: Service, three: tuple[list[Answer], list[str]]
) -> None:
    runs, _ = three
    chain = continued(service.runs, runs[0]["run"], 0).chain
    assert own_limits(Limits(50, 64), None) == Limits(50, 64)
    assert own_limits(Limits(50, 64), chain).megabytes > 4 * 50
    assert own_limits(Limits(1, 64), chain) == Limits(1, 64)
