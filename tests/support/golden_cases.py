"""Where the golden cases lie: outputs of the methods' own authors, the truth to meet.

`<folder>/<method>/open/` holds whatever cases there are. The folder is GOLDEN_DIR where that
is set; otherwise `../shared/golden` beside the project if it has the method, otherwise
`tests/golden`. So the same tests run on vectors of one's own:

    GOLDEN_DIR=/my/vectors pytest -m golden
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]


def golden_folder(method: str) -> Path | None:
    """The folder with the cases of a method; None where there is none."""
    return next(iter(_folders(method)), None)


def _folders(method: str) -> list[Path]:
    named = os.environ.get("GOLDEN_DIR")
    homes = [Path(named)] if named else [ROOT / ".." / "shared" / "golden", ROOT / "tests/golden"]
    folders = [(home / method / "open").resolve() for home in homes]
    return [folder for folder in folders if folder.is_dir()]


def _params(method: str, found: Sequence[tuple[str, Any]], what: str) -> list[Any]:
    """One pytest parameter a case, or one that is skipped and says why."""
    if found:
        return [pytest.param(case, id=name) for name, case in found]
    reason = f"no golden cases of {method}: {what}"
    return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]


def golden_cases(method: str, file: str = "cases.json") -> list[Any]:
    """Parameters for `pytest.mark.parametrize`: the entries of "cases" in a JSON file.

    Each case is a dict with an `id`. A method whose folder is absent gives one skipped case.
    """
    folder = golden_folder(method)
    path = folder / file if folder is not None else None
    if path is None or not path.is_file():
        return _params(method, [], f"there is no {method}/open/{file}")
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return _params(method, [(case["id"], case) for case in cases], f"{file} lists none")


def golden_files(method: str, pattern: str) -> list[Any]:
    """Parameters for `pytest.mark.parametrize`: the paths that match a glob pattern, of the first
    folder that has any."""
    folders = _folders(method)
    if not folders:
        return _params(method, [], f"there is no {method}/open")
    found = (sorted(folder.glob(pattern)) for folder in folders)
    paths = next(filter(None, found), [])
    return _params(method, [(path.stem, path) for path in paths], f"nothing matches {pattern}")


def golden_tensors(method: str, file: str) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file in the method's folder. Skips the test if it is absent."""
    from safetensors.numpy import load_file

    folder = golden_folder(method)
    if folder is None or not (folder / file).is_file():
        pytest.skip(f"no golden cases of {method}: there is no {method}/open/{file}")
    return load_file(folder / file)
