"""Looking closely: tiles of a photo, the original of a run, close-ups; their bounds."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil
from starlette.applications import Starlette
from starlette.testclient import TestClient

from methods import Image
from ui.common.limits import Rate, RateLimiter
from ui.common.requests import MOST_OVERLAY_SIDE, OVERLAY_SIDE
from ui.page import routes
from ui.service.erasing.closeup import close_box
from ui.service.selections import looking
from ui.service.selections.drawn import overlay_side
from ui.service.selections.looking import Looking
from ui.service.service import Service
from ui.stores.tiles import SIDE, levels_of, tile_named
from ui_tools import Upload, last, order, picture, png_file

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Answer = Mapping[str, Any]
WIDE = 1100, 3300
"""(H, W) of a photo with two levels of tiles."""


def noisy(height: int, width: int, channels: int = 3) -> Image:
    """A picture in which every pixel tells its place."""
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


def opened(service: Service, upload: Upload, image: Image, mode: str = "RGB") -> Answer:
    answer: Answer = service.open_photo({"path": upload(png_file(image, mode)), "name": "x.png"})
    return answer["photo"]


def decoded(data: bytes) -> Image:
    with Pil.open(io.BytesIO(data)) as opened:
        return np.asarray(opened)


@pytest.fixture
def client(service: Service) -> TestClient:
    app = Starlette()
    routes.install(app, service)
    return TestClient(app, raise_server_exceptions=False)


# --- tiles -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_tiles_of_level_0_are_the_photo(
    client: TestClient, service: Service, upload: Upload
) -> None:
    image = noisy(*WIDE)
    photo = opened(service, upload, image)
    assert photo["tiles"] == {
        "url": f"lab/photos/{photo['id']}/tiles/",
        "side": SIDE,
        "levels": 2,
    }
    seen = np.zeros_like(image)
    for row in range(3):
        for column in range(7):
            answer = client.get(f"/{photo['tiles']['url']}0-{column}-{row}.png")
            assert answer.headers["content-type"] == "image/png"
            assert "immutable" in answer.headers["cache-control"]
            place = np.s_[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
            seen[place] = decoded(answer.content)
    assert np.array_equal(seen, image)


def test_a_tile_of_a_further_level_is_the_mean_of_what_it_covers(
    client: TestClient, service: Service, upload: Upload
) -> None:
    y, x = np.mgrid[: WIDE[0], : WIDE[1]]
    slope = np.stack([x // 16, y // 8, 0 * x], axis=2).astype(np.uint8)
    photo = opened(service, upload, slope)
    answer = client.get(f"/{photo['tiles']['url']}1-3-1.jpg")
    tile = decoded(answer.content)
    assert tile.shape == ((WIDE[0] - 2 * SIDE) // 2, (WIDE[1] - 6 * SIDE) // 2, 3)
    corner = slope[2 * SIDE :, 6 * SIDE :]
    means = corner[: 2 * tile.shape[0], : 2 * tile.shape[1]].astype(float)
    means = means.reshape(tile.shape[0], 2, tile.shape[1], 2, 3).mean((1, 3))
    assert np.abs(tile - means).mean() < 2
    own = decoded(client.get(f"/{photo['tiles']['url']}0-6-2.jpg").content)
    assert own.shape == (WIDE[0] - 2 * SIDE, WIDE[1] - 6 * SIDE, 3)
    assert np.abs(own.astype(float) - corner).mean() < 2


def test_tiles_of_a_transparent_photo_hide_what_transparency_hides(
    client: TestClient, service: Service, upload: Upload
) -> None:
    image = noisy(600, 1200, 4)
    image[..., 3] = 255
    image[:, 400:700, 3] = 0
    photo = opened(service, upload, image, "RGBA")
    left, right = (
        decoded(client.get(f"/{photo['tiles']['url']}0-{column}-0.png").content)
        for column in (0, 1)
    )
    both = np.concatenate([left, right], axis=1)
    assert np.array_equal(both[:, :400], image[:SIDE, :400, :3])
    ground = both[:, 400:700].astype(int)
    assert set(np.unique(ground)) == {204, 255}
    rows, columns = np.mgrid[:SIDE, 400:700] // 16 % 2  # goes on from tile to tile
    assert np.array_equal(ground[..., 0] == 255, rows == columns)


OUTSIDE = [
    "0-7-0.png",
    "0-0-3.png",
    "1-4-0.jpg",
    "2-0-0.jpg",
    "9-0-0.jpg",
    "0-9999-9999.png",
    "0-10000-0.png",
    "0-" + "9" * 5000 + "-0.png",
    "1-0-0.png",
    "-1-0-0.png",
    "0--1-0.png",
    "0-0-0.webp",
    "0-0-0.png%0a",
    "0-٣-0.png",
    "0-0x1-0.png",
    "0-1e0-0.png",
    "..%2fview.jpg",
    "..%2f..%2fphoto.json",
    "",
]


def test_there_are_no_other_tiles(client: TestClient, service: Service, upload: Upload) -> None:
    photo = opened(service, upload, np.zeros((*WIDE, 3), np.uint8))
    for name in OUTSIDE:
        assert client.get(f"/{photo['tiles']['url']}{name}").status_code == 404, name


def test_a_tile_needs_the_id_of_its_photo(
    client: TestClient, service: Service, photo: str, upload: Upload
) -> None:
    assert client.get(f"/lab/photos/{photo}/tiles/0-0-0.png").status_code == 200
    for other in ("u" * 22, photo[:-1], "..", photo.swapcase() + "x", "%2e%2e"):
        assert client.get(f"/lab/photos/{other}/tiles/0-0-0.png").status_code == 404
    # Another visitor's id of the same pixels is no way in once the photo is gone.
    shutil.rmtree(service.photos.folder / photo)
    assert client.get(f"/lab/photos/{photo}/tiles/0-0-0.png").status_code == 404


@pytest.mark.parametrize(
    ("size", "levels"),
    [((90, 120), 1), ((1600, 1600), 1), ((1601, 20), 1), ((2988, 5312), 2), ((300, 12000), 3)],
)
def test_no_level_shows_less_than_the_view(size: tuple[int, int], levels: int) -> None:
    assert levels_of(size, 1600) == levels
    assert tile_named(f"{levels - 1}-0-0.jpg", size, 1600) is not None
    assert (tile_named(f"{levels - 1}-0-0.png", size, 1600) is None) == (levels > 1)
    assert tile_named(f"{levels}-0-0.jpg", size, 1600) is None
    assert levels == 1 or max(size) >> (levels - 1) > 1600


def test_whoever_asks_for_too_many_tiles_has_to_wait(
    client: TestClient, service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "TILE_RATE", Rate(per_second=0.01, burst=2))
    slow = Looking(service.photos, service.runs, RateLimiter(Rate(1, 9)))
    monkeypatch.setattr(service, "looking", slow)
    app = Starlette()
    routes.install(app, service)
    answers = [TestClient(app).get(f"/lab/photos/{photo}/tiles/0-0-0.png") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) > 0


def test_decoding_for_a_tile_counts_as_opening_and_a_kept_tile_is_free(
    service: Service, photo: str
) -> None:
    opens = RateLimiter(Rate(per_second=0.001, burst=1))
    looking = Looking(service.photos, service.runs, opens)
    service.photos._decoded.clear()
    first = looking.tile(photo, "0-0-0.png", "anna")
    assert first is not None
    service.photos._decoded.clear()
    assert looking.tile(photo, "0-0-0.png", "anna") == first  # not cut again
    fresh = Looking(service.photos, service.runs, opens)
    with pytest.raises(Exception, match="Too many requests"):
        fresh.tile(photo, "0-0-0.png", "anna")


# --- the overlay of a strip --------------------------------------------------------------


def test_a_strips_overlay_is_as_fine_as_a_square_ones(service: Service, upload: Upload) -> None:
    photo = opened(service, upload, noisy(60, 6000))["id"]
    dot = [{"points": [[3000, 30]], "width": 20.0, "erase": False}]
    asked = {"photo": photo, "objects": [], "strokes": dot, "dilate": 0}
    answer = service.segment({**asked, "side": 6000})
    assert answer["ok"], answer
    png = base64.b64decode(answer["overlay"].partition(",")[2])
    assert decoded(png).shape == (60, 6000)
    refused = service.segment({**asked, "side": MOST_OVERLAY_SIDE + 1})
    assert refused["error"]["code"] == "bad_request"


@pytest.mark.parametrize("size", [(1600, 1600), (3000, 4000), (300, 12000), (1, 50_000_000)])
def test_no_overlay_has_more_pixels_than_a_square_one(size: tuple[int, int]) -> None:
    side = overlay_side(MOST_OVERLAY_SIDE, size)
    assert side * side * min(size) / max(size) <= OVERLAY_SIDE**2
    assert overlay_side(800, size) == 800


# --- the original of a run ---------------------------------------------------------------


@pytest.fixture
def run(service: Service, photo: str) -> Answer:
    return last(service.erase(order(photo, "paint")))


def test_the_original_has_the_results_own_pixels(client: TestClient, run: Answer) -> None:
    answer = client.get("/" + run["photo"]["full"])
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    original = decoded(answer.content)
    result = decoded(client.get("/" + run["cards"][0]["full"]).content)
    mask = decoded(client.get("/" + run["mask"]["url"]).content)
    assert np.array_equal(original, picture()) and original.shape == result.shape
    assert np.array_equal(original[~mask], result[~mask])
    assert client.get("/" + run["photo"]["full"]).content == answer.content


def test_the_original_outlives_the_photo(client: TestClient, service: Service, run: Answer) -> None:
    photo = service.photos.folder / run["photo"]["id"]
    shutil.rmtree(photo)
    service.photos.forget(run["photo"]["id"])
    assert np.array_equal(decoded(client.get("/" + run["photo"]["full"]).content), picture())
    assert not photo.exists()


def test_a_reopened_run_says_where_the_original_is_or_that_it_is_gone(
    client: TestClient, service: Service, run: Answer
) -> None:
    folder = service.runs.folder / run["run"]
    saved = json.loads((folder / "run.json").read_text())
    del saved["grid"]["photo"]["full"]  # as an older program wrote it
    (folder / "run.json").write_text(json.dumps(saved))
    grid = service.open_run({"run": run["run"]})["grid"]
    assert grid["photo"]["full"] == f"lab/runs/{run['run']}/original.png"
    (folder / "original").unlink()
    (grid,) = service.tables.grids({"runs": [run["run"]]})["grids"].values()
    assert "full" not in grid["photo"]


def test_an_original_that_is_gone_or_other_is_a_404(
    client: TestClient, service: Service, run: Answer, upload: Upload
) -> None:
    folder = service.runs.folder / run["run"]
    shutil.rmtree(service.photos.folder / run["photo"]["id"])
    service.photos.forget(run["photo"]["id"])
    (folder / "original").write_bytes(png_file(picture()[::-1]))  # other pixels
    assert client.get("/" + run["photo"]["full"]).status_code == 404
    (folder / "original").unlink()
    assert client.get("/" + run["photo"]["full"]).status_code == 404
    assert not (folder / "original.png").exists()
    for other in ("u" * 22, "..%2fphotos", run["run"][:-1], "%2e%2e"):
        assert client.get(f"/lab/runs/{other}/original.png").status_code == 404


# --- close-ups ---------------------------------------------------------------------------


def test_a_panoramas_cards_have_close_ups(
    client: TestClient, service: Service, upload: Upload
) -> None:
    image = noisy(100, 4000)
    image[40:60, 3000:3012] = 255
    photo = opened(service, upload, image)
    corners = {"x0": 3000, "y0": 40, "x1": 3012, "y1": 60}
    one: list[dict[str, Any]] = [{"points": [], "box": corners, "level": None}]
    run = last(service.erase(order(photo["id"], "paint", objects=one)))
    box = run["mask"]["close"]["box"]
    width, height = box[2] - box[0], box[3] - box[1]
    assert box[0] <= 3000 and box[2] >= 3012 and height == 100 and 80 <= width <= 150
    for url in (run["mask"]["close"]["view"], run["cards"][0]["close"]):
        assert decoded(client.get("/" + url).content).shape == (height, width, 3)
    overlay = Pil.open(io.BytesIO(client.get("/" + run["mask"]["close"]["overlay"]).content))
    mask = decoded(client.get("/" + run["mask"]["url"]).content)
    shown = np.asarray(overlay.convert("RGBA"))[..., 3] > 0
    assert np.array_equal(shown, mask[box[1] : box[3], box[0] : box[2]])


def test_a_photo_that_its_view_shows_whole_has_none(service: Service, run: Answer) -> None:
    assert "close" not in run["mask"] and "close" not in run["cards"][0]


@pytest.mark.parametrize(
    ("box", "size", "shown"),
    [
        ([10, 10, 50, 50], (900, 1200), None),  # the view has all pixels
        ([0, 0, 4000, 3000], (3000, 4000), None),  # all of it is masked
        ([0, 0, 12000, 300], (300, 12000), None),
        ([1000, 1000, 1600, 1300], (3000, 4000), [820, 830, 1780, 1470]),
        ([0, 0, 24, 40], (300, 12000), [0, 0, 240, 300]),  # kept inside the photo
        ([140, 11990, 160, 12000], (12000, 300), [0, 11800, 300, 12000]),
        ([2000, 100, 6000, 140], (300, 12000), [800, 0, 7200, 300]),
        ([0, 0, 0, 0], (300, 12000), [0, 0, 240, 300]),
    ],
)
def test_where_a_close_up_lies(
    box: list[int], size: tuple[int, int], shown: list[int] | None
) -> None:
    assert close_box(box, size) == shown
