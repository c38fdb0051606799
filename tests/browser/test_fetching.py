"""What a card says while its weights are on their way, and when they do not come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from methods import (
    EraserSpec,
    Hurdle,
    Notice,
    Obstacle,
    Report,
    Text,
    WeightFile,
    WeightState,
    WeightStatus,
)
from ui.service.choices import catalog, offers

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ERASER, FOLDER = "sdxl_inpainting", "sdxl-inpainting/"
REFUSED = {
    "name": "net",
    "page": "https://hub.example/org/net",
    "tokens": "https://hub.example/settings/tokens",
    "command": "python -m methods fetch net",
}
ROOM = {"needed": "9.0 GB", "free": "1.0 GB"}
IN_THE_WAY = (
    Obstacle(Hurdle.MEMORY, Text("obstacle.memory", fits="fits", **ROOM)),
    Obstacle(Hurdle.DISK, Text("obstacle.disk", **ROOM)),
    Obstacle(Hurdle.FETCH, Text("obstacle.fetch", size="9.0 GB", places="hub", command="fetch")),
)
Scene = Callable[..., None]


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that could load every eraser."""
    monkeypatch.setenv("ERASER_LAB_MEMORY", "200")


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Sets how the files of one eraser stand."""
    real, now = catalog.weight_status, dict[str, Any](state=WeightState.MISSING, done=0)

    def status(weight: WeightFile) -> WeightStatus:
        if not weight.name.startswith(FOLDER):
            return real(weight)
        return WeightStatus(name=weight.name, size=weight.size, license="MIT", **now)

    def change(state: WeightState, **more: Any) -> None:
        now.clear()
        now.update(state=state, done=0, **more)

    for module in (catalog, offers):
        monkeypatch.setattr(module, "weight_status", status)
    return change


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> list[bool]:
    """`again` of each download that the page has begun; it stands still until a scene changes."""
    seen: list[bool] = []

    def begin(*weights: WeightFile, again: bool) -> None:
        assert all(weight.name.startswith(FOLDER) for weight in weights)
        seen.append(again)
        scene(WeightState.FETCHING)

    monkeypatch.setattr(catalog, "fetch_in_background", begin)
    return seen


def test_a_download_speaks_and_can_be_begun_anew(tab: Any, scene: Scene, begun: list[bool]) -> None:
    tab.reload()  # with the scene, whatever the first look has seen
    card = tab.page.locator(f"[data-card={ERASER}]")
    card.locator("summary").click()
    line = card.locator(".lab-weights")

    def wait_for(words: str) -> None:
        line.get_by_text(words).first.wait_for()

    line.get_by_role("button").click()
    tab.page.click("dialog[open] button:not([data-testid])")
    assert begun == []  # nobody fetches gigabytes by one press
    card.locator(".lab-fetch").click()
    tab.page.click("[data-testid=confirm-fetch]")
    wait_for("fetching 0 %")
    waiting = Notice("waiting_asked", seconds=12, host="hub")
    scene(WeightState.FETCHING, notice=waiting)
    wait_for("Waiting 12 s")
    tab.switch_language()
    wait_for("等待 12 秒：hub 要求稍候。")
    tab.switch_language()

    refusal = f"Accept it at {REFUSED['page']}"
    scene(WeightState.FAILED, error=refusal, code="weights_login", details=REFUSED)
    wait_for(refusal)
    assert line.get_by_test_id("fetch-again").count() == 0
    line.get_by_role("button").click()
    tab.page.click("[data-testid=confirm-fetch]")
    wait_for("fetching 0 %")
    changed = {"error": "The publisher has changed it.", "code": "weights_changed_unpinned"}
    scene(WeightState.FAILED, details={}, **changed)
    wait_for("The publisher has changed it.")
    line.get_by_test_id("fetch-again").click()
    tab.page.click("[data-testid=confirm-fetch]")
    wait_for("fetching 0 %")
    scene(WeightState.FOUND)
    wait_for("found on this machine")
    card.get_by_test_id("fetch-again").click()
    wait_for("fetching 0 %")
    scene(WeightState.READY)
    wait_for("ready")
    assert begun == [False, False, True, True]


def test_a_card_says_what_is_in_the_way(tab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def report(spec: EraserSpec, *args: Any) -> Report:
        found = catalog_report(spec, *args)
        return replace(found, obstacles=IN_THE_WAY) if spec.id == ERASER else found

    catalog_report = offers.report
    monkeypatch.setattr(offers, "report", report)
    tab.reload()
    card = tab.page.locator(f"[data-card={ERASER}]")
    card.locator("summary").click()
    memory = card.locator("[data-obstacle=memory]")
    memory.get_by_text("Needs about 9.0 GB").wait_for()
    assert card.locator(".lab-weights").get_by_role("button").count() == 0
    assert card.locator(".lab-short").inner_text().startswith("6.9 GB")
    assert card.locator("[data-obstacle=fetch]").count() == 0  # its button says it
    assert card.locator("input[type=checkbox]").first.is_enabled()
    tab.switch_language()
    memory.get_by_text("模型约需 9.0 GB").wait_for()


def test_where_the_host_fetches_nothing_a_card_says_so_and_has_no_button(
    tab: Any, monkeypatch: pytest.MonkeyPatch, scene: Scene
) -> None:
    scene(WeightState.MISSING)
    monkeypatch.setenv("ERASER_LAB_FETCH", "no")
    tab.reload()
    card = tab.page.locator(f"[data-card={ERASER}]")
    card.locator("summary").click()
    card.locator(".lab-weights").get_by_text("Visitors may fetch no weights").wait_for()
    assert card.locator(".lab-weights").get_by_role("button").count() == 0
    assert card.get_by_test_id("fetch-again").count() == 0
    tab.switch_language()
    card.get_by_text("不允许访客下载权重").wait_for()
    tab.switch_language()
