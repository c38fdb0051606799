"""Which places a cluster has: data alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from methods._workers.plan import CPU, LANE

MOST_LANES = 8
"""A machine's places for what loads nothing: each is a process or two, and they are quick."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One that is alive. id: Ray's. name: what people call it, unlike all others. cpus, gpus: what
    it lends."""

    id: str
    name: str
    cpus: float
    gpus: int


@dataclass(frozen=True, slots=True)
class Room:
    """A place that a machine has. cpus, gpus: what it takes of these."""

    id: str
    kind: str
    machine: Machine
    cpus: float
    gpus: int


def machines_of(nodes: Iterable[Mapping[str, object]]) -> dict[str, Machine]:
    """Those of `ray.nodes()` that are alive, by id."""
    alive = [node for node in nodes if node.get("Alive")]
    hosts = Counter(str(node.get("NodeManagerHostname")) for node in alive)
    found = {}
    for node in alive:
        key, host = str(node["NodeID"]), str(node.get("NodeManagerHostname"))
        name = host if hosts[host] == 1 else f"{host}~{key[:6]}"
        found[key] = Machine(key, name, _amount(node, "CPU"), int(_amount(node, "GPU")))
    return found


def _amount(node: Mapping[str, object], name: str) -> float:
    resources = node.get("Resources")
    value = resources.get(name, 0) if isinstance(resources, Mapping) else 0
    return float(value)


def rooms_of(machine: Machine) -> list[Room]:
    """One for each GPU; and where it lends cores, one for networks on the CPU and some lanes."""
    gpus = [Room(f"{machine.name}/gpu{n}", "cuda", machine, 0.0, 1) for n in range(machine.gpus)]
    if machine.cpus <= 0:
        return gpus
    lanes = min(MOST_LANES, max(1, int(machine.cpus)))
    share = int(machine.cpus / (lanes + 1) * 1000) / 1000
    kinds = [("cpu", CPU), *((f"lane{n}", LANE) for n in range(1, lanes + 1))]
    return [*gpus, *(Room(f"{machine.name}/{n}", kind, machine, share, 0) for n, kind in kinds)]
