"""Which versions made a result: part of what is needed to make it again."""

from __future__ import annotations

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

PROGRAM = "0.2.0"
"""The version of this program, and the one place where it stands: CHANGELOG.md says what it has."""

PACKAGES = (
    "torch",
    "torchvision",
    "diffusers",
    "transformers",
    "onnxruntime",
    "opencv-python-headless",
    "pypatchmatch",
    "segment-anything",
    "timm",
    "numpy",
    "pillow",
    "gradio",
)


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Name to version; packages that are not installed are left out. Imports none of them."""
    found = {"eraser-lab": PROGRAM, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
