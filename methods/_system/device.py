"""Which devices this machine has, and on which of them an eraser can run."""

from __future__ import annotations

import os
from functools import lru_cache

from methods._base import DeviceName, EraserSpec, Text, Unavailable
from methods._system import lent
from methods._system.gpu_traces import may_have_gpu

# --- which device ------------------------------------------------------------------------


def best_device() -> DeviceName:
    """The fastest device here; ERASER_LAB_DEVICE (cpu, cuda, mps) overrides the search.

    torch is imported only where a GPU can be. A GPU that is lent for a job at a time is a device of
    the job's process alone (see `job_device`). Raises Unavailable for an override that names no
    device of this machine.
    """
    wanted = os.environ.get("ERASER_LAB_DEVICE", "").strip().lower()
    if wanted == "cpu" or lent.is_elsewhere():
        return "cpu"
    if lent.is_here():
        return _asked_of_torch()
    if not wanted:
        return _detected()
    found = _asked_of_torch()  # also where no trace of a GPU was found: the user may know better
    if wanted != found:
        other = "" if found == "cpu" else Text("error.bad_device_setting.or", device=found)
        raise Unavailable("bad_device_setting", device=wanted[:20], other=other)
    return found


def job_device() -> DeviceName:
    """The fastest device that jobs of large networks have: this process's, or a GPU that is lent.

    Raises as `best_device`.
    """
    return "cuda" if lent.is_elsewhere() else best_device()


def devices_for(spec: EraserSpec) -> tuple[DeviceName, ...]:
    """The devices on which the eraser's jobs can run here, best first; at least one.

    Raises Unavailable when there is none.
    """
    if lent.is_elsewhere() and lent.borrows(spec):
        return ("cuda",)
    here = {best_device(), "cpu"}
    devices = tuple(device for device in spec.devices if device in here)
    if not devices:
        needed = " or ".join(spec.devices)
        raise Unavailable("device_missing", eraser=spec.id, title=spec.name, needed=needed)
    return devices


@lru_cache(maxsize=1)
def _detected() -> DeviceName:
    return _asked_of_torch() if may_have_gpu() else "cpu"


def _asked_of_torch() -> DeviceName:
    import torch

    if torch.cuda.is_available():  # NVIDIA's, and AMD's in a build for ROCm
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
