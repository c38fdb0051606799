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

from loopback_hub import Answer, Content, Hub, Repo, Token, loopback_hub
from methods import EraserSpec, HubFile, get_eraser
from tiers import rest_is_slow

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "hf_SecretOfTheUsers1234567890abcdef"
NAMES = ("omnieraser", "omnipaint", "flux_fill")
COMMAND = """
import shutil, sys, types
shutil.disk_usage = lambda _: types.SimpleNamespace(free=10**12)  # else a full disk says that first
from ui.cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with loopback_hub() as running:
        yield running


def spec_of(name: str) -> EraserSpec:
    return get_eraser(name).spec


def gated(name: str) -> str:
    return "FLUX.1-Fill-dev" if name == "flux_fill" else "FLUX.1-dev"


def publish_all(hub: Hub, name: str) -> str:
    """Everything is there, the eraser's own repository behind its gate; returns that one."""
    for weight in spec_of(name).weights:
        for source in weight.sources:
            assert isinstance(source, HubFile)
            repo = hub.repos.setdefault(source.repo, Repo())
            repo.commits.setdefault(source.revision, {})[source.path] = Content(b"{}")
    gate = f"black-forest-labs/{gated(name)}"
    hub.repos[gate].gated = True
    return gate


def program(hub: Hub, home: Path, *words: str, **environment: str) -> tuple[int, str]:
    """The command line in a fresh process: its exit code and all that it said."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "ERASER_LAB_"))}
    kept |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home / "hub"), "HF_TOKEN": TOKEN}
    kept |= {"ERASER_LAB_MEMORY": "200"}  # else a small machine says that first
    kept |= {"ERASER_LAB_WEIGHTS": str(home / "weights"), "ERASER_LAB_DATA": str(home / "data")}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def erase(hub: Hub, home: Path, name: str) -> tuple[int, str]:
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


@pytest.mark.slow
@pytest.mark.parametrize("name", rest_is_slow(NAMES))
@pytest.mark.parametrize("known", [True, False])
def test_a_closed_gate_is_told_and_the_token_is_not(
    hub: Hub, tmp_path: Path, name: str, known: bool
) -> None:
    """A token whose account was not let in, and one that is not valid any more."""
    gate = publish_all(hub, name)
    if known:
        hub.tokens[TOKEN] = Token()
    code, said = erase(hub, tmp_path, name)
    assert code != 0 and "Traceback" not in said
    assert f"{hub.endpoint}/{gate}" in said
    assert ("has not been let in yet" if known else "is not valid (any more)") in said
    assert TOKEN not in said and TOKEN[3:] not in said
    assert not files_with(tmp_path, TOKEN)
    sent = [seen.headers.get("authorization") for seen in hub.seen]
    assert f"Bearer {TOKEN}" in sent, "it was really used"
    assert hub.asked("GET") == [], "nothing is fetched that would be of no use"


TROUBLES = {
    "echoed": [Answer(400, {"X-Error-Message": TOKEN}, TOKEN.encode())] * 9,
    "wrong": [],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*TROUBLES, "elsewhere"])
def test_no_trouble_on_the_way_gives_the_token_away(hub: Hub, tmp_path: Path, kind: str) -> None:
    """An answer that leads elsewhere, a bug in the hub, a wrong file."""
    gate = publish_all(hub, "omnipaint")
    hub.tokens[TOKEN] = Token(frozenset({gate}))
    (files,) = hub.repos[gate].commits.values()
    paths = [path for path in files if path.endswith(".safetensors")]
    place = {"Location": f"{hub.content}/store"}
    for path in paths:
        troubles = [Answer(302, place)] * 9 if kind == "elsewhere" else TROUBLES[kind]
        hub.troubles[gate, path] = list(troubles)
    code, said = program(hub, tmp_path, "fetch", f"flux1-dev/{paths[0]}")
    assert code != 0 and "Traceback" not in said
    assert TOKEN not in said and not files_with(tmp_path, TOKEN)
    logins = {seen.host: seen.headers.get("authorization") for seen in hub.seen}
    assert logins["hub"] == f"Bearer {TOKEN}" and logins.get("content") is None


@pytest.mark.slow
def test_without_a_token_none_is_sent(hub: Hub, tmp_path: Path) -> None:
    gate = publish_all(hub, "omnipaint")
    code, said = program(hub, tmp_path, "fetch", "omnipaint", HF_TOKEN="")
    assert code != 0 and f"Accept it at {hub.endpoint}/{gate}" in said and "HF_TOKEN" in said
    assert hub.seen and not any("authorization" in seen.headers for seen in hub.seen)


@pytest.mark.slow
def test_the_list_needs_no_hub(hub: Hub, tmp_path: Path) -> None:
    code, said = program(hub, tmp_path, "list")
    assert code == 0 and not hub.seen
    for name in NAMES:
        (line,) = (line for line in said.splitlines() if f" {name} " in line)
        assert "missing" in line and "non-commercial" in line
