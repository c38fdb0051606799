"""IOPaint as its own page uses it: every request carries the whole photo."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _servers import LOOPBACK, Wire, free_port, server

MOBILE_SAM_MD5 = "f3c0d8cda613564d499310dab6c812cd"
"""What IOPaint itself demands of the file; the same weights as on our side."""


def version_of(python: Path) -> str:
    """IOPaint's version in that environment. Raises RuntimeError where it is not installed."""
    code = "from importlib.metadata import version; print(version('iopaint'))"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60)
    if answer.returncode:
        raise RuntimeError("There is no iopaint in the environment of --iopaint-python.")
    return answer.stdout.strip()


def _place_weights(weights: Path, torch_home: Path) -> None:
    if hashlib.md5(weights.read_bytes()).hexdigest() != MOBILE_SAM_MD5:
        raise RuntimeError(f"{weights.name} is not the file that IOPaint expects.")
    folder = torch_home / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "mobile_sam.pt").symlink_to(weights.resolve())


@contextmanager
def running(python: Path, weights: Path, folder: Path, threads: int) -> Iterator[str]:
    """IOPaint with MobileSAM and OpenCV's inpainting, on the CPU; gives its address."""
    torch_home, models, port = folder / "torch", folder / "models", free_port()
    _place_weights(weights, torch_home)
    models.mkdir()
    environment = {
        **os.environ,
        "TORCH_HOME": str(torch_home),
        "XDG_CACHE_HOME": str(models),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(threads),
    }
    options = "--model cv2 --device cpu --enable-interactive-seg --interactive-seg-device cpu"
    command = [str(python), "-m", "iopaint", "start", *options.split()]
    command += ["--interactive-seg-model", "mobile_sam", "--model-dir", str(models)]
    command += ["--host", LOOPBACK, "--port", str(port)]
    with server(command, port, environment, folder) as url:
        yield url


def data_url(picture: bytes, kind: str) -> str:
    """What the page sends for a picture. kind: "jpeg" or "png"."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


class IOPaint:
    """One user of it. Photos are given as data URLs, so that making them is not measured."""

    def __init__(self, url: str) -> None:
        self.wire = Wire(url)

    def click(self, photo: str, points: list[tuple[int, int]]) -> bytes:
        """All clicks so far on a photo -> the mask as the page gets it."""
        clicks = [[x, y, 1] for x, y in points]
        body = {"name": "InteractiveSeg", "image": photo, "clicks": clicks}
        return self.wire.post("/api/v1/run_plugin_gen_mask", json=body).content

    def erase(self, photo: str, mask: str, strategy: str, radius: int) -> bytes:
        """Telea. strategy: "Crop" or "Original"."""
        body: dict[str, Any] = {"image": photo, "mask": mask, "hd_strategy": strategy}
        body |= {"cv2_flag": "INPAINT_TELEA", "cv2_radius": radius}
        return self.wire.post("/api/v1/inpaint", json=body).content
