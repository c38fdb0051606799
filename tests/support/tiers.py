"""Which cases of a parametrised test run by default.

Cases of one test take the same path through the program. Where a case costs seconds, one or a few
of them guard that path by default, and the slow tier runs all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

ROUNDS = int(os.environ.get("TEST_ROUNDS", "3"))
"""How often what depends on chance (who is killed when) is tried: once by default, the other times
in the slow tier. Many rounds are a campaign: TEST_ROUNDS=20."""

COSTLY_ROUNDS = ROUNDS if "TEST_ROUNDS" in os.environ else 1
"""The same where each time takes a whole program or many seconds."""


EXAMPLES = int(os.environ.get("TEST_FUZZ", "25"))
"""How many examples a property is tried on: CI asks more often (see .ci/run), a campaign some
thousand times."""


def rest_is_slow(cases: Iterable[Any], first: int = 1, *, several: bool = False) -> list[Any]:
    """The first cases as they are, the others with the mark `slow`. several: each case is a tuple,
    with values for several parameters."""
    wrapped = [pytest.param(*case) for case in cases] if several else list(cases)
    return [case if at < first else _slow(case) for at, case in enumerate(wrapped)]


def _slow(case: Any) -> Any:
    """The case with the mark, and with the marks and the name that it has."""
    if not hasattr(case, "marks"):
        return pytest.param(case, marks=pytest.mark.slow)
    return pytest.param(*case.values, marks=(*case.marks, pytest.mark.slow), id=case.id)
