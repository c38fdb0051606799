"""Figures of the page's runs, by their address."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image as Pil
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.page import routes
from ui.service.service import Service
from ui_tools import last, order

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Answer = Mapping[str, Any]


@pytest.fixture
def client(service: Service) -> TestClient:
    app = Starlette()
    routes.install(app, service)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def run(service: Service, photo: str) -> str:
    return str(last(service.erase(order(photo, "paint", "broken")))["run"])


def test_a_figure_comes_in_every_form(client: TestClient, run: str) -> None:
    for form, kind in routes.FIGURE_TYPES.items():
        answer = client.get(f"/lab/figure.{form}?runs={run}&width=90&dpi=72&font_size=5")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == kind
        assert f"photo-figure.{form}" in answer.headers["content-disposition"]
        assert answer.headers["content-security-policy"].endswith("sandbox")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert names == [f"photo-figure.{form}" for form in ("png", "svg", "pdf", "tex", "csv")]


def test_options_stand_in_the_address(client: TestClient, run: str) -> None:
    asked = f"/lab/figure.svg?runs={run}&labels=false&mask=false&zoom=none&numbers=seconds"
    tree = ElementTree.fromstring(client.get(asked).content)
    kinds = [node.tag.rpartition("}")[2] for node in tree.iter()]
    assert (kinds.count("image"), kinds.count("text")) == (2, 1)
    png = client.get(f"/lab/figure.png?runs={run}&width=100&dpi=254&labels=false")
    assert Pil.open(io.BytesIO(png.content)).width == 1000


def test_two_runs_are_two_lines(client: TestClient, service: Service, photo: str) -> None:
    """Each with its title."""
    runs = [last(service.erase(order(photo, "paint")))["run"] for _ in range(2)]
    svg = client.get(f"/lab/figure.svg?runs={','.join(runs)}&zoom=none")
    assert "eraser-lab-figure.svg" in svg.headers["content-disposition"]
    assert svg.text.count("<image") == 6 and svg.text.count(">photo.png</text>") == 2


CANNOT = [
    ("png?runs=nobody", 404),
    ("exe?runs={run}", 404),
    ("png?runs={run}&width=1", 400),
    ("png?runs={run}&colour=red", 400),
    ("png?runs={run}&numbers=beauty", 400),
    ("png?runs={run}&width=1000&dpi=1200", 400),
    ("png?runs={run}&language=xx", 400),
    ("png?runs=" + ",".join(["{run}"] * 13), 400),
]


def test_what_cannot_be_drawn_is_a_sentence(client: TestClient, run: str) -> None:
    for address, status in CANNOT:
        answer = client.get(f"/lab/figure.{address.format(run=run)}")
        assert answer.status_code == status, address
        assert answer.json()["error"]["text"], address
