"""The program with an eraser that takes for ever until a file lies there: to be killed in a run.

python slow_program.py FILE [options of app.py]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from methods import Eraser, EraserSpec, Image, Mask, Paper, Settings, Verbatim  # noqa: E402
from methods._engine.registry import found  # noqa: E402

GO = Path(sys.argv[1])


class Patient(Eraser):
    """Waits for the file, and paints black."""

    spec = EraserSpec(
        id="patient",
        name="Patient",
        summary=Verbatim({"en": "For tests.", "zh": "测试用。"}),
        paper=Paper("None", "https://example.org", 2026),
        license="MIT",
        learned=False,
        rank=900,
    )
    Settings = Settings

    def load(self, device: Any, dtype: Any) -> None:
        """Nothing to load."""

    def unload(self) -> None:
        """Nothing to unload."""

    def erase(
        self,
        image: Image,
        mask: Mask,
        settings: Any,
        seed: int,
        progress: Callable[[int, int], None],
    ) -> Image:
        """See the class."""
        while not GO.exists():
            time.sleep(0.1)
            progress(1, 50)
        return np.zeros_like(image)


if __name__ == "__main__":
    import app

    found().erasers["patient"] = Patient
    app.main(sys.argv[2:])
