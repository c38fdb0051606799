"""What the command line finds by words: `--text "red car, dog"`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from methods import BadInput, Photo, WeightFile
from ui.cli.output import Arguments, complain

if TYPE_CHECKING:
    from segmentation import PromptedObject


def add_word_arguments(group: Arguments) -> None:
    """--text and what belongs to it."""
    group.add_argument(
        "--text", metavar="WORDS", help='find objects by their names, such as "red car, dog"'
    )
    group.add_argument(
        "--box-threshold",
        type=_share,
        metavar="S",
        help="with --text: the least score of a box, 0 to 1 (0.35)",
    )
    group.add_argument(
        "--text-threshold",
        type=_share,
        metavar="S",
        help="with --text: the least score of its words, 0 to 1 (0.25)",
    )
    group.add_argument(
        "--detector", metavar="ID", help="with --text: see list (the first that is ready)"
    )


def _share(text: str) -> float:
    """An argparse type."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return value


def objects_by_words(
    args: argparse.Namespace, photo: Photo, taken: int = 0
) -> list[PromptedObject]:
    """The objects that --text finds, the best ones if they are many; none without --text.

    taken: how many objects are named in other ways. Fetches the detector's weights unless
    --offline. Raises Unavailable, and BadInput, also for words that nothing on the photo fits.
    """
    if args.text is None:
        _nothing_without_text(args)
        return []
    from segmentation import (
        BOX_THRESHOLD,
        MAX_OBJECTS,
        TEXT_THRESHOLD,
        as_objects,
        check_packages,
        choose_detector,
        detect,
        read_phrase,
    )

    read_phrase(args.text)  # what is wrong with it is said before anything is fetched
    spec = choose_detector(args.detector)
    check_packages(spec)
    if not args.offline:
        fetch_missing(spec.weights)
    found = detect(photo.seen, photo.key, args.text, spec.id)
    for typed, read in found.phrase.translations:
        complain(f"Searched in English: {typed} = {read}.")
    return list(
        as_objects(
            found,
            BOX_THRESHOLD if args.box_threshold is None else args.box_threshold,
            TEXT_THRESHOLD if args.text_threshold is None else args.text_threshold,
            level=args.level,
            most=max(1, MAX_OBJECTS - taken),
        )
    )


def _nothing_without_text(args: argparse.Namespace) -> None:
    """A threshold that would reach nothing is a mistake in the call."""
    given = (args.box_threshold, args.text_threshold, args.detector)
    if any(value is not None for value in given):
        raise BadInput("nothing_named.words")


def fetch_missing(weights: Sequence[WeightFile]) -> None:
    """Download what is not on this machine, with a bar for each file."""
    from ui.cli.weights.weights import bring

    bring(weights)
