"""The page on a ZeroGPU Space: whose share a job costs, and what costs nobody's."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file

from methods._engine.result_cache import ResultCache
from ports import own_port
from runner_tools import runs_alive, wait_until
from ui.page.layout import build_page, launch_options
from ui.service.service import Service
from ui_tools import box, last, order, png_file, prompts, run_id
from zerogpu import toys
from zerogpu.device_api import DeviceApi, Refusal
from zerogpu.space import this_api

pytest_plugins = ["ui_fixtures"]

pytestmark = [
    pytest.mark.zerogpu,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CORNERS = [35, 23, 85, 67]


def token_of(visitor: str) -> str:
    """As Hugging Face's page gives one to the frame: a signed note, of which only the middle
    part is read here."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, {"user": visitor}))
    head, body = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.x"


@pytest.fixture(scope="module")
def reports() -> list[int]:
    """How many start-up reports there were before and after the launch."""
    return []


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    toys.register()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ui.service.helper.judge.are_features_ready", lambda: False)
        patch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
        made = Service(tmp_path_factory.mktemp("data"))
        yield made
        made.close()


@pytest.fixture(scope="module")
def page(service: Service, reports: list[int]) -> Iterator[gr.Blocks]:
    made = build_page(service)
    made.queue(max_size=64)
    reports.append(len(this_api().asked("/startup-report")))
    made.launch(
        **launch_options(service, "en"),
        server_name="127.0.0.1",
        server_port=own_port(),
        prevent_thread_lock=True,
        quiet=True,
    )
    reports.append(len(this_api().asked("/startup-report")))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("methods._engine.worker.results", ResultCache())
    yield
    wait_until(lambda: not runs_alive())


@pytest.fixture
def photo(service: Service) -> str:
    folder = service.uploads.folder
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "photo.png"
    file.write_bytes(png_file())
    answer = service.open_photo({"path": str(file), "name": "photo.png"})
    assert answer["ok"], answer
    return str(answer["photo"]["id"])


def test_the_start_is_reported_once(page: gr.Blocks, reports: list[int]) -> None:
    assert reports == [0, 1]


# --- whose share it is -------------------------------------------------------------------------


@pytest.mark.parametrize("visitor", ["ada", "bob"])
def test_a_program_borrows_in_its_users_name(
    visitor: str, page: gr.Blocks, api: DeviceApi, tmp_path: Path
) -> None:
    (result,) = _erased_by_program(page, visitor, "lent_noise", tmp_path)
    assert result["state"] == "done", result
    (asked,) = api.asked("/schedule")
    assert asked.values["token"] == token_of(visitor)


def _erased_by_program(page: gr.Blocks, visitor: str, eraser: str, folder: Path) -> list[Any]:
    file = folder / "photo.png"
    file.write_bytes(png_file())
    client = Client(page.local_url, headers={"x-ip-token": token_of(visitor)}, verbose=False)
    answer = client.predict(
        handle_file(str(file)), None, [eraser], box=CORNERS, segmenter="grabcut", api_name="/erase"
    )
    return list(answer["results"])


def test_the_page_borrows_in_its_visitors_name(page: gr.Blocks, api: DeviceApi, photo: str) -> None:
    grids = _erased_by_page(page, "eve", order(photo, "lent_noise", objects=box()))
    assert [card["state"] for card in grids[-1]["cards"]] == ["done"]
    assert "borrowing" in {card["state"] for grid in grids for card in grid["cards"]}
    (asked,) = api.asked("/schedule")
    assert asked.values["token"] == token_of("eve")


def _erased_by_page(page: gr.Blocks, visitor: str, payload: dict[str, Any]) -> list[Any]:
    """The grids that the page's own event gets, as the browser asks for them."""
    (event,) = [fn for fn in page.fns.values() if fn.name == "run_on_page"][:1]
    (target,) = event.targets
    body = {
        "data": [],
        "event_data": payload,
        "fn_index": event._id,
        "trigger_id": target[0],
        "session_hash": "sessionofatest",
    }
    with httpx.Client(base_url=page.local_url, timeout=60) as client:
        joined = client.post(
            "gradio_api/queue/join", json=body, headers={"x-ip-token": token_of(visitor)}
        )
        assert joined.status_code == 200, joined.text
        return list(_values(client))


def _values(client: httpx.Client) -> Iterator[Any]:
    """Whole values: the first stands as it is, the others as what has changed."""
    from gradio_client.utils import apply_diff

    value: Any = None
    with client.stream("GET", "gradio_api/queue/data?session_hash=sessionofatest") as stream:
        for line in stream.iter_lines():
            message = json.loads(line[5:]) if line.startswith("data:") else {}
            if message.get("msg") in ("process_generating", "process_completed"):
                for sent in (message["output"].get("data") or [])[:1]:
                    value = apply_diff(value, sent) if isinstance(sent, list) else sent
                    yield copy.deepcopy(value)
            if message.get("msg") == "process_completed":
                return


@pytest.mark.parametrize(
    ("plan", "words"), [("regular", "of your account's"), ("", "without an account")]
)
def test_what_is_left_of_ones_share_is_said(
    plan: str, words: str, page: gr.Blocks, api: DeviceApi, tmp_path: Path
) -> None:
    api.answer = Refusal.quota(left=3, plan=plan)
    (result,) = _erased_by_program(page, "ada", "lent_noise", tmp_path)
    assert result["state"] == "failed" and words in result["error"]
    assert "3 s are left" in result["error"] and "3 h 3 min" in result["error"]


# --- what costs nothing ------------------------------------------------------------------------


def test_nothing_but_a_lent_job_asks_for_a_gpu(
    service: Service, api: DeviceApi, photo: str
) -> None:
    answers = [
        service.segment({**prompts(photo), "n": 1}),
        service.mask(prompts(photo)),
        service.erasers({}),
        service.weights({}),
        service.reopen_photo({"photo": photo}),
        service.export_case({**prompts(photo), "jobs": []}),
    ]
    assert all(answer["ok"] for answer in answers), answers
    assert service.segment({"photo": "nobody", "n": 2})["ok"] is False
    grid = last(service.erase(order(photo, "telea", "navier_stokes", "patchmatch")))
    assert [card["state"] for card in grid["cards"]] == ["done"] * 3
    assert all("readings" in card for card in grid["cards"])
    refused = last(service.erase({"run": run_id(), "photo": photo}))
    assert refused["state"] == "failed"
    assert api.calls == []


def test_cards_say_what_a_job_costs(service: Service) -> None:
    answer = service.erasers({})
    assert answer["device"]["kind"] == "lent"
    entries = {entry["id"]: entry for entry in answer["erasers"]}
    assert entries["lama"]["gpu"] is None and entries["telea"]["gpu"] is None
    assert entries["flux2_klein"]["available"]
    cost = entries["flux2_klein"]["gpu"]
    assert cost is not None and cost["fixed"] > 0 and cost["steps"] == 4
