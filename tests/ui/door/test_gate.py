"""Where somebody has to sign in, nobody else gets at anything: every route there is."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from fastapi.routing import APIRoute
from gradio.routes import App
from starlette.routing import Route
from starlette.testclient import TestClient

from door_tools import FAR, ask
from methods import UserError
from ui.door.access import Access, access_of
from ui.door.door import Door
from ui.door.gate import ATTEMPTS, SIGN_OUT, Gate
from ui.door.rules import Rules
from ui.page.layout import build_page, launch_options
from ui.service.service import Service
from ui.stores.accounts import Accounts
from ui.stores.upload_room import UploadRoom

pytest_plugins = ["ui_fixtures"]

PASSWORD = "correct horse"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OPEN = {"/healthz", "/readyz", "/login", "/login/"}


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """anna has a password; robot has a token, which stands in TOKEN."""
    made = Accounts(tmp_path_factory.mktemp("accounts") / "accounts.json", QUICK)
    made.set_password("anna", PASSWORD)
    return made


@pytest.fixture(scope="module")
def token(accounts: Accounts) -> str:
    return accounts.add_token("robot")


@pytest.fixture(scope="module")
def app(accounts: Accounts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The whole page as `app.py` launches it, but for the socket."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        patch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
        service = Service(tmp_path_factory.mktemp("data"))
        access = Access(accounts)
        page = build_page(service, access=access)
        options: Any = launch_options(service, None, access=access)
        page.auth = options["auth"]
        page.queue(max_size=8)
        made = App.create_app(page, app_kwargs=options["app_kwargs"])
        yield made
        service.close()


@pytest.fixture
def client(app: App) -> TestClient:
    app.startup_events_triggered = True
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5))


def routes(app: App) -> list[tuple[str, str]]:
    """Each method and address of the app, its parts filled in."""
    found = []
    for route in walked(app.routes):
        if isinstance(route, Route | APIRoute):
            address = re.sub(r"\{[^}]*\}", "x", route.path)
            found += [(method, address) for method in sorted(route.methods or ())]
    return found


def walked(routes: Iterable[Any]) -> Iterator[Any]:
    """Also those of routers that are taken in whole."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from [route] if inner is None else walked(inner.routes)


def signed_in(client: TestClient) -> TestClient:
    form = {"username": "anna", "password": PASSWORD}
    assert client.post("/login", data=form).json() == {"success": True}
    return client


# --- every route -------------------------------------------------------------------------


def test_every_route_is_behind_the_gate(app: App, client: TestClient) -> None:
    all_routes = routes(app)
    named = {address for _, address in all_routes}
    assert len(all_routes) > 80
    assert {"/", "/lab/runs/x/all.zip", "/gradio_api/queue/join", "/gradio_api/upload"} <= named
    through = []
    for method, address in all_routes:
        if address in OPEN:
            continue
        answer = client.request(method, address, json={} if method == "POST" else None)
        refused = answer.status_code == 401
        if address.startswith("/gradio_api/component_server"):  # the page reads it in the answer
            refused = answer.json()["error"]["code"] == "sign_in_first"
        if address == "/gradio_api/upload" and method == "POST":
            refused = answer.status_code in (401, 403)  # no form
        if not refused:
            through.append((method, address, answer.status_code))
    assert through == []


def test_a_browser_gets_the_page_to_sign_in_on_and_nothing_of_the_program(
    client: TestClient,
) -> None:
    for address in ("/", "/?run=x", "/config", "/lab/report.html"):
        answer = client.get(address, headers={"Accept": "text/html"})
        assert 'name="password"' in answer.text and "gradio" not in answer.text
        assert "no-store" in answer.headers["cache-control"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_health_is_told_to_everybody(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"ok": True, "staying": True}
    assert client.get("/readyz").status_code in (200, 503)


# --- ways in -----------------------------------------------------------------------------


def test_a_password_opens_all_and_signing_out_closes_it(client: TestClient) -> None:
    signed_in(client)
    assert client.get("/config").status_code == 200
    assert client.get("/gradio_api/user").json() == "anna"
    assert client.post(SIGN_OUT).json() == {"ok": True}
    assert client.get("/config").status_code == 401


def test_a_token_opens_the_api(client: TestClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/config", headers=headers).status_code == 200
    assert client.get("/gradio_api/user", headers=headers).json() == "robot"
    stale = {**headers, "Cookie": "access-token-unsecure-x=1; other=2"}
    assert client.get("/gradio_api/info", headers=stale).status_code == 200
    for wrong in (token[:-1], f"{token}x", "", "\u00e9"):
        said = {b"Authorization": f"Bearer {wrong}".encode()}
        assert client.get("/config", headers=said).status_code == 401
    assert client.get("/config", headers={"Authorization": f"Basic {token}"}).status_code == 401


def test_who_is_removed_or_has_another_password_is_out_at_once(
    client: TestClient, accounts: Accounts
) -> None:
    accounts.set_password("ben", PASSWORD)
    form = {"username": "ben", "password": PASSWORD}
    assert client.post("/login", data=form).status_code == 200
    assert client.get("/config").status_code == 200
    accounts.set_password("ben", "another word")
    assert client.get("/config").status_code == 401
    assert client.post("/login", data=form).status_code == 400
    assert client.post("/login", data={**form, "password": "another word"}).status_code == 200
    accounts.remove("ben")
    assert client.get("/config").status_code == 401


def test_a_foreign_page_signs_nobody_in(client: TestClient) -> None:
    form = {"username": "anna", "password": PASSWORD}
    answer = client.post("/login", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_guessing_is_slowed_down_and_signing_in_is_not(app: App, client: TestClient) -> None:
    for _ in range(ATTEMPTS.burst + 2):
        signed_in(client)
    wrong = {"username": "anna", "password": "guess"}
    codes = (client.post("/login", data=wrong).status_code for _ in range(4 * ATTEMPTS.burst))
    assert 429 in codes  # a slow machine earns some back meanwhile
    answers = (client.post("/login", data=wrong) for _ in range(4))
    slowed = next(answer for answer in answers if answer.status_code == 429)
    assert slowed.json()["error"]["code"] == "too_fast" and int(slowed.headers["retry-after"]) > 0
    other = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.2", 5))
    assert other.post("/login", data=wrong).status_code == 400


# --- the file ----------------------------------------------------------------------------


def test_the_file_has_hashes_alone_and_is_for_its_owner(accounts: Accounts, token: str) -> None:
    kept = accounts.path.read_text()
    assert "$argon2id$" in kept and PASSWORD not in kept and token not in kept
    if os.name == "posix":
        assert accounts.path.stat().st_mode & 0o077 == 0


def test_nobody_gets_in_by_a_file_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    accounts = Accounts(path, QUICK)
    accounts.set_password("anna", PASSWORD)
    assert accounts.verify("anna", PASSWORD)
    path.write_text('{"people": 3}')
    assert not accounts.verify("anna", PASSWORD)
    with pytest.raises(UserError, match="no file of accounts"):
        accounts.check()


def test_unknown_people_and_those_without_a_password_are_refused(accounts: Accounts) -> None:
    assert not accounts.verify("nobody", PASSWORD)
    assert not accounts.verify("robot", "") and not accounts.verify("anna", "")


# --- Hugging Face ------------------------------------------------------------------------


def info(name: str, *orgs: str, seconds: float = 1e6) -> dict[str, Any]:
    person = {"preferred_username": name, "orgs": [{"preferred_username": org} for org in orgs]}
    return {"oauth_info": {"userinfo": person, "expires_at": time.time() + seconds}}


@pytest.mark.parametrize(
    ("session", "name"),
    [
        (info("Anna"), "hf:Anna"),
        (info("ben", "My-Team"), "hf:ben"),
        (info("carl", "other"), None),
        (info("anna", seconds=-1), None),
        ({}, None),
        ({"oauth_info": {"userinfo": {"preferred_username": "anna"}}}, None),
        (info("", "my-team"), None),
    ],
)
def test_who_has_signed_in_at_the_hub_and_belongs_here(
    session: dict[str, Any], name: str | None
) -> None:
    assert Access(None, frozenset({"anna", "my-team"})).of_hub(session) == name
    gate = Gate(Access(None, frozenset({"anna", "my-team"})))
    scope = {"type": "http", "path": "/", "method": "GET", "headers": [], "session": session}
    assert gate.who(scope) == name


def test_hugging_face_signs_in_on_a_space_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL"):
        monkeypatch.setenv(name, "x")
    with pytest.raises(UserError, match="on a Space alone"):
        access_of(["hf:anna"])
    monkeypatch.setenv("SPACE_ID", "anna/lab")
    monkeypatch.setattr("ui.door.access.OAUTH_PACKAGES", ())
    assert access_of(["hf:Anna, my-team"]) == Access(None, frozenset({"anna", "my-team"}))


def test_settings_that_cannot_be(tmp_path: Path, accounts: Accounts) -> None:
    assert access_of([]) is None
    for said in (["a", "b"], ["hf:"], ["hf:a,,b"]):
        with pytest.raises(UserError, match="takes one file"):
            access_of(said)
    with pytest.raises(UserError, match="is not there"):
        access_of([str(tmp_path / "none.json")])
    found = access_of([str(accounts.path)])
    assert found is not None and found.accounts is not None


def test_a_session_of_the_hub_opens_all(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Gradio's OAuth leaves it on a Space: signed by the Space's secret."""
    pytest.importorskip("authlib")
    signing = pytest.importorskip("itsdangerous")
    monkeypatch.setattr("gradio.oauth.get_space", lambda: "anna/lab")
    for name in ("CLIENT_ID", "CLIENT_SECRET", "SCOPES"):
        monkeypatch.setattr(f"gradio.oauth.OAUTH_{name}", "openid")
    monkeypatch.setattr("gradio.oauth.OPENID_PROVIDER_URL", "https://hub.example")
    access = Access(None, frozenset({"my-team"}))
    page = build_page(service, access=access)
    options: Any = launch_options(service, None, access=access)
    page.auth = options["auth"]
    app = App.create_app(page, app_kwargs=options["app_kwargs"])
    client = TestClient(app, base_url="https://127.0.0.1", client=("127.0.0.1", 5))
    signer = signing.TimestampSigner(sha256(b"openid-v4").hexdigest())

    def asks(session: dict[str, Any]) -> int:
        cookie = signer.sign(b64encode(json.dumps(session).encode())).decode()
        return client.get("/config", headers={"Cookie": f"session={cookie}"}).status_code

    assert asks(info("ben", "my-team")) == 200
    assert asks(info("carl", "other")) == 401
    assert asks(info("ben", "my-team", seconds=-5)) == 401


def test_a_public_page_says_that_it_is_open(service: Service, accounts: Accounts) -> None:
    def foot(**how: Any) -> str:
        config: Any = build_page(service, **how).config
        return str(config["components"])

    assert "foot.open" in foot(is_public=True)
    assert "foot.open" not in foot()
    assert "foot.open" not in foot(is_public=True, access=Access(accounts))


# --- at the door -------------------------------------------------------------------------


def test_people_are_counted_by_their_names(tmp_path: Path, accounts: Accounts, token: str) -> None:
    async def who(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(scope["client"][0]).encode()})

    room = UploadRoom(tmp_path, 2**30, 2**28)
    gate = Gate(Access(accounts))
    door = Door(who, Rules(), room, megabytes=1, ending=threading.Event(), gate=gate)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    assert ask(door, headers=headers, client=FAR).body == b"@robot"
    refused = ask(door, client=FAR)
    assert refused.status == 401 and refused.code == "sign_in_first"
