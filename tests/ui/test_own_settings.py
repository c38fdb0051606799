"""A manifest's settings on the page's server side and in the API: fields, checks, sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from own_tools import SCRIPT, Own
from ui.api.requests import ApiErase
from ui.api.work import Api
from ui.common.errors import described
from ui.service.service import Service
from ui_tools import Upload, last, order, png_file

pytest_plugins = ["own_fixtures", "ui_fixtures"]

LEVEL = SCRIPT.replace("= 200", "= int(sys.argv[4])")
SETTINGS = """
    seeded = false
    learned = false
    [settings.Level_1]
    type = "int"
    default = 120
    min = 0
    max = 255
    help = "The grey."
    [settings.words]
    type = "text"
    max_length = 5
    help = "Nobody reads them."
"""


@pytest.fixture
def mine(own: Own) -> None:
    own.command("mine", LEVEL, SETTINGS, '"{settings.Level_1}", "{settings.words}"')


def api(service: Service, upload: Upload, **more: Any) -> Any:
    """What `erase` answers."""
    asked = {
        "image": {"path": upload(png_file(), "photo.png")},
        "box": [38, 23, 82, 67],
        "segmenter": "grabcut",
        "erasers": ["mine"],
        **more,
    }
    return Api(service).erase(ApiErase.model_validate(asked), "program")


@pytest.mark.slow
@pytest.mark.usefixtures("mine")
def test_programs_set_and_sweep_them(service: Service, upload: Upload) -> None:
    plain = {"seamless": False}
    (one,) = api(service, upload, settings={"mine": {**plain, "Level_1": 33}})["results"]
    assert (one["state"], one["settings"]["Level_1"], one["changed_outside"]) == ("done", 33, 0)
    assert (np.asarray(Pil.open(one["image"]["path"]))[45, 60] == 33).all()
    swept = {"settings": {"mine": plain}, "sweep": {"mine.Level_1": [10, 200]}}
    results = api(service, upload, **swept)["results"]
    assert [each["axes"] for each in results] == [{"Level_1": 10}, {"Level_1": 200}]
    assert [each["settings"]["Level_1"] for each in results] == [10, 200]


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"Level_1": 256}, "less than or equal to 255"),
        ({"Level_1": "grey"}, "integer"),
        ({"level": 3}, "Level_1"),
        ({"words": "longer"}, "at most 5"),
    ],
)
def test_what_is_out_of_bounds_is_refused_with_a_sentence(
    service: Service, photo: str, upload: Upload, settings: dict[str, Any], words: str
) -> None:
    jobs = [{"eraser": "mine", "settings": settings, "seed": 0}]
    grid = last(service.erase(order(photo, "mine", jobs=jobs)))
    assert words in grid["error"]["text"], grid
    with pytest.raises(Exception) as raised:
        api(service, upload, settings={"mine": settings})
    assert words in described(raised.value)["text"]


@pytest.mark.usefixtures("mine")
def test_the_page_plans_a_sweep_of_them(service: Service) -> None:
    jobs = [{"eraser": "mine", "settings": {}, "seed": 0}]
    (run,) = service.plan_sweep({"jobs": jobs, "words": ["mine.Level_1=3,9"]})["runs"]
    assert [cell["axes"] for cell in run["cells"]] == [{"Level_1": 3}, {"Level_1": 9}]
