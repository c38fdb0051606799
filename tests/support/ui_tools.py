"""What the tests of the page's server side share: pictures, requests, erasers to play with."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from PIL import Image as Pil

from methods import Eraser, EraserSpec, Image, Mask, Paper, Settings, Verbatim
from methods._base import setting
from ui.service.erasing.owners import run_of

SECRET = "/srv/secret/place/token-1234.bin"
"""A path that an inner error mentions and no visitor may ever read."""

CORNERS = ("x0", "y0", "x1", "y1")

Upload = Callable[..., str]
Answer = Mapping[str, Any]


def picture(height: int = 90, width: int = 120) -> Image:
    """A red disc on a green slope."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([0 * x, 60 + x, 80 + y], axis=2).astype(np.uint8)
    image[(y - height // 2) ** 2 + (x - width // 2) ** 2 < (height // 5) ** 2] = (220, 20, 30)
    return image


def png_file(image: Image | None = None, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    shown = Pil.fromarray(picture() if image is None else image).convert(mode)
    shown.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def box(height: int = 90, width: int = 120) -> list[dict[str, Any]]:
    """A box around the disc, as the page sends it."""
    side = height // 4
    middle_y, middle_x = height // 2, width // 2
    corners = (middle_x - side, middle_y - side, middle_x + side, middle_y + side)
    return [{"points": [], "box": dict(zip(CORNERS, corners, strict=True)), "level": None}]


def prompts(photo: str, **changes: Any) -> dict[str, Any]:
    return {"photo": photo, "objects": box(), "dilate": 0, "segmenter": "grabcut", **changes}


_count = iter(range(10**6))
_secrets: dict[str, str] = {}  # of the runs that were prepared

KEY = b"of the tests"
"""By which the services of tests make the ids of runs; see `ui.service.erasing.owners.new_key`."""


def run_id() -> str:
    """A fresh id, as photos, uploads and runs have them."""
    return f"run{next(_count):06d}".ljust(22, "x")


def new_run() -> dict[str, str]:
    """What a service of the tests would answer to `new_run`."""
    secret = f"secret-{next(_count):06d}"
    run = run_of(KEY, secret)
    _secrets[run] = secret
    return {"run": run, "secret": secret}


def owned(of: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A request of the owner about a run, by its order or its grid."""
    return {"run": of["run"], "secret": _secrets[of["run"]], **more}


def order(photo: str, *erasers: str, **changes: Any) -> dict[str, Any]:
    """What the page sends to erase."""
    jobs = [{"eraser": name, "settings": {}, "seed": 0} for name in erasers or ("telea",)]
    return {**prompts(photo), **new_run(), "jobs": jobs, **changes}


def last(grids: Iterator[Answer]) -> Answer:
    """The value that the page ends with."""
    *_, grid = grids
    return grid


# --- erasers -----------------------------------------------------------------------------


class PaintSettings(Settings):
    level: int = setting(7, "The grey to paint.", ge=0, le=255)
    words: str = setting("", "Not used by anything but its own text.", max_length=200)


def _spec(eraser_id: str) -> EraserSpec:
    return EraserSpec(
        id=eraser_id,
        name=f"Test {eraser_id}",
        summary=Verbatim({"en": "For tests.", "zh": "测试用。"}),
        paper=Paper("None", "https://example.org", 2024),
        license="MIT",
        learned=False,
        rank=900,
    )


class _TestEraser(Eraser):
    Settings: ClassVar[type[Settings]] = PaintSettings

    def load(self, device: Any, dtype: Any) -> None:
        """Nothing to bring."""

    def unload(self) -> None:
        """Nothing to drop."""


class Paint(_TestEraser):
    """Paints the hole grey, at once; also (in vain) everything else."""

    spec = _spec("paint")

    def erase(self, image: Image, mask: Mask, settings: Any, seed: int, progress: Any) -> Image:
        return np.full_like(image, settings.level)


class Slow(_TestEraser):
    """Takes steps until it is let go; `begun` is set once it is at work.

    With the words "quiet" it says nothing of its steps, and so does not hear of Stop.
    """

    spec = _spec("slow")
    begun = threading.Event()
    go_on = threading.Event()

    def erase(self, image: Image, mask: Mask, settings: Any, seed: int, progress: Any) -> Image:
        Slow.begun.set()
        for step in range(3000):
            if settings.words != "quiet":
                progress(step % 50 + 1, 50)
            if Slow.go_on.wait(0.01):
                break
        return np.zeros_like(image)


class Broken(_TestEraser):
    """Fails with an inner error that names a path."""

    spec = _spec("broken")

    def erase(self, image: Image, mask: Mask, settings: Any, seed: int, progress: Any) -> Image:
        raise RuntimeError(f"cannot open {SECRET}")
