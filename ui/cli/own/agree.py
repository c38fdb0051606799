"""`python -m methods agree`: two erasers on the same crops, and how far their answers differ.

So a port is held against its authors' own program: both get the same crop, mask, seed and size, and
their answers are compared before anything is pasted back.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from methods import (
    BadInput,
    Eraser,
    Image,
    Mask,
    Settings,
    best_device,
    demand_agreed,
    erase_in_patches,
    get_eraser,
    load_image,
    load_mask,
    png_bytes,
    settings_of,
    write_atomic,
)
from ui.cli.output import DONE, FAILED, assignment, say, say_json, settings_for, table

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif")
HEAD = ("photo", "crop", "max", "mean", "PSNR", "max in the hole", "mean in the hole")


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two answers for one crop. hole: (h, w) bool."""

    photo: str
    crop: int
    ours: Image
    theirs: Image
    hole: Mask

    @property
    def difference(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        """(h, w, 3), 0 … 255."""
        return np.abs(self.ours.astype(np.int16) - self.theirs)

    def plain(self) -> dict[str, str | int | float | None]:
        """Levels of 0 to 255; psnr: dB, None = they are equal."""
        whole = self.difference
        inside = whole[self.hole]
        error = float(np.mean(np.square(whole.astype(np.float64))))
        return {
            "photo": self.photo,
            "crop": self.crop,
            "max": int(whole.max()),
            "mean": round(float(whole.mean()), 4),
            "psnr": round(10 * math.log10(255**2 / error), 2) if error else None,
            "max_in_hole": int(inside.max()),
            "mean_in_hole": round(float(inside.mean()), 4),
        }


def agree(args: argparse.Namespace) -> int:
    """The command `agree`."""
    names = [args.ours, args.theirs]
    demand_agreed(names, args.agree)
    changes = settings_for(names, map(assignment, args.set))
    pairs = list(_pairs(names, changes, list(_subjects(args.photos)), args.seed))
    rows = [pair.plain() for pair in pairs]
    worst = max(pairs, key=lambda pair: float(pair.difference[pair.hole].mean()))
    args.picture.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(args.picture, picture_of(worst))
    if args.json:
        say_json(rows)
    else:
        say(table(HEAD, [_row(row) for row in rows]))
        say(f"{args.picture}: {args.ours}, {args.theirs} and where {worst.photo} differs most")
    most = max(int(str(row["max_in_hole"])) for row in rows)
    return FAILED if args.most is not None and most > args.most else DONE


def _row(row: Mapping[str, str | int | float | None]) -> tuple[str, ...]:
    return tuple("equal" if value is None else str(value) for value in row.values())


def _subjects(folder: Path) -> Iterator[tuple[str, Image, Mask]]:
    """Each photo with its mask. Raises BadInput where there is none."""
    every = sorted(file for file in folder.glob("*") if file.suffix.lower() in ENDINGS)
    files = [file for file in every if not file.stem.endswith("_mask")]
    if not files:
        raise BadInput("nothing_named.photos", folder=folder.name)
    for file in files:
        photo = load_image(file)
        mask_file = file.with_name(f"{file.stem}_mask.png")
        mask = load_mask(mask_file, photo.size) if mask_file.exists() else ellipse(photo.size)
        yield file.name, photo.seen, mask


def ellipse(size: tuple[int, int]) -> Mask:
    """In the middle, a quarter as high and as wide as the photo."""
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    away = ((rows - height / 2) / (height / 8)) ** 2 + ((columns - width / 2) / (width / 8)) ** 2
    found: Mask = away <= 1
    return found


def _pairs(
    names: list[str],
    changes: Mapping[str, Mapping[str, object]],
    subjects: list[tuple[str, Image, Mask]],
    seed: int,
) -> Iterator[Pair]:
    """OURS cuts all crops; then THEIRS is loaded and gets the same ones."""
    ours, theirs = map(get_eraser, names)
    settings = settings_of(ours, changes[names[0]])
    given = list(_answers(ours, settings, subjects, seed))
    other, others = _begun(theirs), settings_of(theirs, changes[names[1]])
    try:
        for photo, crop, image, hole, result in given:
            answer = other.erase(image, hole, others, seed, _nobody)
            if answer.shape != result.shape:
                raise BadInput("agree_size", photo=photo)
            yield Pair(photo, crop, result, answer, hole)
    finally:
        other.unload()


def _answers(
    kind: type[Eraser], settings: Settings, subjects: list[tuple[str, Image, Mask]], seed: int
) -> Iterator[tuple[str, int, Image, Mask, Image]]:
    eraser = _begun(kind)
    try:
        for name, photo, mask in subjects:
            found: list[tuple[str, int, Image, Mask, Image]] = []

            def call(image: Image, hole: Mask, patch: int, patches: int) -> Image:
                result = eraser.erase(image, hole, settings, seed, _nobody)
                found.append((name, patch, image, hole, result))  # noqa: B023 - called at once
                return result

            canvas, sees = kind.canvas_for(settings), kind.spec.sees_object
            erase_in_patches(photo, mask, canvas, call, sees_object=sees)
            yield from found
    finally:
        eraser.unload()


def _begun(kind: type[Eraser]) -> Eraser:
    best = best_device()
    eraser = kind()
    eraser.load(best if best in kind.spec.devices else kind.spec.devices[-1], None)
    return eraser


def _nobody(step: int, total: int) -> None:
    """Nobody watches."""


def picture_of(pair: Pair) -> bytes:
    """A PNG: both answers, and how far they differ, as strongly as it can be shown."""
    difference = pair.difference
    strong = (difference * (255 // max(1, int(difference.max())))).astype(np.uint8)
    return png_bytes(np.ascontiguousarray(np.hstack((pair.ours, pair.theirs, strong))))
