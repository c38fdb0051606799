"""What visitors may have fetched, by the page's button, by Erase and by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from methods import EraserSpec, UserError, WeightFile, get_eraser
from methods._engine import outlook
from segmentation import list_detectors, list_segmenters
from ui.service.choices import catalog, visitors
from ui.service.choices.visitors import Fetching, check_host, fetching
from ui.service.service import Service
from ui_tools import order

pytest_plugins = ["hub_fixtures", "ui_fixtures"]
pytestmark = pytest.mark.usefixtures("clean")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose download was begun."""
    names: list[str] = []

    def begin(*weights: WeightFile, again: bool = False) -> None:
        names.extend(weight.name for weight in weights)

    monkeypatch.setattr(catalog, "fetch_in_background", begin)
    return names


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the host's variables; a machine of sixteen gibibytes for models."""

    def set_up(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"ERASER_LAB_{name}", value)

    set_up(DEVICE="cpu", MEMORY="16")
    monkeypatch.delenv("SPACE_ID", raising=False)
    outlook._surveyed_once.cache_clear()
    return set_up


Host = Callable[..., None]
STROKE = {"points": [[9, 9], [20, 20]], "width": 9}


def asked(service: Service, name: str) -> str:
    """The error's code, "" = begun."""
    answer: Any = service.fetch_weights({"name": name})
    return "" if answer["ok"] else str(answer["error"]["code"])


def entry(name: str) -> Any:
    return next(each for each in catalog.describe_erasers() if each["id"] == name)


def test_here_visitors_may_and_on_a_space_what_is_offered(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetching() is Fetching.YES
    monkeypatch.setenv("SPACE_ID", "someone/eraser-lab")
    assert fetching() is Fetching.OFFERED
    host(FETCH=" No ")
    assert fetching() is Fetching.NO


@pytest.mark.parametrize("name", ["lama", "sam_vit_h", "grounding_dino_base"])
def test_all_that_is_on_the_page_by_default(
    service: Service, host: Host, begun: list[str], name: str
) -> None:
    assert asked(service, name) == "" and begun


def test_nothing_where_the_host_says_no(service: Service, host: Host, begun: list[str]) -> None:
    host(FETCH="no")
    names = ["lama", "mobile_sam", list_detectors()[0].id, get_eraser("lama").spec.weights[0].name]
    assert {asked(service, name) for name in names} == {"fetch_forbidden"} and begun == []
    said = entry("lama")["no_fetch"]
    assert "those of LaMa are not" in said["en"] and "ERASER_LAB_FETCH" in said["zh"]


def test_what_the_offered_erasers_and_the_page_itself_need(
    service: Service, host: Host, begun: list[str]
) -> None:
    host(FETCH="offered", ERASERS="lama,telea")
    for name in ("lama", list_segmenters()[0].id, list_detectors()[0].id):
        assert asked(service, name) == "", name
    begun.clear()
    assert asked(service, "sam_vit_h") == "fetch_not_offered"
    assert asked(service, "migan") == "unknown_weights"
    assert begun == [] and [each["id"] for each in catalog.describe_erasers()] == ["lama", "telea"]


def test_nothing_that_the_machine_could_not_load(
    service: Service, host: Host, begun: list[str]
) -> None:
    spec: EraserSpec = get_eraser("qwen_image_edit").spec
    for choice in ("yes", "offered"):
        host(FETCH=choice)
        assert asked(service, spec.id) == "not_enough_memory"
        assert asked(service, spec.weights[-1].name) == "not_enough_memory"
    assert begun == [] and "GB" in entry(spec.id)["no_fetch"]["en"]
    assert asked(service, "lama") == "" and entry("lama")["no_fetch"] is None


def test_erase_asks_the_same(host: Host) -> None:
    host(FETCH="no")
    eraser = get_eraser("lama")
    with pytest.raises(UserError) as caught:
        visitors.may_fetch(eraser, eraser.Settings())
    assert caught.value.code == "fetch_forbidden"


def test_a_run_of_the_page_fetches_nothing_against_the_host(
    service: Service, host: Host, photo: str
) -> None:
    host(FETCH="no")
    request = order(photo, "lama", objects=[], strokes=[STROKE])
    *_, grid = service.erase(request)
    assert grid["cards"] and grid["cards"][0]["error"]["code"] == "fetch_forbidden", grid


@pytest.mark.parametrize(
    ("name", "value"), [("FETCH", "maybe"), ("WEIGHTS_GB", "lots"), ("ERASERS", "lama,none")]
)
def test_a_host_is_told_of_a_bad_setting_at_the_start(host: Host, name: str, value: str) -> None:
    check_host()
    host(**{name: value})
    with pytest.raises(UserError, match=f"ERASER_LAB_{name}"):
        check_host()
    with pytest.raises(UserError):
        Service()


def test_the_default_weights_come_only_where_they_fit(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(
        catalog, "_fetch_in_turn", lambda files: taken.extend(w.name for w in files)
    )
    monkeypatch.setattr(catalog.threading, "Thread", _AtOnce)
    catalog.fetch_default_erasers()
    assert taken
    taken.clear()
    host(MEMORY="0.001")
    outlook._surveyed_once.cache_clear()
    catalog.fetch_default_erasers()
    assert taken == []


class _AtOnce:
    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], **_: object) -> None:
        self._call = lambda: target(*args)

    def start(self) -> None:
        self._call()
