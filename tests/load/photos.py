"""Photos of the visitors: small, no two alike, each with one thing to be erased."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 480, 360


@dataclass(frozen=True)
class BallPhoto:
    """By its number. A ball on a slope of colours with some texture."""

    number: int

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """(HEIGHT, WIDTH, 3)."""
        dice = np.random.default_rng(self.number)
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
        slope = [a * x / WIDTH + b * y / HEIGHT for a, b in dice.uniform(20, 110, (3, 2))]
        waves = 8 * np.sin(x / dice.uniform(4, 9)) * np.sin(y / dice.uniform(4, 9))
        ball = (x - self.place[0]) ** 2 + (y - self.place[1]) ** 2 < self.radius**2
        flat = np.stack(slope, 2) + waves[..., None]
        return np.where(ball[..., None], dice.uniform(140, 255, 3), flat).astype(np.uint8)

    @property
    def place(self) -> tuple[int, int]:
        """x, y of the ball's middle."""
        dice = np.random.default_rng([self.number, 1])
        return int(dice.integers(120, WIDTH - 120)), int(dice.integers(100, HEIGHT - 100))

    @property
    def radius(self) -> int:
        return 24 + self.number % 20

    @cached_property
    def file(self) -> bytes:
        """As PNG."""
        target = io.BytesIO()
        Image.fromarray(self.pixels).save(target, "PNG", compress_level=1)
        return target.getvalue()

    def clicked(self) -> dict[str, object]:
        """Prompts: a click on the ball."""
        x, y = self.place
        point = {"x": x, "y": y, "label": 1}
        return {"objects": [{"points": [point], "box": None, "level": None}], "dilate": 4}

    def brushed(self) -> dict[str, object]:
        """Prompts: a line across it, which is a mask in any case and asks no network."""
        x, y = self.place
        ends = [[x - self.radius, y], [x + self.radius, y]]
        return {"strokes": [{"points": ends, "width": 2 * self.radius, "erase": False}]}
