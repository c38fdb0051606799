"""The quality part of `python -m methods bench`: results against a known truth."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from methods import (
    Failed,
    Finished,
    Image,
    Job,
    Judged,
    Mask,
    Reading,
    judge,
    load_image,
    load_mask,
    results,
    run,
)
from ui.cli.output import Bars, complain, megabytes, table

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

COLUMNS = ("lpips_mask", "ssim_mask", "psnr_mask")
"""The numbers that an eraser's row has, over the mask, where alone results differ."""


@dataclass(frozen=True, slots=True)
class Case:
    """A photo, what is to be erased, and what was there before the object was laid into it."""

    id: str
    photo: Image
    mask: Mask
    truth: Image


@dataclass(frozen=True, slots=True)
class Measured:
    """One eraser on one case."""

    eraser: str
    case: str
    erase_seconds: float
    peak_memory: int
    device: str
    readings: tuple[Reading, ...]

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "eraser": self.eraser,
            "case": self.case,
            "erase_seconds": round(self.erase_seconds, 3),
            "peak_memory": self.peak_memory,
            "device": self.device,
            "readings": [reading.plain() for reading in self.readings],
        }


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of one eraser over all cases with a known truth.

    cases: how many it has done. lpips_mask, ssim_mask, psnr_mask: means over the cases, None
    where it was not measured. remarks: how many its results have earned, all together.
    erase_seconds: the median; peak_memory: the most, bytes.
    """

    eraser: str
    cases: int
    lpips_mask: float | None
    ssim_mask: float | None
    psnr_mask: float | None
    remarks: int
    erase_seconds: float
    peak_memory: int
    device: str


def truth_cases() -> Iterator[Case]:
    """The stand-in cases whose truth is known, one at a time."""
    listed = json.loads((EXAMPLES / "stand_ins.json").read_text(encoding="utf-8"))
    for row in listed["rows"]:
        if row.get("truth"):
            photo = load_image(EXAMPLES / row["photo"]["path"])
            mask = load_mask(EXAMPLES / row["mask"]["path"], photo.size)
            truth = load_image(EXAMPLES / row["truth"]["path"])
            yield Case(row["id"], photo.rgb, mask, truth.rgb)


def measure_quality(ids: Sequence[str]) -> tuple[list[Measured], bool]:
    """Every eraser on every case, and whether all went well."""
    measured = []
    sound = True
    for case in truth_cases():
        for eraser_id in ids:
            one = _measure(eraser_id, case)
            sound &= one is not None
            measured += [one] if one is not None else []
    return measured, sound


def _measure(eraser_id: str, case: Case) -> Measured | None:
    """None when it failed, which has been said."""
    results.clear()  # a cached answer would be no measurement
    finished: Finished | None = None
    with Bars([eraser_id]) as bars:
        events = run(
            [Job(eraser_id)], case.photo, case.mask, judge=partial(judge, truth=case.truth)
        )
        for event in events:
            bars.show(event)
            if isinstance(event, Failed):
                complain(f"{eraser_id}, {case.id}: {event.text}")
            if isinstance(event, Finished):
                finished = event
            if isinstance(event, Judged) and finished is not None:
                return Measured(
                    eraser_id,
                    case.id,
                    finished.erase_seconds,
                    finished.peak_memory,
                    finished.device,
                    event.readings,
                )
    return None


def summary(measured: Sequence[Measured]) -> list[Quality]:
    """A row for each eraser, the one nearest to the truth first."""
    ids = dict.fromkeys(one.eraser for one in measured)
    rows = [_row(name, [one for one in measured if one.eraser == name]) for name in ids]
    return sorted(rows, key=distance)


def distance(row: Quality) -> float:
    """From the truth: LPIPS, or 1 - SSIM where LPIPS was not to be had."""
    if row.lpips_mask is not None:
        return row.lpips_mask
    return 1 - (row.ssim_mask or 0.0)


def _row(name: str, own: Sequence[Measured]) -> Quality:
    values: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for reading in (reading for one in own for reading in one.readings):
        if reading.id in values:
            values[reading.id].append(reading.value)
    means = {key: round(statistics.mean(v), 4) if v else None for key, v in values.items()}
    return Quality(
        eraser=name,
        cases=len(own),
        remarks=sum(reading.remark is not None for one in own for reading in one.readings),
        erase_seconds=round(statistics.median(one.erase_seconds for one in own), 3),
        peak_memory=max(one.peak_memory for one in own),
        device=own[0].device,
        **means,
    )


def quality_table(rows: Sequence[Quality]) -> str:
    """Aligned; - where a number was not to be had."""

    def shown(value: float | None, digits: int) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    lines = [
        (
            row.eraser,
            str(row.cases),
            shown(row.lpips_mask, 3),
            shown(row.ssim_mask, 3),
            shown(row.psnr_mask, 1),
            str(row.remarks),
            f"{row.erase_seconds:.3f}",
            megabytes(row.peak_memory).removesuffix(" MB"),
        )
        for row in rows
    ]
    header = ("eraser", "cases", "LPIPS ↓", "SSIM ↑", "PSNR ↑", "remarks ↓", "erase s", "peak MB")
    return table(header, lines)
