"""A folder of an owner's erasers for a test, and jobs for them.

Used as a plugin: `pytest_plugins = ["own_tools"]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from methods import Failed, Finished, Image, Job, Mask, StopToken, run
from methods._engine import registry

PYTHON = sys.executable

SCRIPT = """
    import sys
    import numpy as np
    from PIL import Image
    image, mask, output = sys.argv[1:4]
    pixels = np.array(Image.open(image).convert("RGB"))
    hole = np.array(Image.open(mask).convert("L")) > 127
    pixels[hole] = 200
    Image.fromarray(pixels).save(output)
"""


class Own:
    """The folder: `put` writes a file, `found` is what the program then finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        registry._kept.clear()
        return file

    def command(
        self, name: str, script: str, more: str = "", words: str = "", **table: str
    ) -> None:
        """A command that runs a script of this Python. table: further lines of [command]."""
        self.put(f"{name}.py", script)
        lines = "\n".join(f"{key} = {value}" for key, value in table.items())
        places = '"{image}", "{mask}", "{output}"' if table.get("stays") != "true" else ""
        run_ = ", ".join(filter(None, [f'"{PYTHON}"', f'"{name}.py"', places, words]))
        text = f'kind = "command"\n{dedent(more)}\n[command]\nrun = [{run_}]\n{lines}\n'
        self.put(f"{name}.toml", text)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    """An empty one; afterwards the program knows its own erasers alone."""
    folder = tmp_path / "erasers"
    folder.mkdir()
    monkeypatch.setenv("ERASER_LAB_ERASERS_DIR", str(folder))
    registry._kept.clear()
    yield Own(folder)
    registry._kept.clear()


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (48, 64, 3)).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    found = np.zeros((48, 64), bool)
    found[16:30, 20:40] = True
    return found


@pytest.fixture
def erase(image: Image, mask: Mask) -> Callable[..., Finished | Failed]:
    """The last event of one job."""

    def erased(
        name: str, settings: dict[str, object] | None = None, seed: int = 0, **more: object
    ) -> Finished | Failed:
        token = more.get("token")
        assert token is None or isinstance(token, StopToken)
        job = Job(name, settings or {}, seed)  # type: ignore[arg-type]
        *_, last = run([job], image, mask, token=token)
        assert isinstance(last, Finished | Failed)
        return last

    return erased
