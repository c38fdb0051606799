"""The real proxies, with what docs/proxies.md says: the page works below a path, and nobody gets to
say who he is."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ports import own_port
from tests.load.figures import Figures, Said
from tests.load.page import Page
from tests.load.photos import BallPhoto
from tests.load.program import Program

ROOT = Path(__file__).resolve().parents[3]
NAME, BELOW = "lab.example.org", "/apps/eraser"
FORGED = "198.51.100.66"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def written(language: str) -> str:
    """The block of the page in docs/."""
    text = (ROOT / "docs" / "proxies.md").read_text("utf-8")
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("proxied")
    (folder / "data").mkdir()
    settings = {
        "ERASER_LAB_NAMES": NAME,
        "ERASER_LAB_ROOT_PATH": BELOW,
        "ERASER_LAB_WEIGHTS": str(folder / "weights"),
        "ERASER_LAB_METRICS": "1",
    }
    made = Program(folder / "data", folder / "log", settings=settings)
    try:
        made.start()
        yield made
    finally:
        made.close()


@contextmanager
def caddy(folder: Path, to: int) -> Iterator[int]:
    port = own_port()
    site = written("caddy").replace("127.0.0.1:7860", f"127.0.0.1:{to}")
    site = site.replace(f"{NAME} {{", f"http://{NAME}:{port} {{", 1)
    file = folder / "Caddyfile"
    file.write_text("{\n    admin off\n    auto_https off\n}\n" + site)
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    with serving(command, port, {"HOME": str(folder)}):
        yield port


@contextmanager
def nginx(folder: Path, to: int) -> Iterator[int]:
    port = own_port()
    site = written("nginx").replace("127.0.0.1:7860", f"127.0.0.1:{to}")
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    site = re.sub(r"^ *ssl_.*\n", "", site, flags=re.MULTILINE)
    kept = "".join(
        f"    {what}_temp_path {folder}/{what};\n"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""  # else it is nobody
    file = folder / "nginx.conf"
    file.write_text(
        f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\n    access_log off;\n{kept}{site}}}\n"
    )
    with serving(["nginx", "-c", str(file), "-p", str(folder)], port, {}):
        yield port


@contextmanager
def serving(command: list[str], port: int, more: dict[str, str]) -> Iterator[None]:
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    program = shutil.which(command[0], path=path)
    if program is None:
        pytest.skip(f"{command[0]} is not installed")
    with subprocess.Popen([program, *command[1:]], env={**os.environ, **more}) as server:
        try:
            until = time.monotonic() + 60
            while not listens(port):
                assert server.poll() is None and time.monotonic() < until, f"{command} ended"
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module", params=[caddy, nginx])
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, program: Program
) -> Iterator[str]:
    """Where a browser would ask for the page, at a port in place of TLS's."""
    with request.param(tmp_path_factory.mktemp("proxy"), program.port) as port:
        yield f"http://127.0.0.1:{port}{BELOW}"


def headers_at(address: str) -> dict[str, str]:
    place = f"{NAME}:{httpx.URL(address).port}"
    return {"Host": place, "Origin": f"http://{place}", "X-Forwarded-For": FORGED}


def visited(address: str, what: Callable[[Page], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        page = Page(address, FORGED, Figures(), headers_at(address))
        async with aclosing(page):
            await page.load()
            return await what(page)

    return asyncio.run(main())


async def opened(page: Page, photo: BallPhoto, more: bytes = b"") -> str:
    path = await page.upload(photo.file + more, "photo.png")
    while True:
        try:
            answer = await page.ask("open_photo", {"path": path, "name": "photo.png"})
        except Said as said:
            if said.code != "too_fast":  # the tests before had the same address
                raise
            await asyncio.sleep(0.5)
        else:
            return str(answer["photo"]["id"])


def test_a_photo_is_erased_below_the_path(address: str) -> None:
    """The photo is larger than what a proxy lets through by itself."""
    photo = BallPhoto(5)

    async def erase(page: Page) -> tuple[dict[str, Any], bytes]:
        job = {"eraser": "telea", "settings": {}, "seed": 0}
        photo_id = await opened(page, photo, bytes(3_000_000))
        run = await page.new_run()
        await page.join({**photo.brushed(), "photo": photo_id, **run, "jobs": [job]})
        async with aclosing(page.grids()) as grids:
            *_, grid = [each async for each in grids]
        return grid, await page.get(grid["cards"][0]["full"], "result")

    grid, result = visited(address, erase)
    assert grid["state"] == "done" and grid["cards"][0]["changed_outside"] == 0
    assert result.startswith(b"\x89PNG")


def test_events_come_as_they_happen(address: str) -> None:
    """Stop is pressed at the first one: were they held back, all would have ended by then."""

    async def stop(page: Page) -> tuple[str, bool]:
        photo = BallPhoto(6)
        jobs = [{"eraser": "patchmatch", "settings": {}, "seed": seed} for seed in range(12)]
        run = await page.new_run()
        photo_id = await opened(page, photo)
        await page.join({**photo.brushed(), "photo": photo_id, **run, "jobs": jobs})
        stopped, grid = False, {"state": ""}
        async with aclosing(page.grids()) as grids:
            async for grid in grids:
                if not stopped:
                    assert grid["state"] == "running"
                    stopped = (await page.ask("stop", run))["stopped"]
        return str(grid["state"]), stopped

    assert visited(address, stop) == ("stopped", True)


def test_addresses_of_the_page_are_those_of_the_proxy(address: str) -> None:
    config = httpx.get(f"{address}/config", headers=headers_at(address), timeout=60).json()
    place = headers_at(address)["Host"]
    assert config["root"] in (BELOW, f"http://{place}{BELOW}")
    assert httpx.get(address, headers=headers_at(address), timeout=60).status_code in (301, 302)


def test_figures_stay_with_the_host(address: str, program: Program) -> None:
    assert httpx.get(f"{program.address}/metrics", timeout=60).status_code == 200
    assert httpx.get(f"{address}/metrics", headers=headers_at(address)).status_code == 404
    assert httpx.get(f"{address}/healthz", headers=headers_at(address)).json()["ok"] is True


def test_pages_of_others_are_refused_as_without_a_proxy(address: str) -> None:
    async def foreign() -> str:
        page = Page(address, FORGED, Figures(), headers_at(address))
        async with aclosing(page):
            await page.load()
            page.headers["Origin"] = "http://evil.example"
            with pytest.raises(Said) as said:
                await page.ask("erasers", {})
            return said.value.code

    assert asyncio.run(foreign()) == "foreign_origin"


def test_who_asks_is_not_the_visitors_word(address: str, program: Program) -> None:
    """Many addresses are forged, and one visitor is refused all the same."""

    async def storm() -> int:
        page = Page(address, FORGED, Figures(), headers_at(address))
        refused = 0
        async with aclosing(page):
            await page.load()
            for number in range(60):
                page.headers["X-Forwarded-For"] = f"198.51.100.{number}"
                try:
                    await page.ask("open_run", {"run": "A" * 22})
                except Said as said:
                    refused += said.code == "too_fast"
        return refused

    assert asyncio.run(storm()) > 0
