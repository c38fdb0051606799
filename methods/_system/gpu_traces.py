"""Traces of a GPU that torch might use, looked for without importing torch.

torch takes a second and more to import, which a machine without a GPU should be spared where no
network is asked for. So this errs to one side: where there is any trace, torch is asked.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

_NVIDIA = (
    "dev/nvidia*",  # the device files; a container may show those of one GPU alone
    "dev/dxg",  # Windows' GPUs under WSL
    "dev/nvhost-*gpu",  # Jetson
    "dev/nvmap",
    "proc/driver/nvidia/version",
)
_AMD = ("dev/kfd",)

_NVIDIA_LIBRARY = "libcuda.so.1"
"""The driver's: in a sandbox without device files of that name it is there all the same."""

_HIDES_ALL = ("", "-1", "nodevfiles")
"""As the first entry of a list of visible devices: what follows a number that is not there does
not count. Numbers, UUIDs (GPU-…) and MIG names (MIG-…) may each be a device."""


def may_have_gpu(
    system: str = sys.platform,
    machine: str | None = None,
    environment: Mapping[str, str] = os.environ,
    root: Path = Path("/"),
    loads: Callable[[str], bool] | None = None,
) -> bool:
    """False only where a GPU that torch could use is out of the question.

    system, machine: as in `sys.platform` and `platform.machine()`; root: of the file system;
    loads(name): whether a shared library can be loaded. Other values than the machine's own are
    for tests.
    """
    if system == "darwin":
        return (machine or platform.machine()) == "arm64"
    hidden = _hides(environment, "CUDA_VISIBLE_DEVICES")
    if system == "win32":
        folder = Path(environment.get("SYSTEMROOT", r"C:\Windows")) / "System32"
        return not hidden and (folder / "nvcuda.dll").exists()
    if not hidden and (_any(root, _NVIDIA) or (loads or _loads)(_NVIDIA_LIBRARY)):
        return True
    # AMD's runtime goes by NVIDIA's variable, too.
    hidden = hidden or any(
        _hides(environment, name) for name in ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
    )
    return not hidden and _any(root, _AMD)


def _hides(environment: Mapping[str, str], name: str) -> bool:
    """Whether a list of visible devices leaves none; one that is not set hides nothing."""
    given = environment.get(name)
    return given is not None and given.split(",")[0].strip().lower() in _HIDES_ALL


def _any(root: Path, patterns: tuple[str, ...]) -> bool:
    return any(next(root.glob(pattern), None) is not None for pattern in patterns)


def _loads(name: str) -> bool:
    """The library is only opened; nothing in it is called, so no device is woken."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
