"""Files of the user's own that stand in for weights.

Three ways, in this order: `use_local`, the variable ERASER_LAB_WEIGHT_<NAME>, and a folder
ERASER_LAB_LOCAL_WEIGHTS searched by file name. Such a file need not match the pin: the user
named it, so it is taken, and its own digest is what is reported.

Files that belong together (`<folder>/unet/config.json`, see `_weights.repository`) can also be
given all at once: the same three ways with the folder's name and a folder of the user's own.
Its files may have other names (another precision, shards); what matters is that the
sub-folder holds something of the kind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from methods._base import Text, WeightFile
from methods._weights.errors import local_missing, variable

_FOLDER = "ERASER_LAB_LOCAL_WEIGHTS"
_NETWORKS = (".safetensors", ".bin", ".pth", ".pt", ".ckpt", ".onnx")

_chosen: dict[str, Path] = {}


def use_local(name: str, path: Path | None) -> None:
    """Use the file at `path` as the weights `name` in this process; None undoes it.

    name may be that of a folder of weights, and path a folder. Raises WeightsUnavailable
    when there is no such file.
    """
    if path is None:
        _chosen.pop(name, None)
        return
    whole = Path(path).expanduser().absolute()
    _chosen[name] = whole if whole.is_dir() else _present(name, whole, "by the program")


def chosen() -> dict[str, Path]:
    """What `use_local` has named, by name of the weights."""
    return dict(_chosen)


def choose(paths: Mapping[str, Path]) -> None:
    """Use exactly these, as another process of this program does: they have been looked at."""
    _chosen.clear()
    _chosen.update(paths)


def local_file(weight: WeightFile) -> Path | None:
    """The user's own file for `weight`, if one was named.

    Raises WeightsUnavailable when the named file or folder does not exist.
    """
    if weight.name in _chosen:
        return _present(weight.name, _chosen[weight.name], "by the program")
    named = os.environ.get(variable(weight.name))
    if named:
        return _present(weight.name, Path(named), f"by {variable(weight.name)}")
    return _in_own_repository(weight) or _in_folder(weight)


def _in_own_repository(weight: WeightFile) -> Path | None:
    """The file, or what stands for it, in a folder that the user gave for the whole model."""
    name, _, inside = weight.name.partition("/")
    if not inside:
        return None
    given, where = _own_repository(name)
    if given is None:
        return None
    if not os.path.isdir(given):
        raise local_missing(name, given.name, where)
    return _stand_in(weight.name, given / inside, where)


def _own_repository(name: str) -> tuple[Path | None, str | Text]:
    """The folder that the user gave under this name, and who or what named it."""
    if name in _chosen:
        return _chosen[name], Text("weights.given_by_program")
    if named := os.environ.get(variable(name)):
        return Path(named).expanduser().absolute(), variable(name)
    if (home := os.environ.get(_FOLDER)) and os.path.isdir(Path(home).expanduser() / name):
        return Path(home).expanduser().absolute() / name, _FOLDER
    return None, ""


def _stand_in(name: str, file: Path, where: str | Text) -> Path:
    """`file`; where the user's folder calls it otherwise, the largest file of its kind beside
    it: networks for networks, and any text for the small files (tokenizers differ most)."""
    if file.is_file():
        return _present(name, file, where)
    is_network = file.suffix in _NETWORKS
    beside = sorted(file.parent.glob("*")) if file.parent.is_dir() else []
    fitting = [p for p in beside if p.is_file() and (p.suffix in _NETWORKS) == is_network]
    if not fitting:
        raise local_missing(name, f"{file.parent.name}/{file.name}", where)
    return _present(name, max(fitting, key=os.path.getsize), where)


def _in_folder(weight: WeightFile) -> Path | None:
    named = os.environ.get(_FOLDER)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not os.path.isdir(folder):
        raise local_missing(weight.name, folder.name, _FOLDER)
    file = folder / weight.name
    return _present(weight.name, file, _FOLDER) if os.path.exists(file) else None


def _present(name: str, path: Path, where: str | Text) -> Path:
    path = path.expanduser().absolute()
    if not os.path.isfile(path) or not os.path.getsize(path):
        raise local_missing(name, path.name, where)
    return path
