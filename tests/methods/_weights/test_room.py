"""Room for weights: asked before a byte, capped, and made by removing what was used longest ago."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import namedtuple
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hub_files import REPO, SIZE, body, pinned, unpinned
from loopback_hub import Hub
from methods._base import HubFile, Verbatim, WeightFile, WeightsUnavailable
from methods._weights import cache, room, uses
from methods._weights.fetch_set import fetch_all
from methods._weights.room import need_room_for, room_for, room_to_have, weights_cap
from methods._weights.sources import record
from methods._weights.store import fetch, take_over
from methods._weights.uses import in_use, note_use

pytest_plugins = ["hub_fixtures"]

usage = namedtuple("usage", "total used free")
ROOT = Path(__file__).resolve().parents[3]


def cap(monkeypatch: pytest.MonkeyPatch, files: float) -> None:
    """So many of the tests' files."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", str((files * SIZE + 20_000) / 1e9))


def free(monkeypatch: pytest.MonkeyPatch, files: float) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(0, 0, int(files * SIZE)))


@pytest.fixture
def weights(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[WeightFile]:
    """Six files of the hub; the clock moves by a minute with each use."""
    bodies = {f"{number}.bin": body(number) for number in range(6)}
    commit = hub.publish(REPO, bodies)
    clock = iter(range(10**9, 2 * 10**9, 60))
    monkeypatch.setattr(uses.time, "time", lambda: float(next(clock)))
    monkeypatch.setattr(room, "_known", [])
    monkeypatch.setattr(uses, "keepers", [])
    return [pinned(content, commit, path) for path, content in bodies.items()]


def here(clean: Path) -> set[str]:
    return {file.stem for file in (clean / "model").glob("*.bin")}


def code_of(failures: dict[str, WeightsUnavailable]) -> set[str]:
    return {error.code for error in failures.values()}


# --- the cap -------------------------------------------------------------------------------


def test_the_cap_is_the_hosts_and_a_space_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERASER_LAB_WEIGHTS_GB", raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert weights_cap() is None
    monkeypatch.setenv("SPACE_ID", "someone/eraser-lab")
    assert weights_cap() == 30 * 10**9
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", "2.5")
    assert weights_cap() == 2_500_000_000


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "inf"])
def test_a_cap_that_is_no_number_is_refused(
    weights: list[WeightFile], hub: Hub, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS_GB", text)
    assert code_of(fetch_all(weights[:2])) == {"bad_weights_cap"}
    with pytest.raises(WeightsUnavailable, match="ERASER_LAB_WEIGHTS_GB"):
        fetch(weights[0])
    assert hub.seen == [] and room_to_have() == 0


def test_what_was_used_longest_ago_goes(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 3)
    for weight in weights[:3]:
        assert fetch_all([weight]) == {}
    note_use(weights[:1])  # used again
    assert fetch_all(weights[3:4]) == {}
    assert here(clean) == {"0", "2", "3"}
    assert fetch_all(weights[4:6]) == {}
    assert here(clean) == {"3", "4", "5"}


def test_the_files_of_one_use_go_together_and_what_others_need_stays(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 4)
    assert fetch_all(weights[:3]) == {}
    assert fetch_all([weights[0], weights[3]]) == {}  # shares the first file
    assert fetch_all(weights[4:5]) == {}
    assert here(clean) == {"0", "3", "4"}


def test_a_file_of_its_own_is_used_too(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 2)
    fetch(weights[0])
    fetch(weights[1])
    fetch(weights[0])  # loaded again
    fetch(weights[2])
    assert here(clean) == {"0", "2"}


def test_without_a_cap_nothing_is_ever_removed(
    weights: list[WeightFile], clean: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch_all(weights[:2]) == {}
    seen = len(hub.seen)
    free(monkeypatch, 0.5)
    assert code_of(fetch_all(weights[2:3])) == {"weights_disk_full"}
    assert code_of(fetch_all(weights[2:4])) == {"weights_no_room"}
    assert here(clean) == {"0", "1"} and len(hub.seen) == seen


def test_with_a_cap_room_on_the_disk_is_made_too(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 5)
    assert fetch_all(weights[:1]) == {} and fetch_all(weights[1:2]) == {}
    full = 2 * SIZE + 0.2 * SIZE

    def disk(_: object) -> usage:
        held = sum(file.stat().st_size for file in clean.rglob("*.bin*"))
        return usage(0, 0, int(full - held))

    monkeypatch.setattr("shutil.disk_usage", disk)
    assert room_to_have() == pytest.approx(2.2 * SIZE, abs=2)
    assert fetch_all(weights[2:3]) == {}
    assert here(clean) == {"1", "2"}
    assert code_of(fetch_all(weights[3:6])) == {"weights_no_room"}
    assert here(clean) == {"1", "2"}, "nothing goes for what does not fit"


def test_what_is_larger_than_the_cap_is_refused_and_nothing_goes(
    weights: list[WeightFile], clean: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 2)
    assert fetch_all(weights[:2]) == {}
    seen = len(hub.seen)
    failures = fetch_all(weights[2:5])
    assert code_of(failures) == {"weights_too_large"}
    error = failures[weights[2].name]
    assert error.details["needed"] == 3 * SIZE and "ERASER_LAB_WEIGHTS_GB" in str(error)
    assert here(clean) == {"0", "1"} and len(hub.seen) == seen


def test_for_what_the_hub_refuses_nothing_goes(
    weights: list[WeightFile], clean: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 2)
    assert fetch_all(weights[:2]) == {}
    commit = hub.publish("org/gated", {"a.bin": body(8), "b.bin": body(9)}, gated=True)
    closed = [pinned(body(8), commit, "a.bin", "org/gated"),
              pinned(body(9), commit, "b.bin", "org/gated")]  # fmt: skip
    assert code_of(fetch_all(closed)) == {"weights_login"}
    assert here(clean) == {"0", "1"}


# --- what stays ----------------------------------------------------------------------------


def test_what_is_in_use_or_loaded_stays(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 2)
    assert fetch_all(weights[:1]) == {} and fetch_all(weights[1:2]) == {}
    with in_use(weights[:1]), in_use(weights[:1]):
        assert fetch_all(weights[2:3]) == {}
    assert not list((clean / ".locks").glob("use-*")), "nothing is left behind"
    assert here(clean) == {"0", "2"}
    uses.keepers.append(lambda: [weights[0].name])
    with in_use(weights[2:3]):
        assert code_of(fetch_all(weights[3:4])) == {"weights_cap_in_use"}
        assert here(clean) == {"0", "2"}
    assert fetch_all(weights[3:4]) == {}
    assert here(clean) == {"0", "3"}


USER = """
import sys
from methods._base import WeightFile, UrlFile
from methods._weights.uses import in_use
weight = WeightFile(name="model/0.bin", sources=(UrlFile("https://a.example/0"),), size=1,
                    sha256="0" * 64, license="MIT")
with in_use([weight]):
    print("holds", flush=True)
    sys.stdin.readline()
    if len(sys.argv) > 1:
        import os
        os._exit(1)
"""


@pytest.mark.parametrize("dies", [False, True])
def test_what_another_process_uses_stays_until_it_has_ended(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    cap(monkeypatch, 1)
    assert fetch_all(weights[:1]) == {}
    command = [sys.executable, "-c", USER, *(["dies"] if dies else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "holds\n"
        assert code_of(fetch_all(weights[1:2])) == {"weights_cap_in_use"}
        other.communicate("go\n", timeout=60)
    assert fetch_all(weights[1:2]) == {}
    assert here(clean) == {"1"}


def test_what_is_being_brought_stays_and_its_room_is_taken(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 2)
    with room_for(weights[:2]):
        with pytest.raises(WeightsUnavailable) as caught:
            need_room_for(weights[2:3])
        assert caught.value.code == "weights_cap_in_use"
        need_room_for(weights[:2])  # has its room
    need_room_for(weights[2:4])
    monkeypatch.delenv("ERASER_LAB_WEIGHTS_GB")
    free(monkeypatch, 2.5)
    with room_for(weights[:2]), pytest.raises(WeightsUnavailable) as caught:
        need_room_for(weights[2:3])
    assert caught.value.code == "weights_disk_full"


def test_a_file_under_its_lock_stays(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever brings it need not be this program."""
    cap(monkeypatch, 1)
    assert fetch_all(weights[:1]) == {}
    with cache.lock_of(weights[0]):
        assert code_of(fetch_all(weights[1:2])) == {"weights_cap_in_use"}
    assert fetch_all(weights[1:2]) == {}


def test_what_only_people_can_bring_stays(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = replace(weights[5], sources=(), by_hand=Verbatim("Ask them."))
    (clean / "model").mkdir(parents=True)
    (clean / "model" / "5.bin").write_bytes(body(5))
    cap(monkeypatch, 2)
    assert fetch_all([by_hand]) == {} and fetch_all([by_hand, weights[0]]) == {}
    assert fetch_all(weights[1:2]) == {}
    assert here(clean) == {"1", "5"}


def test_what_this_program_did_not_put_there_stays_and_counts(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = clean / "holiday" / "film.bin"
    own.parent.mkdir(parents=True)
    own.write_bytes(body(9))
    cap(monkeypatch, 2)
    assert fetch_all(weights[:1]) == {} and fetch_all(weights[1:2]) == {}
    assert here(clean) == {"1"} and own.exists()


def test_what_the_hubs_cache_shares_stays_there_and_does_not_count(
    weights: list[WeightFile], clean: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import hf_hub_download

    source = weights[0].sources[0]
    assert isinstance(source, HubFile)
    home = clean.parent / "hf" / "hub"
    kept = hf_hub_download(
        source.repo, source.path, revision=source.revision, cache_dir=home, token=False
    )
    assert take_over(weights[0]) is not None
    note_use(weights[:1])
    cap(monkeypatch, 1)
    assert fetch_all(weights[1:2]) == {}
    assert here(clean) == {"0", "1"} and os.path.getsize(kept) == SIZE
    assert fetch_all(weights[2:3]) == {}
    assert here(clean) == {"0", "2"} and os.path.getsize(kept) == SIZE


# --- the record ----------------------------------------------------------------------------


def test_files_from_before_uses_were_noted_go_by_their_age(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 3)
    assert fetch_all(weights[:3]) == {}
    (clean / uses.RECORD).unlink()
    for number, age in ((0, 300), (1, 100), (2, 200)):
        os.utime(clean / "model" / f"{number}.bin", (age, age))
    assert code_of(fetch_all(weights[3:4])) == {"weights_cap_in_use"}  # nobody knows these
    room.know_sets([[weight] for weight in weights[:3]])
    assert fetch_all(weights[3:4]) == {}
    assert here(clean) == {"0", "2", "3"}


def test_a_begun_download_that_nobody_goes_on_with_goes_too(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 2)
    room.know_sets([weights[:1]])
    begun = clean / "model" / "0.bin.part"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(body(0)[:-9])
    assert fetch_all(weights[1:3]) == {}
    assert not begun.exists()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"a": 1}', '{"a": {"used": 0, "files": ["../../secret", "/etc/passwd"]}}'],
)
def test_a_damaged_record_removes_nothing_it_should_not(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    cap(monkeypatch, 1)
    secret = clean.parent / "secret"
    secret.write_bytes(body(9))
    assert fetch_all(weights[:1]) == {}
    (clean / uses.RECORD).write_text(text)
    room.know_sets([weights[:1]])
    assert fetch_all(weights[1:2]) == {}
    assert here(clean) == {"1"} and secret.exists()


def test_the_record_forgets_what_is_gone(weights: list[WeightFile], clean: Path) -> None:
    assert fetch_all(weights[:1]) == {} and fetch_all(weights[1:2]) == {}
    (clean / weights[0].name).unlink()
    note_use(weights[1:2])
    entries = json.loads((clean / uses.RECORD).read_text())
    assert [entry["files"] for entry in entries.values()] == [[weights[1].name]]


def test_what_was_recorded_of_a_file_without_a_pin_holds_after_it_was_removed(
    weights: list[WeightFile], clean: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has asked for another state of it."""
    hub.publish("org/open", {"net.bin": body(7)})
    loose = replace(unpinned(repo="org/open"), name="other/net.bin")
    cap(monkeypatch, 1)
    assert fetch_all([loose]) == {}
    digest = record.expected_digest(loose)
    assert fetch_all(weights[:1]) == {}
    assert not (clean / loose.name).exists() and not (clean / "other").exists()
    hub.publish("org/open", {"net.bin": body(8)})
    fetch_all([loose])
    assert record.expected_digest(loose) == digest
    assert not (clean / loose.name).exists() or cache.sha256_of(clean / loose.name) == digest


def size_or_gone(file: Path) -> int:
    """Bytes; none of one that somebody has just removed or renamed."""
    with suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def test_many_at_once_never_exceed_the_cap(
    weights: list[WeightFile], clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap(monkeypatch, 3)
    most = 0
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.002):
            files = [*(clean / "model").glob("*.bin*")]
            most = max(most, sum(map(size_or_gone, files)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    codes: list[set[str]] = []
    fetchers = [
        threading.Thread(target=lambda one=one: codes.append(code_of(fetch_all([one]))))
        for one in weights
    ]
    for thread in fetchers:
        thread.start()
    for thread in fetchers:
        thread.join(60)
    over.set()
    watcher.join()
    assert SIZE <= most <= 3 * SIZE + 20_000
    assert set().union(*codes) <= {"weights_cap_in_use"} and len(here(clean)) == 3
