"""`python -m methods embeddings`: constant prompts for machines without their text encoders."""

from __future__ import annotations

import argparse

from methods import (
    EMBEDDINGS,
    MANIFESTS,
    BadInput,
    Finding,
    Made,
    UserError,
    Wish,
    begin_manifest,
    best_device,
    constant_words,
    file_fault,
    get_eraser,
    list_erasers,
    make_embeddings,
    model_card,
    pin,
)
from ui.cli.output import DONE, FAILED, say, table

_PRECISIONS = {"half": ("half",), "full": ("full",), "both": ("half", "full")}


def make_named(args: argparse.Namespace) -> int:
    """The command `embeddings make`."""
    ids = args.erasers or _with_constant_prompts()
    made: dict[str, Made] = {}
    try:
        for name in ids:
            for one in _made(name, args):
                if one.path not in made:
                    say(f"{one.path}  {one.size} bytes  {one.precision}  {one.text!r}")
                made[one.path] = one
        _write_card(args, list(made.values()))
    except OSError as error:
        raise BadInput(
            "cannot_write.folder", file=str(args.out), reason=file_fault(error)
        ) from error
    return DONE


def _with_constant_prompts() -> list[str]:
    return [spec.id for spec in list_erasers() if constant_words(get_eraser(spec.id))]


def _made(name: str, args: argparse.Namespace) -> list[Made]:
    wanted = _PRECISIONS[args.precision]
    return list(make_embeddings(get_eraser(name), args.out, wanted, best_device()))


def _write_card(args: argparse.Namespace, made: list[Made]) -> None:
    (args.out / "README.md").write_text(model_card(made, args.license), "utf-8")


def pin_folder(args: argparse.Namespace) -> int:
    """The command `embeddings pin`: 1 where something is missing, or differs and was left so."""
    if not args.folder.is_dir():
        raise BadInput("no_such_file.source", name=args.folder.name)
    begun = not MANIFESTS.file(EMBEDDINGS).exists()
    if begun:
        begin_manifest(MANIFESTS, EMBEDDINGS, args.repo, args.license)
    try:
        wish = Wish(folder=args.folder, revision=args.revision, again=args.again)
        found = pin(MANIFESTS, EMBEDDINGS, wish)
    except UserError:
        if begun:  # in vain: the next try begins anew
            MANIFESTS.file(EMBEDDINGS).unlink()
        raise
    say(_told(found))
    wrong = {"missing"} if args.again else {"missing", "differs"}
    return FAILED if any(finding.kind in wrong for finding in found) else DONE


def _told(found: list[Finding]) -> str:
    rows = [(kind, path, detail) for kind, path, detail in found if kind != "same"]
    return table(("what", "where", "detail"), rows) if rows else "all as pinned"
