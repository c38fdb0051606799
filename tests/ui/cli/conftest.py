"""What the commands are given: a small photo, and a mask drawn by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from methods import load_image

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A part of the rocket photo as a small PNG."""
    pixels = load_image(ROOT / "examples" / "rocket.jpg").rgb[150:250, 250:370]
    file = tmp_path / "photo.png"
    PilImage.fromarray(pixels).save(file)
    return file


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    found = np.zeros((100, 120), np.uint8)
    found[20:70, 55:90] = 255
    file = tmp_path / "hand.png"
    PilImage.fromarray(found).save(file)
    return file
