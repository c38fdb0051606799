"""What lies on the emulated devices, how much of it, and what has been moved."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

ATTRIBUTE = "_emulated_allocation"
"""Of a tensor that lies on a device: its `Allocation`."""

_BLOCK = 512
"""CUDA gives memory out in multiples of this many bytes."""


@dataclass(slots=True)
class Moved:
    """Bytes that went up to the devices and came down, and how many times the latter happened:
    each time the program waits for the device."""

    up: int = 0
    down: int = 0
    waits: int = 0

    def __sub__(self, other: Moved) -> Moved:
        return Moved(self.up - other.up, self.down - other.down, self.waits - other.waits)


class Allocation:
    """Bytes of one storage on one device, given back when its last tensor has gone.

    Copies of a tensor get one of their own: it is left out when tensors are copied or pickled.
    """

    def __init__(self, ledger: Ledger, device: torch.device, key: int, nbytes: int) -> None:
        self.ledger, self.device, self.key = ledger, device, key
        self.nbytes = -(-nbytes // _BLOCK) * _BLOCK

    def __del__(self) -> None:
        self.ledger.give_back(self)

    def __deepcopy__(self, memo: Any) -> None:
        return None

    def __reduce__(self) -> Any:
        return type(None), ()


class Ledger:
    """One account a device. kind: "cuda" or "mps"; total: bytes of each device."""

    def __init__(self, kind: str, total: int, devices: int) -> None:
        self.kind = kind
        self.total = [total] * devices
        self.in_use = [0] * devices
        self.peak = [0] * devices
        self.moved = Moved()
        self.on_up: Callable[[torch.Tensor], None] | None = None
        self._guard = threading.RLock()
        self._known: weakref.WeakValueDictionary[int, Allocation] = weakref.WeakValueDictionary()

    # --- where a tensor lies -----------------------------------------------------------------

    def place(self, tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
        """Let a tensor lie on a device from now on. Raises as the device does when it is full."""
        self._refuse(tensor)
        key = tensor.untyped_storage().data_ptr()
        old = getattr(tensor, ATTRIBUTE, None)
        if old is None or (old.key, old.device) != (key, device):
            setattr(tensor, ATTRIBUTE, self._allocation(tensor, device, key))
        return tensor

    def _refuse(self, tensor: torch.Tensor) -> None:
        if self.kind == "mps" and tensor.dtype in (torch.float64, torch.complex128):
            raise TypeError("MPS has no float64; use float32 instead (emulated)")

    def _allocation(self, tensor: torch.Tensor, device: torch.device, key: int) -> Allocation:
        with self._guard:
            known = self._known.get(key) if key else None
            if known is not None and known.device == device:
                return known
            made = Allocation(self, device, key, tensor.untyped_storage().nbytes())
            self._give_out(made)
            if key:
                self._known[key] = made
            return made

    def _give_out(self, made: Allocation) -> None:
        index = made.device.index
        if self.in_use[index] + made.nbytes > self.total[index]:
            wanted, made.nbytes = made.nbytes, 0  # nothing is given back later
            raise self._full(index, wanted)
        self.in_use[index] += made.nbytes
        self.peak[index] = max(self.peak[index], self.in_use[index])

    def _full(self, index: int, wanted: int) -> Exception:
        sizes = f"{wanted / 2**20:.2f} MiB of {self.total[index] / 2**20:.2f} MiB (emulated)"
        if self.kind == "cuda":
            return torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {sizes}")
        return RuntimeError(f"MPS backend out of memory. Tried to allocate {sizes}")

    def give_back(self, allocation: Allocation) -> None:
        """Called by the allocation itself when nobody has it any more."""
        with self._guard:
            self.in_use[allocation.device.index] -= allocation.nbytes

    # --- what was moved ----------------------------------------------------------------------

    def count_up(self, tensor: torch.Tensor) -> None:
        """A tensor has gone to a device."""
        with self._guard:
            self.moved.up += tensor.numel() * tensor.element_size()
        if self.on_up is not None:
            self.on_up(tensor)

    def count_down(self, tensor: torch.Tensor) -> None:
        """A tensor, or its one value, has come to main memory."""
        with self._guard:
            self.moved.down += tensor.numel() * tensor.element_size()
            self.moved.waits += 1

    def so_far(self) -> Moved:
        """A copy of the counts."""
        with self._guard:
            return replace(self.moved)


def allocation_of(tensor: Any) -> Allocation | None:
    """Of a tensor that lies on an emulated device; None for every other value."""
    return getattr(tensor, ATTRIBUTE, None) if isinstance(tensor, torch.Tensor) else None


def leave(tensor: torch.Tensor) -> None:
    """Let a tensor lie in main memory from now on."""
    if allocation_of(tensor) is not None:
        setattr(tensor, ATTRIBUTE, None)
