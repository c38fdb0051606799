"""The program on an emulated device: it looks for its device once, and remembers the answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest import mock

from emulation.emulation import Emulation, emulated

_ASKED_ONCE = (
    ("methods._system.device", "_detected"),
    ("segmentation._engine.registry", "_memory_of"),
    ("ui.service.choices.catalog", "describe_device"),
)


@contextmanager
def program_on(
    kind: Literal["cuda", "mps"] = "cuda", *, gib: float = 24, devices: int = 1
) -> Iterator[Emulation]:
    """As `emulated`; the program finds the device, and has left it when the block ends."""
    import methods._system.device

    with (
        emulated(kind, gib=gib, devices=devices) as device,
        mock.patch.object(methods._system.device, "may_have_gpu", lambda: True),
    ):
        forget_device()
        try:
            yield device
        finally:
            forget_device()


def forget_device() -> None:
    """Unload what is loaded, and let the program look for its device anew."""
    from methods._engine.residency import residency
    from segmentation._detection import detect
    from segmentation._engine import registry

    residency.clear()
    residency._measured.clear()
    registry._shared.clear()
    detect._shared.clear()
    for module, name in _ASKED_ONCE:
        known: Any = sys.modules.get(module)
        if known is not None:
            getattr(known, name).cache_clear()
