"""This process as a ZeroGPU Space: to be entered before `spaces` is imported, and for good.

A fork has no GPU to wake: where the package would, the emulated one begins (see `emulation`). It
has as much memory as half a card, which only its own program's share of the machine bounds.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from zerogpu.device_api import DeviceApi

GPU_GIB = 42

_on: ExitStack = ExitStack()
_apis: list[DeviceApi] = []


def this_api() -> DeviceApi:
    """The API of the Space that this process has become."""
    return _apis[-1]


def become_space(api: DeviceApi, folder: Path) -> None:
    """Set what the platform sets. folder: for files of its own."""
    _apis.append(api)
    group = folder / "cgroup"
    group.write_text("0::/emulated\n", encoding="ascii")
    os.environ.update(
        SPACES_ZERO_GPU="true",
        SPACES_ZERO_DEVICE_API_URL=api.url,
        ZEROGPU_PROC_SELF_CGROUP_PATH=str(group),
        ZEROGPU_OFFLOAD_DIR=str(folder / "tensors"),
    )
    emulate_in_forks()


def emulate_in_forks() -> None:
    """Let the package find an emulated GPU, where it would wake a real one."""
    import spaces.zero.torch as gpu

    gpu.init = _begin  # type: ignore[assignment]
    gpu.move = _nothing_to_move  # type: ignore[assignment]


def _begin(uuid: str) -> None:
    from emulation import emulated

    os.environ["CUDA_VISIBLE_DEVICES"] = uuid
    _on.enter_context(emulated("cuda", gib=GPU_GIB))


def _nothing_to_move(callback: object = None) -> None:
    """Nothing was put on the GPU before."""


def end_forks() -> None:
    """End all copies of this process that the package keeps."""
    import multiprocessing

    for child in multiprocessing.active_children():
        child.kill()
        child.join(10)
