"""Files of the user's own that stand in for weights.

Three ways, in this order: `use_local`, the variable ERASER_LAB_WEIGHT_<NAME>, and a folder
ERASER_LAB_LOCAL_WEIGHTS searched by file name. Such a file need not match the pin: the user
named it, so it is taken, and its own digest is what is reported.
"""

from __future__ import annotations

import os
from pathlib import Path

from methods._base import WeightFile
from methods._weight_errors import local_missing, variable

_FOLDER = "ERASER_LAB_LOCAL_WEIGHTS"

_chosen: dict[str, Path] = {}


def use_local(name: str, path: Path | None) -> None:
    """Use the file at `path` as the weights `name` in this process; None undoes it.

    Raises WeightsUnavailable when there is no such file.
    """
    if path is None:
        _chosen.pop(name, None)
        return
    _chosen[name] = _present(name, Path(path), "by the program")


def local_file(weight: WeightFile) -> Path | None:
    """The user's own file for `weight`, if one was named.

    Raises WeightsUnavailable when the named file or folder does not exist.
    """
    if weight.name in _chosen:
        return _present(weight.name, _chosen[weight.name], "by the program")
    named = os.environ.get(variable(weight.name))
    if named:
        return _present(weight.name, Path(named), f"by {variable(weight.name)}")
    return _in_folder(weight)


def _in_folder(weight: WeightFile) -> Path | None:
    named = os.environ.get(_FOLDER)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not os.path.isdir(folder):
        raise local_missing(weight.name, folder.name, f"by {_FOLDER}")
    file = folder / weight.name
    return _present(weight.name, file, f"by {_FOLDER}") if os.path.exists(file) else None


def _present(name: str, path: Path, where: str) -> Path:
    path = path.expanduser().absolute()
    if not os.path.isfile(path) or not os.path.getsize(path):
        raise local_missing(name, path.name, where)
    return path
