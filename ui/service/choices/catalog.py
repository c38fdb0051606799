"""What there is to choose from: erasers, segmenters, weights, the device."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Sequence
from functools import lru_cache

from methods import (
    BadInput,
    Eraser,
    EraserSpec,
    Machine,
    Obstacle,
    Paper,
    Text,
    UserError,
    WeightFile,
    WeightState,
    WeightStatus,
    adopt_in_background,
    ahead_of,
    best_device,
    cores,
    default_erasers,
    demand_memory,
    family_of,
    fetch_in_background,
    get_eraser,
    gpu_cost,
    in_packages_or_device,
    job_device,
    know_sets,
    list_erasers,
    needed_weights,
    said_here,
    total_memory,
    weight_status,
)
from segmentation import (
    DetectorSpec,
    SegmenterSpec,
    is_detector_ready,
    license_page,
    list_detectors,
    list_segmenters,
    why_no_detector,
)
from segmentation import is_segmenter_ready as is_ready
from ui.common.errors import notice_shown
from ui.service.choices.entries import (
    DetectorEntry,
    DeviceEntry,
    EraserEntry,
    GpuEntry,
    ObstacleEntry,
    PaceEntry,
    PlainPaper,
    SegmenterEntry,
    WeightEntry,
)
from ui.service.choices.offers import machine_here, offer_of
from ui.service.choices.settings_schema import describe_settings
from ui.service.choices.visitors import demand_fetch

log = logging.getLogger(__name__)

_TICK = 0.5


def describe_erasers() -> list[EraserEntry]:
    """All erasers in rank order, with their controls and the state of their weights."""
    machine, chosen = machine_here(), default_erasers()  # both look at many files
    return [_describe_eraser(spec, machine, spec in chosen) for spec in list_erasers()]


def describe_segmenters() -> list[SegmenterEntry]:
    return [_describe_segmenter(spec) for spec in list_segmenters()]


def describe_detectors() -> list[DetectorEntry]:
    return [_describe_detector(spec) for spec in list_detectors()]


def describe_weights() -> dict[str, WeightEntry]:
    """The state of every weight file that the program knows, by name."""
    return {name: _describe_weight(weight) for name, weight in known_weights().items()}


def start_fetching(name: str, *, again: bool = False) -> None:
    """Fetch in the background for a visitor: one weight file, or all of a model's by its id.

    again: those that are here, too, to replace a wrong one. Raises UserError ("unknown_weights",
    and what `demand_fetch` raises).
    """
    title, weights = _weights_named(name)
    if not weights:
        raise BadInput("unknown_weights")
    demand_fetch(title, weights)
    fetch_in_background(*weights, again=again)


def _weights_named(name: str) -> tuple[str, tuple[WeightFile, ...]]:
    """What they are for, in people's words, and the files."""
    named = next(((spec.name, _needed(spec)) for spec in _specs() if spec.id == name), ("", ()))
    one = known_weights().get(name)
    return (name, (one,)) if one is not None else named


def adopt_what_others_fetched() -> None:
    """Use what another program has left in the model hub's cache on this machine."""
    adopt_in_background(known_weights().values())


def fetch_default_erasers() -> None:
    """Fetch what the default erasers need, in the background; what is here already stays.

    One file after the other, small ones first, so that a large one holds nobody up.
    """
    fitting = [spec for spec in list_erasers() if spec.default and _fits(spec)]
    files = {w.name: w for spec in fitting for w in spec.weights}
    in_turn = sorted(files.values(), key=lambda weight: weight.size)
    threading.Thread(target=_fetch_in_turn, args=(in_turn,), name="weights", daemon=True).start()


def _fits(spec: EraserSpec) -> bool:
    eraser = get_eraser(spec.id)
    try:
        demand_memory(eraser, eraser.Settings())
    except UserError as error:
        log.warning("%s", error)
        return False
    return True


def know_weights() -> None:
    """Tell which files are used together, for a host that removes those it has no room for."""
    know_sets(spec.weights for spec in _specs())


def _fetch_in_turn(weights: Sequence[WeightFile]) -> None:
    for weight in weights:
        fetch_in_background(weight)
        while weight_status(weight).state == WeightState.FETCHING:
            time.sleep(_TICK)


def known_weights() -> dict[str, WeightFile]:
    """All weight files by name, those that only some settings need included."""
    weights = [weight for spec in _specs() for weight in spec.weights]
    weights += [weight for spec in list_erasers() for weight in spec.more_weights]
    return {weight.name: weight for weight in weights}


def _specs() -> list[EraserSpec | SegmenterSpec | DetectorSpec]:
    return [*list_segmenters(), *list_detectors(), *list_erasers()]


def _needed(spec: EraserSpec | SegmenterSpec | DetectorSpec) -> tuple[WeightFile, ...]:
    return needed_weights(spec) if isinstance(spec, EraserSpec) else spec.weights


@lru_cache(maxsize=1)
def describe_device() -> DeviceEntry:
    """The device that erasers run on here."""
    kind = best_device()
    lent = kind != job_device()
    if kind == "cuda":
        import torch

        properties = torch.cuda.get_device_properties(0)
        return {
            "kind": kind,
            "name": properties.name,
            "said": {},
            "memory": properties.total_memory,
        }
    name = f"{platform.machine()}, {cores()} cores" if kind == "cpu" else "Apple GPU"
    said = (
        Text("device.cpu", machine=platform.machine(), count=cores()).plain()
        if kind == "cpu"
        else {}
    )
    return {
        "kind": "lent" if lent else kind,
        "name": name,
        "said": said,
        "memory": total_memory(),
    }


def _describe_eraser(spec: EraserSpec, machine: Machine, chosen: bool) -> EraserEntry:
    why, offer = why_unavailable(spec), offer_of(spec, machine)
    eraser = get_eraser(spec.id)
    return {
        "id": spec.id,
        "name": spec.name,
        "summary": spec.summary.plain(),
        "paper": describe_paper(spec.paper),
        "license": spec.license,
        "non_commercial": spec.non_commercial,
        "sends_to": spec.sends_to,
        "learned": spec.learned,
        "seeded": spec.seeded,
        "preferred": spec.default,
        "default": chosen,
        "notes": [note.plain() for note in spec.notes],
        "available": why is None,
        "why": None if why is None else why.plain(),
        "readiness": offer.found.readiness.value,
        "standing": offer.standing.value,
        "family": family_of(eraser).value,
        "obstacles": [_describe_obstacle(each) for each in offer.found.obstacles],
        "no_fetch": None if offer.no_fetch is None else offer.no_fetch.plain(),
        "gpu": _describe_cost(spec),
        "pace": _describe_pace(eraser),
        "weights": list(map(_describe_status, offer.states)),
        "settings": describe_settings(eraser.Settings),
    }


def _describe_pace(eraser: type[Eraser]) -> PaceEntry:
    ahead = ahead_of(eraser)
    return {
        "load": round(ahead.load, 3),
        "step": round(ahead.step, 4),
        "steps": ahead.steps,
        "measured": ahead.measured,
    }


def _describe_cost(spec: EraserSpec) -> GpuEntry | None:
    cost = gpu_cost(spec)
    if cost is None:
        return None
    return {
        "fixed": cost.fixed,
        "step": cost.step,
        "steps": cost.steps,
        "least": cost.least,
        "most": cost.most,
    }


def _describe_obstacle(obstacle: Obstacle) -> ObstacleEntry:
    return {"kind": obstacle.kind.value, "text": obstacle.text.plain(), "way": obstacle.way}


def _describe_segmenter(spec: SegmenterSpec) -> SegmenterEntry:
    why = _why_no_segmenter(spec)
    return {
        "id": spec.id,
        "name": spec.name,
        "summary": spec.summary.plain(),
        "paper": describe_paper(spec.paper),
        "license": spec.license,
        "approximate": spec.approximate,
        "levels": spec.levels,
        "gated": spec.gated,
        "memory": spec.memory,
        "available": why is None,
        "why": None if why is None else why.plain(),
        "weights": [_describe_weight(weight) for weight in spec.weights],
    }


def _describe_detector(spec: DetectorSpec) -> DetectorEntry:
    why = why_no_detector(spec)
    return {
        "id": spec.id,
        "name": spec.name,
        "summary": spec.summary.plain(),
        "paper": describe_paper(spec.paper),
        "license": spec.license,
        "available": why is None,
        "why": None if why is None else why.plain(),
        "ready": is_detector_ready(spec),
        "weights": [_describe_weight(weight) for weight in spec.weights],
    }


def describe_paper(paper: Paper) -> PlainPaper:
    return {"title": paper.title, "url": paper.url, "year": paper.year}


def _describe_weight(weight: WeightFile) -> WeightEntry:
    return _describe_status(weight_status(weight))


def _describe_status(status: WeightStatus) -> WeightEntry:
    shown: WeightEntry = {
        "name": status.name,
        "state": str(status.state),
        "done": status.done,
        "size": status.size,
        "license": status.license,
    }
    if (notice := status.notice) is not None:
        shown["notice"] = notice_shown(notice)
    if status.error:
        shown["error"] = {
            "code": status.code or "weights_unavailable",
            "text": status.error,
            "details": dict(status.details),
            "said": status.sentence.plain() if status.sentence else {},
        }
    return shown


def why_unavailable(spec: EraserSpec) -> Text | None:
    """A missing weight file is no reason: it can be fetched. Packages and devices are."""
    return next((each.text for each in in_packages_or_device(spec, job_device())), None)


def _why_no_segmenter(spec: SegmenterSpec) -> Text | None:
    """Missing weights are no reason, unless they are given to people with a login only."""
    if spec.memory > describe_device()["memory"]:
        needed = f"{spec.memory / 1e9:.0f} GB"
        return Text("segmenter.memory", needed=needed)
    if not spec.gated or is_ready(spec) or has_login():
        return None
    page = license_page(spec)
    return Text(said_here("segmenter.gated"), page=page)


def has_login() -> bool:
    """Whether the user has given a token for the model hub."""
    from huggingface_hub import get_token

    return get_token() is not None
