"""Which place does which job next. Data and arithmetic alone: no process, no clock, no lock.

A visitor's jobs are planned one after the other in fair order (visitors in turn, of each visitor
the runs in turn), each where it is finished first, which may be a place that is still at work but
has the eraser loaded. What is idle then takes jobs of sweeps: it goes on with what it holds, and
else loads what there is most to do with.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from methods._workers.plan import CPU, LANE, Cost, Plan, Planned, Spot, Ticket

_SMOOTHING = 0.3
"""Of the newest measurement in an estimate."""


_MOST_REMEMBERED = 4096
"""Visitors and runs of whom it is known when they were served last."""


class Placement:
    """costs: by eraser; more may be added. Times are seconds of any one clock.

    cores: of the CPU. A lane begins nothing while the lanes and the network on the CPU take them
    all; but one lane may always work, and so may a network: neither waits for the other.
    """

    def __init__(
        self,
        spots: Iterable[Spot],
        costs: Mapping[str, Cost] | None = None,
        cores: int = sys.maxsize,
    ) -> None:
        self._cores = cores
        self.spots = {spot.id: spot for spot in spots}
        self.costs: dict[str, Cost] = dict(costs or {})
        self.may_lose = False
        """Whether places go without being out before."""
        self.takers: Counter[int] = Counter()
        """How many further jobs each run could begin at once."""
        self._lines: dict[str, dict[int, deque[Ticket]]] = {}  # visitor -> run -> in order
        self._sweeps: dict[str, deque[Ticket]] = {}  # by eraser
        self._count: Counter[int] = Counter()  # waiting jobs by run
        self._served: dict[str | int, int] = {}  # visitors and runs, when last
        self._services = 0
        self._runs: dict[tuple[str, str], float] = {}  # (eraser, kind) -> seconds

    # --- what happens ---------------------------------------------------------------------

    def add(self, ticket: Ticket, *, first: bool = False) -> None:
        """A job waits. first: before all others of its run."""
        if ticket.sweep:
            line = self._sweeps.setdefault(ticket.eraser, deque())
        else:
            line = self._lines.setdefault(ticket.visitor, {}).setdefault(ticket.run, deque())
        self._count[ticket.run] += 1
        (line.appendleft if first else line.append)(ticket)

    def drop(self, run: int, eraser: str | None = None) -> list[Ticket]:
        """The waiting jobs of a run, or those of one eraser alone, which wait no longer."""
        gone = [
            ticket
            for ticket in self._waiting()
            if ticket.run == run and eraser in (None, ticket.eraser)
        ]
        for ticket in gone:
            self.remove(ticket)
        return gone

    def begin(self, place: str, ticket: Ticket, now: float) -> None:
        """A job that waited is begun there."""
        self.remove(ticket)
        self._note_service(ticket)
        spot = self.spots[place]
        spot.at_work, spot.begun = ticket, now
        spot.until = now + self.load_seconds(ticket.eraser, spot) + self.run_seconds(ticket, spot)

    def end(self, place: str, held: tuple[str, ...], seconds: float | None = None) -> None:
        """A place is free. held: what it has loaded now. seconds: what the job took without
        loading, None where it has no result."""
        spot = self.spots[place]
        if spot.at_work is not None and seconds is not None:
            self._measured(spot.at_work.eraser, spot.kind, seconds)
        spot.at_work, spot.held = None, held

    def forget(self, run: int) -> None:
        """A run is over."""
        self.drop(run)
        for each in (self.takers, self._count, self._served):
            each.pop(run, None)

    def _note_service(self, ticket: Ticket) -> None:
        self._services += 1
        self._served[ticket.run] = self._services
        self._served.pop(ticket.visitor, None)
        self._served[ticket.visitor] = self._services
        if len(self._served) > _MOST_REMEMBERED:
            del self._served[next(iter(self._served))]

    def _measured(self, eraser: str, kind: str, seconds: float) -> None:
        key = (eraser, kind)
        before = self._runs.get(key, seconds)
        self._runs[key] = (1 - _SMOOTHING) * before + _SMOOTHING * seconds

    def remove(self, ticket: Ticket) -> None:
        """A job waits no longer."""
        self._count[ticket.run] -= 1
        if ticket.sweep:
            self._sweeps[ticket.eraser].remove(ticket)
            if not self._sweeps[ticket.eraser]:
                del self._sweeps[ticket.eraser]
            return
        runs = self._lines[ticket.visitor]
        runs[ticket.run].remove(ticket)
        if not runs[ticket.run]:
            del runs[ticket.run]
        if not runs:
            del self._lines[ticket.visitor]

    def _stranded(self) -> list[Ticket]:
        """The jobs that wait for places of which there is none."""
        waiting = self._waiting()
        lost = {kinds for kinds in {t.kinds for t in waiting} if not self.usable(kinds)}
        return [ticket for ticket in waiting if ticket.kinds in lost]

    def _waiting(self) -> list[Ticket]:
        own = [ticket for runs in self._lines.values() for line in runs.values() for ticket in line]
        return own + [ticket for line in self._sweeps.values() for ticket in line]

    # --- what is known --------------------------------------------------------------------

    def waits(self, run: int) -> bool:
        """Whether any job of the run is waiting."""
        return self._count[run] > 0

    def usable(self, kinds: Collection[str]) -> list[Spot]:
        """The places for a job: of the best kind that has one."""
        for kind in kinds:
            found = [spot for spot in self.spots.values() if spot.kind == kind and not spot.out]
            if found:
                return found
        return []

    def run_seconds(self, ticket: Ticket, spot: Spot) -> float:
        """What a job takes there, as measured, else as guessed."""
        known = self._runs.get((ticket.eraser, spot.kind))
        return known if known is not None else self._cost(ticket.eraser).guess

    def load_seconds(self, eraser: str, spot: Spot, also: Collection[str] = ()) -> float:
        """What loading takes there. also: erasers that will be loaded by then."""
        held = {*spot.held, *also}
        if eraser in held:
            return 0.0
        here = {name for other in held for name in self._cost(other).files}
        cost = self._cost(eraser)
        missing = sum(size for name, size in cost.files.items() if name not in here)
        return cost.fixed + missing / spot.bandwidth

    def _cost(self, eraser: str) -> Cost:
        return self.costs.get(eraser, _NOTHING_KNOWN)

    # --- what to do next ------------------------------------------------------------------

    def plan(self, now: float) -> Plan:
        """For all that waits. Nothing is begun by it."""
        plan = self._of_visitors(now)
        if self.may_lose or any(spot.out for spot in self.spots.values()):
            plan.nowhere.extend(self._stranded())
        for spot in self.spots.values():
            if self._is_idle(spot, plan.begin) and not self._has_no_core(spot, plan.begin):
                found = self._of_sweeps(spot, plan.begin)
                if found is not None:
                    plan.begin[spot.id] = found
        return plan

    def _of_visitors(self, now: float) -> Plan:
        """Each job where it is finished first. What could begin but has no taker stands aside."""
        free = {spot.id: spot.rest(now) for spot in self.spots.values()}
        loads: dict[str, set[str]] = {spot.id: set() for spot in self.spots.values()}
        takers = Counter(self.takers)
        before: Counter[str] = Counter()
        guessed = {spot.id for spot in self.spots.values() if not self._is_measured(spot)}
        plan = Plan()
        for ticket in self._in_fair_order():
            spots = self.usable(ticket.kinds)
            if not spots:
                continue
            self._await_cores(spots, plan.begin, free, now)
            ends = {spot.id: self._ends(ticket, spot, free, loads) for spot in spots}
            place = min(spots, key=lambda spot: ends[spot.id])
            ahead = _ahead(spots, before[place.kind])
            measured = place.id not in guessed
            plan.waiting.append(Planned(ticket, place.id, ahead, free[place.id], measured))
            if free[place.id] == 0.0 and place.at_work is None:
                if takers[ticket.run] <= 0:
                    continue
                takers[ticket.run] -= 1
                plan.begin[place.id] = ticket
            before[place.kind] += 1
            free[place.id] = ends[place.id]
            loads[place.id].add(ticket.eraser)
            if (ticket.eraser, place.kind) not in self._runs:
                guessed.add(place.id)
        return plan

    def _ends(
        self,
        ticket: Ticket,
        spot: Spot,
        free: Mapping[str, float],
        loads: Mapping[str, Collection[str]],
    ) -> float:
        """Seconds until the job is done there; as good as nothing is still something."""
        at_work = () if spot.at_work is None else (spot.at_work.eraser,)
        also = {*loads[spot.id], *at_work}
        load = self.load_seconds(ticket.eraser, spot, also)
        return free[spot.id] + load + max(1e-6, self.run_seconds(ticket, spot))

    def _await_cores(
        self, spots: Iterable[Spot], begin: Mapping[str, Ticket], free: dict[str, float], now: float
    ) -> None:
        """Lanes without a core are free when the first job on the CPU ends."""
        for spot in spots:
            if self._is_idle(spot, begin) and self._has_no_core(spot, begin):
                others = self._on_cpu(begin, spot.machine)
                rests = (each.rest(now) for each in others if each.at_work)
                free[spot.id] = max(free[spot.id], min(rests, default=0.0), 1e-6)

    def _has_no_core(self, spot: Spot, begin: Mapping[str, Ticket]) -> bool:
        if spot.kind != LANE:
            return False
        at_work = self._on_cpu(begin, spot.machine)
        lanes = sum(other.kind == LANE for other in at_work)
        return lanes > 0 and len(at_work) >= (spot.cores or self._cores)

    def _on_cpu(self, begin: Mapping[str, Ticket], machine: str) -> list[Spot]:
        """A machine's places on the CPU that are at work, or will be at once."""
        return [
            spot
            for spot in self.spots.values()
            if spot.machine == machine
            and spot.kind in (CPU, LANE)
            and (spot.at_work is not None or spot.id in begin)
        ]

    def _is_idle(self, spot: Spot, begin: Mapping[str, Ticket]) -> bool:
        """Whether it can begin something that is not planned yet."""
        return spot.at_work is None and not spot.out and spot.id not in begin

    def _is_measured(self, spot: Spot) -> bool:
        """Whether it is known how long the job there takes."""
        return spot.at_work is None or (spot.at_work.eraser, spot.kind) in self._runs

    def _in_fair_order(self) -> Iterator[Ticket]:
        """Who was served longest ago comes first, then all others, again and again."""
        visitors = sorted(self._lines, key=lambda visitor: self._served.get(visitor, 0))
        return _in_turn([self._of_visitor(self._lines[visitor]) for visitor in visitors])

    def _of_visitor(self, runs: Mapping[int, Iterable[Ticket]]) -> Iterator[Ticket]:
        ordered = sorted(runs, key=lambda run: self._served.get(run, 0))
        return _in_turn([iter(runs[run]) for run in ordered])

    # --- sweeps ---------------------------------------------------------------------------

    def _of_sweeps(self, spot: Spot, begin: Mapping[str, Ticket]) -> Ticket | None:
        """The next one for an idle place: of what it holds, else of what is worth loading."""
        given = frozenset(begin.values())
        lines = {
            eraser: found
            for eraser, line in self._sweeps.items()
            if (found := self._next_of(line, spot, given)) is not None
        }
        held = [eraser for eraser in lines if eraser in spot.held]
        if held:  # the one that the fewest others help with
            return lines[max(held, key=lambda eraser: self._share(eraser, spot))]
        worth = {eraser: self._worth(eraser, spot, begin) for eraser in lines}
        worth = {eraser: value for eraser, value in worth.items() if value is not None}
        return lines[max(worth, key=lambda eraser: worth[eraser] or 0.0)] if worth else None

    def _next_of(
        self, line: Iterable[Ticket], spot: Spot, given: Collection[Ticket]
    ) -> Ticket | None:
        """The first one that is not given to another place, if its run has a taker left and it can
        be done there."""
        ticket = next((ticket for ticket in line if ticket not in given), None)
        if ticket is None or spot not in self.usable(ticket.kinds):
            return None
        taken = sum(other.run == ticket.run for other in given)
        return ticket if taken < self.takers[ticket.run] else None

    def _worth(self, eraser: str, spot: Spot, begin: Mapping[str, Ticket]) -> float | None:
        """Seconds of work that loading it here takes off others; None where those that hold it
        are done with all of it before."""
        load = self.load_seconds(eraser, spot)
        holders = self._holders(eraser, spot.kind, begin)
        left = self._seconds_left(eraser, spot)
        if holders and left / holders <= load:
            return None
        return left / (holders + 1) - load

    def _share(self, eraser: str, spot: Spot) -> float:
        """Seconds for each of those that have it loaded."""
        return self._seconds_left(eraser, spot) / max(1, self._holders(eraser, spot.kind, {}))

    def _seconds_left(self, eraser: str, spot: Spot) -> float:
        line = self._sweeps[eraser]
        return len(line) * self.run_seconds(line[0], spot)

    def _holders(self, eraser: str, kind: str, begin: Mapping[str, Ticket]) -> int:
        """Places that have it loaded, or will have."""
        return sum(
            eraser in spot.held
            or (spot.at_work is not None and spot.at_work.eraser == eraser)
            or (spot.id in begin and begin[spot.id].eraser == eraser)
            for spot in self.spots.values()
            if spot.kind == kind
        )


_NOTHING_KNOWN = Cost()


def _ahead(spots: Sequence[Spot], before: int) -> int:
    """Jobs that come first: those at work at these places, and those that wait before."""
    busy = sum(spot.at_work is not None for spot in spots)
    return max(0, busy + before - len(spots) + 1)


def _in_turn(lines: Iterable[Iterator[Ticket]]) -> Iterator[Ticket]:
    """One of each line, again and again."""
    rest = deque(lines)
    while rest:
        line = rest.popleft()
        found = next(line, None)
        if found is not None:
            yield found
            rest.append(line)
