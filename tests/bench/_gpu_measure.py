"""Measuring one row of `gpu_bench`: an eraser's pictures, or a segmenter's clicks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from _gpu_meter import Budget, Moving, TimeUp
from _gpu_rows import Figures, Job, settings_for
from methods import Image, Mask, fetch, get_eraser
from methods._base import Canvas, DeviceName
from methods._system.memory import MemoryMeter
from segmentation import EmbeddingCache, PromptedObject, Segmenter
from segmentation._engine.registry import found
from segmentation_bench import our_click, photo

OTHER_SIDE = 1.25
"""Of the canvas: the longer side where the network takes any."""

TINY_PART = 0.25
"""Of its sides, where all is tiny."""

PHOTO, TINY_PHOTO = (2250, 1500), (640, 427)
CLICKS = 4
"""For each round."""


@dataclass(frozen=True)
class Way:
    """How to measure. wanted: settings for every eraser that has them."""

    device: DeviceName
    rounds: int
    tiny: bool
    budget: Budget
    wanted: Mapping[str, Any] = field(default_factory=dict)


def measured(job: Job, way: Way) -> Figures:
    """The row's figures; fewer rounds where the time is over. Raises TimeUp where there is none."""
    return _pictures(job, way) if job.kind == "eraser" else _clicks(job, way)


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _rounds(call: Callable[[], object], way: Way, times: int = 1) -> list[float]:
    """Seconds of each; fewer where the time is over. Raises TimeUp where there is none."""
    seconds: list[float] = []
    try:
        for _ in range(way.rounds * times):
            way.budget.check()
            seconds.append(_timed(call))
    except TimeUp:
        if not seconds:
            raise
    return seconds


def _held(device: str) -> int:
    """Bytes on a GPU; elsewhere nobody counts them."""
    return int(torch.cuda.memory_allocated()) if device == "cuda" else 0


def _peak(held: int, meter: MemoryMeter) -> int:
    return held + max(0, meter.peak) if meter.kind == "gpu" else 0


# --- erasers -------------------------------------------------------------------------------


def _pictures(job: Job, way: Way) -> Figures:
    """After one picture that does not count."""
    kind = get_eraser(job.id)
    settings = settings_for(job.id, {**way.wanted, **job.chosen})
    image, mask = picture(kind.canvas_for(settings), TINY_PART if way.tiny else 1)
    eraser, steps = kind(), [0]

    def progress(step: int, total: int) -> None:
        steps.append(total)
        way.budget.check()

    def load() -> None:
        eraser.load(way.device, None)
        eraser.prepare(settings)

    try:
        with Moving() as loading:
            load_seconds = _timed(load)
        with Moving() as first:
            first_seconds = _timed(lambda: eraser.erase(image, mask, settings, 0, progress))
        held = _held(way.device)
        with MemoryMeter(way.device) as meter:
            seconds = _rounds(lambda: eraser.erase(image, mask, settings, 1, progress), way)
    finally:
        eraser.unload()
    return Figures(
        (image.shape[0], image.shape[1]),
        load_seconds,
        first_seconds,
        {"picture": seconds},
        steps[-1] if "num_inference_steps" in kind.Settings.model_fields else 0,
        held,
        _peak(held, meter),
        {"loading": loading.moved, "first": first.moved},
    )


def picture(canvas: Canvas, part: float = 1) -> tuple[Image, Mask]:
    """Noise of the canvas's size, or of a part of its sides where the network takes any, and an
    object of a tenth of it in the middle."""
    short = canvas.square or canvas.short_side or 0
    long = short if canvas.square else round(short * OTHER_SIDE)
    if canvas.longest_side:
        short, long = round(canvas.longest_side / OTHER_SIDE), canvas.longest_side
    part = 1 if canvas.square else part
    step = canvas.multiple_of
    rows, columns = (int(side * part) // step * step for side in (short, long))
    image = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)
    mask = np.zeros((rows, columns), bool)
    mask[rows // 3 : 2 * rows // 3, columns // 3 : round(columns * 0.63)] = True
    return image, mask


# --- clicks --------------------------------------------------------------------------------


def _clicks(job: Job, way: Way) -> Figures:
    """After one photo and one click that do not count."""
    image = photo(*(TINY_PHOTO if way.tiny else PHOTO))
    with Moving() as loading:
        start = time.perf_counter()
        segmenter = _segmenter(job, way.device)
        load_seconds = time.perf_counter() - start
    pointing = Pointing(segmenter, image)
    with Moving() as first:
        first_seconds = _timed(pointing.first)
    held = _held(way.device)
    with MemoryMeter(way.device) as meter:
        seconds = {
            "encode": _rounds(pointing.encode, way),
            "decode": _rounds(pointing.decode, way, CLICKS),
            "click": _rounds(pointing.click, way, CLICKS),
            "click_by_turns": _rounds(pointing.by_turns, way, CLICKS),
        }
    moved = {"loading": loading.moved, "first": first.moved}
    size = (image.shape[0], image.shape[1])
    peak = _peak(held, meter)
    return Figures(size, load_seconds, first_seconds, seconds, 0, held, peak, moved)


def _segmenter(job: Job, device: DeviceName) -> Segmenter:
    """An instance of its own on this device: the program's shared ones choose theirs."""
    kind: Any = found()[job.id]
    files = [fetch(weight) for weight in job.weights]
    made: Segmenter = getattr(kind, "from_files" if len(files) > 1 else "from_file")(*files, device)
    return made


class Pointing:
    """Two users on two photos: what each of their gestures makes the server do.

    Every click lies at another place, so that no remembered answer helps.
    """

    def __init__(self, segmenter: Segmenter, image: Image) -> None:
        self._segmenter, self._cache = segmenter, EmbeddingCache()
        self._photos = {"first": image, "second": np.ascontiguousarray(image[:, ::-1])}
        self._users, self._nudges = itertools.cycle(self._photos), itertools.count(1)

    def first(self) -> None:
        """Each opens a photo and clicks on it."""
        self.by_turns()
        self.by_turns()

    def encode(self) -> None:
        """A photo is opened, and not remembered."""
        self._segmenter.encode(self._photos["first"], "again")

    def decode(self) -> None:
        """The network's part of a click."""
        x, y = self._place()
        prompted = PromptedObject.model_validate({"points": [{"x": x, "y": y}]})
        self._segmenter.segment(self._seen("first"), prompted)

    def click(self) -> None:
        """All of a click, to the overlay that the page shows."""
        our_click(self._segmenter, self._seen("first"), *self._place())

    def by_turns(self) -> None:
        """A click of the user whose turn it is."""
        our_click(self._segmenter, self._seen(next(self._users)), *self._place())

    def _seen(self, user: str) -> Any:
        return self._cache.get(self._segmenter, self._photos[user], user)

    def _place(self) -> tuple[float, float]:
        height, width = self._photos["first"].shape[:2]
        return width * 0.5 + next(self._nudges) / 100, height * 0.386
