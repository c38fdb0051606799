"""Several values on the page: what that is before it is run, and that it is what then runs."""

from __future__ import annotations

from typing import Any

import pytest

from ui.service.service import Service
from ui_tools import last, order

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

JOBS = [{"eraser": "paint", "settings": {"words": "kept"}, "seed": 5}]


def plan(service: Service, **asked: Any) -> Any:
    return service.plan_sweep({"jobs": JOBS, **asked})


def test_every_combination_is_planned_with_its_seconds(service: Service) -> None:
    answer = plan(service, words=["paint.level=3, 9, 27"])
    assert answer["ok"] and answer["seconds"] > 0
    (run,) = answer["runs"]
    assert [cell["axes"] for cell in run["cells"]] == [{"level": n} for n in (3, 9, 27)]
    assert all(cell["settings"]["words"] == "kept" for cell in run["cells"])


def test_each_dilation_is_a_run_and_nothing_varied_is_one(service: Service) -> None:
    runs = plan(service, words=["dilate=0,8", "paint.level=3,9"])["runs"]
    assert [len(run["cells"]) for run in runs] == [2, 2]
    assert [run["cells"][0]["axes"]["dilate"] for run in runs] == [0, 8]
    assert plan(service)["runs"][0]["sweep"] is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"words": [f"paint.level={','.join(map(str, range(65)))}"]}, "sweep"),
        ({"words": ["paint.level=3,3"]}, "sweep_twice"),
        ({"words": ["paint.nothing=1"]}, ""),
        ({"words": ["telea.radius=1"]}, "sweep_not_chosen"),
        ({"words": ["paint.level"]}, "sweep_form"),
        ({"seeds": "0-1000"}, "sweep_seeds"),
        ({"seeds": "0-99"}, "sweep_too_many"),
        ({"seeds": "x"}, "sweep_seed"),
        ({"words": "paint.level=3"}, ""),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    service: Service, asked: dict[str, Any], code: str
) -> None:
    answer = plan(service, **asked)
    assert not answer["ok"] and answer["error"]["text"]
    assert answer["error"]["code"].startswith(code)


def test_what_was_planned_is_what_runs(service: Service, photo: str) -> None:
    (run,) = plan(service, words=["paint.level=3,9"])["runs"]
    asked = order(photo, "paint", jobs=JOBS, sweep=run["sweep"])
    grid = last(service.erase(asked))
    assert [card["axes"] for card in grid["cards"]] == [{"level": 3}, {"level": 9}]
    assert [card["state"] for card in grid["cards"]] == ["done"] * 2
