"""Seconds a picture and peak memory of each eraser at full size on a GPU.

    python tests/bench/gpu_bench.py [--erasers osor lama …] [--rounds 3] [--memory fast]
    python tests/bench/gpu_bench.py --tiny --device cpu      (only to see that it runs)

Random weights of the published sizes in half precision, so nothing is downloaded; what is
painted is noise: random weights, timing only. Each eraser works on one picture of its own
canvas with its own default settings. The models are written to a temporary folder (up to 9 GB
at a time beside those that later erasers need; `--folder` names another) and read by the
program as ever; a small network whose real weights are here, as MI-GAN's, is timed with them.
The table is in Markdown, for a README.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import full_size  # noqa: E402
import tiny_lama  # noqa: E402
import tiny_models  # noqa: E402
from methods import EraserSpec, WeightFile, find_weights, get_eraser, list_erasers  # noqa: E402
from methods._base import no_progress  # noqa: E402
from methods._memory import MemoryMeter, give_memory_back  # noqa: E402
from methods._registry import missing_packages  # noqa: E402
from methods._weights import use_local  # noqa: E402

OTHER_SIDE = 1.25
"""Of the canvas: the longer side where the network takes any."""


@dataclass(frozen=True)
class Row:
    """One eraser's figures, or why there are none."""

    spec: EraserSpec
    why: str = ""
    size: tuple[int, int] = (0, 0)
    steps: int = 0
    seconds: float = 0.0
    weights: int = 0
    peak: int = 0

    def __str__(self) -> str:
        if self.why:
            return f"| {self.spec.name} | not timed: {self.why} | | | | |"
        rows, columns = self.size
        gigabytes = f"{self.weights / 1e9:.2f} | {self.peak / 1e9:.2f}"
        return (
            f"| {self.spec.name} | {columns} x {rows} | {self.steps or 'one pass'} |"
            f" {self.seconds:.2f} | {gigabytes} |"
        )


class Models:
    """The repositories that are written, each as long as somebody still needs it."""

    def __init__(self, folder: Path, device: str, tiny: bool) -> None:
        self._folder, self._device = folder, device
        self._build: dict[str, Any] = full_size.REPOSITORIES
        if tiny:
            self._build = {
                name: lambda path, _, name=name: self._copy(name, path)
                for name in full_size.REPOSITORIES
            }
            self._tiny = tiny_models.save_all(folder / "tiny")
            tiny_lama.save(self._tiny)

    def _copy(self, name: str, path: Path) -> None:
        source = self._tiny / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, path)

    def lacks(self, weights: Sequence[WeightFile]) -> str:
        """What can neither be made nor found here, in words; empty where all can."""
        others = [w for w in weights if w.name.split("/")[0] not in self._build]
        names = {w.name.split("/")[0] for w in others if find_weights(w) is None}
        return f"no random {', '.join(sorted(names))} of full size" if names else ""

    def bring(self, names: set[str]) -> None:
        """Write what is not here."""
        for name in names & self._build.keys():
            path = self._folder / name
            if not path.exists():
                self._build[name](path, self._device)
            use_local(name, path)

    def drop_but(self, needed: set[str]) -> None:
        """Delete what nobody needs any more."""
        for name in self._build.keys() - needed:
            use_local(name, None)
            path = self._folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def repositories(spec: EraserSpec) -> set[str]:
    """Those of its default settings; the first fill of one that begins with a fill is Telea's."""
    return {weight.name.split("/")[0] for weight in kind_and_settings(spec, {})[2]}


def kind_and_settings(spec: EraserSpec, wanted: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The class, its settings with those of `wanted` that it has, and the files they need."""
    kind = get_eraser(spec.id)
    known = kind.Settings.model_fields
    chosen = {name: value for name, value in wanted.items() if name in known}
    if "init" in known:
        chosen["init"] = "telea"
    settings = kind.Settings.model_validate(chosen)
    return kind, settings, kind.weights_for(settings)


def picture(kind: Any, settings: Any) -> tuple[Any, Any]:
    """Noise of the eraser's own canvas, and an object of a tenth of it in the middle."""
    canvas = kind.canvas_for(settings)
    short = canvas.square or canvas.short_side or canvas.longest_side
    long = short if canvas.square else round(short * OTHER_SIDE)
    if canvas.longest_side:
        short, long = round(canvas.longest_side / OTHER_SIDE), canvas.longest_side
    rows, columns = (side // canvas.multiple_of * canvas.multiple_of for side in (short, long))
    image = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)
    mask = np.zeros((rows, columns), bool)
    mask[rows // 3 : 2 * rows // 3, columns // 3 : round(columns * 0.63)] = True
    return image, mask


def measured(spec: EraserSpec, device: Any, rounds: int, wanted: dict[str, Any]) -> Row:
    """After one picture that does not count."""
    kind, settings, _ = kind_and_settings(spec, wanted)
    image, mask = picture(kind, settings)
    steps: list[int] = []
    eraser = kind()
    eraser.load(device, None)
    eraser.prepare(settings)
    try:
        eraser.erase(image, mask, settings, 0, lambda step, total: steps.append(total))
        resident = _allocated(device)
        seconds = []
        with MemoryMeter(device) as meter:
            for seed in range(rounds):
                start = time.perf_counter()
                eraser.erase(image, mask, settings, seed, no_progress)
                seconds.append(time.perf_counter() - start)
    finally:
        eraser.unload()
        give_memory_back()
    count = getattr(settings, "num_inference_steps", None) and steps[-1]
    size = (image.shape[0], image.shape[1])
    return Row(spec, "", size, count or 0, median(seconds), resident, resident + max(0, meter.peak))


def _allocated(device: str) -> int:
    return int(torch.cuda.memory_allocated()) if device == "cuda" else 0


def why_not(spec: EraserSpec, models: Models, device: str) -> str:
    """A reason that it cannot be timed; empty where it can."""
    if spec.unavailable is not None:
        return "cannot be run"
    if missing_packages(spec):
        return f"needs {', '.join(missing_packages(spec))}"
    if device not in spec.devices:
        return f"does not run on {device}"
    return models.lacks(kind_and_settings(spec, {})[2])


def table(specs: Sequence[EraserSpec], models: Models, given: argparse.Namespace) -> None:
    """A row each, as soon as it is known."""
    print("| Eraser | Picture | Steps | Seconds | Weights, GB | Peak, GB |")
    print("| --- | --- | --- | --- | --- | --- |")
    todo = list(specs)
    wanted: dict[str, Any] = {"memory": given.memory}
    if given.tiny:
        wanted["num_inference_steps"] = 2
    while todo:
        spec = todo.pop(0)
        why = why_not(spec, models, given.device)
        if not why:
            models.bring(repositories(spec))
        print(Row(spec, why) if why else measured(spec, given.device, given.rounds, wanted))
        sys.stdout.flush()
        models.drop_but({name for other in todo for name in repositories(other)})


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--erasers", nargs="+", metavar="ID")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--memory", choices=("fast", "balanced", "small"), default="fast")
    options.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    options.add_argument("--folder", type=Path, help="for the models; needs up to 45 GB")
    options.add_argument("--tiny", action="store_true", help="tiny networks, 2 steps")
    given = options.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        sys.exit("There is no CUDA device here; --tiny --device cpu shows that the script runs.")
    specs = [s for s in list_erasers() if s.learned and s.id in (given.erasers or [s.id])]
    name = torch.cuda.get_device_name(0) if given.device == "cuda" else "CPU"
    kind = "Tiny random weights, which say nothing" if given.tiny else "Random weights"
    print(f"{kind}, timing only; {name}, torch {torch.__version__}, memory = {given.memory}\n")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder, torch.inference_mode():
        table(specs, Models(Path(folder), given.device, given.tiny), given)


if __name__ == "__main__":
    main()
