"""A photo leaves this machine only for a host that whoever erases has agreed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from methods import BadInput, demand_agreed, get_eraser, refresh_erasers
from own_tools import Own

MANIFEST = """
kind = "iopaint"
name = "Away"
[server]
url = "{url}"
"""


@pytest.fixture
def away(own: Own) -> Own:
    own.manifest("away", MANIFEST.format(url="https://erase.example.org/api"))
    own.manifest("here", MANIFEST.format(url="http://127.0.0.1:9"))
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
