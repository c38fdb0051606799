"""Several photos in one call of `python -m methods erase`: on each the same is selected."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from examples.running.records import safe
from methods import BadInput, Executor, UserError, make_executor
from ui.cli.erase.erase import all_done, erase, erased, planned, tell_plan
from ui.cli.erase.files import json_bytes, make_folder, write
from ui.cli.erase.sweeping import tell_expected
from ui.cli.output import DONE, FAILED, complain, say, say_json

MOST_PHOTOS = 20
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".json")
"""Of masks and truths, in the order in which they are looked for."""


def erase_photos(args: argparse.Namespace) -> int:
    """The command `erase`."""
    if len(args.photos) > MOST_PHOTOS:
        raise BadInput("too_many_photos", count=len(args.photos), limit=MOST_PHOTOS)
    if len(args.photos) < 2:
        args.photo = next(iter(args.photos), None)
        return erase(args)
    if args.continued is not None:
        raise BadInput("one_photo")
    if args.dry_run:
        return tell_plan(args, len(args.photos))
    return _erase_each(args)


def _erase_each(args: argparse.Namespace) -> int:
    """A photo that cannot be used costs itself alone."""
    complain(tell_expected([*planned(args)] * len(args.photos)))
    with make_executor() as executor:
        reports = [_report(one, executor) for one in _each(args)]
    found = {"photos": reports}
    make_folder(args.out)
    write(args.out / "settings.json", json_bytes(found))
    if args.json:
        say_json(found)
    return DONE if all("results" in each and all_done(each) for each in reports) else FAILED


def _report(args: argparse.Namespace, executor: Executor) -> dict[str, object]:
    """Of one photo; folder: where its files are. error: why there are none."""
    if not args.json:
        say(f"{args.photo.name}:")
    try:
        return {"folder": args.out.name, **erased(args, executor)}
    except UserError as error:
        complain(f"{args.photo.name}: {error}")
        return {"folder": args.out.name, "photo": {"name": args.photo.name}, "error": str(error)}


def _each(args: argparse.Namespace) -> Iterator[argparse.Namespace]:
    """The same command for each photo, with a folder of its own, named like it."""
    counts: Counter[str] = Counter()
    for photo in args.photos:
        name = safe(photo.stem)
        counts[name] += 1
        own = {
            "photo": photo,
            "out": args.out / (f"{name}-{counts[name]}" if counts[name] > 1 else name),
            "mask": _beside(args.mask, photo, "mask"),
            "truth": _beside(args.truth, photo, "truth"),
        }
        yield argparse.Namespace(**{**vars(args), **own})


def _beside(given: Path | None, photo: Path, kind: str) -> Path | None:
    """A photo's own file in a folder: NAME-mask.png, or NAME.png; one that is no folder is meant
    for all photos."""
    if given is None or not given.is_dir():
        return given
    names = [f"{photo.stem}{of}{ending}" for of in (f"-{kind}", "") for ending in ENDINGS]
    found = (given / name for name in names if (given / name).is_file())
    return next(found, given / names[0])
