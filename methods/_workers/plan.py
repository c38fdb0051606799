"""What placement reads and says: jobs that wait, places, what erasers cost, and a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CPU = "cpu"
"""The kind of place for networks on the CPU."""

LANE = "lane"
"""The kind of place for erasers that load nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What is known of an eraser before it has run here. files: bytes of its weights by name;
    two erasers may share some. fixed: seconds to load it when all of them are in memory."""

    files: Mapping[str, int] = field(default_factory=dict)
    fixed: float = 0.0

    @property
    def guess(self) -> float:
        """Seconds of a job: large networks take longer."""
        return 0.2 + sum(self.files.values()) / 1e9


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job that waits. number: its own, and larger than those of all before it. kinds: of places
    where it can be done, the best first. run: which run or sweep it belongs to."""

    number: int
    eraser: str
    kinds: tuple[str, ...]
    run: int
    visitor: str = ""
    sweep: bool = False


@dataclass(slots=True)
class Spot:
    """A place as the plan sees it. bandwidth: bytes of weights that it loads in a second. begun,
    until: of the job at work. out: no job is given to it any more. machine: the one whose cores it
    shares, cores: how many these are; 0 = those of `Placement`."""

    id: str
    kind: str
    bandwidth: float = 1.5e9
    held: tuple[str, ...] = ()
    at_work: Ticket | None = None
    begun: float = 0.0
    until: float = 0.0
    out: bool = False
    machine: str = ""
    cores: int = 0

    def rest(self, now: float) -> float:
        """Seconds until it is free: a job that takes longer than thought may do so as long again,
        so that nobody waits for ever for a place that hangs."""
        if self.at_work is None:
            return 0.0
        return self.until - now if now < self.until else now - self.begun


@dataclass(frozen=True, slots=True)
class Planned:
    """When a waiting job begins, as far as can be told. ahead: jobs that come before it at such
    places, those at work among them. after: seconds from now; measured: they stand on measurements
    of all that comes before it there."""

    ticket: Ticket
    place: str
    ahead: int
    after: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """begin: what idle places should begin at once, by place. waiting: all jobs of visitors, in the
    order in which they are served. nowhere: jobs whose places are all out of use."""

    begin: dict[str, Ticket] = field(default_factory=dict)
    nowhere: list[Ticket] = field(default_factory=list)
    waiting: list[Planned] = field(default_factory=list)
