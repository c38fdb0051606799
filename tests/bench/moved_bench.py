"""Bytes that each eraser moves to the GPU and back, counted on an emulated device.

    python tests/bench/moved_bench.py [--erasers osor lama …] [--memory fast] [--json FILE]

Tiny random networks of the real classes on a canvas of 128 pixels, so the numbers say what kind
of thing is moved and how often, not how much it is at full size: the network's own bytes are
beside them. A first run, in a fresh process of the eraser, and a second one on the same photo with
another seed. Bytes that move at each step are the difference between runs of 4 and of 2 steps.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import tiny_lama  # noqa: E402
import tiny_models  # noqa: E402
from emulation import Emulation, Moved  # noqa: E402
from emulation.program import program_on  # noqa: E402
from methods import EraserSpec, find_weights, get_eraser, list_erasers  # noqa: E402
from methods._base import no_progress  # noqa: E402
from methods._engine.registry import missing_packages  # noqa: E402

HEIGHT, WIDTH = 96, 128
QUICK = {"init": "telea", "rm_guidance_scale": 1.0}


@dataclass(frozen=True)
class Row:
    """One eraser's bytes. weights: of its networks, as they lie on the device; a step: up, of a
    further run."""

    eraser: str
    weights: int
    first: Moved
    second: Moved
    step: float

    def __str__(self) -> str:
        def kb(count: float) -> str:
            return f"{count / 1000:.1f}"

        cells = (
            kb(self.weights), kb(self.first.up), kb(self.second.up), kb(self.second.down),
            str(self.second.waits), kb(self.step),
        )  # fmt: skip
        return f"| {self.eraser} | " + " | ".join(cells) + " |"


HEAD = """\
| Eraser | Weights, kB | First run, up | Second run, up | Second run, down | Waits | A step, up |
| --- | --- | --- | --- | --- | --- | --- |"""


@contextmanager
def tiny_networks() -> Iterator[None]:
    """Tiny models wherever the program looks for real ones, and no embeddings of other runs."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        tiny_lama.save(tiny_models.save_all(home / "tiny"))
        changed = {
            "ERASER_LAB_LOCAL_WEIGHTS": str(home / "tiny"),
            "ERASER_LAB_EMBEDDINGS": str(home / "embeddings"),
        }
        before = dict(os.environ)
        os.environ.update(changed)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def can_be_counted(spec: EraserSpec) -> bool:
    """Whether it runs on a GPU, and its networks, tiny or real, are here."""
    if not spec.learned or spec.unavailable is not None or "cuda" not in spec.devices:
        return False
    files = get_eraser(spec.id).weights_for(settings_of(spec.id))
    return not missing_packages(spec) and all(find_weights(file) for file in files)


def settings_of(eraser_id: str, **more: Any) -> Any:
    """The defaults with those of `more` that the eraser has."""
    kind = get_eraser(eraser_id).Settings
    known: Mapping[str, Any] = {**QUICK, **more}
    return kind.model_validate({k: v for k, v in known.items() if k in kind.model_fields})


def picture(spec: EraserSpec) -> tuple[Any, Any]:
    """Noise with an object in the middle; a full square where a real network wants it."""
    is_tiny = "memory" in get_eraser(spec.id).Settings.model_fields or spec.canvas.square is None
    rows, columns = (HEIGHT, WIDTH) if is_tiny else (spec.canvas.square or 0,) * 2
    image = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)
    mask = np.zeros((rows, columns), bool)
    mask[rows // 3 : rows // 2, columns // 3 : columns // 2] = True
    return image, mask


def counted(spec: EraserSpec, device: Emulation, memory: str) -> Row:
    """All runs of one eraser."""
    eraser = get_eraser(spec.id)()
    image, mask = picture(spec)

    def moved(seed: int, steps: int) -> Moved:
        settings = settings_of(spec.id, num_inference_steps=steps, memory=memory)
        before = device.moved
        if seed == 0:
            eraser.load("cuda", None)
            eraser.prepare(settings)
        eraser.erase(image, mask, settings, seed, no_progress)
        return device.moved - before

    try:
        first, second, third = moved(0, 2), moved(1, 2), moved(2, 4)
        weights = sum(eraser.memory(settings_of(spec.id), "cuda").values())
    finally:
        eraser.unload()
    return Row(spec.id, weights, first, second, (third.up - second.up) / 2)


def rows(erasers: list[str] | None, memory: str) -> Iterator[Row]:
    """One after the other, as soon as they are known."""
    import torch

    for spec in list_erasers():
        if spec.id in (erasers or [spec.id]) and can_be_counted(spec):
            with program_on("cuda") as device, torch.inference_mode():
                yield counted(spec, device, memory)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--erasers", nargs="+", metavar="ID")
    options.add_argument("--memory", choices=("fast", "balanced", "small"), default="fast")
    options.add_argument("--json", type=Path, help="write the rows here, too")
    given = options.parse_args()
    print(HEAD)
    found = []
    with tiny_networks():
        for row in rows(given.erasers, given.memory):
            print(row, flush=True)
            found.append(asdict(row))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
