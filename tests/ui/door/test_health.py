"""What watches over the program is told the truth."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient

import app as program
from door_tools import FAR, ask, make_door
from methods import EraserSpec, get_eraser, held
from ui.common.limits import Rate
from ui.common.tally import Tally
from ui.door import health, metrics
from ui.door.metrics import metrics_routes
from ui.service.service import Service
from ui_tools import last, order

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(Starlette(routes=health.health_routes(service)))


def test_up_is_up(client: TestClient, service: Service) -> None:
    answer = client.get("/healthz")
    assert answer.json() == {"ok": True, "staying": True}
    assert answer.headers["cache-control"] == "no-store"
    service.ending.set()
    assert client.get("/healthz").json() == {"ok": True, "staying": False}


@pytest.fixture
def telea_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a host that offers an eraser without weights."""
    chosen: tuple[EraserSpec, ...] = (get_eraser("telea").spec,)
    monkeypatch.setattr(health, "default_erasers", lambda: chosen)


@pytest.mark.usefixtures("telea_alone")
def test_ready_means_that_a_visitor_would_be_served(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/readyz").json()["ok"] is True
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
        full = client.get("/readyz")
    assert full.status_code == 503 and full.json()["disk"] is False
    with monkeypatch.context() as patch:
        patch.setattr(health, "default_erasers", tuple)
        assert client.get("/readyz").json()["erasers"] is False
    service.ending.set()
    ending = client.get("/readyz")
    assert ending.status_code == 503 and ending.json()["staying"] is False


def test_a_full_queue_is_not_ready() -> None:
    class Queue(list[int]):
        max_size = 2

    def holding(*events: int) -> Any:
        blocks = SimpleNamespace(_queue=Queue(events))
        return SimpleNamespace(get_blocks=lambda: blocks)

    assert health.has_room(holding(1)) and not health.has_room(holding(1, 2))
    assert health.has_room(object())


def test_a_folder_that_cannot_be_written_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**where: Any) -> Any:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path))
    monkeypatch.setattr("ui.common.files.TemporaryFile", refused)
    with pytest.raises(SystemExit, match=r"Read-only file system.*ERASER_LAB_DATA"):
        program.make_service()


def test_what_is_refused_is_counted(tmp_path: Path) -> None:
    door = make_door(tmp_path, requests=Rate(per_second=0.001, burst=1))
    for _ in range(3):
        ask(door, client=FAR)
    assert door._tally.refusals() == {"too_fast": 2}


def test_results_and_failures_are_counted_by_eraser(service: Service, photo: str) -> None:
    last(service.erase(order(photo, "paint", "broken", "telea")))
    assert {each: count for each, (count, _) in service.tally.results().items()} == {
        "paint": 1,
        "telea": 1,
    }
    assert all(seconds > 0 for _, seconds in service.tally.results().values())
    (failure,) = service.tally.failures()
    assert failure[0] == "broken"
    last(service.erase(order(photo, "paint")))  # remembered, not computed
    assert service.tally.results()["paint"][0] == 1


def test_figures_are_in_prometheus_own_words(service: Service) -> None:
    pytest.importorskip("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families as parse

    service.tally.erased("telea", 1.5)
    service.tally.erased("telea", 0.5)
    service.tally.failed("lama", "memory")
    service.tally.refused("too_fast")
    client = TestClient(Starlette(routes=metrics_routes(service)))
    answer = client.get(metrics.ADDRESS)
    assert answer.headers["content-type"].startswith("text/plain")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }
    assert found["eraser_lab_erase_seconds_count", "telea"] == 2
    assert found["eraser_lab_erase_seconds_sum", "telea"] == 2.0
    assert found["eraser_lab_failures_total", "lama", "memory"] == 1
    assert found["eraser_lab_refusals_total", "too_fast"] == 1
    assert found["eraser_lab_runs",] == 0 and found["eraser_lab_queue_waiting",] == 0
    assert ("eraser_lab_upload_bytes",) in found
    assert found["eraser_lab_ledger_bytes", "runs"] == 0
    assert found["eraser_lab_ledger_most_bytes", "held"] == held.most
    assert found["eraser_lab_waiting", "clicks"] == found["eraser_lab_waiting", "full_size"] == 0
    assert ("eraser_lab_held_bytes", "photos") in found


def test_open_connections_are_counted_as_the_server_counts_them() -> None:
    state = SimpleNamespace(connections={object(), object()})
    blocks = SimpleNamespace(server=SimpleNamespace(server_state=state))
    assert metrics._connections(SimpleNamespace(get_blocks=lambda: blocks)) == 2
    assert metrics._connections(object()) == 0


def test_a_running_server_counts_its_connections() -> None:
    """The names are uvicorn's own: a release that has others would be noticed here."""
    state = uvicorn.Server(uvicorn.Config("x:y")).server_state
    assert state.connections == set()


def test_figures_without_their_package_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "is_installed", lambda: False)
    with pytest.raises(SystemExit, match=r"requirements-metrics\.txt"):
        program.check_packages(program.parse(["--metrics"]))


def test_counts_of_one_do_not_change_those_already_asked_for() -> None:
    tally = Tally()
    tally.refused("busy")
    before = tally.refusals()
    tally.refused("busy")
    assert before == {"busy": 1}
