"""Keys that an owner's program is given, and prints wherever it can, stand nowhere afterwards."""

from __future__ import annotations

import base64
import io
import json
import logging
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image as PilImage
from PIL import UnidentifiedImageError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from examples.tables import main as table
from own_tools import Own
from table_fixtures import put_case
from ui.api.requests import ApiErase
from ui.api.work import Api
from ui.cli.__main__ import main
from ui.door.health import health_routes
from ui.door.metrics import metrics_routes
from ui.page.routes import lab_routes
from ui.service.service import Service
from ui_tools import Upload, last, order, png_file

pytest_plugins = ["own_fixtures", "ui_fixtures"]

NAMED = "pk-7fQ2+nm/zR=41&\"v'x8Lw0"
"""In the program's own environment; the manifest says its name in `keep`."""

WRITTEN = "wr_Hs81-kTy/Ee==%20:jU3bn5"
"""In the manifest's `environment`."""

WINDOW = 8
"""So many characters of a key in a row, in whatever way it is written, are a find."""

TELLS = """
    import base64, json, os, sys, time, urllib.parse
    keys = [os.environ["NAMED_KEY"], os.environ["WRITTEN_KEY"]]
    def tell(into):
        for key in keys:
            for way in (str, repr, json.dumps, urllib.parse.quote_plus,
                        lambda key: base64.b64encode(key.encode()).decode()):
                print("Authorization: Bearer", way(key), "said", file=into, flush=True)
    tell(sys.stdout)
    tell(sys.stderr)
"""
FAILS = "    raise SystemExit('no such key: ' + ' or '.join(keys))\n"
CUT = "    sys.stderr.write(keys[0] + 'y' * 4085); sys.stderr.flush(); os._exit(3)\n"
HANGS = "    time.sleep(60)\n"
MAKES = """
    from PIL import Image, PngImagePlugin
    words = PngImagePlugin.PngInfo()
    words.add_text("key", " ".join(keys))
    words.add_itxt("prompt", keys[0], zip=True)
    Image.open(sys.argv[1]).convert("RGB").rotate(180).save(sys.argv[3], pnginfo=words)
"""
NAMES = ("fails", "cut", "hangs", "makes", "kept")


@pytest.fixture
def tellers(own: Own, monkeypatch: pytest.MonkeyPatch) -> Own:
    """Five programs that tell their keys: four once for each picture, one that stays."""
    monkeypatch.setenv("NAMED_KEY", NAMED)
    given = {"keep": '["NAMED_KEY"]', "environment": f"{{WRITTEN_KEY = '{WRITTEN}'}}"}
    for name, ending in zip(NAMES, (FAILS, CUT, HANGS, MAKES), strict=False):
        seconds = "0.8" if name == "hangs" else "60"
        own.command(name, TELLS + ending, **given, seconds=seconds)
    said = "os.environ['NAMED_KEY'] + 'y' * 470 + os.environ['WRITTEN_KEY']"
    own.kept("kept", f"raise KeyError({said})", **given)
    return own


def ways() -> Iterator[str]:
    for key in (NAMED, WRITTEN):
        yield key
        yield json.dumps(key)[1:-1]
        yield quote(key, safe="")
        yield base64.b64encode(key.encode()).decode().rstrip("=")


NEEDLES = sorted(
    {way[at : at + WINDOW].encode() for way in ways() for at in range(len(way) - WINDOW + 1)}
)


def found_in(data: bytes, where: str) -> list[str]:
    """Where there is a piece of a key, in files within files and in what pictures say, too."""
    found = [where for needle in NEEDLES if needle in data][:1]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                found += found_in(archive.read(name), f"{where}/{name}")
    try:
        with PilImage.open(io.BytesIO(data)) as picture:
            info = repr(picture.info).encode()
    except (UnidentifiedImageError, OSError):
        return found
    return found + [f"{where}, said by the picture" for needle in NEEDLES if needle in info][:1]


def found_below(folders: Iterable[Path]) -> list[str]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    return [where for file in files for where in found_in(file.read_bytes(), str(file))]


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    """Else that nothing is found would say nothing."""
    words = PilImage.new("RGB", (4, 4))
    buffer = io.BytesIO()
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt("prompt", NAMED, zip=True)
    words.save(buffer, "PNG", pnginfo=info)
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run.json", json.dumps({"key": WRITTEN}))
        archive.writestr("view.png", buffer.getvalue())
    (tmp_path / "log").write_text(f"cut …{NAMED[-WINDOW:]}")
    assert len(found_below([tmp_path])) == 3
    assert not found_in(b"something else", "")


def answers_of(service: Service, run: str) -> dict[str, bytes]:
    """All that can be asked of a run, by address."""
    routes = [*lab_routes(service), *health_routes(service)]
    if find_spec("prometheus_client") is not None:
        routes += metrics_routes(service)
    client = TestClient(Starlette(routes=routes))
    card = NAMES.index("makes")
    addresses = [
        f"/lab/report.html?runs={run}",
        f"/lab/runs/{run}/all.zip",
        f"/lab/all.zip?runs={run}",
        f"/lab/runs/{run}/save/{card}.auto",
        f"/lab/figure.svg?runs={run}",
        f"/lab/figure.zip?runs={run}",
        "/healthz",
    ]
    if find_spec("prometheus_client") is not None:
        addresses.append("/metrics")
    answers = {address: client.get(address) for address in addresses}
    assert {each.status_code for each in answers.values()} == {200}, answers
    return {address: each.content for address, each in answers.items()}


def cards_of(grid: Mapping[str, Any]) -> dict[str, Any]:
    return {card["eraser"]: card for card in grid["cards"]}


@pytest.mark.slow
def test_neither_the_page_nor_programs_are_told_of_them(
    tellers: Own,
    service: Service,
    photo: str,
    upload: Upload,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    grid = last(service.erase(order(photo, *NAMES)))
    cards = cards_of(grid)
    states = [cards[name]["state"] for name in NAMES]
    assert states == ["failed", "failed", "failed", "done", "failed"], cards
    for name in ("fails", "hangs"):  # they have told them, and that is shown
        assert "Bearer …" in cards[name]["error"]["details"]["printed"]
    assert "KeyError: '…yyy" in cards["kept"]["error"]["text"]
    plain = [grid, service.open_run({"run": grid["run"]}), service.erasers({})]
    wish = {
        "image": {"path": upload(png_file(), "other.png")},
        "erasers": list(NAMES),
        "box": [38, 23, 82, 67],
        "segmenter": "grabcut",
    }
    plain.append(Api(service).erase(ApiErase.model_validate(wish), "program"))
    assert found_in(json.dumps(plain, default=str, ensure_ascii=False).encode(), "answers") == []
    answers = answers_of(service, grid["run"])
    assert len(answers) >= 7
    for address, data in answers.items():
        assert found_in(data, address) == []
    logged = capfd.readouterr()
    assert found_in((caplog.text + logged.out + logged.err).encode(), "log") == []
    assert found_below([tmp_path / "data", tmp_path / "uploads"]) == []


def test_neither_is_the_command_line(
    tellers: Own,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    photo, out = tmp_path / "photo.png", tmp_path / "out"
    photo.write_bytes(png_file())
    words = ["erase", str(photo), "--box=38,23,82,67", "--segmenter", "grabcut", "--verbose"]
    words += ["--erasers", ",".join(NAMES), "--out", str(out), "--offline"]
    assert main(words) == 1
    told = capfd.readouterr()
    assert "Bearer …" in told.err
    assert "Bearer …" in (out / "settings.json").read_text("utf-8")
    assert (out / "makes.png").is_file()
    assert found_in((told.out + told.err + caplog.text).encode(), "said") == []
    assert found_below([out]) == []


@pytest.mark.slow
def test_neither_are_the_reports_of_a_table(
    tellers: Own, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    put_case(tmp_path / "photos", "one", size=(48, 64))
    out = tmp_path / "out"
    assert table([str(tmp_path / "photos"), "--erasers", ",".join(NAMES), "--out", str(out)]) != 0
    told = capfd.readouterr()
    assert "| Authorization: Bearer …" in told.out
    assert found_in((told.out + told.err).encode(), "said") == []
    assert (out / "results" / "one" / "makes.png").is_file()
    assert list(out.glob("*.html"))
    assert found_below([out]) == []


def test_a_manifest_that_is_wrong_does_not_show_its_values(
    own: Own, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for number, wrong in enumerate(("seconds = -1", "keep = [1]", "'", f"{WRITTEN} = 1", "x = 1")):
        own.put(
            f"wrong{number}.toml",
            'kind = "command"\n[command]\nrun = ["x", "{image}", "{output}"]\n'
            f"environment = {{ KEY = '{WRITTEN}' }}\n{wrong}\n",
        )
    own.put("wrong9.toml", f"kind = 'command'\n[command]\nrun = ['x']\nenvironment = '{WRITTEN}'")
    answer = json.dumps(service.erasers({}), default=str, ensure_ascii=False)
    assert answer.count("wrong") >= 6
    assert found_in((answer + caplog.text).encode(), "answer") == []
