"""What travels to a lent GPU, for how long it is asked for, what is said where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lending_tools import lend_here, lent_here
from methods import (
    Borrowing,
    EraserSpec,
    Failed,
    Finished,
    Image,
    Job,
    Mask,
    Unavailable,
    catalogues,
    get_eraser,
    gpu_cost,
    list_erasers,
    make_executor,
)
from methods._base import Canvas
from methods._engine.registry import settings_of
from methods._engine.worker import Picture, Task
from methods._geometry.paste import erase_in_patches
from methods._system import lent
from methods._system.device import best_device, devices_for, job_device
from methods._workers.zerogpu.lent import Lent
from methods._workers.zerogpu.pace import (
    LEAST_SECONDS,
    MOST_SECONDS,
    Pace,
    Paces,
    needs_whole_gpu,
    steps_of,
)
from methods._workers.zerogpu.parcel import Parcel, part_for, unpacked
from methods._workers.zerogpu.refusals import in_time, refused
from runner_tools import Noise, finished, last_of, spec_of
from tiers import EXAMPLES

pytest_plugins = ["worker_fixtures"]

# --- what travels ------------------------------------------------------------------------------

CANVASES = (
    Canvas(context=0.5, min_context=8),
    Canvas(square=32),
    Canvas(longest_side=24, multiple_of=8),
    Canvas(area=30 * 30, multiple_of=4, context=1.0),
    Canvas(short_side=16, min_context=4),
)


def _scattered(seed: int) -> tuple[Image, Mask]:
    """A photo of some size with a few holes, thin ones among them."""
    chance = np.random.default_rng(seed)
    height, width = chance.integers(30, 160, 2)
    mask = np.zeros((height, width), np.bool_)
    for _ in range(chance.integers(1, 4)):
        y, x = chance.integers(0, height - 8), chance.integers(0, width - 8)
        mask[y : y + chance.integers(1, 8), x : x + chance.integers(1, 60)] = True
    return chance.integers(0, 256, (height, width, 3)).astype(np.uint8), mask


def _smeared(image: Image, mask: Mask, *_: int) -> Image:
    """An eraser whose result depends on every pixel that it sees."""
    mixed = np.cumsum(image.astype(np.uint64), axis=0).cumsum(axis=1) + mask[..., None]
    return (mixed % 251).astype(np.uint8)


@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**6), canvas=st.sampled_from(CANVASES), whole=st.booleans())
def test_an_eraser_sees_in_the_part_what_it_sees_in_the_photo(
    seed: int, canvas: Canvas, whole: bool
) -> None:
    image, mask = _scattered(seed)
    picture = Picture(image, mask)
    kind = type("shown", (Noise,), {"spec": spec_of("shown", canvas=canvas)})
    task = Task(0, kind, settings_of(kind, {"whole_picture": whole}), 1)
    seen = unpacked(part_for(task, picture))
    assert (seen.mask == mask).all() and seen.tone == picture.tone
    here, there = (
        erase_in_patches(each.visible, each.mask, canvas, _smeared, whole_picture=whole)
        for each in (picture, seen)
    )
    assert (here[mask] == there[mask]).all()


def test_of_a_large_photo_little_travels(toys: None) -> None:
    image = np.zeros((3000, 4000, 3), np.uint8)
    mask = np.zeros((3000, 4000), np.bool_)
    mask[1000:1200, 1000:1300] = True
    kind = get_eraser("noise")
    part = part_for(Task(0, kind, kind.Settings(), 1), Picture(image, mask))
    assert part.nbytes < image.nbytes / 30


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Parcel]]:
    """The parcels of a test."""
    parcels: list[Parcel] = []
    monkeypatch.setattr("lending_tools._generator", _noting(parcels))
    yield parcels


def _noting(parcels: list[Parcel]) -> Any:
    from methods._workers.zerogpu import borrowed

    def erased(parcel: Parcel) -> Any:
        parcels.append(parcel)
        return borrowed.erased(parcel)

    return erased


def test_a_grey_photo_gets_a_grey_fill(toys: None, image: Image, mask: Mask) -> None:
    grey = np.repeat(image[..., :1], 3, axis=2)
    done = finished(list(lent_here().run([Job("noise", {}, 5)], grey, mask)))
    fill = done.image[mask]
    assert (fill == fill[:, :1]).all() and done.changed_outside == 0


def test_seconds_are_asked_for_by_what_was_measured(
    toys: None, sent: list[Parcel], image: Image, mask: Mask
) -> None:
    known = Paces()
    executor = lent_here(known)
    kind = get_eraser("noise")
    told, *_, measured = executor.run([Job("noise", {}, 1)], image, mask)
    assert isinstance(measured, Finished)
    known.note(kind, kind.Settings(), replace(measured, load_seconds=30.0, erase_seconds=60.0))
    again, *_ = executor.run([Job("noise", {}, 2)], image, mask)
    assert isinstance(told, Borrowing) and isinstance(again, Borrowing)
    assert [parcel.seconds for parcel in sent] == [told.seconds, again.seconds]
    assert again.seconds > told.seconds


def test_a_refusal_goes_to_its_job_alone(toys: None, image: Image, mask: Mask) -> None:
    def refuse(parcel: Parcel) -> Any:
        if parcel.eraser == "noise":
            raise Unavailable("gpu_busy", title="Noise", eraser="noise")
        yield from lend_here(parcel)

    executor = Lent(refuse, lambda spec: spec.holds_device, Paces())
    jobs = [Job("noise"), Job("patient"), Job("light_noise")]
    refused, *done = last_of(list(executor.run(jobs, image, mask)))
    assert isinstance(refused, Failed) and refused.code == "gpu_busy"
    assert all(isinstance(end, Finished) for end in done)


# --- for how long ------------------------------------------------------------------------------


@given(load=st.floats(0, 1000), step=st.floats(0, 10), steps=st.integers(1, 500))
def test_more_work_is_asked_more_time_for_within_bounds(
    load: float, step: float, steps: int
) -> None:
    pace = Pace(load, step)
    seconds = pace.seconds(steps)
    assert LEAST_SECONDS <= seconds <= MOST_SECONDS
    assert seconds <= pace.seconds(steps + 1) and seconds <= pace.seconds(steps, 2)
    assert seconds <= Pace(load + 1, step).seconds(steps)


def _result(load: float, erase: float, pieces: int = 1) -> Finished:
    image = np.zeros((2, 2, 3), np.uint8)
    return Finished(
        index=0, image=image, load_seconds=load, erase_seconds=erase, peak_memory=0,
        memory_kind="gpu", device="cuda", seed=0, settings={}, weights={}, changed_outside=0,
        pieces=pieces,
    )  # fmt: skip


def test_a_measured_pace_replaces_the_estimate_and_then_moves() -> None:
    kind, known = get_eraser("sd_inpainting"), Paces()
    chosen = settings_of(kind, {"num_inference_steps": 10})
    known.note(kind, chosen, _result(2.0, 40.0, pieces=2))
    assert known.of(kind, chosen) == Pace(2.0, 2.0)
    known.note(kind, chosen, _result(0.0, 40.0, pieces=1))  # found loaded
    after = known.of(kind, chosen)
    assert after.load == 2.0 and 2.0 < after.step < 4.0


def test_estimates_follow_the_networks_size() -> None:
    known = Paces()

    def asked(name: str) -> int:
        kind = get_eraser(name)
        chosen = kind.Settings()
        return known.of(kind, chosen).seconds(steps_of(chosen))

    assert asked("sd_inpainting") < asked("sdxl_inpainting") < asked("flux_fill") <= MOST_SECONDS


# --- who borrows, and what is planned ----------------------------------------------------------


@pytest.fixture
def lending(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine as the platform describes it."""
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.delenv("ERASER_LAB_DEVICE", raising=False)


def test_large_networks_borrow_and_nothing_else_does(lending: None) -> None:
    borrowing = {spec.id for spec in list_erasers() if lent.borrows(spec)}
    assert {"sd_inpainting", "sdxl_inpainting", "flux2_klein", "qwen_image_edit"} <= borrowing
    assert not borrowing & {"lama", "migan", "mat", "patchmatch", "telea", "navier_stokes"}
    assert {spec.id for spec in list_erasers() if gpu_cost(spec) is not None} == borrowing


def test_this_process_has_a_cpu_and_plans_for_a_gpu(lending: None) -> None:
    assert (best_device(), job_device()) == ("cpu", "cuda")
    assert devices_for(get_eraser("sd_inpainting").spec) == ("cuda",)
    assert devices_for(get_eraser("lama").spec) == ("cpu",)


def test_nothing_is_borrowed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert not any(lent.borrows(spec) or gpu_cost(spec) for spec in list_erasers())


def test_only_what_half_a_gpu_cannot_hold_takes_a_whole_one() -> None:
    kinds = [get_eraser(spec.id) for spec in list_erasers() if lent.wants_gpu(spec)]
    whole = [kind.spec.id for kind in kinds if needs_whole_gpu(kind, kind.Settings())]
    assert whole == ["qwen_image_edit"]


def test_without_the_package_it_says_so(lending: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("methods._workers.choice.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="pip install spaces"):
        make_executor()


# --- refusals ----------------------------------------------------------------------------------

QUOTA = "You have exceeded your {} quota (30s requested vs. 12s left). Try again in {}. More words."


@pytest.mark.parametrize(
    ("title", "message", "sentence", "details"),
    [
        (
            "ZeroGPU quota exceeded",
            QUOTA.format("ZeroGPU", "3:02:01"),
            "gpu_quota.anonymous",
            {"requested": 30, "left": 12, "wait": 10921},
        ),
        (
            "ZeroGPU quota exceeded",
            QUOTA.format("free ZeroGPU", "1 day, 0:00:05"),
            "gpu_quota.free",
            {"wait": 86405},
        ),
        ("ZeroGPU quota exceeded", QUOTA.format("Pro ZeroGPU", "0:00:09"), "gpu_quota.pro", {}),
        (
            "ZeroGPU quota exceeded",
            "Space app has reached its GPU limit. Try re-running",
            "gpu_quota.nobody",
            {},
        ),
        (
            "ZeroGPU quota exceeded",
            "You have exceeded your ZeroGPU runs limit. ",
            "gpu_quota.runs",
            {},
        ),
        ("ZeroGPU quota exceeded", "No GPU was available after 60s. Try", "gpu_busy", {}),
        ("ZeroGPU queue timeout", "No GPU was available after 60s Retry later", "gpu_busy", {}),
        ("ZeroGPU client error", "No GPU was available", "gpu_busy", {}),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", "gpu_login", {}),
        ("ZeroGPU client error", "Internal Gradio error", "gpu_unavailable", {}),
        (
            "ZeroGPU illegal duration",
            "The requested GPU duration (90s) is larger than the maximum allowed",
            "gpu_too_long",
            {"requested": 90},
        ),
        ("ZeroGPU pending credits exceeded", "You have too many", "gpu_quota.pending", {}),
        ("ZeroGPU worker error", "GPU task aborted", "gpu_aborted", {}),
        ("ZeroGPU worker error", "AcceleratorError", "gpu_unavailable", {}),
        ("ZeroGPU", "ConnectError", "gpu_unavailable", {}),
    ],
)
def test_what_the_platform_says_has_a_sentence(
    title: str, message: str, sentence: str, details: dict[str, int]
) -> None:
    spec: EraserSpec = get_eraser("flux2_klein").spec
    error = refused(title, message, spec)
    assert error.sentence.id == f"error.{sentence}"
    assert details.items() <= error.details.items()
    for language in catalogues():
        words = error.sentence.said(language)
        assert spec.name in words and "{" not in words
    assert len({error.sentence.said(language) for language in catalogues()}) == len(catalogues())


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 min"), (61, "2 min"), (3600, "1 h 0 min"), (10921, "3 h 3 min")]
)
def test_a_wait_is_said_in_hours_and_minutes(seconds: int, words: str) -> None:
    assert str(in_time(seconds)) == words
