"""Switching the emulated device on and off: what torch says of it, and the mode in each thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Literal
from unittest import mock

import torch

from emulation.calls import DeviceMode
from emulation.ledger import Ledger, Moved, allocation_of

NAME = "Emulated device"

_RUN = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]
"""Python's own: threads of an emulation within another one are the inner one's alone."""


class Emulation:
    """What a test asks of the devices while they are emulated."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    @property
    def moved(self) -> Moved:
        """Bytes moved so far; the difference of two of them is what a block has moved."""
        return self.ledger.so_far()

    def in_use(self, device: int = 0) -> int:
        """Bytes given out on a device."""
        return self.ledger.in_use[device]

    def peak(self, device: int = 0) -> int:
        """The most that was given out at once since `torch.cuda.reset_peak_memory_stats`."""
        return self.ledger.peak[device]

    def resize(self, nbytes: int, device: int = 0) -> None:
        """From now on the device has `nbytes` in all; what is given out already stays."""
        self.ledger.total[device] = nbytes

    @contextmanager
    def uploads(self) -> Iterator[list[torch.Tensor]]:
        """Copies of all tensors that go up to the devices in the block."""
        found: list[torch.Tensor] = []

        def note(tensor: torch.Tensor) -> None:
            with torch._C.DisableTorchFunction():
                found.append(tensor.detach().clone())

        self.ledger.on_up = note
        try:
            yield found
        finally:
            self.ledger.on_up = None

    @contextmanager
    def size_kept(self) -> Iterator[None]:
        """After the block the devices are as large as before it."""
        before = list(self.ledger.total)
        try:
            yield
        finally:
            self.ledger.total[:] = before


@contextmanager
def emulated(
    kind: Literal["cuda", "mps"] = "cuda", *, gib: float = 24, devices: int = 1
) -> Iterator[Emulation]:
    """Emulate devices for the block, in this thread and in all that it starts.

    gib: memory of each device, in GiB. devices: how many; Apple's is always one.
    """
    import_module("torch._dynamo")  # lists torch's own functions now: never those put in here
    ledger = Ledger(kind, int(gib * 2**30), devices)
    with ExitStack() as undo:
        for place, name, value in _answers(ledger):
            undo.enter_context(mock.patch.object(place, name, value, create=True))
        _in_each_new_thread(undo, ledger)
        undo.enter_context(DeviceMode(ledger))
        yield Emulation(ledger)


# --- what torch says ---------------------------------------------------------------------------


def _answers(ledger: Ledger) -> Iterator[tuple[Any, str, Any]]:
    """(where, name, what it is for the block)."""
    for name, value in _GIVEN_BY_KIND[ledger.kind](ledger).items():
        yield getattr(torch, ledger.kind), name, value
    yield torch.nn.Parameter, "__new__", _parameter(ledger)
    yield torch, "autocast", _autocast(torch.autocast)
    is_mps = ledger.kind == "mps"
    for name in ("is_available", "is_built"):  # cached as torch's own: others ask for what is so
        yield torch.backends.mps, name, lru_cache(lambda: is_mps)
    if is_mps:
        yield torch.cuda, "is_available", lambda: False


def _index(device: Any) -> int:
    """The number of a device that a function of torch.cuda is asked for."""
    if isinstance(device, int):
        return device
    return (torch.device(device).index or 0) if device is not None else 0


def _cuda(ledger: Ledger) -> dict[str, Any]:
    """torch.cuda."""
    return {
        "_lazy_init": _nothing,
        "init": _nothing,
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: len(ledger.total),
        "current_device": lambda: 0,
        "set_device": _nothing,
        "get_device_name": lambda device=None: NAME,
        "get_device_capability": lambda device=None: (9, 0),
        "is_bf16_supported": lambda *args, **given: True,
        "get_device_properties": lambda device=None: _properties(ledger, _index(device)),
        **_cuda_memory(ledger),
        **dict.fromkeys(("manual_seed", "manual_seed_all", "synchronize", "ipc_collect"), _nothing),
        **dict.fromkeys(("Stream", "Event", "stream", "device"), _Nothing),
        **dict.fromkeys(("current_stream", "default_stream"), lambda device=None: _Nothing()),
    }


def _properties(ledger: Ledger, index: int) -> SimpleNamespace:
    total = ledger.total[index]
    return SimpleNamespace(name=NAME, total_memory=total, major=9, minor=0, multi_processor_count=1)


def _cuda_memory(ledger: Ledger) -> dict[str, Any]:
    """torch keeps nothing back here: what is reserved is what is given out."""

    def reset(device: Any = None) -> None:
        ledger.peak[_index(device)] = ledger.in_use[_index(device)]

    def info(device: Any = None) -> tuple[int, int]:
        total = ledger.total[_index(device)]
        return total - ledger.in_use[_index(device)], total

    now: Callable[..., int] = lambda device=None: ledger.in_use[_index(device)]  # noqa: E731
    peak: Callable[..., int] = lambda device=None: ledger.peak[_index(device)]  # noqa: E731
    return {
        "mem_get_info": info,
        "memory_allocated": now,
        "memory_reserved": now,
        "max_memory_allocated": peak,
        "max_memory_reserved": peak,
        "reset_peak_memory_stats": reset,
        "empty_cache": _nothing,
    }


def _mps(ledger: Ledger) -> dict[str, Any]:
    """torch.mps."""
    return {
        "device_count": lambda: 1,
        "current_allocated_memory": lambda: ledger.in_use[0],
        "driver_allocated_memory": lambda: ledger.in_use[0],
        "recommended_max_memory": lambda: ledger.total[0],
        **dict.fromkeys(("empty_cache", "synchronize", "manual_seed"), _nothing),
    }


_GIVEN_BY_KIND = {"cuda": _cuda, "mps": _mps}


def _nothing(*args: Any, **given: Any) -> None:
    """There is nothing to do on a device that is not there."""


class _Nothing:
    """A stream, an event, or a device that is made the current one: they do nothing."""

    def __init__(self, *args: Any, **given: Any) -> None:
        pass

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return _nothing


def _parameter(ledger: Ledger) -> Any:
    """Parameters are made without asking a mode: they lie where their numbers do."""
    make = torch.nn.Parameter.__new__

    def new(kind: Any, data: Any = None, requires_grad: bool = True) -> Any:
        made = make(kind, data, requires_grad)
        allocation = allocation_of(data)
        return made if allocation is None else ledger.place(made, allocation.device)

    return staticmethod(new)


def _autocast(plain: Any) -> Any:
    """autocast for the device takes effect where the numbers really are: on the CPU."""

    class Autocast(plain):  # type: ignore[misc]
        def __init__(self, device_type: str, *args: Any, **given: Any) -> None:
            super().__init__(
                "cpu" if device_type in _GIVEN_BY_KIND else device_type, *args, **given
            )

    return Autocast


def _in_each_new_thread(undo: ExitStack, ledger: Ledger) -> None:
    """A mode belongs to one thread; what is computed in others goes to the device, too."""

    def run_on_device(thread: threading.Thread) -> None:
        with DeviceMode(ledger):
            _RUN(thread)

    _let_idle_threads_go()
    undo.callback(_let_idle_threads_go)
    undo.enter_context(mock.patch.object(threading.Thread, "_bootstrap_inner", run_on_device))


def _let_idle_threads_go() -> None:
    """The program's lasting threads were begun with another device, or without one."""
    from methods._system import threads

    for kept in (threads._threads, threads._behind):
        kept._idle.clear()
