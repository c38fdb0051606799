"""Publishers who upload anew, files recorded wrong, and folders that never mix two states."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from hub_files import REPO, SIZE, body, pinned, unpinned
from loopback_hub import Answer, Break, Hub
from methods._base import UrlFile, WeightsUnavailable
from methods._weights import cache
from methods._weights.fetch_set import fetch_all
from methods._weights.sources import record
from methods._weights.status import WeightState, weight_status
from methods._weights.store import fetch, find_weights

pytest_plugins = ["hub_fixtures"]

OLD, NEW = body(1), body(2)
SMALL = b'{"a": 1}', b'{"b": 2}'
NET, CONFIG = unpinned(), unpinned("config.json", 8)


def first_state(hub: Hub) -> str:
    return hub.publish(REPO, {"net.bin": OLD, "config.json": SMALL[0]})


def second_state(hub: Hub) -> str:
    return hub.publish(REPO, {"net.bin": NEW, "config.json": SMALL[1]})


def failure(wanted: object, **given: bool) -> WeightsUnavailable:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(wanted, **given)  # type: ignore[arg-type]
    return caught.value


def contents() -> tuple[bytes | None, ...]:
    """What the program would use of the two files now."""
    paths = [find_weights(weight) for weight in (NET, CONFIG)]
    return tuple(path.read_bytes() if path else None for path in paths)


# --- one state of a repository -------------------------------------------------------------


def test_a_folder_keeps_to_the_commit_that_it_came_from(hub: Hub, clean: Path) -> None:
    first_state(hub)
    fetch(NET)
    second_state(hub)
    fetch(CONFIG)
    assert contents() == (OLD, SMALL[0])

    (clean / "model" / "net.bin").unlink()
    assert weight_status(NET).state is WeightState.MISSING
    fetch(NET)
    assert contents() == (OLD, SMALL[0])


def test_with_the_last_file_the_folders_commit_is_forgotten(hub: Hub, clean: Path) -> None:
    first_state(hub)
    assert fetch_all([NET, CONFIG]) == {}
    second_state(hub)
    for path in ("net.bin", "config.json"):
        (clean / "model" / path).unlink()
    assert fetch_all([NET, CONFIG]) == {}
    assert contents() == (NEW, SMALL[1])


def test_a_state_that_is_gone_is_told_with_the_choices(hub: Hub, clean: Path) -> None:
    first = first_state(hub)
    fetch_all([NET, CONFIG])
    second_state(hub)
    del hub.repos[REPO].commits[first]
    (clean / "model" / "net.bin").unlink()
    error = failure(NET)
    assert error.code == "weights_changed_unpinned"
    for words in ("python -m methods fetch model --again", "ERASER_LAB_WEIGHT_MODEL_NET_BIN"):
        assert words in str(error) and words in error.sentence.said("zh")
    assert contents() == (None, SMALL[0])

    assert fetch_all([NET, CONFIG], again=True) == {}
    assert contents() == (NEW, SMALL[1])


def test_again_takes_the_newest_state_and_the_rest_follows(hub: Hub) -> None:
    first_state(hub)
    fetch_all([NET, CONFIG])
    second_state(hub)
    assert fetch(NET, again=True).read_bytes() == NEW
    assert contents() == (NEW, None), "a file of the older state counts no more"
    assert weight_status(CONFIG).state is WeightState.MISSING
    assert fetch_all([NET, CONFIG]) == {}
    assert contents() == (NEW, SMALL[1])


def test_again_keeps_what_is_here_until_the_new_file_is_whole(hub: Hub, waits: list[float]) -> None:
    first_state(hub)
    fetch_all([NET, CONFIG])
    second_state(hub)
    hub.troubles[REPO, "net.bin"] = [Answer(404)]
    failure(NET, again=True)
    assert contents() == (OLD, SMALL[0])


def test_again_of_a_pinned_file_that_is_right_reads_it_and_fetches_nothing(hub: Hub) -> None:
    wanted = pinned(OLD, first_state(hub))
    path = fetch(wanted)
    hub.seen.clear()
    assert fetch(wanted, again=True) == path
    assert hub.seen == []


def test_again_replaces_a_pinned_file_that_a_disk_has_spoiled(hub: Hub) -> None:
    """Its size and its times are as ever, so that it counts as known."""
    wanted = pinned(OLD, first_state(hub))
    path = fetch(wanted)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(bytes(len(OLD)))
    os.utime(path, ns=times)
    assert fetch(wanted, again=True) == path and path.read_bytes() == OLD


def test_a_file_about_to_arrive_counts_as_one_of_its_folder(hub: Hub, clean: Path) -> None:
    """Between its record and its name another thread may ask for the next file."""
    first = first_state(hub)
    record.record_first(NET, hashlib.sha256(OLD).hexdigest(), first)
    (clean / "model").mkdir()
    (clean / "model" / "net.bin.part").write_bytes(OLD)
    second_state(hub)
    assert fetch(CONFIG).read_bytes() == SMALL[0]


# --- recorded wrong ------------------------------------------------------------------------


def recorded_wrong(clean: Path) -> Path:
    """A file that an earlier version of the program took for the network."""
    wrong = clean / "model" / "net.bin"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"<html>log in</html>")
    assert find_weights(NET) == wrong
    assert "model/net.bin" in json.loads((clean / "weights.lock.json").read_text())
    return wrong


def test_what_was_recorded_wrong_is_replaced_by_again(hub: Hub, clean: Path) -> None:
    recorded_wrong(clean)
    first_state(hub)
    assert fetch(NET, again=True).read_bytes() == OLD
    cache._known.clear()  # as after a restart
    assert contents()[0] == OLD


def test_deleting_a_file_forgets_its_record(hub: Hub, clean: Path) -> None:
    recorded_wrong(clean).unlink()
    first_state(hub)
    assert fetch(NET).read_bytes() == OLD


def test_what_was_changed_here_is_not_what_was_deleted(hub: Hub, clean: Path) -> None:
    """Set aside, its record stays, so that nobody can slip another file in that way."""
    hub.bare = True
    first_state(hub)
    path = fetch(NET)
    path.write_bytes(body(3))
    assert find_weights(NET) is None and weight_status(NET).code == "weights_changed"
    second_state(hub)
    assert failure(NET).code == "weights_changed_unpinned"
    (clean / "model" / "net.bin.refused").unlink()
    assert fetch(NET).read_bytes() == NEW


# --- places that know no commits -----------------------------------------------------------


def test_a_mirror_that_changes_does_not_mix_two_states(hub: Hub, clean: Path) -> None:
    hub.bare = True
    first_state(hub)
    fetch_all([NET, CONFIG])
    second_state(hub)
    (clean / "model" / "net.bin").unlink()
    assert failure(NET).code == "weights_changed_unpinned"
    assert fetch_all([NET, CONFIG], again=True) == {}
    assert contents() == (NEW, SMALL[1])


def test_a_pinned_file_that_its_publisher_changed(hub: Hub) -> None:
    """Told before a byte of it is fetched, where the hub says its hash."""
    wanted = pinned(OLD, first_state(hub))
    address = UrlFile(f"{hub.endpoint}/{REPO}/resolve/main/net.bin")
    second_state(hub)
    error = failure(replace(wanted, sources=(address,)))
    assert error.code == "weights_changed_pinned" and hub.sent <= SIZE
    for words in ("update this program", "ERASER_LAB_WEIGHT_MODEL_NET_BIN"):
        assert words in str(error)
    assert "--again" not in str(error) and "Connect to the internet" not in str(error)


def test_a_download_under_way_is_not_continued_with_another_state(
    hub: Hub, clean: Path, waits: list[float]
) -> None:
    first_state(hub)
    hub.troubles[REPO, "net.bin"] = [Break(600_000), Answer(404)]
    failure(NET)
    assert (clean / "model" / "net.bin.part").stat().st_size == 600_000
    second_state(hub)
    assert fetch(NET).read_bytes() == NEW
