"""The benchmark for a GPU on tiny networks: rows, order, files, the end of the time, errors and
interruptions; nothing of it is replaced but the clock."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))

import gpu_bench
import tiny_lama
from _gpu_meter import RESERVE, Budget
from _gpu_report import Report
from _gpu_rows import LAST, ORDER, Figures, Row, jobs
from full_size import builders

QUICK = ("--erasers", "pixelhacker", "lama", "--clicks", "sam_vit_b", "sam2_1_tiny")
IN_ORDER = ["lama", "pixelhacker", "sam2_1_tiny", "sam_vit_b"]


def bench(*words: str, clock: Callable[[], float] = time.monotonic, device: str = "cpu") -> Report:
    return gpu_bench.main(["--tiny", "--device", device, "--rounds", "1", *words], clock)


def labels(report: Report) -> list[str]:
    return [row.job.label for row in report.rows]


def left_out(report: Report) -> list[str]:
    return [job.label for job in report.not_reached]


class Jumping:
    """A clock that goes on by `stride` seconds each time it is looked at; at the look number
    `alarm` the process is asked to end."""

    def __init__(self, stride: float, alarm: int | None = None) -> None:
        self.looks, self._stride, self._alarm = 0, stride, alarm

    def __call__(self) -> float:
        self.looks += 1
        if self.looks == self._alarm:
            os.kill(os.getpid(), signal.SIGTERM)
        return self.looks * self._stride


# --- a whole run ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gpu_bench") / "figures.json"


@pytest.fixture(scope="module")
def report(file: Path) -> Iterator[Report]:
    yield bench(*QUICK, "--json", str(file))


@pytest.fixture(scope="module")
def written(report: Report, file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_every_row_is_there_in_the_order_of_the_list(report: Report, written: Any) -> None:
    assert labels(report) == IN_ORDER
    assert [row["row"] for row in written["rows"]] == IN_ORDER
    assert written["ended"] == "all rows"
    assert written["not_reached"] == []


@pytest.mark.slow
def test_an_eraser_has_all_its_figures(written: Any) -> None:
    lama, pixelhacker = written["rows"][:2]
    for row in (lama, pixelhacker):
        assert row["not_timed"] == ""
        assert len(row["seconds"]["picture"]) == 1
        assert min(row["seconds"]["picture"][0], row["load_seconds"], row["first_seconds"]) > 0
        assert row["wall_seconds"] > row["write_seconds"] > 0
        assert row["moved"] == {name: {"up": 0, "down": 0} for name in ("loading", "first")}
    assert lama["steps"] == 0
    assert pixelhacker["steps"] > 0


@pytest.mark.slow
def test_clicks_have_all_their_figures(written: Any) -> None:
    for row in written["rows"][2:]:
        counts = {name: len(seconds) for name, seconds in row["seconds"].items()}
        assert counts == {"encode": 1, "decode": 4, "click": 4, "click_by_turns": 4}
        assert min(second for each in row["seconds"].values() for second in each) > 0


@pytest.mark.slow
def test_the_file_says_what_was_measured_and_nothing_of_the_user(written: Any, file: Path) -> None:
    assert written["machine"]["device"] == "CPU"
    assert written["versions"]["torch"]
    assert written["options"]["tiny"]
    assert written["seconds"] > 0
    text = file.read_text(encoding="utf-8")
    assert str(file.parent) not in text
    assert str(Path.home()) not in text
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.slow
def test_the_tables_are_markdown_with_equally_many_cells(report: Report) -> None:
    heading, erasers, clicks = str(report).split("\n\n")
    assert heading.startswith("Tiny random weights, which say nothing, timing only; CPU")
    for table in (erasers, clicks):
        lines = table.splitlines()
        assert len(lines) == 4
        assert len({line.count(" | ") for line in lines}) == 1
        assert "not timed" not in table


@pytest.mark.slow
@pytest.mark.skipif(find_spec("emulation") is None, reason="there is no emulated device here")
def test_on_an_emulated_gpu_bytes_are_counted() -> None:
    words = ("--emulated", "--erasers", "lama", "--clicks", "sam_vit_b")
    for row in bench(*words, device="cuda").rows:
        assert row.why == ""
        assert row.figures
        assert row.figures.peak > row.figures.weights > 0
        assert row.figures.moved["loading"].up > 100_000
        assert row.figures.moved["first"].down > 0


# --- the end of the time -------------------------------------------------------------------


def test_without_time_no_row_is_begun() -> None:
    report = bench(*QUICK, "--minutes", "0.1")
    assert labels(report) == []
    assert left_out(report) == IN_ORDER
    assert str(report).endswith(
        "Not reached (the time was up): LaMa, PixelHacker, SAM 2.1 tiny, SAM ViT-B."
    )


@pytest.mark.slow
def test_when_the_time_is_over_the_row_ends_and_no_other_is_begun(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    words = ("--erasers", "--clicks", "sam_vit_b", "sam2_1_tiny", "--json", str(file))
    report = bench(*words, "--minutes", "3", clock=Jumping(stride=20))
    (row,) = report.rows
    assert (row.job.label, row.why, row.figures) == ("sam2_1_tiny", "the time was up", None)
    assert left_out(report) == ["sam_vit_b"]
    assert json.loads(file.read_text(encoding="utf-8"))["not_reached"] == ["sam_vit_b"]


def test_rounds_that_were_measured_in_time_count() -> None:
    """The clock is looked at after each layer: the time is over in the third picture, the second
    one that counts."""
    looks = 8 + 2.5 * len(tiny_lama.tiny_lama().model)
    words = ("--erasers", "lama", "--clicks", "--minutes", str((RESERVE + looks) / 60))
    (row,) = bench(*words, "--rounds", "9", clock=Jumping(stride=1)).rows
    assert row.why == ""
    assert row.figures
    assert len(row.figures.seconds["picture"]) == 1


def test_a_row_is_expected_to_take_what_others_took() -> None:
    budget = Budget(10, time.monotonic, rounds=3)
    first, second = jobs(["sd_inpainting", "sdxl_inpainting"], [])
    figures = Figures((512, 640), 10.0, 5.0, {"picture": [5.0] * 3}, 50)
    budget.learn(Row(first, "", figures, write_seconds=6.0, wall_seconds=46.0))
    assert budget.expected(first) == pytest.approx(36, abs=12)
    work = second.gigabytes * second.steps / (first.gigabytes * first.steps)
    assert budget.expected(second) > 30 * work
    assert budget.fits(first)


# --- what goes wrong -----------------------------------------------------------------------


@pytest.mark.slow
def test_a_row_that_fails_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "mobile_sam.pt"
    damaged.write_bytes(b"nothing of the kind")
    monkeypatch.setenv("ERASER_LAB_WEIGHT_MOBILE_SAM_PT", str(damaged))
    report = bench("--erasers", "--clicks", "sam_vit_b", "mobile_sam")
    bad, good = report.rows
    assert bad.job.label == "mobile_sam"
    assert bad.why.startswith("WeightsUnavailable: mobile_sam.pt does not hold the weights")
    assert good.figures
    assert "| MobileSAM | not timed: WeightsUnavailable" in str(report)


def test_what_cannot_be_built_is_said_at_once() -> None:
    (row,) = bench("--erasers", "flux_fill", "--clicks").rows
    assert row.why == "no random flux1-fill, flux1-shared of full size"


def test_lack_of_memory_is_said_in_three_words() -> None:
    assert gpu_bench.reason_of(MemoryError()) == "out of memory"
    assert gpu_bench.reason_of(ValueError("a | b\nc")) == "ValueError: a / b"


@pytest.mark.parametrize("look", [9, 14])
def test_sigterm_leaves_what_is_there(look: int, tmp_path: Path) -> None:
    file, before = tmp_path / "figures.json", signal.getsignal(signal.SIGTERM)
    words = ("--erasers", "lama", "--clicks", "sam_vit_b", "sam2_1_tiny", "--json", str(file))
    report = bench(*words, clock=Jumping(stride=0.01, alarm=look))
    assert report.ended == "interrupted"
    *whole, last = report.rows
    assert all(row.figures for row in whole)
    assert last.why == "interrupted"
    assert labels(report) + left_out(report) == ["lama", "sam2_1_tiny", "sam_vit_b"]
    assert json.loads(file.read_text(encoding="utf-8"))["ended"] == "interrupted"
    assert signal.getsignal(signal.SIGTERM) is before


# --- the list ------------------------------------------------------------------------------


def test_the_order_names_each_row_once_and_no_others() -> None:
    named = [label for _, each in ORDER for label in each]
    there = [job.label for job in jobs(None, None)]
    assert there[: len(named)] == named
    assert {job.reason for job in jobs(None, None)[len(named) :]} == {LAST}


def test_whatever_can_be_built_is_read_by_some_row() -> None:
    read = {name for job in jobs(None, None) for name in job.repositories}
    assert builders().keys() - read == {"sd15", "sd21-base"}  # only other settings read these
