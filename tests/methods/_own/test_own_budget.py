"""A server is asked for no more pictures a day than its manifest says, and the card says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from iopaint_lookalike import IopaintLookalike
from methods import Failed, Finished, Unavailable, get_eraser
from methods._own import budget
from own_tools import Own
from server_fixtures import FAST, serve
from troubled_server import Troubled, troubled

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]
Server = tuple[str, type[Troubled]]

TABLE = 'cv2_flag = "INPAINT_TELEA"'
TWICE = f"per_day = 2\n{FAST}"


@pytest.fixture
def server() -> Iterator[Server]:
    with troubled(IopaintLookalike, wishes=[]) as found:
        yield found


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    return tmp_path / "data" / "own_calls.json"


def test_after_so_many_it_is_asked_no_more(
    own: Own, erase: Erase, server: Server, counted: Path
) -> None:
    serve(own, "iopaint", server[0], TABLE, server=TWICE)
    assert isinstance(erase("theirs", seed=1), Finished)
    server[1].troubles["/api/v1/inpaint"] = [429]
    assert isinstance(erase("theirs", seed=2), Finished), "asked again, counted once"
    asked = len(server[1].seen)
    last = erase("theirs", seed=3)
    assert isinstance(last, Failed)
    assert "2 pictures a day at most" in last.text
    assert len(server[1].seen) == asked
    today = datetime.now(UTC).date().isoformat()
    assert json.loads(counted.read_text()) == {"day": today, "calls": {"theirs": 2}}
    counted.write_text(json.dumps({"day": "2020-01-01", "calls": {"theirs": 2}}))
    assert isinstance(erase("theirs", seed=4), Finished), "another day"


def test_each_has_its_own_and_none_is_lost(own: Own, counted: Path) -> None:
    def take() -> None:
        for _ in range(5):
            budget.take_call("theirs", 100, "Theirs")

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    budget.take_call("other", 1, "Other")
    assert json.loads(counted.read_text())["calls"] == {"theirs": 20, "other": 1}


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"day": 1}', '{"day": "2020-01-01"}'])
def test_a_count_that_is_none_is_begun_anew(own: Own, counted: Path, text: str) -> None:
    counted.parent.mkdir(exist_ok=True)
    counted.write_text(text)
    budget.take_call("theirs", 1, "Theirs")
    with pytest.raises(Unavailable, match="used up"):
        budget.take_call("theirs", 1, "Theirs")


def test_what_cannot_be_counted_is_not_asked(
    own: Own, erase: Erase, server: Server, counted: Path
) -> None:
    counted.mkdir(parents=True)  # nothing can be written there
    serve(own, "iopaint", server[0], TABLE, server=TWICE)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "cannot be counted" in last.text and "own_calls.json" in last.text
    assert not server[1].seen


def test_the_card_says_what_it_costs(own: Own) -> None:
    price = 'price = { en = "about $0.04", zh = "约 0.04 美元" }'
    serve(own, "iopaint", "https://paint.example", TABLE, server=f"per_day = 50\n{price}")
    notes = get_eraser("theirs").spec.notes
    assert [str(note) for note in notes[1:3]] == [
        "Each picture costs: about $0.04",
        "It is asked for 50 pictures a day at most (UTC).",
    ]
    assert "约 0.04 美元" in notes[1].said("zh")


def test_none_a_day_is_no_limit_but_a_fault(own: Own) -> None:
    serve(own, "iopaint", "https://paint.example", TABLE, server="per_day = 0")
    assert "server.per_day" in str(get_eraser("theirs").spec.unavailable)
