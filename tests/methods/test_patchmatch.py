"""PatchMatch: the bound on its work, and the process that can be ended."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from methods import Image, Job, Mask, Stopped, run
from methods._base import no_progress
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from methods._photo.files import load_image
from methods._system.memory import helpers
from methods.patchmatch import PatchMatch, bound, process
from runner_tools import finished

patchmatch = pytest.importorskip("patchmatch")
ROCKET = Path(__file__).resolve().parents[2] / "examples" / "rocket.jpg"


@pytest.fixture(scope="module")
def photo() -> Image:
    return load_image(ROCKET).rgb


def hole(size: tuple[int, ...], share: float) -> Mask:
    height, width = size
    mask = np.zeros((height, width), bool)
    rows, columns = int(height * share**0.5), int(width * share**0.5)
    top, left = (height - rows) // 2, (width - columns) // 2
    mask[top : top + rows, left : left + columns] = True
    return mask


# --- the bound ---------------------------------------------------------------------------


def test_an_ordinary_call_is_made_as_it_is(photo: Image) -> None:
    """An object in the middle of the largest canvas, with the default patch size."""
    mask = hole((1024, 1024), 0.24)
    image = np.zeros((1024, 1024, 3), np.uint8)
    call = bound.plan(image, mask, PatchMatch.Settings().patch_size)
    assert call.image is image and call.mask is mask and call.patch_size == 3


@pytest.mark.parametrize("share", [0.2, 0.9, 0.998])
@pytest.mark.parametrize("patch_size", [3, 8, 15])
@pytest.mark.parametrize("size", [(1024, 1024), (341, 512), (60, 1024)])
def test_no_call_does_more_than_the_bound(
    size: tuple[int, int], patch_size: int, share: float
) -> None:
    image, mask = np.zeros((*size, 3), np.uint8), hole(size, share)
    call = bound.plan(image, mask, patch_size)
    assert bound.work(call.mask, call.patch_size) <= bound.MOST_WORK
    assert call.image.shape[:2] == call.mask.shape
    assert call.mask.any() and not call.mask.all()
    scale = call.mask.shape[0] / size[0]
    assert call.patch_size >= 3 and abs(call.patch_size - max(3, patch_size * scale)) <= 1


def test_the_bound_is_used_up_where_it_is_met() -> None:
    """The resolution is not lowered further than it must be."""
    mask = hole((341, 512), 0.9)
    call = bound.plan(np.zeros((341, 512, 3), np.uint8), mask, 15)
    assert bound.work(call.mask, call.patch_size) > 0.6 * bound.MOST_WORK


def test_nothing_under_the_mask_gets_into_a_reduced_picture(photo: Image) -> None:
    mask = hole(photo.shape[:2], 0.5)
    poisoned = np.where(mask[..., None], 255 - photo, photo)
    one, two = (bound.plan(image, mask, 3, most=100_000) for image in (photo, poisoned))
    assert one.mask.shape < mask.shape
    assert (one.image[~one.mask] == two.image[~two.mask]).all()


def test_something_is_left_to_copy_from_and_something_to_fill() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    rim, grid = np.ones((2, 200, 300), bool)
    rim[:, 0] = False
    grid[::2, ::2] = False
    for mask in (rim, grid):
        call = bound.plan(image, mask, 9, most=20_000)
        assert call.mask.any() and not call.mask.all()
        known = {tuple(colour) for colour in image[~mask].tolist()}
        assert {tuple(colour) for colour in call.image[~call.mask].tolist()} <= known


def test_the_eraser_keeps_to_it_and_answers_in_full_size(
    photo: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def counted(image: Image, mask: Mask, patch_size: int, *rest: Any) -> Image:
        done.append(bound.work(mask, patch_size))
        return np.full_like(image, 90)

    monkeypatch.setattr(process, "inpaint", counted)
    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))
    mask = hole(photo.shape[:2], 0.9)
    job = Job("patchmatch", {"patch_size": 15, "whole_picture": True})
    result = finished(list(run([job], photo, mask)))
    assert len(done) == 1 and 0 < done[0] <= bound.MOST_WORK < bound.work(mask, 15)
    assert result.image.shape == photo.shape and result.changed_outside == 0


def test_what_the_bound_costs_is_said_on_the_result(
    photo: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note names the size at which the library really worked; a cached result has it, too."""
    sides: list[int] = []

    def seen(image: Image, *rest: Any) -> Image:
        sides.append(max(image.shape))
        return np.full_like(image, 90)

    monkeypatch.setattr(process, "inpaint", seen)
    monkeypatch.setattr(worker, "results", ResultCache())
    mask = hole(photo.shape[:2], 0.3)
    job = Job("patchmatch", {"whole_picture": True})
    assert finished(list(run([job], photo, mask))).notes == ()
    monkeypatch.setattr(worker, "results", ResultCache())
    monkeypatch.setattr(bound, "MOST_WORK", 60_000)
    first, again = (finished(list(run([job], photo, mask))) for _ in range(2))
    (note,) = first.notes
    percent = int(100 * sides[1] / sides[0])
    assert (
        10 < percent < 90 and f"at {percent} % of" in note.en and f"{percent} %" in note.said("zh")
    )
    assert again.cached and again.notes == first.notes and len(sides) == 2


def test_of_several_holes_the_coarsest_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bound, "MOST_WORK", 60_000)
    masks = [hole((200, 300), share) for share in (0.1, 0.6, 0.3)]
    scales = [bound.scale(mask, 3) for mask in masks]
    assert scales[0] == 1 > scales[2] > scales[1]
    (note,) = PatchMatch.notes_on(masks, PatchMatch.Settings())
    assert note.values == {"percent": int(100 * scales[1])}
    assert PatchMatch.notes_on(masks[:1], PatchMatch.Settings()) == ()


def test_noise_in_colour_is_filled_with_noise_in_colour() -> None:
    """And not with a grey patch, in which the object's shape can still be made out."""
    noise = np.random.default_rng(0).normal(128, 25, (180, 240, 3))
    photo = np.clip(noise, 0, 255).astype(np.uint8)
    mask = hole(photo.shape[:2], 0.05)
    photo[mask] = (200, 30, 30)
    result = finished(list(run([Job("patchmatch")], photo, mask))).image
    off_grey = result - result.mean(axis=2, keepdims=True)
    assert 0.8 < off_grey[mask].std() / off_grey[~mask].std() < 1.2


# --- the process -------------------------------------------------------------------------


def test_it_gives_what_the_library_gives(photo: Image) -> None:
    image, mask = photo[150:250, 250:380], hole((100, 130), 0.2)
    steps: list[tuple[int, int]] = []
    filled = process.inpaint(image, mask, 4, 7, lambda *step: steps.append(step))
    patchmatch.set_random_seed(7)
    assert (filled == patchmatch.inpaint(image, mask, patch_size=4)).all()
    told = list(dict.fromkeys(step for step in steps if step[0]))
    assert len(told) > 2 and told == [(step, len(told)) for step in range(1, len(told) + 1)]
    assert not helpers


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    found: list[subprocess.Popen[bytes]] = []

    class Seen(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            found.append(self)

    monkeypatch.setattr(process.subprocess, "Popen", Seen)
    return found


@pytest.mark.parametrize("at", [0, 1, 3])
def test_stop_ends_the_process_at_any_time(
    photo: Image, started: list[subprocess.Popen[bytes]], at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it starts, after its first level, and after its third; it would take seconds more."""
    monkeypatch.setattr(process, "_LISTEN", 0.01)  # so that it is asked before it has begun

    def progress(step: int, total: int) -> None:
        assert helpers == {started[0].pid}, "its memory counts while it works"
        if step == at:
            raise Stopped

    with pytest.raises(Stopped):
        process.inpaint(photo, hole(photo.shape[:2], 0.6), 7, 0, progress)
    (child,) = started
    assert child.returncode is not None and child.returncode != 0, "it was ended, not waited for"
    assert not helpers


def test_what_goes_wrong_in_it_is_said(photo: Image) -> None:
    with pytest.raises(RuntimeError, match="patch_size must be between 1"):
        process.inpaint(photo, hole(photo.shape[:2], 0.1), 0, 0, no_progress)
    assert not helpers


def test_a_process_that_dies_at_once_is_an_error_and_no_wait(
    photo: Image, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "child.py"
    script.write_text("raise SystemExit('no such thing')", encoding="utf-8")
    monkeypatch.setattr(process, "_CHILD", script)
    with pytest.raises(RuntimeError, match="ended with 1: no such thing"):
        process.inpaint(photo, hole(photo.shape[:2], 0.1), 3, 0, no_progress)
