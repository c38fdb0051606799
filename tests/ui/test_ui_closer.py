"""Closer looks at large photos: few at a time while one points, all before anything is erased."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import Text
from segmentation import get_segmenter
from tile_tools import ALL, SIZE, Scaled, always, square
from ui.common.limits import Rate, RateLimiter
from ui.service.selections.closer import LOOKS_AT_ONCE, MOST_LOOKS, Looks
from ui.service.selections.select import Eyes
from ui.service.service import Service
from ui_tools import Upload, last, order, png_file

pytest_plugins = ["ui_fixtures"]

Answer = Mapping[str, Any]
TINY = ([square(1 / 256), square(0.015), square(0.5)], [0.6, 0.9, 0.7])
THING = ([square(0.07), square(0.1), square(0.15)], [0.9, 0.95, 0.9])
PLACES = [(x, y) for y in (400, 1600) for x in (400, 1500, 2600)]


def eyes_of(service: Service) -> Eyes:
    assert isinstance(service.selecting.eyes, Eyes)
    return service.selecting.eyes


def watched(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> Scaled:
    """The segmenter that answers everything; its encodes are counted."""
    scaled = Scaled(*(always(*answer) for answer in answers))

    def chosen(segmenter_id: str, *, fetch_missing: bool = True) -> Any:
        return scaled if segmenter_id == "scaled" else get_segmenter(segmenter_id)

    monkeypatch.setattr("ui.service.selections.select.get_segmenter", chosen)
    return scaled


@pytest.fixture
def scaled(monkeypatch: pytest.MonkeyPatch) -> Scaled:
    return watched(monkeypatch, TINY, THING)


@pytest.fixture
def opened(service: Service, upload: Upload, request: Any) -> str:
    """The id of a large photo of this test's own: answers are remembered by its pixels."""
    image = np.full((*SIZE, 3), 90, np.uint8)
    image[0, 0] = [zlib.crc32(request.node.name.encode()) >> shift & 255 for shift in (0, 8, 16)]
    answer = service.open_photo({"path": upload(png_file(image)), "name": "large.png"})
    return str(answer["photo"]["id"])


def asked(photo: str, places: Any = PLACES, **more: Any) -> dict[str, Any]:
    objects = [{"points": [{"x": x, "y": y}]} for x, y in places]
    request: dict[str, Any] = {"photo": photo, "objects": objects, "segmenter": "scaled"}
    return {**request, **more}


def codes(answer: Answer) -> list[str]:
    return [hint["code"] for hint in answer["hints"] if hint["code"] not in ("rim", "shadow")]


def tiles(scaled: Scaled) -> int:
    return sum(size != SIZE for size in scaled.encoded)


def test_a_request_gets_a_few_and_says_what_is_still_to_come(
    service: Service, opened: str, scaled: Scaled
) -> None:
    first = service.segment(asked(opened))
    assert first["looks"] == ["closer"] * MOST_LOOKS + ["waiting"] * 2
    assert codes(first) == ["coarse"] and tiles(scaled) == MOST_LOOKS
    second = service.segment(asked(opened))
    assert second["looks"] == ["closer"] * 6 and codes(second) == [] and tiles(scaled) == 6
    assert service.segment(asked(opened))["area"] == second["area"] and tiles(scaled) == 6
    assert scaled.encoded.count(SIZE) == 1


def test_a_preview_encodes_nothing(service: Service, opened: str, scaled: Scaled) -> None:
    answer = service.segment(asked(opened, PLACES[:1], preview=True))
    assert answer["looks"] == ["waiting"] and not tiles(scaled)
    service.segment(asked(opened, PLACES[:1]))
    assert service.segment(asked(opened, PLACES[:1], preview=True))["looks"] == ["closer"]
    assert tiles(scaled) == 1
    assert service.segment(asked(opened, preview=1))["error"]["code"] == "bad_request"


@pytest.mark.slow
def test_what_is_kept_or_erased_waits_for_all(
    service: Service, opened: str, scaled: Scaled
) -> None:
    url = service.mask(asked(opened))["url"]
    assert tiles(scaled) == len(PLACES)
    path = service.photos.file(opened, url.rpartition("/")[2])
    assert path is not None
    with Pil.open(path) as mask:
        assert np.asarray(mask).sum() == pytest.approx(6 * 51.2**2, rel=0.05)
    request = {**order(opened, "telea"), **asked(opened, [(700, 1000)])}
    grid = last(service.erase(request))
    assert grid["state"] == "done" and tiles(scaled) == len(PLACES) + 1
    kept = (service.runs.folder / grid["run"] / "mask.png").read_bytes()
    (service.photos.folder / "kept.png").write_bytes(kept)
    with Pil.open(service.photos.folder / "kept.png") as mask:
        assert np.asarray(mask).sum() == pytest.approx(51.2**2, rel=0.05)


def test_the_view_is_part_of_what_is_asked_and_kept(
    service: Service, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ([square(0.1), square(0.2), square(0.3)], [0.9] * 3)
    scaled = watched(monkeypatch, plain, THING)
    object_ = {"points": [{"x": 1500, "y": 1000}]}
    assert service.segment(asked(opened, (), objects=[object_]))["looks"] == ["whole"]
    zoomed = asked(opened, (), objects=[{**object_, "view": 640}])
    assert service.segment(zoomed)["looks"] == ["closer"] and tiles(scaled) == 1
    case = service.export_case(zoomed)["case"]
    back: Answer = service.import_case({"photo": opened, "case": case})
    assert back["prompts"]["objects"][0]["view"] == 640
    for view in (0, -1, "640", True, 1e300, [640]):
        answer = service.segment(asked(opened, (), objects=[{**object_, "view": view}]))
        assert answer["error"]["code"] == "bad_prompt"


def test_tiles_drive_no_photo_out(service: Service, opened: str, scaled: Scaled) -> None:
    service.segment(asked(opened))
    eyes = eyes_of(service)
    photos, parts = eyes.embeddings, eyes.looks._cache
    assert photos.find(scaled, service.photos.record(opened).key) is not None
    assert len(photos) <= 2 and len(parts) == MOST_LOOKS  # another one looks when one is opened


def test_with_too_many_waiting_the_whole_photo_answers_and_says_so(
    service: Service, opened: str, scaled: Scaled
) -> None:
    places = eyes_of(service).looks._places
    for _ in range(LOOKS_AT_ONCE):
        assert places.acquire(blocking=False)
    answer = service.segment(asked(opened))
    assert answer["looks"] == ["waiting"] * 6 and codes(answer) == ["coarse"] and not tiles(scaled)
    for _ in range(LOOKS_AT_ONCE):
        places.release()
    assert service.segment(asked(opened))["looks"].count("closer") == MOST_LOOKS


def test_a_visitor_who_asks_for_too_many_is_told(
    service: Service, opened: str, scaled: Scaled
) -> None:
    looks: Looks = eyes_of(service).looks
    looks._rate = RateLimiter(Rate(per_second=0.001, burst=2))
    assert service.segment(asked(opened), "anna")["looks"].count("closer") == 2
    assert service.segment(asked(opened), "anna")["looks"].count("closer") == 2
    assert service.segment(asked(opened), "bob")["looks"].count("closer") == 4
    refused = service.mask(asked(opened), "anna")
    assert refused["error"]["code"] == "too_fast"  # never a mask that is not what was shown
    assert service.mask(asked(opened), "carl")["ok"]


def test_nearly_everything_is_said_on_the_page(
    service: Service, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = ([ALL] * 3, [0.9] * 3)
    watched(monkeypatch, everything, everything)
    answer = service.segment(asked(opened, PLACES[:1]))
    assert answer["everything"] is True and codes(answer) == ["everything"]
    chosen = {"points": [{"x": 400, "y": 400}], "level": 1}
    answer = service.segment(asked(opened, (), objects=[chosen]))
    assert answer["everything"] is False and codes(answer) == []


@pytest.mark.parametrize("code", ["everything", "coarse"])
def test_the_hints_have_words(code: str) -> None:
    for name in (f"page.hint.{code}", f"page.hint.{code}.why"):
        said = Text(name).plain()
        assert set(said) >= {"en", "zh"} and len(set(said.values())) == len(said)


def test_the_command_line_says_it_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ui.cli.__main__ import main

    scaled = Scaled(always([ALL] * 3, [0.9] * 3), always([ALL] * 3, [0.9] * 3))
    monkeypatch.setattr("segmentation.get_segmenter", lambda name, fetch_missing: scaled)
    Pil.fromarray(np.full((*SIZE, 3), 91, np.uint8)).save(tmp_path / "wall.png")
    arguments = ["--point", "700,900", "--erasers", "telea", "--offline", "--dilate", "0"]
    main(["erase", str(tmp_path / "wall.png"), *arguments, "--out", str(tmp_path / "out")])
    assert "nearly the whole photo" in capsys.readouterr().err and tiles(scaled) == 1
