"""A real IOPaint 1.6 in an environment of its own: what it pins is older than what this program
needs, so it lies there; torch and what else it takes at any version it finds here."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ports import own_port
from troubled_server import until

PACKAGES = (
    "iopaint==1.6.0 diffusers==0.27.2 huggingface-hub==0.25.2 transformers==4.46.3"
    " tokenizers==0.20.3 peft==0.7.1 controlnet-aux==0.0.3 fastapi==0.108.0 starlette==0.32.0.post1"
    " python-socketio==5.7.2 python-engineio==4.9.1 bidict==0.23.1 simple-websocket==1.0.0"
    " typer-config==1.4.0 pillow==9.5.0 loguru==0.7.2 yacs==0.1.8 piexif==1.1.3 omegaconf==2.3.0"
    " antlr4-python3-runtime==4.9.3 easydict==1.13 einops==0.8.0"
)
_SECONDS = 240


def installed(folder: Path) -> Path:
    """The folder of its commands. Skips the test where it cannot be installed."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    words = [str(python), "-m", "pip", "install", "-q", "--no-deps", *PACKAGES.split()]
    try:
        subprocess.run(words, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"IOPaint was not installed in {_SECONDS} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"IOPaint cannot be installed here: {error.stderr.strip()[-300:]}")
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return folder / "bin"


@contextmanager
def real_iopaint(folder: Path) -> Iterator[str]:
    """Its address, with OpenCV's fill, which needs no weights."""
    commands, port = installed(folder / "environment"), own_port()
    words = [str(commands / "iopaint"), "start", "--model=cv2", "--device=cpu", f"--port={port}"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = folder / "log.txt"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*words, f"--model-dir={folder}"],
            env=kept | {"HF_HUB_OFFLINE": "1"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        assert until(lambda: _answers(url) or process.poll() is not None, 180)
        assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/model", timeout=5).is_success
    except httpx.HTTPError:
        return False
