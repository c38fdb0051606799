"""What this machine has of some files of weights, and whether the rest would come.

`examine` is for whoever lists what a machine still needs: what is here, where the rest comes
from, how large it is, whether it is gated, and whether this machine's token opens it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from methods._base import (
    HubFile,
    PipMember,
    Source,
    Stopped,
    Text,
    UrlFile,
    WeightFile,
    WeightsUnavailable,
)
from methods._weights.errors import to_be_brought
from methods._weights.parallel import each
from methods._weights.probe import AT_ONCE, Probe, probe
from methods._weights.progress import Watch
from methods._weights.sources import hub
from methods._weights.status import WeightState, WeightStatus, weight_status
from methods._weights.transport.http import host_of
from methods._weights.transport.refusals import Kind, Refused, sentence


@dataclass(frozen=True)
class WeightFacts:
    """A file, and what keeps it from this machine.

    place: where it comes from or came from, for people: "here", "the user's own", "the hub's
    cache", "huggingface.co/owner/name", a host, a package. size: bytes, the hub's word where it
    was asked. gated: the manifest's or the hub's word. opens: whether this machine's token, or
    none, is enough; None = not asked, or nobody could say. why: a sentence or a clause where it
    does not open; code, details, sentence: as in UserError, where it is a sentence. asked: a
    source was asked, or would have been, had it not been known to be dead. late: it was not, as
    the time was over.
    begun: bytes that an interrupted download has left.
    """

    name: str
    state: WeightState
    place: str
    size: int
    gated: bool
    opens: bool | None
    why: str = ""
    code: str = ""
    details: Mapping[str, str | int | float] = field(default_factory=dict)
    sentence: Text | None = None
    asked: bool = False
    late: bool = False
    begun: int = 0

    @property
    def is_here(self) -> bool:
        """On this machine, if only in the hub's own cache: nothing needs to be downloaded."""
        return self.state in (WeightState.READY, WeightState.FOUND)

    @property
    def missing(self) -> int:
        """Bytes that are still to be downloaded."""
        return 0 if self.is_here else max(0, self.size - self.begun)


def examine(
    weights: Sequence[WeightFile], *, ask: bool = True, seconds: float | None = None
) -> tuple[WeightFacts, ...]:
    """The facts of each file, in order.

    ask: send a HEAD request for each that is not here, a few at once, the first file of every
    repository before the second of any; never where ERASER_LAB_OFFLINE is set. seconds: for all
    of them together; what was not answered by then counts as not asked.
    """
    if not ask or hub.network_forbidden():
        return tuple(known_facts(weight, weight_status(weight)) for weight in weights)
    end = None if seconds is None else time.monotonic() + seconds
    in_turn = _one_of_each_first({weight.name: weight for weight in weights}.values())
    found = each(lambda weight: _facts(weight, end), in_turn, AT_ONCE)
    by_name = {facts.name: facts for facts in found}
    return tuple(by_name[weight.name] for weight in weights)


def _one_of_each_first(weights: Iterable[WeightFile]) -> list[WeightFile]:
    """A gate shows at the first file; where time is short, every repository has had its turn."""
    turns: Counter[str] = Counter()
    taken: list[tuple[int, WeightFile]] = []
    for weight in weights:
        home = label(weight.sources[0]) if weight.sources else ""
        taken.append((turns[home], weight))
        turns[home] += 1
    return [weight for _, weight in sorted(taken, key=lambda pair: pair[0])]


def _facts(weight: WeightFile, end: float | None) -> WeightFacts:
    known = known_facts(weight, weight_status(weight))
    to_ask = known.state in (WeightState.MISSING, WeightState.FETCHING) and weight.sources
    return _asked(weight, known, end) if to_ask else known


# --- without asking ------------------------------------------------------------------------


def known_facts(weight: WeightFile, status: WeightStatus) -> WeightFacts:
    """What can be told of a file without asking anybody. status: its own, of this moment."""
    here = {
        WeightState.READY: "the user's own" if status.local else "here",
        WeightState.FOUND: "the hub's cache",
    }.get(status.state)
    if here is not None:
        return WeightFacts(weight.name, status.state, here, status.size, weight.gated, opens=True)
    place = label(weight.sources[0]) if weight.sources else "by hand"
    facts = WeightFacts(
        weight.name, status.state, place, weight.size, weight.gated, None, begun=status.done
    )
    if status.error:
        return replace(
            facts, why=status.error, code=status.code, details=status.details,
            sentence=status.sentence,
        )  # fmt: skip
    why = _known_refusal(weight)
    return facts if why is None else _closed(facts, why)


def _closed(facts: WeightFacts, why: WeightsUnavailable) -> WeightFacts:
    return replace(
        facts, opens=False, why=str(why), code=why.code, details=why.details,
        sentence=why.sentence,
    )  # fmt: skip


def _known_refusal(weight: WeightFile) -> WeightsUnavailable | None:
    """What needs no question: nobody sends it, or its one home is gated and there is no token."""
    if not weight.sources:
        return None if weight.by_hand is None else to_be_brought(weight, weight.by_hand)
    homes = {source.repo for source in weight.sources if isinstance(source, HubFile)}
    first = weight.sources[0]
    only_there = len(homes) == 1 and all(isinstance(each, HubFile) for each in weight.sources)
    if not (weight.gated and only_there and isinstance(first, HubFile)) or hub.login():
        return None
    return sentence(weight, Refused(Kind.LOGIN, hub.door_of(first, {})))


# --- asking --------------------------------------------------------------------------------


def _asked(weight: WeightFile, known: WeightFacts, end: float | None) -> WeightFacts:
    """By the first source that opens; else by the first that refuses; else nobody could say."""
    closed: tuple[Source, Refused] | None = None
    why = ""
    for source in weight.sources:
        if not isinstance(source, (HubFile, UrlFile)):
            return known  # a package client would have to fetch it to tell
        told = _probed(weight, source, end)
        if told is None:
            return replace(known, late=True)
        if not told.why:
            size = told.size or weight.size
            return replace(_without_reason(known), place=label(source), size=size, opens=True)
        why = why or told.why
        if told.refused and closed is None:
            closed = source, told.refused
    if closed is None:
        return replace(_without_reason(known), why=why)
    source, refused = closed
    facts = replace(known, place=label(source), gated=True, asked=True)
    return _closed(facts, sentence(weight, refused))


def _without_reason(known: WeightFacts) -> WeightFacts:
    """What was known before anybody was asked gives way to the answer."""
    return replace(known, opens=None, why="", code="", details={}, sentence=None, asked=True)


def _probed(weight: WeightFile, source: HubFile | UrlFile, end: float | None) -> Probe | None:
    """None where the time is over."""

    def is_late() -> bool:
        return end is not None and time.monotonic() > end

    if is_late():
        return None
    try:
        return probe(weight, source, Watch(weight.size, should_stop=is_late))
    except Stopped:
        return None


def label(source: Source) -> str:
    """A source as people would write it down."""
    if isinstance(source, HubFile):
        from huggingface_hub import constants

        return f"{host_of(constants.ENDPOINT)}/{source.repo}"
    if isinstance(source, UrlFile):
        return host_of(source.url)
    carrier = source.requirement if isinstance(source, PipMember) else source.package
    return f"package {carrier.split(' ')[0]}"
