"""What agents get to keep: files like the photo, and results to go on with."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image as Pil
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.api.tools.calls import Told, Visit, tools_of
from ui.page.routes import lab_routes
from ui.service.service import Service
from ui_tools import Upload, picture, png_file

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

VISIT = Visit("visitor", "")


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(Starlette(routes=lab_routes(service)))


def a_jpeg() -> bytes:
    exif = Pil.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    Pil.fromarray(picture()).save(file, "JPEG", exif=exif, quality=90, subsampling="4:4:4")
    return file.getvalue()


def erase(service: Service, upload: Upload, hole: tuple[int, int], **given: Any) -> Told:
    mask = np.zeros((90, 120), np.uint8)
    mask[hole[0] : hole[0] + 10, hole[1] : hole[1] + 10] = 255
    asked = {"mask": upload(png_file(mask, "L"), "mask.png"), "erasers": ["paint"], **given}
    told = tools_of(service)["erase"].answer(asked, VISIT)
    assert not told.failed, told.blocks
    return told


def result_of(told: Told) -> Mapping[str, Any]:
    (result,) = cast("list[Mapping[str, Any]]", told.facts["results"])
    return result


def test_a_file_like_the_photo_is_saved_on_wish(
    service: Service, upload: Upload, client: TestClient
) -> None:
    photo = upload(a_jpeg(), "photo.jpg")
    saved = result_of(erase(service, upload, (20, 30), image=photo, format="auto"))["saved"]
    assert saved["format"] == "jpeg" and saved["coefficients_changed_outside"] == 0
    assert "location" in saved["removed"] and "location" not in saved["holds"]
    file = client.get(f"/{saved['address'].lstrip('/')}").content
    assert len(file) == saved["size"] and Pil.open(io.BytesIO(file)).format == "JPEG"
    told = erase(service, upload, (20, 30), image=photo, format="tiff", keep_location=True)
    saved = result_of(told)["saved"]
    assert saved["format"] == "tiff" and "location" in saved["holds"]
    assert "Saved as TIFF" in str(told.blocks[1]) and "place.tiff" in str(told.blocks[1])


def test_a_result_is_gone_on_with(service: Service, upload: Upload, client: TestClient) -> None:
    first = erase(service, upload, (20, 30), image=upload(a_jpeg(), "photo.jpg"))
    assert "saved" not in result_of(first)
    run = {"run": str(first.facts["run"]).partition("run=")[2], "secret": first.facts["secret"]}
    assert service.keep_private({**run, "private": True})["ok"]
    card = {"continue_from": result_of(first)["continue_from"]}
    asked = {"erasers": ["paint"], "box": [50, 60, 70, 80], **card}
    assert tools_of(service)["erase"].answer(asked, VISIT).failed, "it is private"
    card["continue_secret"] = str(first.facts["secret"])
    second = result_of(erase(service, upload, (60, 70), **card, format="auto"))
    file = client.get(f"/{second['saved']['address'].lstrip('/')}")
    assert second["saved"]["format"] == "jpeg" and file.status_code == 200
    assert client.get(f"/{second['image'].lstrip('/')}").status_code == 200
    before, after = (np.asarray(Pil.open(io.BytesIO(one))) for one in (a_jpeg(), file.content))
    assert np.array_equal(before[40:56], after[40:56]) and not np.array_equal(before, after)
