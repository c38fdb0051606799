"""Which place does which job next, on paper."""

from __future__ import annotations

import random

import pytest

from methods._workers.placement import Placement
from methods._workers.plan import Cost, Spot, Ticket
from placement_simulator import GB, Network, Simulator, gpus, tickets

SECONDS = (119, 33, 22, 17, 3.5, 1.7, 1.5, 1.1, 1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5, 0.2, 0.2, 0.15)
"""Of a job on a large GPU, estimated from the networks' arithmetic."""

SIZES = (58, 24, 24, 24, 7, 8, 7, 7, 7, 7, 5, 4, 4, 4, 4, 0.2, 0.1, 0.4)

TABLE = [
    *(Network(f"n{n}", int(size * GB), SECONDS[n]) for n, size in enumerate(SIZES)),
    Network("twin1", 1 * GB, 5, "base", 22 * GB),
    Network("twin2", 1 * GB, 5, "base", 22 * GB),
]


def placed(spots: list[Spot], costs: dict[str, Cost] | None = None) -> Placement:
    return Placement(spots, costs)


def add_run(placement: Placement, names: list[str], run: int, visitor: str, first: int) -> None:
    for ticket in tickets(names, run, visitor, first=first):
        placement.add(ticket)
    placement.takers[run] = len(names)


# --- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["photos", "erasers", "any"])
def test_a_large_table_loads_little_and_waits_little(order: str) -> None:
    """8 places, 300 photos, 20 erasers: first come, first served would load thousands of times."""
    names = [network.name for network in TABLE]
    cells = [name for _ in range(300) for name in names]
    if order == "erasers":
        cells.sort()
    if order == "any":
        random.Random(0).shuffle(cells)
    simulator = Simulator(gpus(8), TABLE)
    for ticket in tickets(cells, run=1, sweep=True):
        simulator.placement.add(ticket)
    simulator.placement.takers[1] = 8
    figures = simulator.until_done()
    assert len(figures.begun) == 6000
    assert figures.loads <= 2 * len(TABLE)
    assert figures.idle < 0.02


def test_a_sweep_begins_no_more_than_it_has_takers() -> None:
    placement = placed(gpus(8))
    for ticket in tickets(["a"] * 20, run=1, sweep=True):
        placement.add(ticket)
    placement.takers[1] = 3
    assert len(placement.plan(0.0).begin) == 3


def test_what_is_soon_done_is_not_loaded_again() -> None:
    """Two jobs of a second are left, and loading takes ten."""
    placement = placed(gpus(2), {"a": Cost({"a": 15 * GB})})
    placement.spots["gpu0"].held = ("a",)
    for ticket in tickets(["a"] * 3, run=1, sweep=True):
        placement.add(ticket)
    placement.takers[1] = 8
    placement.begin("gpu0", placement.plan(0.0).begin["gpu0"], 0.0)
    placement.end("gpu0", ("a",), 1.0)
    assert set(placement.plan(1.0).begin) == {"gpu0"}


def test_shared_weights_are_loaded_once() -> None:
    placement = placed(gpus(1), {network.name: network.cost for network in TABLE})
    spot = placement.spots["gpu0"]
    alone = placement.load_seconds("twin1", spot)
    spot.held = ("twin2",)
    assert placement.load_seconds("twin1", spot) < alone / 2
    assert placement.load_seconds("twin2", spot) == 0


# --- visitors ----------------------------------------------------------------------------------


def fast(*names: str) -> list[Network]:
    return [Network(name, 1 * GB, 1.0) for name in names]


def test_a_visitor_with_many_jobs_delays_another_by_one_job() -> None:
    """The one that is at work when the other one comes."""
    simulator = Simulator(gpus(1), fast("a"))
    add_run(simulator.placement, ["a"] * 64, 1, "many", 1)
    add_run(simulator.placement, ["a"] * 36, 2, "many", 65)
    for _ in range(5):
        simulator.step()
    simulator.begin()
    came = simulator.now
    add_run(simulator.placement, ["a"] * 2, 3, "few", 101)
    begun = simulator.until_done().begun
    assert begun[101] - came <= 1.0
    assert begun[102] - begun[101] <= 2.0, "then they take turns"
    assert len(begun) == 102


def test_who_comes_again_and_again_does_not_push_others_aside() -> None:
    """Two visitors with one job at a time, a new one as soon as the last one is done."""
    simulator = Simulator(gpus(1), fast("a"))
    add_run(simulator.placement, ["a"] * 10, 1, "many", 1)
    number = 100
    for _ in range(30):
        for run, visitor in ((2, "x"), (3, "y")):
            if not simulator.placement.waits(run):
                number += 1
                add_run(simulator.placement, ["a"], run, visitor, number)
        simulator.step()
    assert sum(each < 100 for each in simulator.figures.begun) >= 9


def test_the_runs_of_a_visitor_take_turns() -> None:
    simulator = Simulator(gpus(1), fast("a"))
    add_run(simulator.placement, ["a"] * 3, 1, "one", 1)
    add_run(simulator.placement, ["a"] * 3, 2, "one", 11)
    begun = simulator.until_done().begun
    assert sorted(begun, key=lambda number: begun[number]) == [1, 11, 2, 12, 3, 13]


def test_a_job_waits_for_a_busy_place_that_has_its_eraser() -> None:
    """Loading takes longer than what is at work there."""
    placement = known_to_take(2.0)
    plan = placement.plan(0.0)
    assert plan.begin.keys() == {"gpu1"}
    assert [each.place for each in plan.waiting] == ["gpu1"] * 3
    assert [round(each.after) for each in plan.waiting] == [0, 2, 4]


def known_to_take(seconds: float) -> Placement:
    """Two places, one of which has the eraser loaded; three jobs wait."""
    placement = placed(gpus(2), {"a": Cost({"a": 30 * GB})})
    add_run(placement, ["a"], 9, "nobody", 9)
    placement.begin("gpu1", tickets(["a"], 9, "nobody", first=9)[0], -seconds)
    placement.end("gpu1", ("a",), seconds)
    add_run(placement, ["a"] * 3, 1, "one", 1)
    return placement


def test_nobody_waits_for_ever_for_a_place_that_hangs() -> None:
    placement = known_to_take(2.0)
    placement.begin("gpu1", placement.plan(0.0).begin["gpu1"], 0.0)
    assert not placement.plan(1.0).begin
    assert placement.plan(200.0).begin.keys() == {"gpu0"}


def test_what_needs_another_kind_of_place_is_passed_by() -> None:
    placement = placed([Spot("cpu", "cpu"), Spot("lane", "lane")])
    for number, kind in enumerate(("cpu", "cpu", "lane"), 1):
        placement.add(Ticket(number, "a", (kind,), 1, "one"))
    placement.takers[1] = 3
    plan = placement.plan(0.0)
    assert {place: ticket.number for place, ticket in plan.begin.items()} == {"cpu": 1, "lane": 3}
    assert {each.ticket.number: each.ahead for each in plan.waiting} == {1: 0, 2: 1, 3: 0}


def test_the_best_kind_that_is_there_is_used() -> None:
    placement = placed([Spot("gpu", "cuda"), Spot("cpu", "cpu")])
    placement.add(Ticket(1, "a", ("cuda", "cpu"), 1))
    placement.takers[1] = 1
    assert placement.plan(0.0).begin.keys() == {"gpu"}
    placement.spots["gpu"].out = True
    assert placement.plan(0.0).begin.keys() == {"cpu"}
    placement.spots["cpu"].out = True
    assert [ticket.number for ticket in placement.plan(0.0).nowhere] == [1]


def test_the_queue_says_how_many_come_before_and_how_long() -> None:
    placement = placed(gpus(1), {"a": Cost()})
    placement.end("gpu0", (), None)
    add_run(placement, ["a"] * 3, 1, "one", 1)
    placement.begin("gpu0", placement.plan(0.0).begin["gpu0"], 0.0)
    placement.end("gpu0", (), 10.0)
    placement.begin("gpu0", placement.plan(10.0).begin["gpu0"], 10.0)
    add_run(placement, ["a", "new"], 2, "two", 9)
    told = {e.ticket.number: (e.ahead, e.after, e.measured) for e in placement.plan(14.0).waiting}
    assert told == {9: (1, 6.0, True), 3: (2, 16.0, True), 10: (3, 26.0, True)}
    add_run(placement, ["a"], 2, "two", 11)
    assert not placement.plan(14.0).waiting[-1].measured, "nobody knows how long the new one takes"


def test_a_run_that_nobody_reads_leaves_its_place_to_others() -> None:
    placement = placed(gpus(1))
    add_run(placement, ["a", "a"], 1, "one", 1)
    add_run(placement, ["a"], 2, "two", 9)
    placement.takers[1] = 0
    assert placement.plan(0.0).begin["gpu0"].number == 9


def test_dropping_and_forgetting_leave_nothing_behind() -> None:
    placement = placed(gpus(1))
    add_run(placement, ["a", "b", "a"], 1, "one", 1)
    for ticket in tickets(["a", "b"], run=2, first=11, sweep=True):
        placement.add(ticket)
    assert [ticket.number for ticket in placement.drop(1, "a")] == [1, 3]
    placement.forget(1)
    assert not placement.waits(1) and placement.waits(2)
    placement.forget(2)
    assert not placement.waits(2) and not placement.plan(0.0).waiting


# --- cores -------------------------------------------------------------------------------------


def on_cpu(cores: int, kinds: list[str]) -> Placement:
    """A place for networks and two lanes; jobs of these kinds wait."""
    spots = [Spot("cpu", "cpu"), Spot("lane1", "lane"), Spot("lane2", "lane")]
    placement = Placement(spots, cores=cores)
    for number, kind in enumerate(kinds, 1):
        placement.add(Ticket(number, f"for_{kind}", (kind,), 1, "one"))
    placement.takers[1] = len(kinds)
    return placement


def test_lanes_begin_no_more_than_the_cores_carry() -> None:
    placement = on_cpu(2, ["cpu", "lane", "lane"])
    plan = placement.plan(0.0)
    assert plan.begin.keys() == {"cpu", "lane1"}
    assert {each.ticket.number: each.after > 0 for each in plan.waiting} == {
        1: False,
        2: False,
        3: True,
    }
    for place, ticket in plan.begin.items():
        placement.begin(place, ticket, 0.0)
    assert not placement.plan(0.1).begin
    placement.end("cpu", (), 0.2)
    assert placement.plan(0.2).begin.keys() == {"lane2"}
    assert on_cpu(3, ["cpu", "lane", "lane"]).plan(0.0).begin.keys() == {"cpu", "lane1", "lane2"}


def test_networks_and_lanes_never_wait_for_each_other() -> None:
    """On one core, too: a long job of the one kind does not keep the other from working."""
    assert on_cpu(1, ["cpu", "lane"]).plan(0.0).begin.keys() == {"cpu", "lane1"}
    placement = on_cpu(2, ["lane", "lane"])
    for place, ticket in placement.plan(0.0).begin.items():
        placement.begin(place, ticket, 0.0)
    placement.add(Ticket(9, "late", ("cpu",), 1, "one"))
    assert placement.plan(0.0).begin.keys() == {"cpu"}


def test_sweeps_keep_to_the_cores_as_well() -> None:
    placement = Placement([Spot(f"lane{n}", "lane") for n in (1, 2, 3)], cores=2)
    for number in range(1, 6):
        placement.add(Ticket(number, "a", ("lane",), 1, sweep=True))
    placement.takers[1] = 5
    assert placement.plan(0.0).begin.keys() == {"lane1", "lane2"}
