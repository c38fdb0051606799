"""A GPU that is lent by nobody: jobs go the whole way to another process and back, in this one."""

from __future__ import annotations

import pickle
from collections.abc import Generator
from contextlib import closing
from typing import Any

from methods import EraserSpec
from methods._workers.zerogpu import borrowed
from methods._workers.zerogpu.borrowed import Message
from methods._workers.zerogpu.lent import Lent
from methods._workers.zerogpu.pace import Paces
from methods._workers.zerogpu.parcel import Parcel


def lend_here(parcel: Parcel) -> Generator[Message, None, None]:
    """As ZeroGPU lends: what goes in and what comes out is pickled."""
    with closing(_generator(_sent(parcel))) as messages:
        for message in messages:
            yield _sent(message)


def _generator(parcel: Parcel) -> Generator[Message, None, None]:
    yield from borrowed.erased(parcel)


def _sent(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def lent_here(known: Paces | None = None) -> Lent:
    """All that holds the device is lent for."""
    return Lent(lend_here, _holds_device, known or Paces())


def _holds_device(spec: EraserSpec) -> bool:
    return spec.holds_device
