"""Whose a run is: what its link lets anybody do, and what its owner's secret alone."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.page.routes import lab_routes
from ui.service.erasing.owners import Owners, new_key
from ui.service.service import Service
from ui.stores.ownership import CLOSED, read_ownership
from ui.stores.remarks import MOST, Remark, Remarks
from ui.stores.runs import RunStore
from ui_tools import Answer, Slow, last, new_run, order, owned, run_id

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(Starlette(routes=lab_routes(service)))


@pytest.fixture
def run(service: Service, photo: str) -> Answer:
    return last(service.erase(order(photo, "paint")))


def code(answer: Answer) -> str:
    return str(answer["error"]["code"])


# --- ids and secrets ---------------------------------------------------------------------


def test_an_id_comes_from_the_server_alone(service: Service, photo: str) -> None:
    chosen = order(photo, "paint", run="A" * 22)
    assert code(last(service.erase(chosen))) == "run_unknown"
    mixed = {**order(photo, "paint"), "secret": new_run()["secret"]}
    assert code(last(service.erase(mixed))) == "run_unknown"
    begun = service.new_run({})
    asked = order(photo, "paint", run=begun["run"], secret=begun["secret"])
    assert last(service.erase(asked))["state"] == "done"
    assert code(last(service.erase(asked))) == "run_used"


def test_every_program_has_a_key_of_its_own(tmp_path: Path) -> None:
    assert len(new_key()) == 32 and new_key() != new_key()
    runs = Owners(RunStore(tmp_path))
    (one, _), (two, secret) = runs.begin(), runs.begin()
    assert one != two and runs.owns(two, secret) and not runs.owns(one, secret)


def test_the_disk_has_the_secrets_hash_alone(service: Service, run: Answer) -> None:
    secret = owned(run)["secret"]
    folder = service.runs.folder / run["run"]
    kept = json.loads((folder / "owner.json").read_text())
    assert kept == {"owner": sha256(secret.encode()).hexdigest(), "private": False}
    assert not any(secret.encode() in file.read_bytes() for file in folder.iterdir())


# --- what others may not -----------------------------------------------------------------

CHANGES: dict[str, dict[str, Any]] = {
    "stop": {},
    "remark": {"index": 0, "text": "Mine."},
    "keep_private": {"private": True},
    "delete_run": {},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_link_changes_nothing(service: Service, run: Answer, name: str) -> None:
    before = service.runs.written(run["run"])
    for secret in (None, "x", "a" * 64, "\udcff"):
        answer = getattr(service, name)({"run": run["run"], "secret": secret, **CHANGES[name]})
        assert code(answer) in ("not_owner", "bad_request"), secret
        assert service.runs.written(run["run"]) == before, secret


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_from_before_there_were_owners_is_nobodys(
    service: Service, run: Answer, name: str
) -> None:
    (service.runs.folder / run["run"] / "owner.json").unlink()
    opened = service.open_run({"run": run["run"]})
    assert opened["ok"] and not opened["own"]
    stranger = {"run": run["run"], "secret": new_run()["secret"], **CHANGES[name]}
    assert code(getattr(service, name)(stranger)) == "not_owner"


def test_a_stranger_does_not_stop_a_run(service: Service, photo: str) -> None:
    asked = order(photo, "slow")
    grids = service.erase(asked)
    next(grid for grid in grids if grid["cards"][0]["state"] == "running")
    assert code(service.stop({"run": asked["run"]})) == "not_owner"
    assert not service.open_run({"run": asked["run"]})["own"]
    assert code(service.delete_run(owned(asked))) == "run_going_on"
    assert service.stop(owned(asked))["stopped"]
    assert last(grids)["state"] == "stopped"


def test_a_run_is_its_owners_before_it_has_a_folder(service: Service) -> None:
    begun = new_run()
    assert service.owners.owns(begun["run"], begun["secret"])
    assert code(service.stop(begun)) == "run_gone"


# --- private, deleted --------------------------------------------------------------------


def test_a_private_run_is_shown_to_its_owner_alone(
    service: Service, client: TestClient, run: Answer
) -> None:
    addresses = [run["zip"], run["mask"]["url"], run["cards"][0]["view"], run["photo"]["full"]]
    addresses.append(f"lab/report.html?runs={run['run']}")
    assert [client.get(f"/{each}").status_code for each in addresses] == [200] * 5
    assert service.keep_private(owned(run, private=True)) == {"ok": True, "private": True}
    assert [client.get(f"/{each}").status_code for each in addresses] == [404] * 5
    assert code(service.open_run({"run": run["run"]})) == "run_private"
    assert service.tables.grids({"runs": [run["run"]]})["grids"] == {}
    opened = service.open_run(owned(run))
    grid = opened["grid"]
    assert opened["own"] and grid["private"] and grid["run"] == run["run"]
    again = [grid["zip"], grid["mask"]["url"], grid["cards"][0]["view"], grid["photo"]["full"]]
    again.append(f"lab/report.html?runs={grid['shown']}")
    assert [client.get(f"/{each}").status_code for each in again] == [200] * 5
    assert client.get(f"/{again[0].replace(grid['shown'], run['run'] + '.x')}").status_code == 404
    mine = {"runs": [run["run"]], "secrets": {run["run"]: owned(run)["secret"]}}
    assert service.tables.grids(mine)["grids"][run["run"]] == grid
    assert service.keep_private(owned(run, private=False))["ok"]
    assert client.get(f"/{addresses[0]}").status_code == 200


def test_a_run_that_is_hidden_while_it_goes_on_stays_in_its_owners_sight(
    service: Service, client: TestClient, photo: str
) -> None:
    asked = order(photo, "paint", "slow")
    grids = service.erase(asked)
    next(grid for grid in grids if grid["cards"][0]["state"] == "done")
    assert service.keep_private(owned(asked, private=True))["ok"]
    Slow.go_on.set()
    final = last(grids)
    assert final["private"] and client.get(f"/{final['cards'][0]['view']}").status_code == 200


def test_an_owner_takes_a_run_away(service: Service, client: TestClient, run: Answer) -> None:
    assert service.delete_run(owned(run))["ok"]
    assert not service.runs.exists(run["run"])
    assert code(service.open_run(owned(run))) == "run_gone"
    assert client.get(f"/{run['zip']}").status_code == 404


def test_what_cannot_be_read_is_shown_to_nobody(tmp_path: Path) -> None:
    (tmp_path / "owner.json").write_text('{"owner": "short"}')
    assert read_ownership(tmp_path) == CLOSED and not CLOSED.is_of("")


# --- remarks -----------------------------------------------------------------------------


def test_remarks_keep_their_history(service: Service, run: Answer) -> None:
    for text in ("Good.", "Bad.", "Bad.", "", "Fair."):
        answer = service.remark(owned(run, index=0, text=text))
    assert [one["text"] for one in answer["remarks"]] == ["Good.", "Bad."]
    card = service.open_run({"run": run["run"]})["grid"]["cards"][0]
    assert card["remark"] == "Fair." and card["remarks"] == answer["remarks"]
    assert all((one["at"] or 0) > 1.7e9 for one in card["remarks"])


def test_remarks_of_an_older_program_are_read(tmp_path: Path) -> None:
    (tmp_path / "remarks.json").write_text('{"0": "A smear.", "3": "Fine."}')
    remarks = Remarks()
    assert remarks.read(tmp_path)[3] == (Remark(text="Fine."),)
    remarks.add(tmp_path, 0, "Two smears.")
    assert [one.text for one in remarks.read(tmp_path)[0]] == ["A smear.", "Two smears."]


def test_remarks_on_one_result_are_bounded(tmp_path: Path) -> None:
    remarks = Remarks()
    written = {"0": [{"text": str(n), "at": 1.0} for n in range(MOST)]}
    (tmp_path / "remarks.json").write_text(json.dumps(written))
    with pytest.raises(Exception, match="as many as are kept"):
        remarks.add(tmp_path, 0, "One more.")


# --- what comes from the cache -----------------------------------------------------------


def test_a_result_tells_of_nobody_who_was_there_before(service: Service, photo: str) -> None:
    def card(browser: str) -> Answer:
        grid = last(service.erase(order(photo, "paint"), browser=browser))
        return {**grid["cards"][0], "whole": grid["seconds"]}

    first, other, again, third = card("anna"), card("ben"), card("ben"), card("anna")
    assert [one["cached"] for one in (first, other, again, third)] == [False, False, True, True]
    assert other["erase_seconds"] == first["erase_seconds"] <= other["whole"]


def test_an_unknown_run_is_gone(service: Service) -> None:
    assert code(service.open_run({"run": run_id(), "secret": "x"})) == "run_gone"
