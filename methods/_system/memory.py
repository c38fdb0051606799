"""How much memory there is, how much a job takes, and whether an error means "too little"."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from methods._base import DeviceName, Stopped, Unavailable, UserError
from methods._system import lent
from methods._system.container import free_memory

GIB = 1024**3

_CPU_SHARE = 0.6
"""Of the memory that is free when the program first asks: the photos and the page need some."""

GPU_MARGIN = 1 * GIB
"""Left free on a GPU for activations and for whoever else draws on it."""

_SAMPLE_SECONDS = 0.02


def memory_budget(device: DeviceName, *, idle: bool = False) -> int:
    """Bytes that loaded erasers may hold on `device`; ERASER_LAB_MEMORY (GB) overrides it.

    idle: of a GPU as if nothing lay on it, which wakes none.
    """
    override = os.environ.get("ERASER_LAB_MEMORY", "").strip()
    if override:
        return _gigabytes(override)
    if device == "cuda" and lent.is_elsewhere():  # it is not to be asked from here
        return lent.XLARGE - GPU_MARGIN
    if device == "cuda":
        import torch

        if idle:
            free = torch.cuda.get_device_properties(0).total_memory
        else:
            free, _total = torch.cuda.mem_get_info()
        return budget_of("cuda", int(free))
    return budget_of("cpu", free_memory())


def budget_of(device: DeviceName, free: int) -> int:
    """Of so many free bytes, those that loaded erasers may hold."""
    return max(0, free - GPU_MARGIN) if device == "cuda" else int(free * _CPU_SHARE)


def _gigabytes(text: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise Unavailable("bad_memory_setting")
    return int(number * GIB)


_OUT_OF_MEMORY_WORDS = (
    "out of memory",
    "allocate memory",
    "insufficient memory",
    "not enough memory",
    "bad_alloc",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, torch, onnxruntime or OpenCV says that memory ran out.

    Told by name and words, because asking by type would mean importing every library.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, UserError | Stopped):
        return False
    text = str(error).lower()
    return any(words in text for words in _OUT_OF_MEMORY_WORDS)


def give_memory_back() -> None:
    """Collect what was dropped; return torch's cached blocks to the device, and free memory to
    the operating system."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch is not None and torch.backends.mps.is_available():
        torch.mps.empty_cache()
    trim_heaps()


_M_ARENA_MAX = -8  # glibc's malloc.h


def share_heaps(most: int = 2) -> None:
    """Let all threads of this process share so many heaps. To be called before there are any.

    glibc gives each thread one of its own, up to eight a core, and what a thread has freed in its
    heap serves no other: photos and activations of hundreds of megabytes are then kept several
    times. Elsewhere this does nothing. MALLOC_ARENA_MAX takes precedence.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, most)


def trim_heaps() -> None:
    """Return to the operating system what is free in the heaps; some milliseconds, glibc only."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of the C library, where that is glibc."""
    try:
        found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):  # Windows has no such library
        return None
    return found


# --- measuring ---------------------------------------------------------------------------


class MemoryMeter:
    """Measures how much memory a block of code takes, as a context manager.

    peak: the most that was in use at once above the level at the start, in bytes.
    kept: how much more is in use at the end than at the start, in bytes.
    On a GPU this is what torch has allocated there, or, where torch has allocated nothing
    (onnxruntime has its own allocator), the growth of all that is in use on the device.
    Elsewhere it is the resident set of the process: memory that the process already had
    to spare is used without showing, and memory of other threads shows.
    """

    def __init__(self, device: DeviceName) -> None:
        self.kind: Literal["gpu", "ram"] = "gpu" if device == "cuda" else "ram"
        self.peak = 0
        self.kept = 0
        self._in_use = _gpu_in_use if device == "cuda" else _resident_set
        self._start = 0
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._start = self._in_use()
        if self.kind == "gpu":
            import torch

            torch.cuda.reset_peak_memory_stats()
            self._torch_start = int(torch.cuda.memory_allocated())
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._sampler.join()
        self._note()
        self.kept = max(0, self._in_use() - self._start)
        if self.kind == "gpu":
            self._prefer_torch()

    def _sample(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self._note()

    def _note(self) -> None:
        self.peak = max(self.peak, self._in_use() - self._start)

    def _prefer_torch(self) -> None:
        """torch counts its tensors exactly; the device's own figure includes its cache."""
        import torch

        peak = int(torch.cuda.max_memory_allocated()) - self._torch_start
        if peak > 0:
            self.peak = peak
            self.kept = max(0, int(torch.cuda.memory_allocated()) - self._torch_start)


helpers: set[int] = set()
"""Ids of processes that compute for this one now: their memory counts as its own."""


def _resident_set() -> int:
    import psutil

    total = int(psutil.Process().memory_info().rss)
    for helper in tuple(helpers):
        with suppress(psutil.Error):  # it has just ended
            total += int(psutil.Process(helper).memory_info().rss)
    return total


def _gpu_in_use() -> int:
    import torch

    free, total = torch.cuda.mem_get_info()
    return int(total) - int(free)
