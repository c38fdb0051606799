"""What all programs do in a cluster, asked from anywhere in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress

from methods._base import Unavailable
from methods._workers.cluster.address import cluster_address, demand_ray
from methods._workers.cluster.foreman import CONTROL
from methods._workers.cluster.machines import machines_of, rooms_of
from methods._workers.cluster.session import NAMESPACE, join
from methods._workers.executor import Place

_SECONDS = 10.0
"""For which a foreman may be silent."""


def survey(wanted: str) -> tuple[Place, ...]:
    """All places of a cluster; those that nobody has begun to use are idle. wanted: see
    `cluster_address`; none is started. Raises Unavailable or BadInput."""
    demand_ray()
    address = cluster_address(wanted)
    if not address:
        raise Unavailable("ray_unreachable.none")
    session = join(address)
    try:
        return surveyed()
    finally:
        session.close()


def surveyed() -> tuple[Place, ...]:
    """The same of the cluster that this process has joined."""
    import ray

    reports = list(_reports())
    begun = {str(report["id"]) for report in reports}
    machines = machines_of(ray.nodes()).values()
    rooms = [room for machine in machines for room in rooms_of(machine)]
    idle = [Place(room.id, room.kind) for room in rooms if room.id not in begun]
    return tuple(sorted([*map(_place, reports), *idle], key=lambda place: place.id))


def _place(report: Mapping[str, object]) -> Place:
    held = report["held"]
    return Place(
        id=str(report["id"]),
        kind=str(report["kind"]),
        at_work=str(report["at_work"]),
        held=tuple(map(str, held)) if isinstance(held, list) else (),
        starts=int(str(report["starts"])),
        lost=int(str(report["lost"])),
        program=str(report["program"]),
    )


def _reports() -> Iterator[dict[str, object]]:
    """Of all foremen that answer."""
    import ray

    for reference in _asked():
        with suppress(ray.exceptions.RayError):
            yield json.loads(ray.get(reference, timeout=_SECONDS))


def _asked() -> list[object]:
    """All at once, so that one that is silent is waited for alone."""
    import ray

    found: list[object] = []
    for actor in ray.util.list_named_actors(all_namespaces=True):
        if actor["namespace"] == NAMESPACE:
            with suppress(ValueError):  # it has gone meanwhile
                handle = ray.get_actor(actor["name"], namespace=NAMESPACE)
                found.append(handle.report.options(concurrency_group=CONTROL).remote())
    return found
