"""Filling manifests: from a folder, and from a model hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from _weight_server import Page, Server, closed_port, serving
from methods import BadInput, Finding, Unavailable, Wish, begin_manifest, pin
from methods._weights.pins import schema as manifest_schema
from methods._weights.pins.manifest import Manifests
from methods._weights.transport import http
from ui.cli.__main__ import main

ROOT = Path(__file__).parents[3]
OLD, NEW = "a" * 40, "b" * 40
CONFIG, NETWORK = b'{"width": 3}', bytes(range(256)) * 20
FOLDER = {"config.json": CONFIG, "unet/net.safetensors": NETWORK}


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def entry(path: str, body: bytes = b"", **more: Any) -> dict[str, Any]:
    """A file of a manifest: pinned to `body`, or with an estimate of its size."""
    known = {"size": len(body), "sha256": digest(body)} if body else {"size": 1}
    return {"path": path, **known, **more}


def pinned(path: str) -> dict[str, Any]:
    return entry(path, FOLDER[path])


@pytest.fixture
def manifests(tmp_path: Path) -> Manifests:
    (tmp_path / "manifests").mkdir()
    return Manifests(tmp_path / "manifests")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Both files, and what belongs to others."""
    home = tmp_path / "files"
    for path, body in {**FOLDER, "README.md": b"#", ".cache/own": b"x"}.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(body)
    return home


def write(manifests: Manifests, *files: dict[str, Any], **changes: Any) -> bytes:
    fields = {
        "name": "net",
        "repo": "org/net",
        "revision": OLD,
        "license": "MIT",
        "seen": "its authors' README",
        "unpinned_because": None if all("sha256" in each for each in files) else "nobody looked",
        "files": list(files),
    }
    manifests.file("net").write_text(json.dumps(fields | changes), "utf-8")
    manifest_schema.write(manifest_schema.read(manifests.file("net")), manifests.file("net"))
    return manifests.file("net").read_bytes()


def content(manifests: Manifests, name: str = "net") -> dict[str, Any]:
    manifest_schema.read(manifests.file(name))
    found: dict[str, Any] = json.loads(manifests.file(name).read_text("utf-8"))
    return found


def kinds(findings: list[Finding]) -> dict[str, str]:
    return {finding.path: finding.kind for finding in findings}


# --- from a folder -------------------------------------------------------------------------


def test_a_folder_fills_what_is_not_pinned(manifests: Manifests, folder: Path) -> None:
    write(manifests, entry("config.json"), entry("unet/net.safetensors"))
    found = pin(manifests, "net", Wish(folder=folder))
    assert kinds(found) == dict.fromkeys(FOLDER, "filled")
    assert content(manifests)["files"] == [pinned(path) for path in FOLDER]
    assert "unpinned_because" not in content(manifests)
    assert content(manifests)["revision"] == OLD


def test_unknown_files_of_a_folder_are_added(manifests: Manifests, folder: Path) -> None:
    write(manifests, pinned("config.json"))
    assert kinds(pin(manifests, "net", Wish(folder=folder))) == {
        "config.json": "same",
        "unet/net.safetensors": "added",
    }
    assert content(manifests)["files"] == [pinned(path) for path in FOLDER]


def test_only_those_that_are_asked_for(manifests: Manifests, folder: Path) -> None:
    before = write(manifests, pinned("config.json"))
    found = pin(manifests, "net", Wish(folder=folder, add=("vae/*",)))
    assert found[-1][:2] == ("left", "1 more files")
    assert manifests.file("net").read_bytes() == before


def test_what_differs_is_told_and_kept(manifests: Manifests, folder: Path) -> None:
    before = write(manifests, entry("config.json", b"other"), pinned("unet/net.safetensors"))
    found = pin(manifests, "net", Wish(folder=folder))
    assert kinds(found) == {"config.json": "differs", "unet/net.safetensors": "same"}
    assert digest(CONFIG) in found[0].detail
    assert manifests.file("net").read_bytes() == before


def test_again_overwrites_it_by_one_changed_line(manifests: Manifests, folder: Path) -> None:
    before = write(manifests, entry("config.json", b"other"), pinned("unet/net.safetensors"))
    pin(manifests, "net", Wish(folder=folder, again=True))
    after = manifests.file("net").read_bytes()
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    assert [new for old, new in lines if old != new] == [
        f"    {json.dumps(pinned('config.json'))},".encode()
    ]
    assert [path.name for path in manifests.folder.iterdir()] == ["net.json"]


def test_a_dry_run_writes_nothing(manifests: Manifests, folder: Path) -> None:
    before = write(manifests, entry("config.json"))
    found = pin(manifests, "net", Wish(folder=folder, dry=True))
    assert kinds(found) == {"config.json": "filled", "unet/net.safetensors": "added"}
    assert manifests.file("net").read_bytes() == before


def test_a_missing_file_stays_as_it_is(manifests: Manifests, folder: Path) -> None:
    write(manifests, entry("config.json"), entry("vae/net.bin"))
    found = pin(manifests, "net", Wish(folder=folder, add=("none",)))
    assert kinds(found)["vae/net.bin"] == "missing"
    assert content(manifests)["files"] == [pinned("config.json"), entry("vae/net.bin")]
    assert content(manifests)["unpinned_because"] == "nobody looked"


def test_a_file_is_also_found_under_its_other_name(manifests: Manifests, folder: Path) -> None:
    others: dict[str, Any] = {"elsewhere": ["unet/net.safetensors"]}
    write(manifests, entry("unet/net.fp16.safetensors", **others), pinned("config.json"))
    pin(manifests, "net", Wish(folder=folder))
    filled = entry("unet/net.fp16.safetensors", NETWORK, **others)
    assert content(manifests)["files"] == [filled, pinned("config.json")]


def test_hashes_need_the_commit_that_they_belong_to(manifests: Manifests, folder: Path) -> None:
    before = write(manifests, entry("config.json"), revision="main")
    with pytest.raises(BadInput, match="--revision") as refused:
        pin(manifests, "net", Wish(folder=folder))
    assert refused.value.code == "pin_revision"
    assert manifests.file("net").read_bytes() == before
    found = pin(manifests, "net", Wish(folder=folder, revision=NEW))
    assert kinds(found)["revision"] == "filled" and content(manifests)["revision"] == NEW


def test_the_hubs_own_client_has_noted_the_commit(
    manifests: Manifests, folder: Path, tmp_path: Path
) -> None:
    write(manifests, entry("config.json"), revision="main")
    note = folder / ".cache" / "huggingface" / "download" / "config.json.metadata"
    note.parent.mkdir(parents=True)
    note.write_text(f"{NEW}\netag\n1.0\n", "utf-8")
    pin(manifests, "net", Wish(folder=folder))
    assert content(manifests)["revision"] == NEW

    snapshot = tmp_path / "snapshots" / OLD
    snapshot.parent.mkdir()
    folder.rename(snapshot)
    note.unlink(missing_ok=True)
    found = pin(manifests, "net", Wish(folder=snapshot))
    assert found == [Finding("differs", "revision", f"{NEW} -> {OLD}")]
    assert content(manifests)["revision"] == NEW


def test_a_sub_folder_of_the_manifests_name_is_preferred(
    manifests: Manifests, folder: Path
) -> None:
    write(manifests, entry("config.json"))
    pin(manifests, "net", Wish(folder=folder.rename(folder.parent / "net").parent))
    assert content(manifests)["files"] == [pinned(path) for path in FOLDER]


def test_a_file_that_stands_alone(manifests: Manifests, folder: Path) -> None:
    source = {"repo": "org/net", "path": "unet/net.safetensors", "revision": "main"}
    fields: dict[str, Any] = {
        "name": "net.safetensors",
        "sources": [source, {"url": "https://host.example/net.safetensors"}],
        "size": 1,
        "license": "MIT",
        "unpinned_because": "nobody looked",
        "seen": "its authors' README",
    }
    manifests.file("alone").write_text(json.dumps(fields), "utf-8")
    pin(manifests, "alone", Wish(folder=folder, revision=NEW))
    found = content(manifests, "alone")
    assert (found["size"], found["sha256"]) == (len(NETWORK), digest(NETWORK))
    assert found["sources"] == [source | {"revision": NEW}, fields["sources"][1]]
    assert "unpinned_because" not in found


def test_what_was_found_under_its_name_is_no_guess_any_more(
    manifests: Manifests, folder: Path
) -> None:
    guess = entry("unet/net.safetensors", not_seen="its ending")
    write(manifests, entry("gone.bin", not_seen="its ending"), guess, revision="main", seen=None)
    pin(manifests, "net", Wish(folder=folder, revision=NEW, add=("none",)))
    gone, found = content(manifests)["files"]
    assert gone["not_seen"] == "its ending" and found == pinned("unet/net.safetensors")
    assert "methods pin" in content(manifests)["seen"]


def test_an_unsound_manifest_is_said_to_be(manifests: Manifests, folder: Path) -> None:
    for text in ("{", json.dumps({"name": "net", "files": [], "licence": "MIT"})):
        manifests.file("net").write_text(text, "utf-8")
        with pytest.raises(BadInput, match="not sound") as refused:
            pin(manifests, "net", Wish(folder=folder))
        assert refused.value.code == "bad_manifest"


# --- from the hub --------------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Its large file is known to it by hash, its small one is to be fetched."""
    for name in list(os.environ):
        if name.startswith(("ERASER_LAB_", "HF_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    http._dead.clear()
    with serving() as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url(""))
        template = server.url("/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        listed(server, "main")
        listed(server, NEW)
        server.pages[f"/org/net/resolve/{NEW}/config.json"] = Page(CONFIG)
        yield server


def listed(server: Server, revision: str) -> None:
    large = {"size": len(NETWORK), "sha256": digest(NETWORK), "pointerSize": 134}
    files = [
        {"rfilename": ".gitattributes", "size": 5, "blobId": "c" * 40},
        {"rfilename": "config.json", "size": len(CONFIG), "blobId": "d" * 40},
        {"rfilename": "unet/net.safetensors", "size": len(NETWORK), "lfs": large},
    ]
    body = json.dumps({"id": "org/net", "sha": NEW, "siblings": files}).encode()
    server.pages[f"/api/models/org/net/revision/{revision}?blobs=true"] = Page(body)


def test_the_hub_fills_hashes_and_the_commit(manifests: Manifests, hub: Server) -> None:
    write(manifests, entry("config.json"), entry("unet/net.safetensors"), revision="main")
    found = pin(manifests, "net", Wish())
    assert kinds(found) == {"revision": "filled"} | dict.fromkeys(FOLDER, "filled")
    assert content(manifests) == {
        "name": "net",
        "repo": "org/net",
        "revision": NEW,
        "license": "MIT",
        "seen": "its authors' README",
        "files": [pinned(path) for path in FOLDER],
    }
    asked = [path for path, _ in hub.seen]
    assert asked == [
        "/api/models/org/net/revision/main?blobs=true",
        f"/org/net/resolve/{NEW}/config.json",
    ]
    assert kinds(pin(manifests, "net", Wish())) == dict.fromkeys(FOLDER, "same")


def test_further_files_of_the_hub_are_taken_only_when_asked_for(
    manifests: Manifests, hub: Server
) -> None:
    write(manifests, pinned("config.json"), revision=NEW)
    assert kinds(pin(manifests, "net", Wish()))["1 more files"] == "left"
    assert content(manifests)["files"] == [pinned("config.json")]
    assert kinds(pin(manifests, "net", Wish(add=("unet/*",))))["unet/net.safetensors"] == "added"
    assert content(manifests)["files"] == [pinned(path) for path in FOLDER]


def test_a_new_manifest_takes_them_all(manifests: Manifests, hub: Server) -> None:
    begin_manifest(manifests, "mine", "org/net", "MIT")
    pin(manifests, "mine", Wish())
    assert content(manifests, "mine")["files"] == [pinned(path) for path in FOLDER]
    (first, _) = manifests.repository("mine").weights()
    assert first.name == "mine/config.json" and first.sha256 == digest(CONFIG)
    assert "methods pin" in content(manifests, "mine")["seen"]
    with pytest.raises(BadInput, match="already"):
        begin_manifest(manifests, "mine", "org/other", "MIT")


def test_another_commit_is_told_and_taken_only_again(manifests: Manifests, hub: Server) -> None:
    before = write(manifests, entry("config.json", b"old"), entry("unet/net.safetensors"))
    found = pin(manifests, "net", Wish(revision="main"))
    assert found == [Finding("differs", "revision", f"{OLD} -> {NEW}")]
    assert manifests.file("net").read_bytes() == before
    pin(manifests, "net", Wish(revision="main", again=True))
    assert content(manifests)["revision"] == NEW
    assert content(manifests)["files"] == [pinned(path) for path in FOLDER]


def test_a_commit_without_one_of_the_files_is_not_taken(manifests: Manifests, hub: Server) -> None:
    before = write(manifests, pinned("config.json"), entry("gone.bin", b"gone"))
    found = pin(manifests, "net", Wish(revision="main", again=True))
    assert kinds(found)["gone.bin"] == "missing"
    assert manifests.file("net").read_bytes() == before


def test_a_small_file_that_is_kept_back_stays_open(manifests: Manifests, hub: Server) -> None:
    hub.pages[f"/org/net/resolve/{NEW}/config.json"] = Page(status=403)
    write(manifests, entry("config.json"), entry("unet/net.safetensors"), revision="main")
    found = {finding.path: finding for finding in pin(manifests, "net", Wish())}
    assert found["config.json"].kind == "missing" and "HF_TOKEN" in found["config.json"].detail
    assert content(manifests)["files"] == [entry("config.json"), pinned("unet/net.safetensors")]


def test_a_small_file_of_another_size_is_not_believed(manifests: Manifests, hub: Server) -> None:
    hub.pages[f"/org/net/resolve/{NEW}/config.json"] = Page(CONFIG[:-1])
    write(manifests, entry("config.json"), revision="main")
    assert kinds(pin(manifests, "net", Wish()))["config.json"] == "missing"
    assert content(manifests)["files"] == [entry("config.json")]


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Page(status=404), "does not have the file"),
        (Page(status=401), "HF_TOKEN"),
        (Page(b"<html>"), "a web page"),
        (Page(b'{"sha": "x"}'), "not a list of files"),
    ],
)
def test_a_hub_that_does_not_tell(manifests: Manifests, hub: Server, page: Page, why: str) -> None:
    before = write(manifests, entry("config.json"), revision="main")
    hub.pages["/api/models/org/net/revision/main?blobs=true"] = page
    with pytest.raises(Unavailable, match=why) as refused:
        pin(manifests, "net", Wish())
    assert refused.value.code == "pin_hub" and manifests.file("net").read_bytes() == before


def test_a_dead_hub_and_a_forbidden_one(
    manifests: Manifests, hub: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(manifests, entry("config.json"), revision="main")
    nobody = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", nobody)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
        pin(manifests, "net", Wish())
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    with pytest.raises(Unavailable, match="ERASER_LAB_OFFLINE"):
        pin(manifests, "net", Wish())
    assert hub.seen == []


def test_files_that_are_on_no_hub_need_a_folder(manifests: Manifests) -> None:
    linked = entry("net.bin", b"x", urls=["https://host.example/net.bin"])
    write(manifests, linked, repo=None, revision=None)
    with pytest.raises(BadInput, match="--from") as refused:
        pin(manifests, "net", Wish())
    assert refused.value.code == "pin_no_hub"


# --- the command ---------------------------------------------------------------------------


def command(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "methods", "pin", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.mark.slow
def test_the_command_asks_the_hub_of_the_variable(hub: Server, tmp_path: Path) -> None:
    """With a manifest of the program's own, which is only compared."""
    file = ROOT / "methods" / "_weights" / "manifests" / "qwen-image-edit-2511-remover.json"
    before = file.read_bytes()
    large = {"size": 9, "sha256": "e" * 64}
    network = "Qwen-Image-Edit-2511-Object-Remover-v2-9200.safetensors"
    listed_file = {"rfilename": network, "size": 9, "lfs": large}
    body = json.dumps({"sha": NEW, "siblings": [listed_file]}).encode()
    repo = "prithivMLmods/QIE-2511-Object-Remover-v2"
    hub.pages[f"/api/models/{repo}/revision/main?blobs=true"] = Page(body)
    environment = {"HF_ENDPOINT": hub.url(""), "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_secret"}
    done = command(file.stem, "--dry-run", **environment)
    assert done.returncode == 0, done.stderr
    assert f"filled  {file.stem}/revision" in done.stdout and "e" * 64 in done.stdout
    assert "nothing written" in done.stdout and file.read_bytes() == before
    assert hub.seen[0][1]["authorization"] == "Bearer hf_secret"


@pytest.fixture
def own_folder(manifests: Manifests, monkeypatch: pytest.MonkeyPatch) -> Manifests:
    """Manifests that the command may write."""
    monkeypatch.setattr("ui.cli.weights.pin.MANIFESTS", manifests)
    return manifests


def test_a_new_erasers_weights_need_no_python(hub: Server, own_folder: Manifests) -> None:
    assert main(["pin", "mine", "--repo", "org/net", "--license", "MIT"]) == 0
    weights = own_folder.repository("mine").weights()
    assert [weight.name for weight in weights] == [f"mine/{path}" for path in FOLDER]
    assert [weight.sha256 for weight in weights] == [digest(body) for body in FOLDER.values()]
    assert main(["pin", "mine"]) == 0


def test_what_was_begun_in_vain_is_taken_back(hub: Server, own_folder: Manifests) -> None:
    assert main(["pin", "mine", "--repo", "org/none", "--license", "MIT"]) == 1
    assert own_folder.names() == ()
    write(own_folder, pinned("config.json"))
    assert main(["pin", "net", "--repo", "org/none", "--license", "MIT"]) == 2
    assert own_folder.names() == ("net",)


@pytest.mark.slow
def test_the_command_takes_an_erasers_manifests_that_a_folder_has(tmp_path: Path) -> None:
    """RORem has two."""
    (tmp_path / "rorem-lcm" / "lora").mkdir(parents=True)
    (tmp_path / "rorem-lcm" / "lora" / "pytorch_lora_weights.safetensors").write_bytes(NETWORK)
    done = command("rorem", "--from", tmp_path, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "filled  rorem-lcm/lora/pytorch_lora_weights.safetensors" in done.stdout
    assert "rorem/" not in done.stdout


@pytest.mark.slow
def test_the_command_says_what_it_needs(tmp_path: Path) -> None:
    unknown = command("nothing-like-it")
    assert unknown.returncode == 2 and "nothing-like-it" in unknown.stderr
    which = command("clipaway", "--from", tmp_path / "none")
    assert which.returncode == 2 and "no such folder" in which.stderr
    several = command("attentive_eraser", "--from", tmp_path)
    assert several.returncode == 2 and "sdxl-base" in several.stderr
    half = command("mine", "--repo", "org/net")
    assert half.returncode == 2 and "--license" in half.stderr


@pytest.mark.slow
def test_the_command_ends_with_1_where_something_is_missing_or_differs(tmp_path: Path) -> None:
    (tmp_path / "big-lama.pt").write_bytes(NETWORK)
    differs = command("lama", "--from", tmp_path, "--dry-run")
    assert differs.returncode == 1 and "differs  lama/big-lama.pt" in differs.stdout
    missing = command("migan", "--from", tmp_path, "--dry-run")
    assert missing.returncode == 1 and "missing  migan/migan_pipeline_v2.onnx" in missing.stdout
