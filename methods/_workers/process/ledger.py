"""Which weights a program has begun with, so that no machine erases with others unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from methods._base import WeightFile, WeightsUnavailable
from methods._engine.fingerprint import expected_weights


class Ledger:
    """What is known of weights: what is here or pinned, else what the first machine that used them
    has reported. Safe between threads."""

    def __init__(self) -> None:
        self._reported: dict[str, str] = {}
        self._lock = threading.Lock()

    def expected(self, weights: Iterable[WeightFile]) -> dict[str, str]:
        """SHA-256 by name; "" = not known yet."""
        found = expected_weights(weights)
        with self._lock:
            return {name: digest or self._reported.get(name, "") for name, digest in found.items()}

    def take(self, weights: Mapping[str, str], machine: str) -> None:
        """What a machine has erased with. Raises WeightsUnavailable ("weights_differ") where
        another one was quicker with another file."""
        with self._lock:
            known = {
                name: self._reported.setdefault(name, found) for name, found in weights.items()
            }
        demand_equal(known, weights, machine)


def demand_equal(expected: Mapping[str, str], found: Mapping[str, str], machine: str) -> None:
    """Raise WeightsUnavailable where a file is known and another one was found."""
    for name, digest in found.items():
        if expected.get(name) and expected[name] != digest:
            raise WeightsUnavailable("weights_differ", file=name, machine=machine)
