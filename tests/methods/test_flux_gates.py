"""Weights behind a licence: what is said, and that the user's token goes to the hub and nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from _weight_server import Page, Server, serving
from methods import EraserSpec, HubFile, get_eraser

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "hf_SecretOfTheUsers1234567890abcdef"
NAMES = ("omnieraser", "omnipaint", "flux_fill")
every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def hub() -> Iterator[Server]:
    with serving() as running:
        yield running


def spec_of(name: str) -> EraserSpec:
    return get_eraser(name).spec


def gated(name: str) -> str:
    return "FLUX.1-Fill-dev" if name == "flux_fill" else "FLUX.1-dev"


def open_all_but_the_gate(hub: Server, name: str, answer: Page) -> None:
    """Small files come, the gated repository answers so."""
    for weight in spec_of(name).weights:
        for source in weight.sources:
            assert isinstance(source, HubFile)
            address = f"/{source.repo}/resolve/{source.revision}/{source.path}"
            is_gated = source.repo == f"black-forest-labs/{gated(name)}"
            hub.pages[address] = answer if is_gated else Page(b"{}")


def program(hub: Server, home: Path, *words: str, **environment: str) -> tuple[int, str]:
    """The command line in a fresh process: its exit code and all that it said."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "ERASER_LAB_"))}
    kept |= {"HF_ENDPOINT": hub.url(""), "HF_HOME": str(home / "hub"), "HF_TOKEN": TOKEN}
    kept |= {"ERASER_LAB_WEIGHTS": str(home / "weights"), "ERASER_LAB_DATA": str(home / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "methods", *words],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def erase(hub: Server, home: Path, name: str) -> tuple[int, str]:
    mask = np.zeros((427, 640), np.uint8)
    mask[120:425, 300:345] = 255
    Pillow.fromarray(mask).save(home / "mask.png")
    where = ("--mask", str(home / "mask.png"), "--out", str(home / "out"))
    photo = str(ROOT / "examples" / "rocket.jpg")
    return program(hub, home, "erase", photo, "--erasers", name, *where)


def files_with(home: Path, secret: str) -> list[Path]:
    files = (path for path in home.rglob("*") if path.is_file())
    return [path for path in files if secret.encode() in path.read_bytes()]


# --- the card ------------------------------------------------------------------------------------


@every
def test_the_card_says_what_to_accept_and_where_the_token_goes(name: str) -> None:
    spec = spec_of(name)
    assert spec.non_commercial and "Non-Commercial" in spec.license
    words = " ".join(note.en for note in spec.notes)
    assert f"accept the licence at huggingface.co/black-forest-labs/{gated(name)}" in words
    assert "HF_TOKEN" in words and "huggingface.co/settings/tokens" in words
    chinese = " ".join(note.said("zh") for note in spec.notes)
    assert f"huggingface.co/black-forest-labs/{gated(name)}" in chinese and "HF_TOKEN" in chinese


@every
def test_what_is_free_comes_from_an_open_copy_too(name: str) -> None:
    """Pinned to the last byte, so the copy cannot be another file."""
    free = [w for w in spec_of(name).weights if w.name.startswith("flux1-shared/")]
    assert free
    for weight in free:
        assert weight.license == "Apache-2.0" and weight.sha256
        repos = [source.repo for source in weight.sources if isinstance(source, HubFile)]
        assert repos == ["black-forest-labs/FLUX.1-schnell", "unsloth/FLUX.1-schnell"]


# --- the gate ------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("status", [401, 403])
def test_a_closed_gate_is_told_and_the_token_is_not(
    hub: Server, tmp_path: Path, name: str, status: int
) -> None:
    open_all_but_the_gate(hub, name, Page(status=status))
    code, said = erase(hub, tmp_path, name)
    assert code != 0 and "Traceback" not in said
    assert f"model hub black-forest-labs/{gated(name)}" in said
    assert "accept the licence there and set HF_TOKEN" in said
    assert TOKEN not in said and TOKEN[3:] not in said
    assert not files_with(tmp_path, TOKEN)
    sent = {headers.get("authorization") for _, headers in hub.seen}
    assert sent == {f"Bearer {TOKEN}"}, "it was really used"


def test_no_trouble_on_the_way_gives_the_token_away(hub: Server, tmp_path: Path) -> None:
    """A broken answer, one that leads elsewhere, a wrong file, and a bug in the hub."""
    troubles = {
        "broken": Page(b"x" * 4096, breaks=[10] * 30),
        "elsewhere": Page(location=hub.url("/store", host="localhost")),
        "echoed": Page(b"x" * 100, status=500, etag=f'"{TOKEN}"'),
        "wrong": Page(b"another file"),
    }
    hub.pages["/store"] = Page(status=404)
    for kind, page in troubles.items():
        home = tmp_path / kind
        open_all_but_the_gate(hub, "omnipaint", page)
        code, said = program(hub, home, "fetch", "flux1-dev")
        assert code != 0 and "Traceback" not in said, kind
        assert TOKEN not in said and not files_with(home, TOKEN), kind
    passed_on = [headers for path, headers in hub.seen if path == "/store"]
    assert passed_on and not any("authorization" in headers for headers in passed_on)


def test_without_a_token_none_is_sent(hub: Server, tmp_path: Path) -> None:
    open_all_but_the_gate(hub, "omnipaint", Page(status=401))
    code, said = program(hub, tmp_path, "fetch", "omnipaint", HF_TOKEN="")
    assert code != 0 and "accept the licence there and set HF_TOKEN" in said
    assert hub.seen and not any("authorization" in headers for _, headers in hub.seen)


def test_the_list_needs_no_hub(hub: Server, tmp_path: Path) -> None:
    code, said = program(hub, tmp_path, "list")
    assert code == 0 and not hub.seen
    for name in NAMES:
        (line,) = (line for line in said.splitlines() if f" {name} " in line)
        assert "missing" in line and "non-commercial" in line
