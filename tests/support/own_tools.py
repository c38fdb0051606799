"""A folder of an owner's erasers for a test."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

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
