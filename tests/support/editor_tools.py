"""What the tests of the editing models share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from methods import Stopped


@contextmanager
def counting(owner: Any, name: str) -> Iterator[Callable[[], int]]:
    """How often a method of a class was called."""
    before, calls = getattr(owner, name), []

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return before(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, counted)
        yield lambda: len(calls)


def state(network: Any) -> dict[str, bytes]:
    """Every number of a network, bit by bit."""
    return {name: t.numpy().tobytes() for name, t in network.state_dict().items()}


def stop_at_the_second(step: int, total: int) -> None:
    """A `Progress` that stops after the first step."""
    if step == 2:
        raise Stopped
