"""Toy erasers that are large enough to borrow a GPU."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from methods import BadInput
from methods._base import Progress
from methods._engine import registry
from runner_tools import Endless, Noise, spec_of
from worker_toys import Buggy, Patient, Segfault, SlowLoad

_SIZE = 2 * 2**30


class Nosy(Noise):
    """Tells which modules of large libraries have come in after the fork."""

    known: ClassVar[set[str]] = set()

    def work(self, settings: Any, progress: Progress) -> None:
        roots = {"torch", "diffusers", "transformers", "peft", "accelerate"}
        new = {name for name in set(sys.modules) - self.known if name.split(".")[0] in roots}
        raise BadInput("bad_request", reason=" ".join(sorted(new)))


KINDS = (Noise, Endless, Patient, Segfault, Buggy, SlowLoad, Nosy)


def register() -> None:
    """Each as lent_…; a process that is forked afterwards has them, too."""
    for kind in KINDS:
        name = f"lent_{kind.__name__.lower()}"
        spec = spec_of(name, devices=("cuda", "cpu"), memory=_SIZE)
        registry.found().erasers[name] = type(name, (kind,), {"spec": spec})
