"""What the command line selects: points, boxes, a mask, a shape, or a whole case file."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from methods import JSON, BadInput, Job, Mask, Photo, ReadMask, Text, readable, shown_name
from ui.cli.output import complain
from ui.cli.words import fetch_missing, objects_by_words

if TYPE_CHECKING:
    from segmentation import (
        Box,
        Case,
        Gesture,
        Ground,
        Selected,
        Selection,
        Shape,
        Strokes,
        Sweep,
    )

MOST_BYTES = 2**24
"""Of a case file."""

_CORNERS = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True, slots=True)
class Picked:
    """What is to be erased, as it was said. upload: the selection's mask, decoded. mask_file:
    the name of the file that it came from; mask_notes: how that was read. said: clicks and boxes
    that are still to become objects of the selection, before the others."""

    selection: Selection
    upload: Mask | None
    mask_file: str | None = None
    mask_notes: tuple[Text, ...] = ()
    said: Said | None = None


class Said(NamedTuple):
    """Clicks and boxes in their order. cuts: negative boxes, each with the place of the gesture
    whose object it is cut off."""

    gestures: tuple[Gesture, ...]
    cuts: tuple[tuple[int, Box], ...]


class _Drawn(TypedDict):
    """What is selected without a segmenter; see `segmentation.select_drawn`."""

    upload: Mask | None
    strokes: Strokes
    shape: Shape


def read_case_file(args: argparse.Namespace) -> Case | None:
    """The case that --case names. Raises BadInput where it cannot be used, or is not alone."""
    if args.case is None:
        return None
    named = args.text is not None or args.level is not None
    if args.prompts or args.mask or args.shape or args.dilate is not None or named:
        raise BadInput("bad_assignment.case_alone", name="case")
    try:
        with args.case.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise BadInput("bad_case.too_large", reason="too large", name=args.case.name)
        return _case_or_mask(json.loads(content), args)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput("no_such_file.case", name=args.case.name, reason=reason) from error
    except (ValueError, RecursionError) as error:
        raise BadInput("bad_case.no_json", reason="no JSON", name=args.case.name) from error


def _case_or_mask(data: object, args: argparse.Namespace) -> Case | None:
    """The case; None for a mask's run lengths, which --mask would take as well."""
    from segmentation import are_run_lengths, read_case

    if not are_run_lengths(data):
        return read_case(data)
    args.mask, args.case = args.case, None
    return None


def picked(args: argparse.Namespace, case: Case | None, photo: Photo) -> Picked:
    """The prompts of the case, or of the other arguments. Raises BadInput for none at all."""
    if case is not None:
        return _picked_in(case, photo, args)
    if not args.prompts and args.mask is None and args.text is None:
        raise BadInput("nothing_selected")
    from segmentation import Selection

    said = said_in(args.prompts, args.level)
    selection = Selection(
        objects=tuple(objects_by_words(args, photo, taken=len(said.gestures))),
        shape=_shape_in(args, photo),
        segmenter=args.segmenter,
        words=args.text,
    )
    if args.mask is None:
        return Picked(selection, None, said=said)
    read = mask_in(
        args.mask, photo.size, args.mask_reading, alone=not args.prompts and not args.text
    )
    return Picked(selection, read.mask, shown_name(args.mask, ""), read.notes, said)


def _shape_in(args: argparse.Namespace, photo: Photo) -> Shape:
    """As on the page: a selection grows by a few pixels, which is said; a mask that comes alone is
    meant as it is."""
    from segmentation import grown_as_usual

    said = shape_of(args.shape, args.dilate)
    alone = not args.prompts and args.text is None
    shape = said if alone else grown_as_usual(said, photo.size)
    swept = any(word.partition("=")[0].strip() == "dilate" for word in args.sweep)
    if shape.dilate != said.dilate and not swept:
        complain(Text("note.mask.grown", count=int(shape.dilate)).en)
    return shape


def mask_in(file: Path, size: tuple[int, int], number: int, *, alone: bool) -> ReadMask:
    """The mask in a file, and on the screen how it was read and may be read otherwise.

    number: of the reading that is wanted, from 1. alone: nothing else is selected. Raises BadInput.
    """
    from segmentation import read_mask_file

    found, name = read_mask_file(file, size), shown_name(file, "")
    read = found.taking(number, name)
    if alone and not read.mask.any():
        raise BadInput("nothing_selected.mask", seen=read.notes[0])
    for note in read.notes:
        complain(f"{name}: {note.en}")
    if number == 1:
        _tell_others(read, name)
    return read


def _tell_others(read: ReadMask, name: str) -> None:
    for number, other in enumerate(read.readings[1:], 2):
        percent = f"{100 * other.mask.mean():.3g}"
        words = Text("note.mask.other", name=name, said=other.said, percent=percent, number=number)
        complain(words.en)


def _picked_in(case: Case, photo: Photo, args: argparse.Namespace) -> Picked:
    upload = case.upload(photo.size)
    if case.photo.sha256 != file_digest(args.photo):
        complain("The case was made on another photo of the same size; places may not fit.")
    chosen = args.segmenter or case.selection.segmenter
    return Picked(case.selection.model_copy(update={"segmenter": chosen}), upload)


def said_in(prompts: Sequence[tuple[str, tuple[float, ...]]], level: int | None) -> Said:
    """The gestures in the order of the options. Each box but the first begins an object; the first
    one may go around what was clicked before it. Raises BadInput."""
    from segmentation import Box, Gesture

    gestures: list[Gesture] = []
    cuts: list[tuple[int, Box]] = []
    boxes = 0
    for kind, values in prompts:
        corners = dict(zip(_CORNERS, values, strict=False))
        if kind == "negative-box":
            cuts.append((max(len(gestures) - 1, 0), Box.model_validate(corners)))
            continue
        if kind == "box":
            said: dict[str, object] = {"box": corners, "how": "new" if boxes else "meant"}
            boxes += 1
        else:
            said = dict(zip(("x", "y", "label"), values, strict=False))
            said["how"] = "join" if kind == "join" else "meant"
        gestures.append(Gesture.model_validate({**said, "level": level}))
    if cuts and not gestures:
        raise BadInput("no_prompts")
    return Said(tuple(gestures), tuple(cuts))


def shape_of(assignments: Iterable[tuple[str, str]], dilate: int | None) -> Shape:
    """--shape NAME=VALUE, several times, and --dilate, which stands for one of them."""
    from segmentation import Shape

    values: dict[str, object] = {} if dilate is None else {"dilate": dilate}
    for name, text in assignments:
        if name not in Shape.model_fields or name in values:
            known = ", ".join(Shape.model_fields)
            fault = "bad_assignment.shape_unknown"
            if name in values:
                fault = "bad_assignment.shape_twice"
            raise BadInput(fault, name=name, value=text, known=known)
        values[name] = _value(text)
    return Shape.model_validate(values)


def _value(text: str) -> object:
    """A number or true/false as JSON has them; anything else is a word."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


# --- the selection -----------------------------------------------------------------------


def selected(
    picked: Picked, photo: Photo, shapes: Sequence[Shape], *, offline: bool = False
) -> tuple[list[Selected], str | None, Picked]:
    """The selection in each of these shapes, and the id of the segmenter that made it, which looks
    at the photo once: None where none was asked. Last, what was said, as objects."""
    from segmentation import (
        EmbeddingCache,
        Ground,
        Tiles,
        get_segmenter,
        select,
        select_drawn,
    )

    drawn: list[_Drawn] = [
        {"upload": picked.upload, "strokes": picked.selection.strokes, "shape": shape}
        for shape in shapes
    ]
    if not picked.selection.objects and (picked.said is None or not picked.said.gestures):
        return [select_drawn(photo.size, **each) for each in drawn], None, picked
    segmenter_id = _segmenter_id(picked.selection.segmenter, offline)
    segmenter = get_segmenter(segmenter_id, fetch_missing=not offline)
    embedding = segmenter.encode(photo.seen, photo.key)
    tiles = Tiles(segmenter, EmbeddingCache(), photo.seen, photo.key)
    picked = _understood(picked, Ground(segmenter, embedding, shapes[0], tiles))
    objects = picked.selection.objects
    found = [select(segmenter, embedding, objects, **each, tiles=tiles) for each in drawn]
    if found[0].everything:
        complain(Text("note.mask.everything").en)
    return found, segmenter_id, picked


def _understood(picked: Picked, ground: Ground) -> Picked:
    """With the gestures as objects, and on the screen what was understood otherwise than one may
    have thought."""
    from segmentation import settle

    if picked.said is None or not picked.said.gestures:
        return picked
    gestures, cuts = picked.said
    made, understood = settle(ground, (), gestures)
    objects = list(made)
    for number, box in cuts:
        place = understood[number].object
        boxes = (*objects[place].negative_boxes, box)
        objects[place] = objects[place].model_copy(update={"negative_boxes": boxes})
    for gesture, each in zip(gestures, understood, strict=True):
        if each.meant == "apart" and each.beside is not None:
            where = f"{gesture.x:g},{gesture.y:g}"
            complain(Text("note.click.apart", place=where, number=each.beside + 1).en)
    together = (*objects, *picked.selection.objects)
    selection = picked.selection.model_copy(update={"objects": together})
    return replace(picked, selection=selection, said=None)


def _segmenter_id(wanted: str | None, offline: bool) -> str:
    """The one that was asked for, or the preferred one; its weights are fetched."""
    from segmentation import default_segmenter, list_segmenters

    known = {spec.id: spec for spec in list_segmenters()}
    if wanted is not None and wanted not in known:
        raise BadInput("unknown_segmenter.named", known=", ".join(known), wanted=wanted[:80])
    chosen = wanted or default_segmenter().id
    if not offline:
        fetch_missing(known[chosen].weights)
    return chosen


# --- the case, to be repeated ------------------------------------------------------------


def case_of(
    picked: Picked,
    segmenter: str | None,
    photo: Photo,
    file: Path,
    jobs: Sequence[Job],
    sweep: Sweep | None = None,
) -> Mapping[str, JSON] | None:
    """What --case takes; None for a mask that is like noise. file: the photo's."""
    from segmentation import CasePhoto, write_case

    height, width = photo.size
    place = CasePhoto(
        name=readable(file.name)[:400], sha256=file_digest(file), width=width, height=height
    )
    answered = picked.selection.model_copy(update={"segmenter": segmenter})
    try:
        return write_case(place, answered.with_mask(picked.upload), jobs, sweep)
    except BadInput:
        return None


def file_digest(file: Path) -> str:
    """SHA-256 of a file, hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
