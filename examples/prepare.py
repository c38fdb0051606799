"""What the erasers make of three examples, for the page's first screen: python -m examples.prepare

Runs the erasers that need nothing or little on the photos, selected as the examples say, and
writes small pictures of the place and prepared.json: the mask, and for each eraser how many pixels
outside the mask it has changed. All of it is the program's own work; nothing is
retouched.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from PIL import Image as Pillow

from methods import (
    JSON,
    PROGRAM,
    Finished,
    Image,
    InProcess,
    Job,
    Mask,
    Photo,
    StopToken,
    load_image,
    write_atomic,
)
from segmentation import Selection, default_segmenter, encode_rle, get_segmenter, select

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "prepared"
SHOWN = ("tree", "rocket", "fig")
ERASERS = ("migan", "patchmatch", "telea", "navier_stokes")

SIZE = 480, 360
"""Width and height of the pictures, in pixels."""

AROUND = 1.7
"""The place that is shown, in sides of what is erased."""

QUALITY = 72
MASK_COLOR = 255, 45, 100, 150


def main() -> None:
    """Write everything anew."""
    entries = {entry["id"]: entry for entry in json.loads((HERE / "examples.json").read_text())}
    made: list[JSON] = []
    for name in SHOWN:
        made.append(_prepared(name, entries[name]))
        text = json.dumps({"program": PROGRAM, "examples": made}, indent=1)
        write_atomic(FOLDER / "prepared.json", (text + "\n").encode())


def _prepared(name: str, entry: Mapping[str, object]) -> dict[str, JSON]:
    photo = load_image(HERE / str(entry["file"]))
    mask = _selected(photo, entry["prompt"])
    window = place(mask)
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "before.webp", shown(photo.rgb, window))
    tint = np.zeros((*mask.shape, 4), np.uint8)
    tint[mask] = MASK_COLOR
    _write(folder / "mask.webp", shown(tint, window))
    results: list[JSON] = []
    for done in _erased(photo, mask):
        eraser = ERASERS[done.index]
        _write(folder / f"{eraser}.webp", shown(done.image, window))
        results.append(
            {
                "eraser": eraser,
                "changed_outside": done.changed_outside,
            }
        )
        print(name, results[-1], flush=True)
    return {"id": name, "mask": cast("dict[str, JSON]", encode_rle(mask)), "results": results}


def _selected(photo: Photo, prompt: object) -> Mask:
    """As a press on the example selects it."""
    selection = Selection.model_validate(_objects_of(prompt))
    segmenter = get_segmenter(default_segmenter().id)
    embedding = segmenter.encode(photo.seen, photo.key)
    return select(segmenter, embedding, selection.objects, shape=selection.shape).mask


def _objects_of(prompt: object) -> dict[str, object]:
    assert isinstance(prompt, dict)
    one = {name: prompt[name] for name in ("points", "box", "level")}
    return {"objects": [one], "dilate": prompt["dilate"]}


def _erased(photo: Photo, mask: Mask) -> Iterator[Finished]:
    jobs = [Job(name, {}, 0) for name in ERASERS]
    with InProcess() as executor:
        for event in executor.run(jobs, photo.rgb, mask, token=StopToken()):
            if isinstance(event, Finished):
                assert event.changed_outside == 0
                yield event


def place(mask: Mask) -> tuple[int, int, int, int]:
    """What is shown of a photo: x, y, width, height in its pixels, of SIZE's aspect."""
    height, width = mask.shape
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    scale = AROUND * max(w / SIZE[0], h / SIZE[1])
    scale = min(scale, width / SIZE[0], height / SIZE[1])
    across, down = math.floor(scale * SIZE[0]), math.floor(scale * SIZE[1])
    left = min(max(0, x + w // 2 - across // 2), width - across)
    top = min(max(0, y + h // 2 - down // 2), height - down)
    return left, top, across, down


def shown(picture: Image, window: tuple[int, int, int, int]) -> Image:
    """The place in a picture of a photo's size, at SIZE."""
    x, y, width, height = window
    part = np.ascontiguousarray(picture[y : y + height, x : x + width])
    return np.asarray(cv2.resize(part, SIZE, interpolation=cv2.INTER_AREA))


def _write(file: Path, picture: Image) -> None:
    Pillow.fromarray(picture).save(file, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
