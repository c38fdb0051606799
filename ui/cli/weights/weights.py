"""`python -m methods list` and `fetch`: what there is, what is here, and getting the rest."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self

from methods import (
    LPIPS_WEIGHTS,
    BadInput,
    EraserSpec,
    Notice,
    Observer,
    Progress,
    UserError,
    WeightFile,
    WeightState,
    broken_erasers,
    fetch_all,
    find_weights,
    list_erasers,
    missing_packages,
    needed_weights,
    weight_status,
)
from ui.cli.output import DONE, FAILED, complain, megabytes, say, say_json, table
from ui.cli.progress import console_progress
from ui.cli.weights.markdown import erasers_as_markdown, numbers_as_markdown


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the list: an eraser, a segmenter, a detector, or what a number needs."""

    kind: str
    id: str
    name: str
    license: str
    weights: tuple[WeightFile, ...]
    default: bool
    non_commercial: bool = False
    obstacle: str = ""
    more_weights: tuple[WeightFile, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all its weights."""
        return sum(weight.size for weight in self.weights)

    @property
    def state(self) -> str:
        """In a word or two: ready, found, missing, fetching 43 %, failed, or what is in the way."""
        if self.obstacle:
            return self.obstacle
        states = [weight_status(weight) for weight in self.weights]
        kinds = {status.state for status in states}
        if WeightState.FETCHING in kinds:
            done = sum(status.done for status in states)
            return f"fetching {100 * done // max(1, self.size)} %"
        for state in (WeightState.FAILED, WeightState.MISSING, WeightState.FOUND):
            if state in kinds:
                return state.value
        return WeightState.READY.value

    def as_json(self) -> dict[str, object]:
        """Plain values only."""
        return {
            "kind": self.kind,
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "size": self.size,
            "license": self.license,
            "non_commercial": self.non_commercial,
            "default": self.default,
            "weights": [weight.name for weight in self.weights],
        }


def entries() -> list[Entry]:
    """All that has weights or is an eraser, in the order of the page; broken ones last."""
    from segmentation import list_segmenters

    found = []
    for spec in list_erasers():
        found.append(
            Entry(
                kind="eraser",
                id=spec.id,
                name=spec.name,
                license=spec.license,
                weights=needed_weights(spec),
                default=spec.default,
                non_commercial=spec.non_commercial,
                obstacle=_obstacle(spec),
                more_weights=spec.more_weights,
            )
        )
    for place, segmenter in enumerate(list_segmenters()):
        found.append(
            Entry(
                kind="segmenter",
                id=segmenter.id,
                name=segmenter.name,
                license=segmenter.license,
                weights=segmenter.weights,
                default=place == 0,  # the preferred one comes first
            )
        )
    found += _detectors()
    found.append(_lpips())
    for broken in broken_erasers():
        found.append(Entry("eraser", broken.id, broken.id, "", (), False, obstacle="broken"))
    return found


def _obstacle(spec: EraserSpec) -> str:
    """What else than weights keeps the eraser from running; "" = nothing."""
    if spec.unavailable is not None:
        return "cannot run here"
    missing = ", ".join(missing_packages(spec))
    return f"needs the package {missing}" if missing else ""


def _detectors() -> list[Entry]:
    from segmentation import list_detectors, why_no_detector

    return [
        Entry(
            kind="detector",
            id=spec.id,
            name=spec.name,
            license=spec.license,
            weights=spec.weights,
            default=False,
            obstacle="needs packages of its own" if why_no_detector(spec) else "",
        )
        for spec in list_detectors()
    ]


def _lpips() -> Entry:
    weights = (LPIPS_WEIGHTS,)
    return Entry("metric", "lpips", "LPIPS", LPIPS_WEIGHTS.license, weights, default=False)


def show_list(args: argparse.Namespace) -> int:
    """The command `list`."""
    if args.markdown:
        say(erasers_as_markdown())
        return DONE
    if args.numbers:
        say(numbers_as_markdown())
        return DONE
    if args.json:
        say_json([entry.as_json() for entry in entries()])
        return DONE
    rows = [
        (
            entry.kind,
            entry.id,
            entry.name,
            entry.state,
            megabytes(entry.size) if entry.size else "-",
            entry.license + (" (non-commercial)" if entry.non_commercial else ""),
        )
        for entry in entries()
    ]
    say(table(("kind", "id", "name", "state", "download", "licence"), rows))
    return DONE


def fetch_named(args: argparse.Namespace) -> int:
    """The command `fetch`."""
    weights = _wanted(args)
    with _Console() as console:
        failures = fetch_all(weights, console.observer, again=args.again)
    return FAILED if failures else DONE


def bring(weights: Sequence[WeightFile]) -> None:
    """Download what is not on this machine, and say nothing of what is. Raises UserError."""
    missing = [weight for weight in weights if find_weights(weight) is None]
    with _Console() as console:
        failures = fetch_all(missing, replace(console.observer, done=console.close))
    if failures:
        raise next(iter(failures.values()))


class _Console:
    """Bars for the files under way, a line for each that is here."""

    def __init__(self) -> None:
        self._bars: dict[str, ExitStack] = {}
        self._said: set[str] = set()
        self.observer = Observer(self._begin, self._end, self._remark)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def _begin(self, weight: WeightFile) -> Progress:
        self._bars[weight.name] = bar = ExitStack()
        return bar.enter_context(console_progress(weight.name, weight.size))

    def close(self, weight: WeightFile, _why: UserError | None = None) -> bool:
        """Take a file's bar away; whether it had one."""
        bar = self._bars.pop(weight.name, None)
        if bar is not None:
            bar.close()
        return bar is not None

    def _end(self, weight: WeightFile, why: UserError | None) -> None:
        was_begun = self.close(weight)
        if why is not None:
            self._once(str(why), f"{weight.name}: {why}")
        else:
            say(f"{weight.name}: {'fetched' if was_begun else 'here already'}")

    def _remark(self, weight: WeightFile, notice: Notice) -> None:
        self._once(str(notice), str(notice))

    def _once(self, what: str, text: str) -> None:
        """One refusal may be the end of thirty files."""
        if what not in self._said:
            self._said.add(what)
            complain(text)


def _wanted(args: argparse.Namespace) -> list[WeightFile]:
    """The files that the command names, each once."""
    known = entries()
    if args.all:
        chosen = known
    else:
        chosen = [entry for entry in known if args.default and entry.default]
        chosen += [entry for name in args.names for entry in _entries(name, known)]
    files = [weight for entry in chosen for weight in entry.weights]
    files += [weight for entry in known if args.all for weight in entry.more_weights]
    ids = {entry.id for entry in known}
    files += [weight for name in args.names if name not in ids for weight in _files(name, known)]
    if not files and not chosen:
        raise BadInput("nothing_named.weights")
    if not files:
        say(f"nothing to fetch for {', '.join(entry.id for entry in chosen)}")
    return list({weight.name: weight for weight in files}.values())


def _files(name: str, known: Sequence[Entry]) -> list[WeightFile]:
    """The file of that name, or all files of the folder of that name; else none."""
    every = [weight for entry in known for weight in (*entry.weights, *entry.more_weights)]
    exact = [weight for weight in every if weight.name == name][:1]
    return exact or [weight for weight in every if weight.name.startswith(f"{name}/")]


def _entries(name: str, known: Sequence[Entry]) -> list[Entry]:
    """The entry with that id. None is no mistake where a file or a folder has the name."""
    found = [entry for entry in known if entry.id == name]
    if found or _files(name, known):
        return found
    ids = ", ".join(entry.id for entry in known)
    raise BadInput("unknown_name", name=name[:80], known=ids)
