"""`python -m methods bench`: time, memory and quality of the erasers on the example photos."""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import asdict, dataclass

import numpy as np

from methods import (
    BadInput,
    Failed,
    Finished,
    Job,
    Mask,
    Photo,
    default_erasers,
    demand_agreed,
    load_image,
    results,
    run,
)
from ui.cli.bench.quality import EXAMPLES, Quality, measure_quality, quality_table, summary
from ui.cli.judge import prepare_lpips
from ui.cli.output import DONE, FAILED, Bars, complain, megabytes, say, say_json, table

CASES = (
    ("rocket.jpg", (300, 125, 345, 425)),
    ("astronaut.png", (372, 0, 512, 250)),
    ("dandelions.jpg", (2100, 900, 3300, 2100)),
)
"""An example photo and the box around what is erased there: small, square, 16 megapixels."""


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one eraser on one photo; medians over the repeats.

    overhead_seconds: the run's whole time less loading and erasing.
    times_fastest: erase_seconds against the fastest eraser on the same photo.
    times_smallest: against the same eraser on the first photo.
    """

    eraser: str
    photo: str
    megapixels: float
    load_seconds: float
    erase_seconds: float
    overhead_seconds: float
    peak_memory: int
    times_fastest: float
    times_smallest: float


@dataclass(slots=True)
class _Times:
    load: list[float]
    erase: list[float]
    overhead: list[float]
    memory: list[int]


def bench(args: argparse.Namespace) -> int:
    """The command `bench`."""
    ids = args.erasers or [spec.id for spec in default_erasers()]
    demand_agreed(ids, args.agree)
    if args.repeat < 1:
        raise BadInput("bad_repeat")
    report: dict[str, object] = {}
    sound = True
    if args.measure != "quality":
        rows, sound = _measure_time(ids, args.repeat)
        report["times"] = [asdict(row) for row in rows]
        _say_unless(args.json, _table(rows) if rows else "")
    if args.measure != "time":
        prepare_lpips()
        measured, all_well = measure_quality(ids)
        sound &= all_well
        ranking = summary(measured)
        report["quality"] = [asdict(row) for row in ranking]
        report["results"] = [one.plain() for one in measured]
        _say_unless(args.json, quality_table(ranking) if ranking else "")
        _draw(args, ranking)
    if args.json:
        say_json(report)
    return DONE if sound else FAILED


def _say_unless(silent: bool, text: str) -> None:
    if text and not silent:
        say(f"{text}\n")


def _draw(args: argparse.Namespace, ranking: list[Quality]) -> None:
    """The picture of the trade-off, and where it is."""
    from ui.cli.bench.chart import draw_trade_off

    if ranking:
        draw_trade_off(ranking, args.picture)
        _say_unless(args.json, f"Quality against time: {args.picture}")


def _measure_time(ids: list[str], repeat: int) -> tuple[list[Row], bool]:
    """The figures of every eraser on every photo, and whether all went well."""
    times: dict[tuple[str, str], _Times] = {}
    sizes: dict[str, float] = {}
    sound = True
    for name, box in CASES:
        photo, mask = _example(name, box)
        sizes[name] = photo.rgb.shape[0] * photo.rgb.shape[1] / 1e6
        for _ in range(repeat):  # erasers in turn, so that a slow moment hits all alike
            for eraser_id in ids:
                sound &= _measure(eraser_id, name, photo, mask, times)
    return _rows(times, sizes), sound


def _example(name: str, box: tuple[int, int, int, int]) -> tuple[Photo, Mask]:
    """The photo, and the ellipse that fills the box as its mask."""
    photo = load_image(EXAMPLES / name)
    x0, y0, x1, y1 = box
    rows, columns = np.ogrid[: photo.size[0], : photo.size[1]]
    across = (columns - (x0 + x1) / 2) / ((x1 - x0) / 2)
    down = (rows - (y0 + y1) / 2) / ((y1 - y0) / 2)
    return photo, across**2 + down**2 <= 1


def _measure(
    eraser_id: str, name: str, photo: Photo, mask: Mask, times: dict[tuple[str, str], _Times]
) -> bool:
    """Run once and note the figures; False when it failed."""
    results.clear()  # a cached answer would be no measurement
    start = time.perf_counter()
    with Bars([eraser_id]) as bars:
        for event in run([Job(eraser_id)], photo.rgb, mask):
            bars.show(event)
            last = event
    whole = time.perf_counter() - start
    if isinstance(last, Failed):
        complain(f"{eraser_id}: {last.text}")
        return False
    if isinstance(last, Finished):
        found = times.setdefault((eraser_id, name), _Times([], [], [], []))
        found.load.append(last.load_seconds)
        found.erase.append(last.erase_seconds)
        found.overhead.append(whole - last.load_seconds - last.erase_seconds)
        found.memory.append(last.peak_memory)
    return True


def _rows(times: dict[tuple[str, str], _Times], sizes: dict[str, float]) -> list[Row]:
    erase = {key: statistics.median(found.erase) for key, found in times.items()}
    rows = []
    for (eraser_id, photo), found in times.items():
        fastest = min(value for (_, other), value in erase.items() if other == photo)
        first = next(value for (other, _), value in erase.items() if other == eraser_id)
        mine = erase[eraser_id, photo]
        rows.append(
            Row(
                eraser=eraser_id,
                photo=photo,
                megapixels=round(sizes[photo], 2),
                load_seconds=round(max(found.load), 3),  # only the first run loads
                erase_seconds=round(mine, 3),
                overhead_seconds=round(statistics.median(found.overhead), 3),
                peak_memory=max(found.memory),
                times_fastest=round(mine / fastest, 2),
                times_smallest=round(mine / first, 2),
            )
        )
    return rows


def _table(rows: list[Row]) -> str:
    header = ("eraser", "photo", "Mpx", "load s", "erase s", "overhead s", "peak MB")
    lines = [
        (
            row.eraser,
            row.photo,
            f"{row.megapixels:.2f}",
            f"{row.load_seconds:.2f}",
            f"{row.erase_seconds:.3f}",
            f"{row.overhead_seconds:.3f}",
            megabytes(row.peak_memory).removesuffix(" MB"),
            f"{row.times_fastest:.2f}",
            f"{row.times_smallest:.2f}",
        )
        for row in rows
    ]
    return table((*header, "× fastest", "× first photo"), lines)
