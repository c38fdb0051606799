"""The page's own files, and the HTML that names them: hashed, kept, compressed, there at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest
from brotli import decompress
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.page.assets import (
    ENTRY,
    RESULTS,
    SCRIPTS,
    STATIC,
    STYLES,
    TABLES,
    Assets,
    _bare,
    page_modules,
)
from ui.page.early import Compressed, EarlyPage
from ui.page.joining import in_order
from ui.page.routes import static_route

GRADIOS = '<link rel="stylesheet" crossorigin href="./assets/index.css">'
PAGE = f"<html><head><title>t</title>{GRADIOS}</head><body><gradio-app></gradio-app></body></html>"


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(None)


@pytest.fixture(scope="module")
def client(assets: Assets) -> TestClient:
    def page(request: Request) -> Response:
        return HTMLResponse(PAGE)

    def other(request: Request) -> Response:
        return HTMLResponse("<html><head></head>" + "an error " * 1000)

    def report(request: Request) -> Response:
        kept = {"Content-Disposition": "attachment; filename=report.html"}
        return HTMLResponse(PAGE, headers=kept)

    def long(request: Request) -> Response:
        return PlainTextResponse("word " * 1000)

    routes = [static_route(assets)]
    for path, endpoint in {"/": page, "/other": other, "/kept": report, "/long": long}.items():
        routes.append(Route(path, endpoint))
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(Compressed), Middleware(EarlyPage, assets)])
    )


def test_every_file_of_the_page_is_served_and_kept_for_ever(
    client: TestClient, assets: Assets
) -> None:
    for name in (STYLES, ENTRY, RESULTS, TABLES):
        answer = client.get(f"/{assets.folder}/{name}", headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200, name
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in answer.headers["cache-control"]


def test_a_file_is_sent_compressed_to_who_understands_it(
    client: TestClient, assets: Assets
) -> None:
    url = f"/{assets.folder}/{ENTRY}"
    plain = client.get(url, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", url, headers={"Accept-Encoding": "gzip, br"}) as answer:
        assert answer.headers["content-encoding"] == "br"
        assert decompress(b"".join(answer.iter_raw())) == plain.content
    assert "Accept-Encoding" in plain.headers["vary"] and "content-encoding" not in plain.headers


@pytest.mark.parametrize("name", ["scripts/types.d.ts", "scripts/../../page/routes.py", "", "x.js"])
def test_nothing_else_can_be_named(client: TestClient, assets: Assets, name: str) -> None:
    assert client.get(f"/{assets.folder}/{name}").status_code == 404


def test_the_files_of_another_version_are_not_given(client: TestClient) -> None:
    assert client.get(f"/lab/static/{'0' * 16}/{ENTRY}").status_code == 404


def test_the_address_changes_with_what_is_served(assets: Assets) -> None:
    assert Assets(None).folder == assets.folder
    assert Assets("zh").folder == assets.folder and Assets("zh").head() != assets.head()


def test_every_module_is_in_one_of_the_files(assets: Assets) -> None:
    version, modules = assets.folder.rpartition("/")[2], page_modules()
    every = {f.relative_to(SCRIPTS).as_posix() for f in SCRIPTS.rglob("*.js")} | {"given.js"}
    held: list[str] = []
    for entry, served in (
        ("main.js", ENTRY), ("results/grid.js", RESULTS), ("tables/tables.js", TABLES)
    ):  # fmt: skip
        file, own = assets.get(version, served), in_order(entry, modules, without=held)
        assert file is not None and file.body.count(b"(() => {\nconst") <= len(own)
        assert own and entry in own
        held += own
    assert len(held) == len(set(held)) and set(held) == every


def test_addresses_are_relative_to_where_the_page_is_mounted(assets: Assets) -> None:
    named = re.findall(r'(?:href=|folder = )"([^"]+)"', assets.head() + assets.preloads())
    assert len(named) == 3 and "url(" not in assets.early_styles()
    assert all(address.startswith("lab/static/") for address in named)


def test_the_page_comes_with_head_and_skeleton(client: TestClient, assets: Assets) -> None:
    html = client.get("/").text
    head, _, body = html.partition("</head>")
    assert assets.early_styles() in head and assets.script() in head and "stylesheet" not in head
    order = ['id="lab-skeleton"', GRADIOS, assets.sheet(), "<gradio-app>"]
    assert sorted(map(body.index, order)) == list(map(body.index, order))
    assert len(html.encode("utf-8")) == int(
        client.get("/", headers={"Accept-Encoding": "identity"}).headers["content-length"]
    )


def test_another_page_and_a_file_to_keep_pass_as_they_are(client: TestClient) -> None:
    assert client.get("/other").text.count("lab-skeleton") == 0
    assert client.get("/kept").text == PAGE


def test_what_has_no_ending_is_compressed(client: TestClient) -> None:
    assert client.get("/long").headers["content-encoding"] == "gzip"


def test_comments_on_lines_of_their_own_are_left_out() -> None:
    source = b"/* a\n * b */\nlet x = 1; // why\n  // c\nconst u = 'http://x'; /* d */\n"
    assert _bare(source) == b"let x = 1; // why\nconst u = 'http://x'; /* d */\n"
    cast = b"  /** @type {A} */ (a).b();\n  c();\n  /** d */\n  e();\n"
    assert _bare(cast) == b"  /** @type {A} */ (a).b();\n  c();\n  e();\n"


def test_no_string_of_the_scripts_goes_over_several_lines() -> None:
    for file in STATIC.rglob("*.js"):
        for number, line in enumerate(_bare(file.read_bytes()).decode("utf-8").splitlines(), 1):
            assert line.count("`") % 2 == 0, f"{file.name}:{number}"


PARSED = """
import { text } from "node:stream/consumers";
import { SourceTextModule } from "node:vm";
for (const [identifier, source] of Object.entries(JSON.parse(await text(process.stdin))))
  new SourceTextModule(source, { identifier });
"""


@pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("node") is None, reason="Node.js is not here"
)
def test_what_is_served_is_still_a_module(assets: Assets) -> None:
    version = assets.folder.rpartition("/")[2]
    names = {ENTRY, RESULTS, TABLES}
    found = {name: assets.get(version, name) for name in names}
    sources = {name: asset.body.decode("utf-8") for name, asset in found.items() if asset}
    command = ["node", "--experimental-vm-modules", "--input-type=module", "-e", PARSED]
    read = subprocess.run(command, input=json.dumps(sources), text=True, capture_output=True)
    assert read.returncode == 0 and len(sources) == len(names), read.stderr
