"""What a source says of a file before any of it is sent: heads only, a few at once.

`examine` is for whoever lists what a machine still needs: what is here, where the rest comes
from, how large it is, whether it is gated, and whether this machine's token opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from methods._base import HubFile, PipMember, Source, UrlFile, WeightFile, WeightsUnavailable
from methods._weights import hub, record
from methods._weights.errors import SourceFailed
from methods._weights.http import Broken, Head, Request, host_of, refuse_dead
from methods._weights.parallel import each
from methods._weights.progress import Watch
from methods._weights.refusals import Door, Refused, refused, sentence
from methods._weights.status import WeightState, weight_status

_AT_ONCE = 8


@dataclass(frozen=True)
class Probe:
    """What a head told. size: bytes, 0 = not said. why: a clause where the source did not say
    that it would send the file, "" = it would."""

    size: int = 0
    why: str = ""
    refused: Refused | None = None


def probe(weight: WeightFile, source: HubFile | UrlFile, watch: Watch) -> Probe:
    """Ask one source by a HEAD request, with the user's token and, if that is bad, without.

    Raises Stopped.
    """
    try:
        if isinstance(source, UrlFile):
            return _understood(_ask(source.url, {}, watch), None, bad_token=False)
        if why := hub.hub_forbidden():
            return Probe(why=f"not asked, as {why} is set")
        return _probe_hub(weight, source, watch)
    except (SourceFailed, Broken) as why:
        return Probe(why=str(why))


def _probe_hub(weight: WeightFile, source: HubFile, watch: Watch) -> Probe:
    url = hub.address(source, record.revision_of(weight, source))
    headers = hub.login()
    door = hub.door_of(source, headers)
    head = _ask(url, headers, watch)
    if head.status == 401 and headers:
        return _understood(_ask(url, {}, watch), door, bad_token=True)
    return _understood(head, door, bad_token=False)


def _ask(url: str, headers: dict[str, str], watch: Watch) -> Head:
    refuse_dead(url)
    request = Request(url, headers | {"Accept-Encoding": "identity"}, "HEAD")
    try:
        return request.head(watch)
    finally:
        request.leave()


def _understood(head: Head, door: Door | None, *, bad_token: bool) -> Probe:
    if door and (why_not := refused(head, door, bad_token=bad_token)):
        return Probe(why=str(why_not), refused=why_not)
    if head.status >= 400:
        return Probe(why=f"answered with status {head.status}")
    word = head.hub.get("x-linked-size") or head.headers.get("content-length", "")
    pointed = 300 <= head.status < 400 and "x-linked-size" not in head.hub
    return Probe(int(word) if word.isdigit() and not pointed else 0)


# --- gates ---------------------------------------------------------------------------------


def refusal(
    weights: Sequence[WeightFile], should_stop: Callable[[], bool] | None = None
) -> WeightsUnavailable | None:
    """The sentence for the first of these files that no source gives; None where all may come,
    as far as it can be told now: who cannot be asked has refused nothing.

    One file stands for its repository, gated ones are asked for first. Raises Stopped.
    """
    one_each = {_repositories(weight): weight for weight in weights if _on_hub_only(weight)}
    in_turn = sorted(one_each.values(), key=lambda weight: not weight.gated)
    answers = each(lambda weight: _closed(weight, should_stop), in_turn, _AT_ONCE)
    return next((answer for answer in answers if answer is not None), None)


def _on_hub_only(weight: WeightFile) -> bool:
    return bool(weight.sources) and all(isinstance(each, HubFile) for each in weight.sources)


def _repositories(weight: WeightFile) -> tuple[str, ...]:
    return tuple(source.repo for source in weight.sources if isinstance(source, HubFile))


def _closed(
    weight: WeightFile, should_stop: Callable[[], bool] | None
) -> WeightsUnavailable | None:
    first: Refused | None = None
    for source in weight.sources:
        assert isinstance(source, HubFile)
        told = probe(weight, source, Watch(weight.size, should_stop=should_stop))
        if told.refused is None:
            return None
        first = first or told.refused
    return sentence(weight, first) if first else None


# --- for whoever lists what a machine needs ------------------------------------------------


@dataclass(frozen=True)
class WeightFacts:
    """A file, and what keeps it from this machine.

    place: where it comes from or came from, for people: "here", "the user's own", "the hub's
    cache", "huggingface.co/owner/name", a host, a package. size: bytes, the hub's word where it
    was asked. gated: the manifest's or the hub's word. opens: whether this machine's token, or
    none, is enough; None = not asked, or nobody could say. why: a sentence or a clause where it
    does not open, with `code` as in UserError.
    """

    name: str
    state: WeightState
    place: str
    size: int
    gated: bool
    opens: bool | None
    why: str = ""
    code: str = ""


def examine(weights: Sequence[WeightFile], *, ask: bool = True) -> tuple[WeightFacts, ...]:
    """The facts of each file, in order. ask: send a HEAD request for each that is not here."""
    return tuple(each(lambda weight: _facts(weight, ask), weights, _AT_ONCE))


def _facts(weight: WeightFile, ask: bool) -> WeightFacts:
    status = weight_status(weight)
    here = {
        WeightState.READY: "the user's own" if status.local else "here",
        WeightState.FOUND: "the hub's cache",
    }.get(status.state)
    if here is not None:
        return WeightFacts(weight.name, status.state, here, status.size, weight.gated, opens=True)
    if not weight.sources:
        why = weight.by_hand.en if weight.by_hand else ""
        return WeightFacts(
            weight.name, status.state, "by hand", weight.size, weight.gated, False, why,
            "weights_by_hand",
        )  # fmt: skip
    return _asked(weight, status.state) if ask else _unasked(weight, status.state)


def _unasked(weight: WeightFile, state: WeightState) -> WeightFacts:
    place = label(weight.sources[0])
    return WeightFacts(weight.name, state, place, weight.size, weight.gated, None)


def _asked(weight: WeightFile, state: WeightState) -> WeightFacts:
    """By the first source that opens; else by the first that refuses; else nobody could say."""
    closed: tuple[Source, Probe] | None = None
    why = ""
    for source in weight.sources:
        if not isinstance(source, (HubFile, UrlFile)):
            return _unasked(weight, state)
        told = probe(weight, source, Watch(weight.size))
        if not told.why:
            size = told.size or weight.size
            return WeightFacts(weight.name, state, label(source), size, weight.gated, True)
        why = why or told.why
        if told.refused and closed is None:
            closed = source, told
    if closed is None or closed[1].refused is None:
        place = label(weight.sources[0])
        return WeightFacts(weight.name, state, place, weight.size, weight.gated, None, why)
    said = sentence(weight, closed[1].refused)
    place = label(closed[0])
    return WeightFacts(weight.name, state, place, weight.size, True, False, str(said), said.code)


def label(source: Source) -> str:
    """A source as people would write it down."""
    if isinstance(source, HubFile):
        from huggingface_hub import constants

        return f"{host_of(constants.ENDPOINT)}/{source.repo}"
    if isinstance(source, UrlFile):
        return host_of(source.url)
    carrier = source.requirement if isinstance(source, PipMember) else source.package
    return f"package {carrier.split(' ')[0]}"
