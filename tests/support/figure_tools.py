"""Small runs for the tests of figures: a photo, a mask, and results of one colour each."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from methods import Image, Mask, png_bytes
from segmentation import mask_png

SIZE = (300, 400)
GREY = 120
BOX = (40, 60, 90, 100)
"""Left, top, right and bottom of the mask: small, near the top left corner."""

COLORS = {"telea": (200, 30, 30), "migan": (30, 160, 30), "patchmatch": (40, 60, 210)}
"""What each result has under the mask."""


def mask_of_run() -> Mask:
    mask = np.zeros(SIZE, bool)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    return mask


def result(color: Sequence[int]) -> Image:
    pixels = np.full((*SIZE, 3), GREY, np.uint8)
    pixels[mask_of_run()] = color
    return pixels


def job(eraser: str, **more: Any) -> dict[str, Any]:
    """As it stands in a run's settings.json."""
    return {
        "eraser": eraser,
        "name": eraser.title(),
        "state": "done",
        "file": f"results/{eraser}.png",
        "seed": 0,
        "settings": {},
        "erase_seconds": 1.5,
        "readings": [{"id": "psnr_mask", "value": 20.25, "remark": None}],
        **more,
    }


def put_run(folder: Path, jobs: Sequence[Mapping[str, Any]], name: str = "tree.png") -> Path:
    """The folder, as the page's zip unpacks."""
    (folder / "results").mkdir(parents=True)
    (folder / name).write_bytes(png_bytes(np.full((*SIZE, 3), GREY, np.uint8)))
    (folder / "mask.png").write_bytes(mask_png(mask_of_run()))
    for each in jobs:
        if each["state"] == "done":
            color = COLORS.get(each["eraser"], (9, 9, 9))
            (folder / each["file"]).write_bytes(png_bytes(result(color)))
    said = {"photo": {"name": name}, "jobs": list(jobs)}
    (folder / "settings.json").write_text(json.dumps(said), "utf-8")
    return folder


def zip_of(folder: Path, file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return file
