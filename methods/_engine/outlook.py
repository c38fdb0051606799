"""What this machine offers to erasers, and whether a model fits: told before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from methods._base import DeviceName, Eraser, Settings
from methods._diffusion.placement import Memory, Need, held_on_device, plan_memory
from methods._diffusion.settings import DiffusionSettings
from methods._system.container import free_memory
from methods._system.device import job_device
from methods._system.memory import budget_of, memory_budget
from methods._weights.room import room_to_have, weights_cap


@dataclass(frozen=True, slots=True)
class Machine:
    """What erasers find here. device: the best one. budget: bytes that models may hold, by
    device. main: bytes of main memory that are free. disk: bytes that weights
    may still take where they are kept. cap: bytes of weights that are kept there at most, None = as
    many as the disk holds."""

    device: DeviceName
    budget: Mapping[DeviceName, int]
    main: int
    disk: int
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether a model fits, by the default settings and before the room that a picture takes.

    needed: bytes on the device, estimated, as the model will lie there. free: bytes that it may
    take. setting: what the setting `memory` becomes, "" where there is none or where it moves
    nothing. lacking: the memory that is too small for it, "" = it fits.
    """

    needed: int
    free: int
    setting: Memory | Literal[""] = ""
    lacking: Literal["", "device", "main"] = ""


def survey(*, idle: bool = False) -> Machine:
    """Look at this machine. idle: as if nothing lay on its GPU, which then is not woken.

    Raises Unavailable for an override that makes no sense here.
    """
    device = job_device()
    both: tuple[DeviceName, ...] = (device, "cpu")
    budget = {each: memory_budget(each, idle=idle) for each in both}
    return Machine(device, budget, free_memory(), room_to_have(), weights_cap())


def imagined(*, main: int, gpu: int, disk: int, cap: int | None) -> Machine:
    """Another machine than this one: `main`, `gpu` (0 = it has none) and `disk` are bytes that are
    free there before anything is loaded."""
    device: DeviceName = "cuda" if gpu else "cpu"
    budget = {device: budget_of(device, gpu or main), "cpu": budget_of("cpu", main)}
    return Machine(device, budget, main, disk, cap)


def idle_machine() -> Machine:
    """As it was when it was first looked at, without what this program has loaded since: what
    may be fetched, and what cards say, does not change with every run. Raises as `survey`."""
    return _surveyed_once(*map(os.environ.get, ("ERASER_LAB_DEVICE", "ERASER_LAB_MEMORY")))


@lru_cache(maxsize=1)
def _surveyed_once(*_settings: str | None) -> Machine:
    return survey(idle=True)


def outlook(
    eraser: type[Eraser], device: DeviceName, machine: Machine, settings: Settings | None = None
) -> Outlook:
    """The plan that loading follows (see `plan_memory`), made from the sizes of the files.

    settings: the eraser's own; None = its default ones.

    On the way to a GPU, and wherever its parts take turns there, a model lies in main memory.
    """
    settings = settings or eraser.Settings()
    parts = eraser().expected_memory(settings, device)
    whole, free = sum(parts.values()), machine.budget[device]
    if device != "cuda":
        return Outlook(whole, free, lacking="" if whole <= free else "main")
    if not isinstance(settings, DiffusionSettings):
        return Outlook(whole, free, lacking="" if whole <= free else "device")
    least = settings.least_memory
    plan = plan_memory(settings.memory, device, parts, Need(), free, least)
    held = held_on_device(plan.memory, parts)
    lacking: Literal["", "device", "main"] = "" if held <= free else "device"
    if not lacking and whole > machine.main:
        return Outlook(whole, machine.main, plan.memory, "main")
    return Outlook(held, free, plan.memory, lacking)
