"""What the command line's numbers come from: `--judge` and `--truth`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from methods import (
    LPIPS_WEIGHTS,
    METRICS,
    BadInput,
    Features,
    Finds,
    Image,
    Judge,
    Photo,
    Reading,
    UserError,
    flattened,
    judge,
    load_image,
    why_missing,
)
from ui.cli.output import complain, say
from ui.cli.words import fetch_missing


def judge_of(args: argparse.Namespace, photo: Photo) -> Judge | None:
    """What the arguments ask for; None: nothing. Fetches what it needs unless --offline.

    Raises BadInput for a truth that is no picture of the photo's size.
    """
    truth = None if args.truth is None else _truth(args.truth, photo)
    if args.judge == "none" and truth is None:
        return None
    if truth is not None:
        prepare_lpips(args.offline)
    if args.judge != "full":
        return partial(judge, truth=truth)
    features, finds = _networks(args)
    return partial(judge, truth=truth, features=features, finds=finds)


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


def _networks(args: argparse.Namespace) -> tuple[Features | None, Finds | None]:
    """The features where they are to be had, and the detector where words were given."""
    from segmentation import are_features_ready, features_of, get_segmenter

    features: Features | None = None
    if not are_features_ready() and not args.offline:
        get_segmenter("mobile_sam")  # fetched and loaded
    if are_features_ready():
        features = features_of
    else:
        command = "python -m methods fetch mobile_sam"
        complain(f"What a network sees is left out: its weights are not here yet: {command}")
    return features, None if args.text is None else _finder(args)


def _finder(args: argparse.Namespace) -> Finds:
    """The best score of what was searched for, on a picture."""
    from segmentation import choose_detector, get_detector, read_phrase

    phrase = read_phrase(args.text)
    detector = get_detector(choose_detector(args.detector).id, fetch_missing=not args.offline)

    def finds(image: Image) -> float:
        return max((each.score for each in detector.detect(image, phrase).found), default=0.0)

    return finds


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
