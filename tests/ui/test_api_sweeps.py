"""Sweeps as programs ask for them: every combination, seeds and dilations among them."""

from __future__ import annotations

from itertools import product

from ui.api.requests import ApiJobs


def test_settings_seeds_and_dilations_are_swept_together() -> None:
    sweep = {"powerpaint.guidance_scale": [5, 7.5], "seed": [0, 3], "dilate": [0, 8]}
    cells = ApiJobs.model_validate({"sweep": sweep}).cells(("migan",))
    found = [(cell.dilate, cell.job.settings["guidance_scale"], cell.job.seed) for cell in cells]
    assert sorted(found) == sorted(product((0, 8), (5, 7.5), (0, 3)))
    assert {cell.job.eraser for cell in cells} == {"powerpaint"}


def test_seeds_concern_those_that_throw_dice() -> None:
    asked = {"sweep": {"seed": [0, 1, 2]}, "erasers": ["telea", "powerpaint"]}
    cells = ApiJobs.model_validate(asked).cells(("migan",))
    assert [(cell.job.eraser, cell.job.seed) for cell in cells] == [
        ("telea", 0), *(("powerpaint", seed) for seed in (0, 1, 2))
    ]  # fmt: skip
