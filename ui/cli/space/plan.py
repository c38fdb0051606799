"""What this program would do on some hardware of a Space, computed: nothing is asked or fetched.

The figures that are not the hub's own were taken on two cores without a GPU: what libraries take on
the disk, what the program holds in memory before any model, and how long it takes to show the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from methods import (
    Hurdle,
    Machine,
    Readiness,
    Report,
    Text,
    WeightFacts,
    WeightFile,
    WeightState,
    WeightStatus,
    imagined,
    in_bytes,
    is_small_download,
    known_facts,
    list_erasers,
    needed_weights,
    report,
    weights_cap,
)
from ui.cli.space.folder import Folder, faults_on_zero
from ui.cli.space.hardware import GB, Hardware
from ui.stores.janitor import Keep

LIBRARIES = int(6.7 * GB)
LIBRARIES_WITHOUT_CUDA = int(2.6 * GB)
"""Bytes of an environment with all of requirements.txt; CUDA has 4.1 GB of them."""

OWN_MEMORY = int(1.0 * GB)
"""Bytes that the page, the libraries and MobileSAM hold."""

START_SECONDS = 6.3
"""Of one core, from the start of `app.py` to the page: importing libraries, mostly."""

ASSUMED_RATE = 50_000_000
"""Bytes a second that downloads are assumed to come at."""

UNKNOWN = 1 << 50
"""Bytes: what nobody has documented stands in nobody's way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """hardware: as the hub has it. machine: as the program would find it. reports: of all erasers
    that are offered, with nothing here but what the build has fetched. ticked: ids that the page
    has ticked at the start. segmenter: facts of the preferred one's files. libraries: bytes of
    them. data: bytes that photos and runs may take. faults: what keeps it from working there."""

    hardware: Hardware
    machine: Machine
    reports: tuple[Report, ...]
    ticked: tuple[str, ...]
    segmenter: tuple[WeightFacts, ...]
    libraries: int
    data: int
    faults: tuple[Text, ...]

    @property
    def running(self) -> tuple[Report, ...]:
        """Those that run, at once or when their weights are fetched."""
        return tuple(one for one in self.reports if _runs(one))

    @property
    def weights(self) -> int:
        """Bytes of all files that the running ones need, each once."""
        return sum({each.name: each.size for one in self.running for each in one.weights}.values())

    @property
    def at_start(self) -> int:
        """Bytes that are fetched in the background as soon as the page is up."""
        marked = (one for one in self.running if one.spec.default)
        files = {each.name: each for one in marked for each in one.weights}
        return sum(each.missing for each in (*files.values(), *self.segmenter))

    @property
    def start_seconds(self) -> float:
        """Until the page is there, estimated."""
        return START_SECONDS

    @property
    def ready_seconds(self) -> float:
        """Until everything that is ticked can run, estimated."""
        return self.start_seconds + self.at_start / ASSUMED_RATE

    @property
    def kept(self) -> int:
        """Bytes of weights that are kept at most: the cap, or all that there is."""
        return min(self.weights, self.machine.cap or self.weights)

    @property
    def disk(self) -> int:
        """Bytes that the Space may come to take."""
        return self.libraries + self.kept + self.data


def plan(folder: Folder, hardware: Hardware, segmenter: Sequence[WeightFile]) -> Plan:
    """For one hardware. segmenter: files of the preferred one. Raises BadInput , ValueError
    and WeightsUnavailable for variables of this environment that make no sense."""
    libraries = LIBRARIES_WITHOUT_CUDA if folder.cpu_builds else LIBRARIES
    data = Keep.from_environment().bytes
    machine = imagined(
        main=UNKNOWN if hardware.memory is None else hardware.memory - OWN_MEMORY,
        gpu=hardware.gpu,
        disk=UNKNOWN if hardware.disk is None else hardware.disk - libraries - data,
        cap=weights_cap(on_a_space=True),
    )
    reports = tuple(
        report(spec, machine, _facts(folder, needed_weights(spec))) for spec in list_erasers()
    )
    made = Plan(
        hardware, machine, reports, tuple(_ticked(reports)),
        _facts(folder, segmenter), libraries, data, (),
    )  # fmt: skip
    return replace(made, faults=tuple(_faults(folder, made)))


def _facts(folder: Folder, weights: Iterable[WeightFile]) -> tuple[WeightFacts, ...]:
    return tuple(_fact(folder, weight) for weight in weights)


def _fact(folder: Folder, weight: WeightFile) -> WeightFacts:
    """Of a file as on a new Space, whatever lies on this machine."""
    preloaded = any(each.brings(weight) for each in folder.preloads)
    state = WeightState.FOUND if preloaded else WeightState.MISSING
    status = WeightStatus(weight.name, state, 0, weight.size, weight.license)
    return known_facts(weight, status)


def _runs(one: Report) -> bool:
    """Also what needs a token: the Space's owner gives it one."""
    return all(each.kind in (Hurdle.FETCH, Hurdle.ACCESS) for each in one.obstacles)


def needs_token(one: Report) -> bool:
    """Whether some of its weights are given to those alone who have accepted a licence."""
    return any(each.gated and each.opens is not True for each in one.weights)


def _ticked(reports: Sequence[Report]) -> Iterator[str]:
    """As `default_erasers` would choose there."""
    marked = [one for one in reports if one.spec.default] or list(reports)
    for one in marked:
        if one.readiness is not Readiness.BLOCKED and is_small_download(one.missing):
            yield one.spec.id


def _faults(folder: Folder, made: Plan) -> Iterator[Text]:
    hardware = made.hardware
    if hardware.lent:
        yield from faults_on_zero(folder)
    elif hardware.gpu and folder.cpu_builds:
        yield Text("space.fault.cpu_builds", hardware=hardware.id)
    if hardware.disk is not None and made.disk > hardware.disk:
        disk, has = in_bytes(made.disk), in_bytes(hardware.disk)
        yield Text("space.fault.disk", hardware=hardware.id, disk=disk, has=has)
    if not made.ticked:
        yield Text("space.fault.nothing", hardware=hardware.id)
