"""The owner's erasers, of whatever kind: each file becomes one, if only one that says what is wrong
with it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from methods._base import Eraser, WeightFile
from methods._engine.contract import check_spec, only_eraser
from methods._own.broken import broken_eraser
from methods._own.command import RANK, OwnCommand, command_eraser, programs_of
from methods._own.faults import Fault, located, of_python
from methods._own.folder import OwnFile, own_files, own_folder
from methods._own.given import GivenResults, given_of
from methods._own.manifest import ResultsManifest, read_manifest
from methods._own.server import OwnServer, server_eraser
from methods._own.server_manifest import ServerManifest, files_of
from methods._own.version import version_of
from methods._texts.catalogue import add_sentences

logger = logging.getLogger(__name__)

_PACKAGE = "eraser_lab_own"


@dataclass(frozen=True, slots=True)
class OwnFound:
    """What the folder holds, both by id. given: results that were made elsewhere."""

    erasers: dict[str, type[Eraser]] = field(default_factory=dict)
    given: dict[str, GivenResults] = field(default_factory=dict)


def own_erasers(
    taken: Container[str],
    pins: Mapping[str, WeightFile],
    before: Mapping[str, type[Eraser]],
) -> OwnFound:
    """All of it. taken: ids of the program's own; pins: their weight files; before: what was found
    the last time, of which stays what has not changed: it may be loaded."""
    files = own_files(taken)
    if files:
        add_sentences(own_folder() / "locales")
    files.sort(key=lambda file: file.path.suffix == ".py")  # manifests say which are theirs
    found = OwnFound()
    for file in files:
        if any(file.path in programs_of(eraser) for eraser in found.erasers.values()):
            continue
        made = _unchanged(file, before) or _made(file, pins)
        if isinstance(made, GivenResults):
            found.given[file.id] = made
        else:
            found.erasers[file.id] = made
    return found


def _unchanged(file: OwnFile, before: Mapping[str, type[Eraser]]) -> type[Eraser] | None:
    known = before.get(file.id)
    if known is None or file.fault is not None or known.spec.unavailable is not None:
        return None
    words: tuple[Sequence[str], str] = ((), ".")
    if issubclass(known, OwnCommand):
        words = known.manifest.command.run, known.manifest.command.folder
    elif issubclass(known, OwnServer):
        words = files_of(known.manifest), "."
    return known if known.spec.version == version_of(file.path, *words) else None


def _made(file: OwnFile, pins: Mapping[str, WeightFile]) -> type[Eraser] | GivenResults:
    try:
        if file.fault is not None:
            raise Fault(file.fault)
        if file.path.suffix == ".py":
            return _of_python(file, pins)
        manifest = read_manifest(file.path)
        if isinstance(manifest, ServerManifest):
            return server_eraser(file.id, file.path, manifest)
        if isinstance(manifest, ResultsManifest):
            return given_of(file.id, file.path, manifest)
        return command_eraser(file.id, file.path, manifest)
    except Fault as found:
        fault = located(found, file.path)
        logger.info("%s", fault.told(file.path))  # its card says so, too
        if found.kind == "results":
            return GivenResults(file.id, file.path.stem, file.path, fault=fault.told(file.path))
        return broken_eraser(file.id, file.path, fault)


def _of_python(file: OwnFile, pins: Mapping[str, WeightFile]) -> type[Eraser]:
    try:
        version = version_of(file.path)
        eraser = only_eraser(_imported(file.id, file.path))
        check_spec(eraser, file.id, pins)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # even SystemExit: the file is foreign code
        logger.info("%s cannot be imported", file.path.name, exc_info=error)
        raise of_python(error, file.path) from error
    rank = max(RANK, eraser.spec.rank)
    eraser.spec = replace(eraser.spec, version=version, default=False, rank=rank)
    return eraser


def _imported(name: str, path: Path) -> ModuleType:
    """Under a name of its own, so that it hides no module of the program's."""
    full = f"{_PACKAGE}_{name}"
    spec = spec_from_file_location(full, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[full] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[full]
        raise
    return module
