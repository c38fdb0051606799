"""What is counted while visitors are at work: seconds by request, refusals, errors, untruths."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

REFUSALS = frozenset(
    {"too_fast", "crowded", "busy", "places_taken", "run_in_progress"}
    | {"too_many_connections", "restarting"}
)
"""Codes by which the program asks a visitor to come again: no errors."""

NO_SENTENCE = frozenset({"internal", "bare"})
"""Codes of answers that tell nobody what to do: each is a fault of the program."""


class Said(Exception):
    """An answer that is no success. code: of the sentence, "bare" where there is none, "connection"
    where there was no answer. seconds: until asking again makes sense. answer: what there was
    instead of a sentence."""

    def __init__(self, code: str, seconds: float = 0.0, answer: object = "") -> None:
        super().__init__(code)
        self.code = code
        self.answer = str(answer)[:300]
        self.seconds = seconds

    @property
    def is_refusal(self) -> bool:
        return self.code in REFUSALS


class Figures:
    """Of one run of the whole program; used by one event loop."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.refusals: Counter[str] = Counter()
        self.errors: Counter[tuple[str, str]] = Counter()
        self.done: Counter[str] = Counter()
        self.untrue: list[str] = []
        self.bare: list[str] = []

    @contextmanager
    def timed(self, request: str) -> Iterator[None]:
        """Counts what is raised as `Said`, and passes it on."""
        begun = time.perf_counter()
        try:
            yield
        except Said as said:
            self.note(request, said)
            raise
        self.seconds[request].append(time.perf_counter() - begun)

    def note(self, request: str, said: Said) -> None:
        if said.is_refusal:
            self.refusals[said.code] += 1
        else:
            self.errors[request, said.code] += 1
        if said.code in NO_SENTENCE:
            self.bare.append(f"{request}: {said.answer}")

    def faults(self) -> int:
        """Answers without a sentence, and what was not true."""
        bare = sum(count for (_, code), count in self.errors.items() if code in NO_SENTENCE)
        return bare + len(self.untrue)


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the values that at least this share of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
