"""Clicks and erases over HTTP, side by side with IOPaint 1.6.0.

IOPaint pins old packages, so it needs an environment of its own (Python 3.10 or 3.11):

    python3.11 -m venv /somewhere/iopaint
    /somewhere/iopaint/bin/pip install "iopaint==1.6.0" "numpy<2" "torch>=2.8,<3" torchvision
    python tests/bench/compare_iopaint.py --iopaint-python /somewhere/iopaint/bin/python

Both programs run at the same time on loopback ports, with the same MobileSAM weights, the
same number of threads and the same photos, and are asked in turn, so that whatever else
the machine does hits both. Each is asked as its own page asks it. All figures are medians.
Time runs from the request to the last byte of the answer; what a browser then does with
it (decoding, drawing) is in neither figure. Bytes are those of the HTTP bodies.

first click          a photo that the server has not seen -> its mask; ours with the upload
further click        one more point on the same photo, no prompt twice
two users by turns   two photos, one more click on each in turn
erase                Telea at 12 megapixels, the same mask for both. IOPaint gets the photo
                     with each request and answers in its format at full size: a JPEG gives
                     a lossy JPEG (the first three rows), a PNG a PNG (the last). Our page
                     shows a JPEG of 1600 pixels (the first two rows) and offers a lossless
                     PNG of full size (the last two).
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

import _eraser_lab
import _iopaint
from _eraser_lab import ROOT, EraserLab
from _iopaint import IOPaint, data_url
from _servers import Sample, Wire

Points = list[tuple[int, int]]
Side = Literal["ours", "theirs"]

CLICK_SIZE = (2250, 1500)
ERASE_SIZE = (4243, 2825)
FIG = (1312, 800)
"""The middle of the object on the photo for the clicks, as made by `click_photo`."""
BUSH = (2881, 1865)
"""A small thing on the photo for the erases; its crop needs no resizing in either program."""
DILATE = 4
"""What IOPaint always does: a 9x9 kernel."""
RADIUS = 4


@dataclass
class Figures:
    """Samples by row and side, in the order in which they were taken."""

    samples: dict[str, dict[Side, list[Sample]]] = field(
        default_factory=lambda: defaultdict(lambda: {"ours": [], "theirs": []})
    )

    def ask(
        self, row: str | None, side: Side, wire: Wire, call: Callable[..., Any], *arguments: Any
    ) -> None:
        """Make a call and note what it cost; row None = warming up, not noted."""
        wire.begin()
        call(*arguments)
        sample = wire.sample()
        if row is not None:
            self.samples[row][side].append(sample)

    def medians(self, row: str, side: Side) -> Sample:
        """The median of each of the three figures."""
        seconds, up, down = zip(*self.samples[row][side], strict=True)
        return Sample(
            statistics.median(seconds), round(statistics.median(up)), round(statistics.median(down))
        )


# --- photos and points -------------------------------------------------------------------


def click_photo(variant: int) -> bytes:
    """The fig at 2250x1500; each variant is cut a little differently, so it is another photo."""
    with Image.open(ROOT / "examples" / "fig.jpg") as picture:
        top = 4 + variant % 16
        part = picture.convert("RGB").crop((0, top, 2572, top + 1715))
    return jpeg(part.resize(CLICK_SIZE, Image.Resampling.LANCZOS), 92 - variant // 16)


def erase_photo() -> Image.Image:
    """The fir at 12 megapixels, enlarged, with the fine noise that a camera would add."""
    with Image.open(ROOT / "examples" / "tree.jpg") as picture:
        large = picture.convert("RGB").resize(ERASE_SIZE, Image.Resampling.LANCZOS)
    noise = np.random.default_rng(0).normal(0, 3, (ERASE_SIZE[1], ERASE_SIZE[0], 1))
    return Image.fromarray(np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8))


def png(picture: Image.Image) -> bytes:
    """The same without loss."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def jpeg(picture: Image.Image, quality: int) -> bytes:
    """A photo as a camera would hand it over."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def spiral(middle: tuple[int, int], count: int, spacing: float = 18.0) -> Points:
    """Points around the middle, none twice, all on an object some 150 pixels in radius."""
    return [
        (
            round(middle[0] + spacing * math.sqrt(n) * math.cos(2.4 * n)),
            round(middle[1] + spacing * math.sqrt(n) * math.sin(2.4 * n)),
        )
        for n in range(count)
    ]


# --- what is measured --------------------------------------------------------------------


def first_clicks(ours: EraserLab, theirs: IOPaint, figures: Figures, rounds: int) -> None:
    """Photos that nobody has seen; variant 0 warms both programs up and is not counted."""

    def open_and_click(photo: bytes) -> str:
        return ours.click(ours.open(photo, "fig.jpg"), [FIG], DILATE)

    for variant in range(rounds + 1):
        photo = click_photo(variant)
        url = data_url(photo, "jpeg")
        row = "first click" if variant else None
        figures.ask(row, "ours", ours.wire, open_and_click, photo)
        figures.ask(row, "theirs", theirs.wire, theirs.click, url, [FIG])


def further_clicks(ours: EraserLab, theirs: IOPaint, figures: Figures, rounds: int) -> None:
    """One point more each time on a photo that both have looked at."""
    photo = click_photo(0)
    opened, url = ours.open(photo, "fig.jpg"), data_url(photo, "jpeg")
    points = spiral(FIG, rounds + 1)
    for count in range(1, rounds + 2):
        row = "further click" if count > 1 else None
        figures.ask(row, "ours", ours.wire, ours.click, opened, points[:count], DILATE)
        figures.ask(row, "theirs", theirs.wire, theirs.click, url, points[:count])


def taking_turns(
    ours: Sequence[EraserLab], theirs: Sequence[IOPaint], figures: Figures, rounds: int
) -> None:
    """Two users with a photo each; the first click of each is not counted."""
    photos = [click_photo(100 + user) for user in range(2)]
    urls = [data_url(photo, "jpeg") for photo in photos]
    opened = [lab.open(photo, "fig.jpg") for lab, photo in zip(ours, photos, strict=True)]
    points = spiral(FIG, rounds + 1)
    for count in range(1, rounds + 2):
        row = "two users by turns" if count > 1 else None
        for lab, photo_id in zip(ours, opened, strict=True):
            figures.ask(row, "ours", lab.wire, lab.click, photo_id, points[:count], DILATE)
        for paint, url in zip(theirs, urls, strict=True):
            figures.ask(row, "theirs", paint.wire, paint.click, url, points[:count])


def erases(ours: EraserLab, theirs: IOPaint, figures: Figures, rounds: int) -> None:
    """A mask of its own in each round, since we would answer the same job from a cache."""
    picture = erase_photo()
    photo = jpeg(picture, 92)
    url, lossless_url = data_url(photo, "jpeg"), data_url(png(picture), "png")
    opened = ours.open(photo, "tree.jpg")
    ours.click(opened, [BUSH], DILATE)
    for number in range(rounds + 1):  # the first round warms up
        erased = ours.erase(opened, [BUSH], DILATE + number, RADIUS)
        mask = data_url(erased.mask, "png")
        for row, their_photo, strategy, sample in (
            ("erase (crop)", url, "Crop", erased.shown),
            ("erase (original)", url, "Original", erased.shown),
            ("erase (crop), full-size file", url, "Crop", erased.file),
            ("erase (crop), lossless file", lossless_url, "Crop", erased.file),
        ):
            asked = (their_photo, mask, strategy, RADIUS)
            figures.ask(row if number else None, "theirs", theirs.wire, theirs.erase, *asked)
            if number:
                figures.samples[row]["ours"].append(sample)


# --- the table ---------------------------------------------------------------------------


def readable(size: int) -> str:
    """Bytes as "1.2 kB" or "3.45 MB"."""
    return f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


HEADER = "median of each|seconds|theirs|ratio|bytes up|theirs|bytes down|theirs"


def table(figures: Figures) -> str:
    """One line per row; the ratio is their seconds over ours."""
    lines = [HEADER.split("|")]
    for row in figures.samples:
        ours, theirs = figures.medians(row, "ours"), figures.medians(row, "theirs")
        line = [row, f"{ours.seconds:.3f}", f"{theirs.seconds:.3f}"]
        line.append(f"{theirs.seconds / ours.seconds:.1f}x")
        line += [readable(size) for size in (ours.up, theirs.up, ours.down, theirs.down)]
        lines.append(line)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(aligned(line, widths) for line in lines)


def aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    """The first cell to the left, the others to the right."""
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


# --- the whole run -----------------------------------------------------------------------


def mobile_sam() -> Path:
    """The weights that both programs use, fetched if need be."""
    sys.path.insert(0, str(ROOT))
    from methods import fetch
    from segmentation import list_segmenters

    (weight,) = next(spec for spec in list_segmenters() if spec.id == "mobile_sam").weights
    return fetch(weight)


def measure(our_url: str, their_url: str, rounds: int) -> Figures:
    """Everything, against two running servers."""
    figures = Figures()
    with ExitStack() as stack:
        ours = [EraserLab(our_url) for _ in range(2)]
        theirs = [IOPaint(their_url) for _ in range(2)]
        for wire in [lab.wire for lab in ours] + [paint.wire for paint in theirs]:
            stack.callback(wire.close)
        first_clicks(ours[0], theirs[0], figures, rounds)
        further_clicks(ours[0], theirs[0], figures, 3 * rounds)
        taking_turns(ours, theirs, figures, 2 * rounds)
        erases(ours[0], theirs[0], figures, rounds)
    return figures


def main() -> None:
    """Start both, measure, print, stop both."""
    parser = argparse.ArgumentParser(description="Compare with IOPaint over HTTP.")
    parser.add_argument("--iopaint-python", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2, help="of each program (default 2)")
    parser.add_argument("--rounds", type=int, default=4, help="more is steadier (default 4)")
    options = parser.parse_args()
    version = _iopaint.version_of(options.iopaint_python)
    weights = mobile_sam()
    with tempfile.TemporaryDirectory(prefix="compare-iopaint-") as name:
        ours, theirs = Path(name, "ours"), Path(name, "theirs")
        ours.mkdir()
        theirs.mkdir()
        with (
            _iopaint.running(options.iopaint_python, weights, theirs, options.threads) as their_url,
            _eraser_lab.running(ours, options.threads) as our_url,
        ):
            figures = measure(our_url, their_url, options.rounds)
    print(f"Eraser Lab and IOPaint {version}, {options.threads} threads each\n")
    print(table(figures))


if __name__ == "__main__":
    main()
