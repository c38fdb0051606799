"""A photo leaves this machine only for a host that whoever erases has agreed to."""

from __future__ import annotations

import pytest

from methods import BadInput, demand_agreed, get_eraser
from own_tools import Own
from ui.common.requests import Erase
from ui.service.erasing.order import order_of
from ui.service.selections.select import Selecting

pytest_plugins = ["own_fixtures"]

MANIFEST = """
kind = "iopaint"
name = "Away"
[server]
url = "{url}"
"""


@pytest.fixture
def away(own: Own) -> Own:
    own.put("away.toml", MANIFEST.format(url="https://erase.example.org/api"))
    own.put("here.toml", MANIFEST.format(url="http://127.0.0.1:9"))
    return own


def test_the_host_stands_in_what_is_known_of_an_eraser(away: Own) -> None:
    assert get_eraser("away").spec.sends_to == "erase.example.org"
    assert get_eraser("here").spec.sends_to == ""
    assert get_eraser("telea").spec.sends_to == ""


def test_nobody_sends_a_photo_where_it_was_not_agreed_to(away: Own) -> None:
    demand_agreed(["telea", "here", "none of that name"], ())
    demand_agreed(["telea", "away"], ["other.example.org", "erase.example.org"])
    for agreed in ((), ("example.org",), ("erase.example.org:443",)):
        with pytest.raises(BadInput) as raised:
            demand_agreed(["telea", "away"], agreed)
        assert raised.value.code == "not_agreed" and "erase.example.org" in str(raised.value)


def test_a_run_of_the_page_or_of_the_api_is_refused_before_it_begins(away: Own) -> None:
    stroke = {"points": [[1, 1], [5, 5]], "width": 3}
    wish = {"photo": "a" * 22, "strokes": [stroke], "run": "a" * 22, "secret": "s"}
    asked = {**wish, "jobs": [{"eraser": "away"}]}
    with pytest.raises(BadInput) as raised:
        order_of(Erase.model_validate(asked), None, Selecting(), None)  # type: ignore[arg-type]
    assert raised.value.code == "not_agreed"
    agreed = Erase.model_validate({**asked, "agree": ["erase.example.org"]})
    order = order_of(agreed, None, Selecting(), None)  # type: ignore[arg-type]
    assert [job.eraser for job in order.jobs] == ["away"]
