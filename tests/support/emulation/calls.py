"""How a GPU answers the calls of torch: what it computes, what it refuses, where results lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from emulation.ledger import ATTRIBUTE, Ledger, allocation_of, leave

HOST = torch.device("cpu")

_DEVICE = Tensor.device
_FLAGS = {Tensor.is_cuda: "cuda", Tensor.is_mps: "mps", Tensor.is_cpu: "cpu"}

_MIXING = {Tensor.copy_, Tensor.set_, torch._has_compatible_shallow_copy_type}
"""Calls whose operands may lie on different devices."""

_INDEXING = {Tensor.__getitem__, Tensor.__setitem__, Tensor.index_put_, Tensor.index_put}
"""Their indices may lie in main memory."""

_NO_SCALARS = {torch.cat, torch.concat, torch.stack, torch.hstack, torch.vstack}
"""Elsewhere a tensor without dimensions may come from main memory."""

_TO_NUMPY = {Tensor.numpy, Tensor.__array__}

_WAITING = {
    Tensor.item, Tensor.tolist, Tensor.__bool__, Tensor.__float__, Tensor.__int__,
    Tensor.__index__, torch.equal, Tensor.equal,
}  # fmt: skip
"""Their answers are values in main memory: the program waits for the device."""


_SUMMED_IN_FULL = {
    torch.nn.functional.linear, torch.nn.functional.scaled_dot_product_attention,
    torch.conv2d, torch.conv1d, torch.conv_transpose2d, torch.nn.functional.conv2d,
    torch.matmul, torch.bmm, torch.addmm, torch.baddbmm, torch.einsum,
    Tensor.matmul, Tensor.__matmul__, Tensor.bmm,
}  # fmt: skip
"""A GPU sums products of numbers in half precision in full precision, and rounds the sum. A CPU
without instructions for it takes ten times as long over them in half precision."""

_HALVES = (torch.float16, torch.bfloat16)


class DeviceMode(TorchFunctionMode):
    """Answers every call of one thread, as the devices of a ledger would."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self.ledger = ledger
        self.kind = ledger.kind

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        answer = self._special.get(func)
        if answer is not None:
            return answer(self, func, args, kwargs or {})
        if getattr(func, "__name__", "") == "__get__" and args:
            return self._attribute(func, args)
        return self._call(func, args, kwargs or {})

    # --- devices -----------------------------------------------------------------------------

    def device(self, value: Any) -> torch.device | None:
        """The device that an argument names, with its number; None where it names none.

        Raises RuntimeError for a number that is not there.
        """
        if isinstance(value, str):
            if value.partition(":")[0] not in ("cpu", "cuda", "mps", "meta"):
                return None
            value = torch.device(value)
        if not isinstance(value, torch.device) or value.type != self.kind:
            return value if isinstance(value, torch.device) else None
        return self.numbered(value.index or 0)

    def numbered(self, index: int) -> torch.device:
        """One of this kind. Raises RuntimeError for a number that is not there."""
        if not 0 <= index < len(self.ledger.total):
            raise RuntimeError(f"{self.kind} error: invalid device ordinal {index} (emulated)")
        return torch.device(self.kind, index)

    def lies_on(self, tensor: Tensor) -> torch.device:
        """Where a tensor lies."""
        allocation = allocation_of(tensor)
        return _DEVICE.__get__(tensor) if allocation is None else allocation.device

    def is_ours(self, device: torch.device | None) -> bool:
        """Whether it is one of the emulated ones."""
        return device is not None and device.type == self.kind

    # --- attributes --------------------------------------------------------------------------

    def _attribute(self, func: Any, args: Any) -> Any:
        tensor = args[0]
        allocation = allocation_of(tensor)
        if allocation is None:
            return func(*args)
        owner = func.__self__
        if owner is _DEVICE:
            return allocation.device
        if owner in _FLAGS:
            return _FLAGS[owner] == self.kind
        return self._placed(func(*args), allocation.device)

    def _set_data(self, func: Any, args: Any, kwargs: Any) -> None:
        """`tensor.data = other`: it lies from now on where the other one does."""
        tensor, other = args
        func(tensor, other)
        allocation = allocation_of(other)
        leave(tensor) if allocation is None else setattr(tensor, ATTRIBUTE, allocation)

    # --- moving ------------------------------------------------------------------------------

    def _to(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Tensor:
        """`tensor.to(…)` in all its forms."""
        tensor = args[0]
        goal, kept = self._read_to(list(args[1:]), dict(kwargs))
        if goal is None or goal.type == "meta":
            return self._call(func, args, kwargs)
        made = self._call(func, (tensor,), kept) if kept else tensor
        return self._moved(made, tensor, goal)

    def _read_to(
        self, rest: list[Any], kwargs: dict[str, Any]
    ) -> tuple[torch.device | None, dict[str, Any]]:
        """The device that `to` is asked for, None for no other one; and its other arguments."""
        first = rest[0] if rest else kwargs.pop("other", None)
        if isinstance(first, Tensor):
            goal: torch.device | None = self.lies_on(first)
            kwargs["dtype"] = first.dtype
        else:
            goal = self._target(kwargs.pop("device", first))
        flags = [value for value in rest if isinstance(value, bool)]  # non_blocking, copy
        kwargs.pop("non_blocking", None)
        if flags[1:]:
            kwargs["copy"] = flags[1]
        for value in rest:
            if isinstance(value, torch.dtype):
                kwargs["dtype"] = value
        return goal, {name: value for name, value in kwargs.items() if value not in (None, False)}

    def _target(self, value: Any) -> torch.device | None:
        """As `device`; a plain number means one of the emulated devices."""
        if isinstance(value, int) and not isinstance(value, bool):
            return self.numbered(value)
        return self.device(value)

    def _moved(self, made: Tensor, source: Tensor, goal: torch.device) -> Tensor:
        """A copy on the device, where it is not there already."""
        start = self.lies_on(source)
        if start == goal or (start.type == goal.type == "cpu"):
            return made
        if start.type == "meta":
            raise NotImplementedError("Cannot copy out of meta tensor; no data!")
        if made.untyped_storage().data_ptr() == source.untyped_storage().data_ptr():
            made = Tensor.clone(made)  # a mode is off while it answers
            leave(made)
        return self._arrived(made, start, goal)

    def _arrived(self, made: Tensor, start: torch.device, goal: torch.device) -> Tensor:
        if self.is_ours(start):
            self.ledger.count_down(made)
        if self.is_ours(goal):
            self.ledger.count_up(made)
            return self.ledger.place(made, goal)
        leave(made)
        return made

    def _to_device(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Tensor:
        """`tensor.cuda(…)`."""
        goal = self._target(kwargs.get("device", args[1] if len(args) > 1 else None))
        return self._moved(args[0], args[0], goal or self.numbered(0))

    def _to_host(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Tensor:
        """`tensor.cpu()`."""
        return self._moved(args[0], args[0], HOST)

    def _copy(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Tensor:
        """`tensor.copy_(other)`: stays where it lies."""
        target, source = args[0], args[1]
        func(*args, **kwargs)
        start, goal = self.lies_on(source), self.lies_on(target)
        if self.is_ours(start) and not self.is_ours(goal):
            self.ledger.count_down(target)
        if self.is_ours(goal) and not self.is_ours(start):
            self.ledger.count_up(target)
        return target

    # --- values in main memory ---------------------------------------------------------------

    def _numpy(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        if allocation_of(args[0]) is not None:
            place = self.lies_on(args[0])
            raise TypeError(
                f"can't convert {place} device type tensor to numpy. Use Tensor.cpu() to copy the"
                " tensor to host memory first. (emulated)"
            )
        return func(*args, **kwargs)

    def _value(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        if allocation_of(args[0]) is not None:
            self._check(func, args, kwargs)
            self.ledger.count_down(args[0])
        return func(*args, **kwargs)

    def _index_of_device(self, func: Any, args: Any, kwargs: dict[str, Any]) -> int:
        allocation = allocation_of(args[0])
        return func(*args, **kwargs) if allocation is None else allocation.device.index

    def _pinned(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Tensor:
        tensor: Tensor = args[0]
        return tensor

    # --- all other calls ---------------------------------------------------------------------

    def _call(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        goal = self._check(func, args, kwargs)
        if kwargs.get("device") is not None:
            goal = self._target(kwargs["device"])
            if self.is_ours(goal):
                kwargs = {**kwargs, "device": "cpu"}
        if kwargs.get("pin_memory"):
            kwargs = {**kwargs, "pin_memory": False}
        self._check_generator(kwargs, goal)
        if func in _SUMMED_IN_FULL and self.is_ours(goal):
            return self._placed(_summed_in_full(func, args, kwargs), goal)
        result = func(*args, **kwargs)
        return self._placed(result, goal) if self.is_ours(goal) else result

    def _check(self, func: Any, args: Any, kwargs: dict[str, Any]) -> torch.device | None:
        """The one device on which the operands lie; None = in main memory. Raises RuntimeError
        where they lie on several."""
        there: torch.device | None = None
        here = False
        for tensor in tensors(args, kwargs):
            allocation = allocation_of(tensor)
            if allocation is None:
                has_size = tensor.dim() > 0 or func in _NO_SCALARS
                here = here or (has_size and not tensor.is_meta)
            elif there is None:
                there = allocation.device
            elif there != allocation.device and func not in _MIXING:
                raise _two_devices(there, allocation.device, func)
        if func in _INDEXING:
            return self._check_index(args, there)
        if there is not None and here and func not in _MIXING:
            raise _two_devices(there, HOST, func)
        return there

    def _check_index(self, args: Any, there: torch.device | None) -> torch.device | None:
        """Where the indexed tensor lies."""
        place = self.lies_on(args[0])
        if self.is_ours(place):
            return place
        if there is not None and any(t.dim() for t in tensors(args[1:]) if allocation_of(t)):
            raise RuntimeError(
                "indices should be either on cpu or on the same device as the indexed tensor (cpu)"
                " (emulated)"
            )
        return None

    def _check_generator(self, kwargs: dict[str, Any], goal: torch.device | None) -> None:
        generator = kwargs.get("generator")
        if self.is_ours(goal) and generator is not None and generator.device.type != self.kind:
            raise RuntimeError(
                f"Expected a '{self.kind}' device type for generator but found"
                f" '{generator.device.type}' (emulated)"
            )

    def _placed(self, result: Any, device: torch.device | None) -> Any:
        """Every tensor of a result lies where its operands do."""
        if isinstance(result, Tensor):
            if device is not None and not result.is_meta:
                self.ledger.place(result, device)
        elif isinstance(result, tuple | list):
            for part in result:
                self._placed(part, device)
        return result

    _special: ClassVar[dict[Any, Callable[..., Any]]] = {
        Tensor.to: _to,
        Tensor.cuda: _to_device,
        Tensor.cpu: _to_host,
        Tensor.copy_: _copy,
        Tensor.get_device: _index_of_device,
        Tensor.pin_memory: _pinned,
        Tensor.data.__set__: _set_data,
        **dict.fromkeys(_TO_NUMPY, _numpy),
        **dict.fromkeys(_WAITING, _value),
    }


def _summed_in_full(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The call with operands in float32, and its result in theirs."""
    half = next((t.dtype for t in tensors(args, kwargs) if t.dtype in _HALVES), None)
    if half is None or torch.is_autocast_enabled("cpu"):
        return func(*args, **kwargs)

    def widened(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.float() if value.dtype == half else value
        if isinstance(value, tuple | list):
            return type(value)(map(widened, value))
        return value

    kwargs = {name: widened(value) for name, value in kwargs.items()}
    return func(*map(widened, args), **kwargs).to(half)


def tensors(args: Any, kwargs: Mapping[str, Any] = MappingProxyType({})) -> list[Tensor]:
    """All tensors among arguments, in lists and tables, too. Every call passes here: a list that
    grows is three times as quick as a generator within a generator."""
    found: list[Tensor] = []
    _gather(args, found)
    if kwargs:
        _gather(kwargs.values(), found)
    return found


def _gather(values: Iterable[Any], found: list[Tensor]) -> None:
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, tuple | list):
            _gather(value, found)
        elif isinstance(value, dict):
            _gather(value.values(), found)


def _two_devices(one: torch.device, other: torch.device, func: Any) -> RuntimeError:
    name = getattr(func, "__name__", str(func))
    return RuntimeError(
        "Expected all tensors to be on the same device, but found at least two devices,"
        f" {one} and {other}! (emulated, in {name})"
    )
