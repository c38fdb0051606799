"""Which erasers are loaded: within a memory budget, least recently used out first.

Everything here happens while the device lock is held, one job at a time, so that two
models never compute at once and no second lock is needed.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from methods._base import (
    DeviceName,
    Eraser,
    EraserSpec,
    Settings,
    Stopped,
    Text,
    Unavailable,
    UserError,
)
from methods._system.device import devices_for
from methods._system.lock import DeviceLock, StopToken, device_lock
from methods._system.memory import (
    GIB,
    MemoryMeter,
    give_memory_back,
    is_out_of_memory,
    memory_budget,
)

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Held:
    """A loaded eraser. memory: bytes that it was measured to keep.

    load_seconds: what loading took just now; 0 when it was loaded already.
    weights: SHA-256 by name of the files it was loaded from. shares: see `Eraser.memory`.
    """

    eraser: Eraser
    device: DeviceName
    memory: int
    load_seconds: float
    weights: Mapping[str, str]
    shares: Mapping[str, int]


class Residency:
    """Keeps erasers loaded between jobs.

    budget: bytes for each device; None = measured at the first load (see `memory_budget`).
    An eraser counts with what its `memory` says. One that alone exceeds the budget is refused on
    the CPU, where the operating system would kill the program, and tried on a GPU.
    """

    def __init__(self, budget: int | None = None, lock: DeviceLock = device_lock) -> None:
        self._lock = lock
        self._budget = budget
        self._measured: dict[DeviceName, int] = {}
        self._loaded: OrderedDict[str, Held] = OrderedDict()  # least recently used first

    @property
    def loaded(self) -> tuple[str, ...]:
        """The ids of what is loaded, least recently used first."""
        return tuple(self._loaded)

    def after_fork(self) -> None:
        """A copy of this process has a device of its own, with nothing on it; see
        `_system.forked`."""
        self._loaded.clear()
        self._measured.clear()

    @contextmanager
    def hold(
        self,
        eraser: type[Eraser],
        *,
        weights: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        token: StopToken | None = None,
        on_wait: Callable[[int], None] | None = None,
        on_load: Callable[[], None] | None = None,
        visitor: str = "",
    ) -> Iterator[Held]:
        """Wait for the device, load the eraser if need be, and keep both for the block.

        weights: SHA-256 by name of its files; one that was loaded from others is loaded anew.
        settings: of the job that comes first, None = the defaults; see `Eraser.prepare`.
        on_wait(ahead), visitor: see `DeviceLock.hold`. on_load(): before a load begins.
        Raises Stopped while waiting; Unavailable or whatever `load` raises, and then
        nothing of the eraser stays behind. An unexpected error in the block unloads the
        eraser too, because nobody knows in what state it was left.
        """
        with self._lock.hold(token, on_wait, visitor):
            files = dict(weights or {})
            held = self._take(eraser, files)
            if held is None:
                held = self._load(eraser, settings or eraser.Settings(), files, on_load)
            try:
                yield held
            except (Stopped, UserError):
                raise
            except Exception:
                self._evict(eraser.spec.id)
                raise

    def add_memory(self, spec: EraserSpec, nbytes: int) -> None:
        """Note what the eraser's first call made it keep beyond its loading (buffers that
        its library fills and does not give back). To be called while it is held."""
        held = self._loaded.get(spec.id)
        if held is not None:
            self._loaded[spec.id] = replace(held, memory=held.memory + nbytes)

    def with_room(self, spec: EraserSpec, action: Callable[[], Result]) -> Result:
        """`action()`; where memory runs out, once more with all other erasers unloaded.

        To be called while the device is held. Raises Unavailable when it runs out again.
        """
        for attempt in (1, 2):
            try:
                return action()
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                logger.warning("%s ran out of memory (attempt %d)", spec.id, attempt)
            # Outside `except`: the error's traceback would keep the lost tensors alive.
            self._evict_all(keep=spec.id if attempt == 1 else None)
        raise too_little_memory(spec)

    def clear(self, token: StopToken | None = None) -> None:
        """Unload everything, when the device is next free. Raises Stopped."""
        with self._lock.hold(token):
            self._evict_all(keep=None)

    def files(self) -> set[str]:
        """Names of the weights of all that is loaded. May be asked at any time."""
        return {name for held in tuple(self._loaded.values()) for name in held.weights}

    # --- all below: with the device held -------------------------------------------------

    def _take(self, eraser: type[Eraser], weights: Mapping[str, str]) -> Held | None:
        held = self._loaded.get(eraser.spec.id)
        if held is None or type(held.eraser) is not eraser or held.weights != weights:
            return None
        self._loaded.move_to_end(eraser.spec.id)
        return replace(held, load_seconds=0.0)

    def _load(
        self,
        eraser: type[Eraser],
        settings: Settings,
        weights: Mapping[str, str],
        on_load: Callable[[], None] | None,
    ) -> Held:
        """Load on the best device that takes the eraser."""
        if on_load is not None:
            on_load()
        devices = devices_for(eraser.spec)
        for device in devices:
            try:
                return self._load_on(eraser, settings, device, weights)
            except Unavailable as error:
                if error.code != "device_missing" or device == devices[-1]:
                    raise
        raise AssertionError("devices_for names at least one device")

    def _load_on(
        self,
        eraser: type[Eraser],
        settings: Settings,
        device: DeviceName,
        weights: Mapping[str, str],
    ) -> Held:
        spec = eraser.spec
        shares = eraser().memory(settings, device)
        self._make_room(spec, shares, device)
        start = time.perf_counter()
        instance, memory = self.with_room(spec, lambda: _loaded(eraser, settings, device))
        seconds = time.perf_counter() - start
        held = Held(instance, device, memory, seconds, weights, shares)
        self._loaded[spec.id] = held
        return held

    def _make_room(self, spec: EraserSpec, shares: Mapping[str, int], device: DeviceName) -> None:
        self._evict(spec.id)
        budget = self._budget_of(device)
        if device == "cpu" and _together(shares) > budget:
            raise too_little_memory(spec, budget)
        stay, go = self._on(device), []
        while stay and _together(shares, *(other.shares for other in stay)) > budget:
            go.append(stay.pop(0).eraser.spec.id)
        self._evict(*go)

    def _budget_of(self, device: DeviceName) -> int:
        if self._budget is not None:
            return self._budget
        if device not in self._measured:
            self._measured[device] = memory_budget(device)
        return self._measured[device]

    def _on(self, device: DeviceName) -> list[Held]:
        """What is loaded there, least recently used first."""
        return [held for held in self._loaded.values() if held.device == device]

    def _evict_all(self, keep: str | None) -> None:
        others = [name for name in self._loaded if name != keep]
        self._evict(*others)
        if not others:
            give_memory_back()  # what a load or a run that failed has left

    def _evict(self, *eraser_ids: str) -> None:
        """Unload those that are loaded, and give back what they held: once, because it takes a
        full collection of garbage."""
        held = [self._loaded.pop(name) for name in eraser_ids if name in self._loaded]
        for one in held:
            _unload(one.eraser)
        if held:
            give_memory_back()


def _together(*shares: Mapping[str, int]) -> int:
    """Bytes of several erasers; what they share is counted once."""
    return sum({name: size for share in shares for name, size in share.items()}.values())


def _loaded(eraser: type[Eraser], settings: Settings, device: DeviceName) -> tuple[Eraser, int]:
    """A loaded instance and the bytes that loading it took."""
    instance = eraser()
    try:
        with MemoryMeter(device) as meter:
            instance.load(device, None)
            instance.prepare(settings)
    except BaseException:
        _unload(instance)
        give_memory_back()
        raise
    return instance, meter.kept


def _unload(instance: Eraser) -> None:
    """Unload, whatever happens: a failure here must not hide the reason for unloading."""
    try:
        instance.unload()
    except Exception:
        logger.exception("%s failed to unload", instance.spec.id)


def too_little_memory(spec: EraserSpec, budget: int | None = None) -> Unavailable:
    """The error that says so. budget: bytes that erasers may hold, where it is known."""
    needs, allows = "error.not_enough_memory.needs", "error.not_enough_memory.allowed"
    return Unavailable(
        "not_enough_memory",
        eraser=spec.id,
        title=spec.name,
        needed=spec.memory,
        needs=Text(needs, gigabytes=spec.memory / GIB) if spec.memory else "",
        allows=Text(allows, gigabytes=budget / GIB) if budget else "",
    )


residency = Residency()
"""The one that the program uses."""


class Holder(Protocol):
    """Others that hold erasers for this program, in processes of their own."""

    @property
    def loaded(self) -> tuple[str, ...]:
        """The ids of what lies on a device that is shared with this process."""

    def clear(self) -> None:
        """Unload that, when the jobs under way have ended."""


elsewhere: list[Holder] = []


def with_device_room(action: Callable[[], Result], too_little: Callable[[], Unavailable]) -> Result:
    """`action()`, for what works beside the erasers, as clicks do; where memory runs out, once
    more with every eraser unloaded, when the job under way has ended.

    Raises what `action` raises; `too_little()` in place of memory errors that stay.
    """
    try:
        return action()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if not any(holder.loaded for holder in (residency, *elsewhere)):
            raise too_little() from error
        logger.warning("memory ran out beside the erasers; they are unloaded")
    # Outside `except`: the error's traceback would keep the lost tensors alive.
    for holder in (residency, *elsewhere):
        holder.clear()
    try:
        return action()
    except Exception as error:
        if is_out_of_memory(error):
            raise too_little() from error
        raise
