"""What the command line's numbers come from: `--judge` and `--truth`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from methods import (
    LPIPS_WEIGHTS,
    METRICS,
    BadInput,
    Image,
    Photo,
    Reading,
    UserError,
    flattened,
    load_image,
    why_missing,
)
from ui.cli.judging import Wanted
from ui.cli.output import complain, say
from ui.cli.words import fetch_missing


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What the arguments ask for. truth: (H, W, 3), where one is known."""

    wanted: Wanted
    truth: Image | None


def numbers_asked(args: argparse.Namespace, photo: Photo) -> Asked | None:
    """None: no numbers at all. Fetches what they need unless --offline.

    Raises BadInput for a truth that is no picture of the photo's size.
    """
    truth = None if args.truth is None else _truth(args.truth, photo)
    if args.judge == "none" and truth is None:
        return None
    if truth is not None:
        prepare_lpips(args.offline)
    return Asked(_networks(args) if args.judge == "full" else Wanted(), truth)


def _truth(file: Path, photo: Photo) -> Image:
    truth = load_image(file)
    if truth.size != photo.size:
        (height, width), (photo_height, photo_width) = truth.size, photo.size
        raise BadInput(
            "truth_size.judge",
            truth_width=width,
            truth_height=height,
            photo_width=photo_width,
            photo_height=photo_height,
        )
    return flattened(truth.rgb, truth.alpha, photo.ground)


def prepare_lpips(offline: bool = False) -> None:
    """Its weights, or a sentence on why there will be no LPIPS."""
    try:
        if not offline:
            fetch_missing((LPIPS_WEIGHTS,))
    except UserError as error:
        complain(str(error))
    missing = why_missing("lpips")
    if missing is not None:
        complain(missing.en)


def _networks(args: argparse.Namespace) -> Wanted:
    """The features where they are to be had, and the detector where words were given, which has
    found the object by then."""
    from segmentation import are_features_ready, get_segmenter

    if not are_features_ready() and not args.offline:
        get_segmenter("mobile_sam")  # fetched and loaded
    features = are_features_ready()
    if not features:
        command = "python -m methods fetch mobile_sam"
        complain(f"What a network sees is left out: its weights are not here yet: {command}")
    return Wanted(features, args.text, args.detector)


def tell_readings(name: str, readings: Sequence[Reading], *, with_truth: bool) -> None:
    """The remarks on one result, or that there are none; and what the truth says of it."""
    remarks = [reading.remark.en for reading in readings if reading.remark is not None]
    for remark in remarks or ["Nothing stands out."]:
        say(f"{name:<14} {remark}")
    if with_truth:
        ids = ("psnr_mask", "ssim_mask", "lpips_mask")
        shown = {reading.id: METRICS[reading.id] for reading in readings if reading.id in ids}
        values = {reading.id: reading.value for reading in readings}
        parts = [f"{metric.name.en} {metric.shown(values[key])}" for key, metric in shown.items()]
        say(f"{name:<14} {'; '.join(parts)}")
