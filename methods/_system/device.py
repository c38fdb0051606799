"""Which devices this machine has, and on which of them an eraser can run."""

from __future__ import annotations

import os
from functools import lru_cache

from methods._base import DeviceName, EraserSpec, Text, Unavailable
from methods._system.gpu_traces import may_have_gpu

# --- which device ------------------------------------------------------------------------


def best_device() -> DeviceName:
    """The fastest device here; ERASER_LAB_DEVICE (cpu, cuda, mps) overrides the search.

    torch is imported only where a GPU can be. Raises Unavailable for an override that
    names no device of this machine.
    """
    wanted = os.environ.get("ERASER_LAB_DEVICE", "").strip().lower()
    if wanted == "cpu":
        return "cpu"
    if not wanted:
        return _detected()
    found = _asked_of_torch()  # also where no trace of a GPU was found: the user may know better
    if wanted != found:
        other = "" if found == "cpu" else Text("error.bad_device_setting.or", device=found)
        raise Unavailable("bad_device_setting", device=wanted[:20], other=other)
    return found


def devices_for(spec: EraserSpec) -> tuple[DeviceName, ...]:
    """The devices of this machine on which the eraser can run, best first; at least one.

    Raises Unavailable when there is none.
    """
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
