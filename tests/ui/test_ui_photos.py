"""Opening photos: uploads taken in, anything else refused, nothing shared between visitors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ui.service.service import Service
from ui.stores.photos import PhotoStore
from ui.stores.uploads import own_upload_folder
from ui_tools import SECRET, Upload, picture, png_file, prompts

pytest_plugins = ["ui_fixtures"]

Answer = Mapping[str, Any]


def code(answer: Answer) -> str:
    """The error's code; "" for an answer that is none."""
    return str(answer.get("error", {}).get("code", ""))


# --- what works --------------------------------------------------------------------------


def test_an_upload_is_taken_in(service: Service, upload: Upload, uploads: Path) -> None:
    data = png_file()
    path = upload(data, "Ferien am Meer.png")
    answer = service.open_photo({"path": path, "name": "Ferien am Meer.png"})
    photo = answer["photo"]
    assert answer["ok"] and (photo["width"], photo["height"]) == (120, 90)
    assert photo["name"] == "Ferien am Meer.png" and photo["alpha"] is False
    assert photo["view"] == f"lab/photos/{photo['id']}/view.jpg"
    assert not Path(path).exists()  # moved: Gradio does not hand it out any more
    assert service.photos.original(photo["id"]).read_bytes() == data
    assert np.array_equal(service.photos.load(photo["id"]).rgb, picture())


def test_transparency_and_notes_reach_the_page(service: Service, upload: Upload) -> None:
    rgba = np.dstack([picture(), np.full((90, 120), 90, np.uint8)])
    answer = service.open_photo({"path": upload(png_file(rgba, "RGBA")), "name": "x.png"})
    assert answer["photo"]["alpha"] is True
    assert all(set(note) == {"en", "zh"} for note in answer["photo"]["notes"])


def test_every_example_opens_with_its_prompt(service: Service) -> None:
    listed = service.erasers({})["examples"]
    assert listed, "examples.json lists nothing"
    answer: Answer = service.open_example({"id": "rocket"})
    assert answer["ok"] and answer["photo"]["width"] == 640 and answer["prompt"]["dilate"] >= 0
    assert code(service.open_example({"id": "no-such"})) == "unknown_example"
    assert code(service.open_example({"id": "../rocket"})) == "bad_request"


def test_two_visitors_may_upload_the_same_file_at_once(service: Service, upload: Upload) -> None:
    path = upload()
    first = service.open_photo({"path": path, "name": "mine.png"})
    second = service.open_photo({"path": path, "name": "also mine.png"})
    assert first["ok"] and second["ok"]
    assert first["photo"]["id"] != second["photo"]["id"]
    assert second["photo"]["name"] == "also mine.png"


def test_a_race_for_one_upload_gives_everyone_a_photo(service: Service, upload: Upload) -> None:
    path = upload()
    with ThreadPoolExecutor(6) as pool:
        ask = {"path": path, "name": "x.png"}
        answers = list(pool.map(lambda _: service.open_photo(ask), range(6)))
    assert len({answer["photo"]["id"] for answer in answers}) == 6


def test_names_are_plain_text(service: Service, upload: Upload) -> None:
    answer = service.open_photo({"path": upload(), "name": "<script>\x00\u202e" + "n" * 900})
    assert answer["photo"]["name"] == ("<script>" + "n" * 900)[:200]


def test_a_reloaded_page_gets_its_photo_again(service: Service, photo: str) -> None:
    assert service.reopen_photo({"photo": photo})["photo"]["id"] == photo
    assert code(service.reopen_photo({"photo": "x" * 22})) == "photo_gone"


# --- what is refused ---------------------------------------------------------------------


def test_only_files_in_the_upload_folder_are_opened(
    service: Service, uploads: Path, tmp_path: Path, upload: Upload
) -> None:
    outside = tmp_path / "private.png"
    outside.write_bytes(png_file())
    link = uploads / "link.png"
    link.symlink_to(outside)
    (uploads / "dir.png").mkdir()
    os.mkfifo(uploads / "pipe.png")
    attempts = [
        str(outside),
        str(uploads / ".." / "private.png"),
        "private.png",
        "../private.png",
        str(link),
        str(uploads / "dir.png"),
        str(uploads / "pipe.png"),
        str(uploads),
        str(uploads / "not there.png"),
        str(uploads) + "-evil/x.png",
        "/etc/passwd",
        "/dev/zero",
        "file:///etc/passwd",
        "http://127.0.0.1/x.png",
        "\0",
        "a" * 4000,
        upload() + "/x",
    ]
    for path in attempts:
        answer = service.open_photo({"path": path, "name": "x.png"})
        assert code(answer) == "not_an_upload", path
        assert str(tmp_path) not in str(answer)
    assert outside.read_bytes() == png_file()
    assert not list(service.photos.folder.iterdir())


def test_a_folder_that_is_a_link_leads_nowhere(
    service: Service, uploads: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "x.png").write_bytes(png_file())
    (uploads / "door").symlink_to(private)
    answer = service.open_photo({"path": str(uploads / "door" / "x.png"), "name": "x.png"})
    assert code(answer) == "not_an_upload" and (private / "x.png").exists()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "file_empty"),
        (b"not a picture" * 20, "file_format"),
        (png_file()[:300], "file_damaged"),
    ],
)
def test_a_bad_file_is_explained_and_removed(
    service: Service, upload: Upload, data: bytes, expected: str
) -> None:
    answer = service.open_photo({"path": upload(data), "name": "x.png"})
    assert code(answer) == expected and not list(service.photos.folder.iterdir())


BAD_REQUESTS: list[Any] = [
    None,
    7,
    [],
    "x",
    {},
    {"path": 5},
    {"path": ["a"]},
    {"path": "x", "extra": 1},
    {"path": "x" * 5000},
    {"path": "x", "name": {"a": 1}},
    {"path": "\ud800", "name": "x"},
]


@pytest.mark.parametrize("request_", BAD_REQUESTS)
def test_requests_that_make_no_sense_are_answered(service: Service, request_: Any) -> None:
    answer = service.open_photo(request_)
    assert answer["ok"] is False and code(answer) in ("bad_request", "not_an_upload")


def test_whoever_opens_too_many_photos_has_to_wait(service: Service) -> None:
    answers = [service.open_photo({"path": "/x"}, "anna") for _ in range(31)]
    assert code(answers[29]) == "not_an_upload" and code(answers[30]) == "too_fast"
    assert code(service.open_photo({"path": "/x"}, "ben")) == "not_an_upload"


def test_inner_errors_while_opening_stay_inside(
    service: Service, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"cannot open {SECRET}")

    monkeypatch.setattr("ui.stores.photos.load_image", fail)
    answer = service.open_photo({"path": upload(), "name": "x.png"})
    assert code(answer) == "internal" and "secret" not in str(answer)


# --- the store ---------------------------------------------------------------------------


def test_photos_come_back_from_disk_and_are_decoded_once(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = PhotoStore(service.photos.folder, service.limits)  # as after a restart
    decoded: list[str] = []
    real = fresh.decode

    def counting(path: Path, name: str, *more: Any) -> Any:
        decoded.append(name)
        return real(path, name, *more)

    monkeypatch.setattr(fresh, "decode", counting)
    with ThreadPoolExecutor(6) as pool:
        photos = list(pool.map(fresh.load, [photo] * 6))
    assert decoded == ["photo.png"] and all(one is photos[0] for one in photos)
    assert fresh.record(photo) == service.photos.record(photo)


def test_folders_are_private_and_ids_are_random(
    service: Service, photo: str, upload: Upload
) -> None:
    other = service.open_photo({"path": upload(), "name": "photo.png"})["photo"]["id"]
    assert other != photo and len(other) == 22
    assert (service.photos.folder / photo).stat().st_mode & 0o077 == 0
    assert service.photos.folder.stat().st_mode & 0o077 == 0


def test_a_photo_that_was_cleared_away_is_gone(service: Service, photo: str) -> None:
    import shutil

    shutil.rmtree(service.photos.folder / photo)
    for answer in (
        service.segment({**prompts(photo), "n": 3}),
        service.mask(prompts(photo)),
        service.reopen_photo({"photo": photo}),
    ):
        assert code(answer) == "photo_gone"


def test_a_broken_record_is_a_photo_that_is_gone(service: Service, photo: str) -> None:
    fresh = PhotoStore(service.photos.folder, service.limits)
    (fresh.folder / photo / "photo.json").write_text('{"id": 1')
    answer_codes = []
    try:
        fresh.record(photo)
    except Exception as error:
        answer_codes.append(getattr(error, "code", ""))
    assert answer_codes == ["photo_gone"]


# --- whose upload folder it is -----------------------------------------------------------


def test_gradio_is_given_a_folder_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    ours = own_upload_folder(tmp_path)
    assert ours == tmp_path / "uploads" and os.environ["GRADIO_TEMP_DIR"] == str(ours)
    assert own_upload_folder(tmp_path) == ours  # a second start


def test_a_folder_that_the_user_chose_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "theirs"))
    assert own_upload_folder(tmp_path) is None
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "theirs")
