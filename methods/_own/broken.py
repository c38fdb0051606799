"""A file of the owner's that cannot be used: its own card says why, and no other one is harmed."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from methods._base import (
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Settings,
    Text,
    Unavailable,
)
from methods._own.faults import Fault


class OwnBroken(Eraser[Settings]):
    """What stands in for it in lists."""

    def load(self, device: DeviceName, dtype: object = None) -> None:
        """Raises Unavailable with the reason."""
        why = self.spec.unavailable or ""
        raise Unavailable("eraser_unavailable", eraser=self.spec.id, title=self.spec.name, why=why)

    def unload(self) -> None:
        """Nothing is held."""

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """It is never loaded."""
        raise AssertionError("a broken eraser was loaded")


def broken_eraser(eraser_id: str, file: Path, fault: Fault) -> type[Eraser]:
    """The class of one."""
    spec = EraserSpec(
        id=eraser_id,
        name=file.name,
        summary=Text("own.summary.broken"),
        paper=Paper("", "", 0),
        license="",
        learned=False,
        seeded=False,
        devices=("cpu",),
        holds_device=False,
        rank=900,
        unavailable=fault.told(file),
        version="broken",
    )
    return cast("type[Eraser]", type(f"Broken_{eraser_id}", (OwnBroken,), {"spec": spec}))
