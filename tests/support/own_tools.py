"""A folder of an owner's erasers for a test."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from textwrap import dedent

import psutil

from methods import OWN_CLIENT
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

KEPT = """
    import os, subprocess, sys, time
    from eraser_lab_client import serve
    def load(device):
        print("loading on", device)
        {loading}
        return os.getpid()
    def erase(model, image, mask, seed, settings, progress):
        {body}
        progress(1, 2)
        out = image.copy()
        out[mask] = seed
        return out
    serve(load, erase)
"""


def marked(mark: str) -> list[psutil.Process]:
    """Living processes whose command line has the mark."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if any(mark in word for word in words) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def gone(mark: str, seconds: float = 20) -> bool:
    """Whether none of them is left, or will be soon."""
    until = time.monotonic() + seconds
    while marked(mark) and time.monotonic() < until:
        time.sleep(0.05)
    return not marked(mark)


class Own:
    """The folder: `put` writes a file, which the program then finds; `command` a program for each
    picture, `kept` one that stays, with the client file beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        registry._kept.clear()
        return file

    def script(self, name: str) -> str:
        """Its whole path, which is in the command lines of this folder's processes alone."""
        return str(self.folder / f"{name}.py")

    def command(
        self, name: str, script: str, more: str = "", words: str = "", **table: str
    ) -> None:
        """A command that runs a script of this Python. table: further lines of [command]."""
        self.put(f"{name}.py", script)
        lines = "\n".join(f"{key} = {value}" for key, value in table.items())
        places = '"{image}", "{mask}", "{output}"' if table.get("stays") != "true" else ""
        run_ = ", ".join(filter(None, [f'"{PYTHON}"', f'"{self.script(name)}"', places, words]))
        text = f'kind = "command"\n{dedent(more)}\n[command]\nrun = [{run_}]\n{lines}\n'
        self.put(f"{name}.toml", text)

    def kept(
        self, name: str, body: str = "pass", loading: str = "pass", more: str = "", **table: str
    ) -> None:
        """body, loading: a line of its `erase`, and of its `load`. It fills with the seed."""
        shutil.copy(OWN_CLIENT, self.folder / OWN_CLIENT.name)
        script = KEPT.format(body=body, loading=loading)
        self.command(name, script, more, **{"stays": "true", "seconds": "60", **table})
