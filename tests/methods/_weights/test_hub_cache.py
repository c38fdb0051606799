"""Models that another program has fetched: found, checked once, used from where they lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

from hub_files import REPO, body, pinned, unpinned
from loopback_hub import Hub
from methods._base import HubFile, WeightsUnavailable
from methods._weights import cache
from methods._weights.fetch_set import adopt_in_background
from methods._weights.sources import hub as hub_module
from methods._weights.status import WeightState, weight_status
from methods._weights.store import fetch, find_weights

pytest_plugins = ["hub_fixtures"]

BODY = body(size=5_000_000)


@pytest.fixture
def home(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of the hub's own client, which has fetched from the loopback hub."""
    folder = tmp_path / "hf" / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    return folder


def by_the_client(hub: Hub, home: Path, path: str, revision: str) -> Path:
    """A file as another program would fetch it."""
    kept = hf_hub_download(REPO, path, revision=revision, cache_dir=home, token=False)
    hub.seen.clear()
    return Path(kept)


def test_a_file_in_the_hubs_cache_is_used_and_left_alone(
    hub: Hub, home: Path, clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.publish(REPO, {"unet/net.bin": BODY, "unet/config.json": b"{}"})
    kept = [by_the_client(hub, home, f"unet/{name}", commit) for name in ("net.bin", "config.json")]
    wanted = pinned(BODY, commit, "unet/net.bin")
    small = pinned(b"{}", commit, "unet/config.json")
    assert weight_status(wanted).state is WeightState.FOUND
    assert fetch(wanted).read_bytes() == BODY and fetch(small).read_bytes() == b"{}"
    assert weight_status(wanted).state is WeightState.READY and hub.seen == []
    assert fetch(wanted).parent == fetch(small).parent == clean / "model" / "unet"
    assert os.path.samefile(fetch(wanted), kept[0].resolve()), "no second copy of the bytes"

    fetch(wanted).unlink()
    assert kept[0].read_bytes() == BODY


def test_it_is_hashed_once(
    hub: Hub, home: Path, clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.publish(REPO, {"net.bin": BODY})
    by_the_client(hub, home, "net.bin", commit)
    hashed: list[Path] = []
    real = cache.sha256_of

    def counting(path: Path, *_: object) -> str:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(cache, "sha256_of", counting)
    wanted = pinned(BODY, commit)
    for _ in range(2):
        assert fetch(wanted).read_bytes() == BODY
        cache._known.clear()  # as after a restart
    assert len(hashed) == 1


@pytest.mark.parametrize("links", ["hard", "soft", "none"])
def test_where_a_disk_knows_no_links(
    hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch, links: str
) -> None:
    def no(*_: object) -> None:
        raise OSError("not on this disk")

    commit = hub.publish(REPO, {"net.bin": BODY})
    kept = by_the_client(hub, home, "net.bin", commit)
    if links != "hard":
        monkeypatch.setattr(os, "link", no)
    if links == "none":
        monkeypatch.setattr(os, "symlink", no)
    file = fetch(pinned(BODY, commit))
    assert file.read_bytes() == BODY and file.is_symlink() == (links == "soft")
    assert find_weights(pinned(BODY, commit)) == file
    file.unlink()
    assert kept.read_bytes() == BODY and hub.seen == []


def test_a_damaged_file_there_is_neither_used_nor_touched(hub: Hub, home: Path) -> None:
    commit = hub.publish(REPO, {"net.bin": BODY})
    kept = by_the_client(hub, home, "net.bin", commit)
    blob = kept.resolve()
    damaged = BODY[:-1] + bytes([BODY[-1] ^ 1])
    blob.write_bytes(damaged)
    assert fetch(pinned(BODY, commit)).read_bytes() == BODY
    assert hub.asked() != [] and blob.read_bytes() == damaged


@pytest.mark.parametrize(("path", "size"), [("net.bin", 5_000_000), ("net.pt", 5_000)])
def test_without_a_pin_the_caches_own_name_for_the_bytes_must_fit(
    hub: Hub, home: Path, path: str, size: int
) -> None:
    content = body(size=size)
    hub.publish(REPO, {path: content})
    blob = by_the_client(hub, home, path, "main").resolve()
    wanted = unpinned(path, size)
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert fetch(wanted).read_bytes() == content and hub.asked() != []


def test_a_branch_is_the_commit_that_the_cache_has_and_the_rest_comes_from_it(
    hub: Hub, home: Path
) -> None:
    first = hub.publish(REPO, {"net.bin": BODY, "config.json": b"{}"})
    by_the_client(hub, home, "net.bin", "main")
    hub.publish(REPO, {"net.bin": body(2), "config.json": b"[]"})
    assert fetch(unpinned(size=len(BODY))).read_bytes() == BODY and hub.seen == []
    assert fetch(unpinned("config.json", 2)).read_bytes() == b"{}"
    assert f"/resolve/{first}/" in hub.asked()[0]


def test_offline_it_still_serves(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.publish(REPO, {"net.bin": BODY})
    by_the_client(hub, home, "net.bin", commit)
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    assert fetch(pinned(BODY, commit)).read_bytes() == BODY
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(pinned(BODY, commit, "other.bin"))
    assert caught.value.code == "weights_offline" and hub.seen == []


def test_at_the_start_all_that_is_there_is_taken_over(hub: Hub, home: Path) -> None:
    commit = hub.publish(REPO, {"net.bin": BODY, "config.json": b"{}"})
    for path in ("net.bin", "config.json"):
        by_the_client(hub, home, path, commit)
    wanted = [pinned(BODY, commit), pinned(b"{}", commit, "config.json")]
    adopt_in_background([*wanted, pinned(BODY, commit, "other.bin")]).join()
    assert [weight_status(weight).state for weight in wanted] == [WeightState.READY] * 2
    assert hub.seen == []


@pytest.mark.parametrize("by", ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG", ""])
def test_our_reading_of_the_layout_is_the_clients(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """The client's constants are read once in a process, so they are worked out anew here."""
    monkeypatch.delenv("HF_HOME", raising=False)
    place = tmp_path / "place"
    if by:
        monkeypatch.setenv("XDG_CACHE_HOME" if by == "XDG" else by, str(place))
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    folder = hub_module.hub_cache()
    assert folder == _by_the_client()
    commit = hub.publish(REPO, {"net.bin": BODY})
    hf_hub_download(REPO, "net.bin", cache_dir=folder, token=False)
    for revision in ("main", commit):
        source = HubFile(REPO, "net.bin", revision)
        kept = hub_module._kept(unpinned(), source)
        theirs = try_to_load_from_cache(REPO, "net.bin", cache_dir=folder, revision=revision)
        assert isinstance(theirs, str) and kept is not None
        assert kept.path == Path(theirs).resolve() and kept.commit == commit


def _by_the_client() -> Path:
    import importlib.util

    spec = importlib.util.find_spec("huggingface_hub.constants")
    assert spec is not None and spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return Path(fresh.HF_HUB_CACHE)
