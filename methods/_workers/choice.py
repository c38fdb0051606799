"""Which executor the program uses: ERASER_LAB_RAY, or else ERASER_LAB_WORKERS.

    auto    workers, as many as the machine carries; in this process where it is small
    N       workers, N of them side by side for erasers that load nothing
    0       none: everything in this process

Where ERASER_LAB_RAY names a cluster (`auto`, `local` or HOST:PORT), its machines do all of it.
Where the machine lends its GPU for a job at a time (ZeroGPU), none of this is asked: jobs of large
networks borrow it, all others run in this process.

Photos are decoded in a closed room of their own (`closed.room`), but not where 0 is said, nor where
the system has none of its means: then in this process.

Beside those there is one worker for each GPU, and one for networks on the CPU. Where nothing is
said it is auto on a machine without a GPU, and 0 on one with a GPU, where workers have not been
tried yet.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from methods._base import BadInput, DeviceName, Unavailable
from methods._system.container import cores, total_memory
from methods._system.device import best_device
from methods._system.lent import gpu_is_lent
from methods._system.memory import GIB
from methods._workers.cluster.address import SETTING as RAY_SETTING
from methods._workers.cluster.pool import ClusterPool
from methods._workers.cluster.session import join
from methods._workers.executor import Executor
from methods._workers.in_process import InProcess
from methods._workers.plan import CPU, LANE
from methods._workers.pool import Pool
from methods._workers.process.processes import Copies, Fresh, Starter
from methods._workers.seat import Seat

if TYPE_CHECKING:
    from methods._workers.closed.room import Room

SETTING = "ERASER_LAB_WORKERS"
MOST_WORKERS = 64

_LEAST_MEMORY = 4 * GIB
"""Of the machine, for workers: each has libraries of its own."""

_LIGHT = ("cv2", "numpy", "psutil", "methods._workers.process.host", "methods._geometry.paste")
_HEAVY = (
    "torch",
    "transformers:CLIPTextModel",
    "diffusers:StableDiffusionXLInpaintPipeline",
)
"""What the workers of a GPU need anyway. Elsewhere whoever needs it imports it: a machine without a
GPU may never do, and half a gigabyte is much there."""


def make_executor(ray: str = "") -> Executor:
    """The one for this machine, or for a cluster. ray: in place of ERASER_LAB_RAY. Raises BadInput
    where a setting cannot be used, Unavailable where a cluster cannot."""
    if cluster := (ray or os.environ.get(RAY_SETTING, "")).strip():
        return _of_cluster(cluster)
    wanted = _wanted()
    if gpu_is_lent():
        return _lent()
    if wanted == 0:
        return InProcess()
    try:
        device = best_device()
    except Unavailable:
        return InProcess()  # where each job says what is wrong
    lanes = _lanes(device) if wanted is None else wanted
    return _pool(device, lanes) if lanes else InProcess()


def make_room() -> Room | None:
    """Where files of strangers are decoded; None = in this process. Raises BadInput where the
    setting cannot be used."""
    if _wanted() == 0 or gpu_is_lent() or not _has_a_room():
        return None
    from methods._workers.closed.room import Room  # its means are Linux's

    return Room()


def _has_a_room() -> bool:
    return sys.platform == "linux" and hasattr(os, "memfd_create")


def _of_cluster(wanted: str) -> Executor:
    session = join(wanted)
    return ClusterPool(session, imports=((*_LIGHT, *_HEAVY), _LIGHT))


def prepare_lending() -> None:
    """Where the machine lends its GPU, let its package change torch, before anything uses it.

    Raises Unavailable where the package is not there.
    """
    if gpu_is_lent() and find_spec("spaces") is None:
        raise Unavailable("spaces_missing", package="spaces")
    if gpu_is_lent():
        import_module("methods._workers.zerogpu.lending")


def _lent() -> Executor:
    prepare_lending()
    # It changes torch, and is nowhere else installed.
    from methods._workers.zerogpu.lending import lend
    from methods._workers.zerogpu.lent import Lent

    return Lent(lend)


def _wanted() -> int | None:
    """Workers for erasers that load nothing; 0 = none at all, None = as the machine is."""
    text = os.environ.get(SETTING, "").strip().lower()
    if text in ("", "auto"):
        return None
    if not text.isdecimal() or int(text) > MOST_WORKERS:
        raise BadInput("bad_workers_setting", most=MOST_WORKERS)
    return int(text)


def _lanes(device: DeviceName) -> int:
    is_said = bool(os.environ.get(SETTING, "").strip())
    return min(MOST_WORKERS, cores()) if _is_fit() and (is_said or device == "cpu") else 0


def _pool(device: DeviceName, lanes: int) -> Pool:
    starter = _starter(device)
    return Pool([*_devices(device, starter), *_lane_seats(lanes, starter)], starter)


def _is_fit() -> bool:
    return total_memory() >= _LEAST_MEMORY


def _starter(device: DeviceName) -> Starter:
    if sys.platform != "linux":
        return Fresh()
    return Copies((*_LIGHT, *(_HEAVY if device == "cuda" else ())))


def _devices(device: DeviceName, starter: Starter) -> list[Seat]:
    """A place for each GPU that is visible, each of which sees no other, and one for networks on
    the CPU, which sees none."""
    on_cpu = Seat("cpu", CPU, starter, {"ERASER_LAB_DEVICE": "cpu"})
    if device == "mps":
        return [Seat("mps", "mps", starter), on_cpu]
    names = visible_gpus() if device == "cuda" else []
    seats = [
        Seat(f"gpu{number}", "cuda", starter, {"CUDA_VISIBLE_DEVICES": name})
        for number, name in enumerate(names)
    ]
    return [*seats, on_cpu]


def visible_gpus() -> list[str]:
    """By what CUDA_VISIBLE_DEVICES would call each: a number, or a name that stands there."""
    import torch

    count = int(torch.cuda.device_count())
    named = [word.strip() for word in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")]
    return named[:count] if any(named) else [str(number) for number in range(count)]


def _lane_seats(count: int, starter: Starter) -> list[Seat]:
    environment = {"ERASER_LAB_DEVICE": "cpu"}
    return [Seat(f"lane{n}", LANE, starter, environment) for n in range(1, count + 1)]
