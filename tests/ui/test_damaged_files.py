"""What lies in the folders of runs and photos may be damaged: each time that is one sentence."""

from __future__ import annotations

import copy
import errno
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import make_service
from methods import UserError
from ui.common import files
from ui.page.routes import lab_routes
from ui.service.service import Service
from ui_tools import last, order, owned, picture, png_file, prompts

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Change = Callable[[dict[str, Any]], object]

CHANGES: dict[str, Change] = {
    "no grid": lambda run: run.pop("grid"),
    "no photo": lambda run: run.pop("photo"),
    "grid is a list": lambda run: run.update(grid=[1]),
    "no cards": lambda run: run["grid"].update(cards=None),
    "a card without its index": lambda run: run["grid"]["cards"][0].pop("index"),
    "cards of words": lambda run: run["grid"].update(cards=["x"]),
    "an id that is a path": lambda run: run["photo"].update(id="../../../../etc"),
    "no selection": lambda run: run.update(selection=None),
    "no jobs": lambda run: run.pop("jobs"),
    "created in words": lambda run: run.update(created="x"),
    "created in another age": lambda run: run.update(created=1e20),
    "created before zips": lambda run: run.update(created=-2e9),
    "created never": lambda run: run.update(created=float("nan")),
    "an eraser that is a path": lambda run: run["grid"]["cards"][0].update(eraser="../../x"),
    "no width": lambda run: run["photo"].update(width=0),
    "a state of its own": lambda run: run["grid"].update(state="odd"),
    "another format": lambda run: run.update(format=99),
}
SOUND: dict[str, Change] = {
    "something of a newer program": lambda run: run["photo"].update(zzz=1),
    "a row that nobody knows": lambda run: run.update(row="zzz"),
    "an upload that is a path": lambda run: run["selection"].update(upload="../../x"),
}
CONTENTS = {
    "empty": b"",
    "half": b'{"format": 2, "created": 17',
    "no text": bytes(range(256)),
    "a list": b"[]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "deep inside": b'{"format": 2, "grid": ' + b'{"a":' * 100_000,
    "no number": b'{"format": NaN}',
}
FILES = {
    "result gone": ("0-paint.png", None),
    "result half": ("0-paint.png", png_file()[:90]),
    "result no picture": ("0-paint.png", b"hello"),
    "view gone": ("0-paint.jpg", None),
    "mask gone": ("mask.png", None),
    "mask no picture": ("mask.png", b"hello"),
    "mask of another size": ("mask.png", png_file(picture(9, 9), "1")),
    "photo gone": ("original", None),
    "photo no picture": ("original", b"hello"),
    "remarks no text": ("remarks.json", bytes(range(256))),
    "remarks a list": ("remarks.json", b"[1]"),
    "remarks of words": ("remarks.json", b'{"x": 1}'),
    "remarks null": ("remarks.json", b"null"),
    "remarks deep": ("remarks.json", b"[" * 100_000),
}


@pytest.fixture
def run(service: Service, photo: str) -> str:
    return str(last(service.erase(order(photo, "paint")))["run"])


@pytest.fixture
def client(service: Service) -> TestClient:
    """One that raises what a route raises."""
    return TestClient(Starlette(routes=lab_routes(service)))


def codes_of(service: Service, client: TestClient, run: str, photo: str, who: str = "") -> set[str]:
    """All that can be asked of the run; the codes of errors. who: asks; each has a rate."""
    answers: list[Any] = [
        service.open_run({"run": run}, who),
        service.tables.grids({"runs": [run]}, who),
        service.remark(owned({"run": run}, index=0, text="x"), who),
        service.reopen_photo({"photo": photo}, who),
        service.segment(prompts(photo), who),
        service.mask(prompts(photo), who),
    ]
    for address in ("all.zip", "0-paint.png", "0-paint.png?download=1", "mask.png", "original.png"):
        answer = client.get(f"/lab/runs/{run}/{address}")
        assert answer.status_code in (200, 404, 429), address
        if address == "all.zip" and answer.status_code == 200:
            assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    assert client.get(f"/lab/report.html?runs={run}").status_code in (200, 404)
    return {answer["error"]["code"] for answer in answers if not answer["ok"]}


def test_a_damaged_run_is_one_sentence(
    service: Service, client: TestClient, run: str, photo: str
) -> None:
    file = service.runs.folder / run / "run.json"
    saved = file.read_text("utf-8")
    for damage, change in CHANGES.items():
        value = json.loads(saved)
        change(value)
        CONTENTS[damage] = json.dumps(value).encode()
    for damage, content in CONTENTS.items():
        file.write_bytes(content)
        assert codes_of(service, client, run, photo, damage) == {"run_gone"}, damage
        assert client.get(f"/lab/runs/{run}/all.zip").status_code == 404, damage


def test_what_does_no_harm_is_left_alone(
    service: Service, client: TestClient, run: str, photo: str
) -> None:
    saved: Any = service.runs.load(run)
    for name, change in SOUND.items():
        value = copy.deepcopy(saved)
        change(value)
        service.runs.save(run, value)
        assert codes_of(service, client, run, photo, name) <= {"upload_gone"}, name
        assert service.open_run({"run": run}, name)["ok"], name


@pytest.mark.slow
def test_other_files_that_are_damaged_are_no_more_than_a_sentence(
    service: Service, client: TestClient, run: str, photo: str
) -> None:
    kept = service.runs.folder / "kept"
    shutil.copytree(service.runs.folder / run, kept)
    for damage, (name, content) in FILES.items():
        path = service.runs.folder / run / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        codes = codes_of(service, client, run, photo, damage)
        assert codes <= {"run_gone", "photo_gone"}, damage
        shutil.rmtree(path.parent)
        shutil.copytree(kept, path.parent)


def test_a_damaged_photo_is_gone(service: Service, photo: str) -> None:
    for content in (b"", b"[]", b"null", b"[" * 100_000, b'{"id": 1}'):
        (service.photos.folder / photo / "photo.json").write_bytes(content)
        service.photos.forget(photo)
        for answer in (service.reopen_photo({"photo": photo}), service.segment(prompts(photo))):
            assert answer["error"]["code"] == "photo_gone"


def linked(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def test_links_lead_nowhere(
    service: Service, client: TestClient, run: str, photo: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png_file())
    for name in ("0-paint.png", "mask.png", "original", "run.json"):
        folder = service.runs.folder / run
        kept = (folder / name).read_bytes()
        linked(folder / name, secret)
        assert codes_of(service, client, run, photo, name) == {"run_gone"}
        assert client.get(f"/lab/runs/{run}/{name}").status_code == 404
        (folder / name).unlink()
        (folder / name).write_bytes(kept)
    for name in ("view.jpg", "original"):
        linked(service.photos.folder / photo / name, secret)
    service.photos.forget(photo)
    assert client.get(f"/lab/photos/{photo}/view.jpg").status_code == 404
    with pytest.raises(UserError):
        service.photos.load(photo)


def test_a_folder_that_is_a_link_is_none(service: Service, client: TestClient, run: str) -> None:
    folder = service.runs.folder / run
    elsewhere = folder.with_name("elsewhere")
    shutil.move(folder, elsewhere)
    folder.symlink_to(elsewhere, target_is_directory=True)
    assert service.open_run({"run": run})["error"]["code"] == "run_gone"
    assert client.get(f"/lab/runs/{run}/mask.png").status_code == 404


@pytest.mark.parametrize("name", ["photos", "runs"])
@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_folder_that_takes_nothing_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """Also one below the data folder, which may be another disk."""
    real = files.TemporaryFile

    def refusing(dir: Path) -> object:
        if dir.name == name:
            raise OSError(number, os.strerror(number))
        return real(dir=dir)

    monkeypatch.setattr(files, "TemporaryFile", refusing)
    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match="Choose another folder with ERASER_LAB_DATA"):
        make_service()
