"""What a source says of a file before any of it is sent: heads only, a few at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from methods._base import HubFile, UrlFile, WeightFile, WeightsUnavailable
from methods._weights.errors import SourceFailed
from methods._weights.parallel import each
from methods._weights.progress import Watch
from methods._weights.sources import hub, record
from methods._weights.transport.http import Broken, Head, Request, refuse_dead
from methods._weights.transport.refusals import Door, Refused, refused, sentence

AT_ONCE = 8


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
    answers = each(lambda weight: _closed(weight, should_stop), in_turn, AT_ONCE)
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
