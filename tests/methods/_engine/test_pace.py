"""How long erasers are expected to take: measured here, else guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from methods import Finished, Job, ahead_of, expected, get_eraser, note_pace
from methods._engine import pace

PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(pace, "best_device", lambda: "cpu")
    monkeypatch.setattr(pace, "RECORD", "paces.json")
    return tmp_path


def finished(seconds: float, load: float = 0.0, cached: bool = False, **settings: int) -> Finished:
    return Finished(
        index=0,
        image=PICTURE,
        load_seconds=load,
        erase_seconds=seconds,
        peak_memory=0,
        memory_kind="ram",
        device="cpu",
        seed=0,
        settings=dict(settings),
        weights={},
        changed_outside=0,
        cached=cached,
    )


def test_what_has_run_here_is_measured_and_the_rest_guessed() -> None:
    before = expected([Job("telea")])
    assert not before.measured and before.seconds == pytest.approx(pace.GUESSED_SECONDS)
    note_pace("telea", finished(4.0))
    after = expected([Job("telea"), Job("telea", {"radius": 9})])
    assert after.measured and after.seconds == pytest.approx(8.0)
    both = expected([Job("telea"), Job("lama")])
    assert not both.measured and both.seconds > 4.0


def test_what_other_weights_took_says_nothing_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pace.weight_status
    monkeypatch.setattr(pace, "weight_status", lambda file: replace(real(file), size=7))
    note_pace("lama", finished(4.0))
    assert ahead_of(get_eraser("lama")).measured
    monkeypatch.setattr(pace, "weight_status", real)
    assert not ahead_of(get_eraser("lama")).measured
    note_pace("lama", finished(8.0))
    assert ahead_of(get_eraser("lama")).step == pytest.approx(8.0)  # nothing of the old one


def test_a_guess_grows_with_the_network_and_shrinks_with_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def steps(*erasers: str) -> list[float]:
        return [ahead_of(get_eraser(each)).step for each in erasers]

    on_cpu = steps("lama", "sdxl_inpainting")
    assert on_cpu == sorted(on_cpu) and on_cpu[-1] > 5
    monkeypatch.setattr(pace, "best_device", lambda: "cuda")
    on_gpu = steps("lama", "sdxl_inpainting")
    assert all(gpu < cpu for gpu, cpu in zip(on_gpu, on_cpu, strict=True))


def test_loading_counts_once_and_steps_count_each() -> None:
    note_pace("powerpaint", finished(90.0, load=10.0, num_inference_steps=45))
    jobs = [Job("powerpaint", {"num_inference_steps": steps}) for steps in (10, 20)]
    assert expected(jobs).seconds == pytest.approx(10 + 2 * 30)


def test_a_new_measurement_moves_the_old_one() -> None:
    note_pace("telea", finished(10.0))
    note_pace("telea", finished(20.0))
    note_pace("telea", finished(500.0, cached=True))
    assert expected([Job("telea")]).seconds == pytest.approx(13.0)


@pytest.mark.parametrize("content", ["", "[]", '{"telea": 3}', '{"telea": {"cpu": {}}}'])
def test_a_damaged_record_is_begun_anew(cache: Path, content: str) -> None:
    (cache / pace.RECORD).write_text(content)
    assert not expected([Job("telea")]).measured
    note_pace("telea", finished(4.0))
    assert expected([Job("telea")]).measured


def test_what_cannot_be_written_or_run_ends_nothing(cache: Path) -> None:
    (cache / pace.RECORD).mkdir()
    note_pace("telea", finished(4.0))
    assert expected([Job("no_such_eraser"), Job("telea", {"colour": 3})]).seconds == 0
