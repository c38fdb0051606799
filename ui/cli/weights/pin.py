"""`python -m methods pin`: sizes and hashes of weights, from a folder or from the model hub."""

from __future__ import annotations

import argparse
from pathlib import Path

from methods import MANIFESTS, BadInput, Finding, Manifests, UserError, Wish, begin_manifest, pin
from ui.cli.output import DONE, FAILED, say, table
from ui.cli.weights.weights import entries


def pin_named(args: argparse.Namespace) -> int:
    """The command `pin`: 1 where something is missing, or differs and was left so."""
    if args.source is not None and not args.source.is_dir():
        raise BadInput("no_such_file.source", name=args.source.name)
    if args.repo or args.license:
        _begin(args)
    wish = Wish(
        folder=args.source,
        revision=args.revision,
        add=tuple(args.add),
        again=args.again,
        dry=args.dry_run,
    )
    try:
        found = _found(args, wish)
    except UserError:
        if args.repo:  # begun in vain: the next try begins anew
            MANIFESTS.file(args.name).unlink()
        raise
    say(_told(found, wish))
    wrong = {"missing"} if args.again else {"missing", "differs"}
    return FAILED if any(finding.kind in wrong for _, finding in found) else DONE


def _found(args: argparse.Namespace, wish: Wish) -> list[tuple[str, Finding]]:
    return [
        (name, finding)
        for manifests, name in _chosen(args.name, args.source)
        for finding in pin(manifests, name, wish)
    ]


def _begin(args: argparse.Namespace) -> None:
    if not (args.repo and args.license) or args.dry_run:
        raise BadInput("nothing_named.manifest")
    begin_manifest(MANIFESTS, args.name, args.repo, args.license)


def _chosen(name: str, folder: Path | None) -> list[tuple[Manifests, str]]:
    """Those that hold the weights of what is called so, and the one of that name.

    With a folder, those of them that have a sub-folder of their own in it; where none has, the
    folder is that of the one of that name.
    """
    from segmentation import MANIFESTS as OTHERS

    every = [(each, known) for each in (MANIFESTS, OTHERS) for known in each.names()]
    alike = [each for each in every if each[1].replace("_", "-") == name.replace("_", "-")]
    found = list(dict.fromkeys([*alike, *_used(name, every)]))
    if not found:
        raise BadInput("unknown_name.no_weights", name=name[:80])
    return _with_folders(found, alike, folder) if folder else found


def _with_folders(
    found: list[tuple[Manifests, str]], alike: list[tuple[Manifests, str]], folder: Path
) -> list[tuple[Manifests, str]]:
    inside = [each for each in found if (folder / each[1]).is_dir()]
    chosen = inside or alike or (found if len(found) == 1 else [])
    if not chosen:
        listed = ", ".join(known for _, known in found)
        raise BadInput("unknown_name.which", known=listed)
    return chosen


def _used(name: str, every: list[tuple[Manifests, str]]) -> list[tuple[Manifests, str]]:
    entry = next((entry for entry in entries() if entry.id == name), None)
    wanted = {*entry.weights, *entry.more_weights} if entry else set()
    return [each for each in every if wanted & {*each[0].weights(each[1])}]


def _told(found: list[tuple[str, Finding]], wish: Wish) -> str:
    rows = [(kind, f"{name}/{path}", detail) for name, (kind, path, detail) in found]
    told = [row for row in rows if row[0] != "same"]
    same = len(rows) - len(told)
    lines = [table(("what", "where", "detail"), told)] if told else []
    lines.append(f"{same} as pinned" + (", nothing written (--dry-run)" if wish.dry else ""))
    return "\n".join(lines)
