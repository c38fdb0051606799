"""Places and jobs that exist on paper alone: how long a plan's decisions would take."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from methods._workers.placement import Placement
from methods._workers.plan import Cost, Spot, Ticket

GB = 10**9


@dataclass(frozen=True, slots=True)
class Network:
    """An eraser on paper. size: bytes of its own weights; seconds: of a job."""

    name: str
    size: int
    seconds: float
    base: str = ""  # weights that it shares with others of this base
    base_size: int = 0

    @property
    def cost(self) -> Cost:
        files = {self.name: self.size} | ({self.base: self.base_size} if self.base else {})
        return Cost(files, fixed=4.0)

    @property
    def memory(self) -> int:
        return self.size + self.base_size


@dataclass(slots=True)
class Figures:
    """loads: times that a network was brought onto a place. idle: share of the places' time until
    the last job was done, loading not counted as idle. begun: when each job began, by number."""

    seconds: float = 0.0
    loads: int = 0
    idle: float = 0.0
    begun: dict[int, float] = field(default_factory=dict)


class Simulator:
    """memory: bytes of each place; the least recently used network goes first."""

    def __init__(
        self, spots: Sequence[Spot], networks: Sequence[Network], memory: int = 79 * GB
    ) -> None:
        self.networks = {network.name: network for network in networks}
        self.placement = Placement(spots, {n.name: n.cost for n in networks})
        self.memory = memory
        self.now = 0.0
        self.figures = Figures()
        self._held: dict[str, list[str]] = {spot.id: [] for spot in spots}
        self._ends: list[tuple[float, str]] = []
        self._busy = 0.0

    def until_done(self) -> Figures:
        """Everything that waits, and the figures of it."""
        while self.step():
            pass
        self.figures.seconds = self.now
        self.figures.idle = 1 - self._busy / (len(self._held) * max(self.now, 1e-9))
        return self.figures

    def step(self) -> bool:
        """Begin what can be begun, then go on to the next end; False = nothing is at work."""
        self.begin()
        if not self._ends:
            return False
        self.now, place = heapq.heappop(self._ends)
        self._end(place)
        return True

    def begin(self) -> None:
        """All that can be begun now."""
        figures = self.figures
        for place, ticket in self.placement.plan(self.now).begin.items():
            spot = self.placement.spots[place]
            loads = self.placement.load_seconds(ticket.eraser, spot)
            figures.loads += loads > 0
            figures.begun[ticket.number] = self.now
            self._hold(place, ticket.eraser)
            self.placement.begin(place, ticket, self.now)
            self.placement.takers[ticket.run] -= 1
            took = loads + self.networks[ticket.eraser].seconds
            self._busy += took
            heapq.heappush(self._ends, (self.now + took, place))

    def _hold(self, place: str, eraser: str) -> None:
        held = self._held[place]
        if eraser in held:
            held.remove(eraser)
        held.append(eraser)
        while len(held) > 1 and sum(self.networks[name].memory for name in held) > self.memory:
            held.pop(0)

    def _end(self, place: str) -> None:
        ticket = self.placement.spots[place].at_work
        assert ticket is not None
        self.placement.takers[ticket.run] += 1
        self.placement.end(place, tuple(self._held[place]), self.networks[ticket.eraser].seconds)


def gpus(count: int) -> list[Spot]:
    """Equal ones."""
    return [Spot(f"gpu{n}", "cuda") for n in range(count)]


def tickets(
    erasers: Sequence[str], run: int, visitor: str = "", *, first: int = 1, sweep: bool = False
) -> list[Ticket]:
    """One for each name, in order."""
    return [
        Ticket(first + n, name, ("cuda",), run, visitor, sweep) for n, name in enumerate(erasers)
    ]
