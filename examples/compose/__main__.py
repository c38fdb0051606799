"""Makes cases whose truth is known, from any photos: an object, a background, a place.

    python -m examples.compose --object dog.jpg --point 320,200 --background lawn.jpg --out cases
    python -m examples.compose --object dog.jpg --mask dog-mask.png --background lawn.jpg \\
        --at 700,620 --scale 0.5 --flip --out cases
    python -m examples.compose --recipes cases/recipes.json --out cases

Writes NAME.jpg, NAME-mask.png, NAME-truth.jpg (the background alone), NAME-object.png (the mask
without the shadow) and NAME-recipe.json, from which the case can be made again. Without --at
and --scale a plausible place is chosen by --seed; --count makes several.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from examples.compose.compositing import Reflection, Shadow
from examples.compose.placing import Home, choose
from examples.compose.recipes import (
    Layer,
    Recipe,
    Source,
    build,
    files_of,
    make_folder,
    picture_of,
    read_recipes,
    replace_file,
    write,
)
from methods import (
    BadInput,
    Mask,
    UserError,
    file_fault,
    load_image,
    load_mask,
    with_their_numbers,
    write_any_text,
)

REFLECTION = Reflection(strength=0.35, fade=0.5)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 done, 2 the call or its files cannot be used."""
    write_any_text()
    args = make_parser().parse_args(with_their_numbers(argv))
    try:
        make_folder(args.out)  # paths that lead through it are read before anything is written
        recipes = _given(args) if args.recipes else _made(args)
        for recipe, folder in recipes:
            _spare_sources(recipe, folder, args.out)
            composite = build(recipe, folder)
            files = write(recipe, composite, args.out, with_recipe=not args.recipes)
            share = 100 * float(composite.mask.mean())
            print(f"{files['photo'].name}  {share:.1f} % masked")
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that may not be read
        print(f"Error: {file_fault(error)}", file=sys.stderr)
        return 2
    return 0


def _given(args: argparse.Namespace) -> list[tuple[Recipe, Path]]:
    """The recipes of a file; what they name lies in its folder."""
    recipes = read_recipes(args.recipes)
    wanted = set(args.only or [recipe.name for recipe in recipes])
    unknown = ", ".join(sorted(wanted - {recipe.name for recipe in recipes}))
    if unknown:
        raise BadInput("unknown_recipe", name=unknown)
    return [(recipe, args.recipes.parent) for recipe in recipes if recipe.name in wanted]


def _made(args: argparse.Namespace) -> list[tuple[Recipe, Path]]:
    """--count recipes for one object and one background."""
    if not args.object or not args.background:
        raise BadInput("nothing_named.compose")
    source = Source(photo=_named(args.background, args), width=args.width)
    size = picture_of(source, args.out).shape[:2]
    mask, mask_file = _object_mask(args)
    keep_off = load_mask(args.keep_off, size) if args.keep_off else None
    names = [args.name or f"{args.object.stem}-on-{args.background.stem}"]
    if args.count > 1:
        names = [f"{names[0]}-{number}" for number in range(1, args.count + 1)]
    recipes = []
    for number, name in enumerate(names):
        place = choose(
            Home.of(mask),
            size,
            args.seed + number,
            keep_off=keep_off,
            at=args.at,
            scale=args.scale,
            flip=True if args.flip else None,
        )
        place = place.model_copy(update=_look(args))
        layer = Layer(source=Source(photo=_named(args.object, args)), mask=mask_file, place=place)
        front = _named(args.front, args) if args.front else ""
        recipes.append((_recipe(name, source, layer, front), args.out))
    return recipes


def _recipe(name: str, background: Source, layer: Layer, front: str) -> Recipe:
    try:
        return Recipe(name=name, background=background, objects=(layer,), front=front)
    except ValueError as error:
        raise BadInput("bad_name", name=name[:80]) from error


def _look(args: argparse.Namespace) -> dict[str, object]:
    """What the arguments say of shadow, reflection and tone."""
    look: dict[str, object] = {"tone": args.tone}
    if args.shadow == "none":
        look["shadow"] = None
    elif args.shadow == "cast":
        look["shadow"] = Shadow(strength=0.5, lean=args.light[0], length=args.light[1], blur=0.03)
    if args.reflection:
        look["reflection"] = REFLECTION
    return look


# --- the object's mask -------------------------------------------------------------------


def _object_mask(args: argparse.Namespace) -> tuple[Mask, str]:
    """The mask and its file; of a point it is asked of SAM, then kept beside the case."""
    photo = load_image(args.object)
    if args.mask:
        return load_mask(args.mask, photo.size), _named(args.mask, args)
    if args.point:
        from segmentation import mask_png

        mask = _segmented(photo.rgb, photo.key, args.point)
        file = args.out / f"{args.object.stem}-cut.png"
        replace_file(file, mask_png(mask))
        return mask, file.name
    if photo.alpha is not None:
        return photo.alpha >= 128, ""
    raise BadInput("nothing_selected.object")


def _segmented(rgb: np.ndarray, key: str, points: list[tuple[float, float]]) -> Mask:
    from segmentation import (
        EmbeddingCache,
        PromptedObject,
        Tiles,
        default_segmenter,
        get_segmenter,
        select,
    )

    segmenter = get_segmenter(default_segmenter().id)
    named = [{"x": x, "y": y, "label": 1} for x, y in points]
    prompted = PromptedObject.model_validate({"points": named})
    tiles = Tiles(segmenter, EmbeddingCache(), rgb, key)
    return select(segmenter, segmenter.encode(rgb, key), [prompted], tiles=tiles).mask


def _named(file: Path, args: argparse.Namespace) -> str:
    """As it stands in a recipe that lies in --out."""
    try:
        return os.path.relpath(file, args.out)
    except ValueError:  # on another drive
        return os.fspath(file.absolute())


def _spare_sources(recipe: Recipe, folder: Path, out: Path) -> None:
    """Refuse to write over a photo or a mask that the case is made from."""
    named = [recipe.background.photo, recipe.front]
    named += [name for layer in recipe.objects for name in (layer.source.photo, layer.mask)]
    sources = [folder / name for name in named if name]
    for target in files_of(recipe.name, out).values():
        if any(s.exists() and target.exists() and s.samefile(target) for s in sources):
            raise BadInput("would_overwrite.source", file=target.name)


# --- arguments ---------------------------------------------------------------------------


def _pair(text: str) -> tuple[float, float]:
    """An argparse type: X,Y."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form X,Y") from None
    return x, y


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.compose",
        description="Make cases with a known truth: lay an object into another photo.",
    )
    add = parser.add_argument
    add("--recipes", type=Path, metavar="FILE", help="make the cases of this file instead")
    add("--only", type=lambda text: text.split(","), metavar="NAME,NAME", help="of --recipes")
    add("--object", type=Path, metavar="PHOTO", help="the photo that shows the object")
    add("--mask", type=Path, metavar="FILE", help="the object: a picture, white on black")
    add(
        "--point",
        type=_pair,
        action="append",
        metavar="X,Y",
        help="or a pixel of the object, for SAM; may be repeated",
    )
    add("--background", type=Path, metavar="PHOTO", help="the photo that it is laid into")
    add("--width", type=int, metavar="N", help="reduce the background to this width first")
    add("--front", type=Path, metavar="FILE", help="mask of what stays before the object")
    add("--keep-off", type=Path, metavar="FILE", help="mask of what must not be hidden")
    add("--at", type=_pair, metavar="X,Y", help="where the middle of its foot stands")
    add("--scale", type=float, metavar="F", help="its size, in its own pixels")
    add("--flip", action="store_true", help="turn it left to right")
    add("--tone", type=float, default=0.1, metavar="F", help="0 … 1: fit its colour (0.1)")
    add("--shadow", choices=("soft", "cast", "none"), default="soft", help="(soft)")
    add(
        "--light",
        type=_pair,
        default=(0.6, 0.25),
        metavar="X,Y",
        help="where a cast shadow ends, in heights of the object right and up (0.6,0.25)",
    )
    add("--reflection", action="store_true", help="the ground shines")
    add("--seed", type=int, default=0, metavar="N", help="for what is left to chance (0)")
    add("--count", type=int, default=1, metavar="N", help="so many cases, each with its own seed")
    add("--name", metavar="NAME", help="the beginning of the files' names")
    add("--out", type=Path, default=Path("cases"), metavar="FOLDER", help="(cases)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
