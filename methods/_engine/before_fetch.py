"""What is asked before the weights of a job are fetched, and how room is made for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from methods._base import Eraser, Settings, Unavailable, WeightFile, WeightsUnavailable
from methods._engine.outlook import idle_machine, outlook
from methods._system.device import devices_for
from methods._system.units import in_bytes
from methods._weights.fetch_set import Observer, fetch_all

MayFetch: TypeAlias = Callable[[type[Eraser], Settings], None]
"""Raises UserError where this eraser's weights are not to be fetched for such a job."""


def demand_memory(eraser: type[Eraser], settings: Settings, *, on_gpu: bool = True) -> None:
    """Raise Unavailable where the model could not be loaded on this machine, whatever is fetched.

    on_gpu: also where it would lie on a GPU. What it takes there is an estimate, and loading it
    is tried; in main memory loading keeps to the same numbers.
    """
    spec = eraser.spec
    device = devices_for(spec)[0]
    if device != "cpu" and not on_gpu:
        return
    plan = outlook(eraser, device, idle_machine(), settings)
    if plan.lacking:
        raise Unavailable(
            "not_enough_memory.unfetched",
            eraser=spec.id,
            title=spec.name,
            needed=in_bytes(plan.needed),
            free=in_bytes(plan.free),
        )


def fetched(
    weights: Sequence[WeightFile],
    observer: Observer,
    should_stop: Callable[[], bool],
    unload: Callable[[], None],
) -> dict[str, WeightsUnavailable]:
    """As `fetch_all`; where only what is loaded keeps the room for them, once more after `unload`:
    a network that nobody uses now is loaded again sooner than this one comes."""
    failures = fetch_all(weights, observer, should_stop)
    if any(error.code == "weights_cap_in_use" for error in failures.values()):
        unload()
        failures = fetch_all(weights, observer, should_stop)
    return failures
