"""SD inpainting against the stock pipeline's stored outputs, stage by stage; mistakes show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from attention_tools import one_thread as one_thread
from golden_folders import SD_FILES, expected, hole, lay_out, params, picture
from golden_measure import STEP, first_that, needs, ratio
from golden_sd import Watch, differences, every_folder, grey_levels
from methods._base import no_progress
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.store import use_local
from methods.sd_inpainting import SdInpainting

pytestmark = pytest.mark.golden

EXACT, ENCODED = 2e-5, 2e-4
SHARES = {
    "prompt_embeds": EXACT,
    "init_latents": EXACT,
    "noise": EXACT,
    "mask_latent": EXACT,
    "masked_image_latents": ENCODED,
    "latents": STEP,
    "final_latents": STEP,
}
every_case = pytest.mark.parametrize("case", every_folder("sd_inpainting"))


@pytest.fixture
def eraser(case: Path, tmp_path: Path) -> Iterator[SdInpainting]:
    """On the case's tiny model."""
    use_local(SD15_INPAINTING.name, lay_out(case, tmp_path / "model", SD_FILES))
    made = SdInpainting()
    made.load("cpu", None)
    yield made
    made.unload()
    use_local(SD15_INPAINTING.name, None)


NAMES = ("prompt", "negative_prompt", "guidance_scale", "num_inference_steps", "strength")


def ran(
    eraser: SdInpainting, case: Path, patch: pytest.MonkeyPatch, **changes: Any
) -> tuple[Any, dict[str, Any]]:
    """The picture, and all that led to it."""
    watch, given = Watch(eraser, patch), params(case)
    seed = changes.pop("seed", given["seed"])
    settings = eraser.Settings(**{name: given[name] for name in NAMES} | changes)
    erased = eraser.erase(picture(case), hole(case), settings, seed, no_progress)
    return erased, watch.found()


@every_case
def test_every_stage_is_theirs(
    eraser: SdInpainting, case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = expected(case)
    erased, found = ran(eraser, case, monkeypatch)
    off = differences(found, theirs, SHARES)
    assert max(off.values()) < 1, off
    assert grey_levels(erased, theirs) <= 1


MISTAKES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a weaker guidance": lambda given: {"guidance_scale": given["guidance_scale"] * 0.98},
    "another prompt": lambda _: {"prompt": "a wall of stone"},
    "another negative prompt": lambda _: {"negative_prompt": "a wall of stone"},
    "another strength": lambda given: {"strength": a_step_less(given)},
    "another seed": lambda given: {"seed": given["seed"] + 1},
    "swapped halves": lambda _: {},
}
GUIDED = ("a weaker guidance", "another negative prompt", "swapped halves")


def a_step_less(given: dict[str, Any]) -> float:
    """The strength at which one step more is left out."""
    steps = given["num_inference_steps"]
    return (int(steps * given["strength"]) - 0.5) / steps


def telling() -> list[Any]:
    """A case whose two prompts differ: without that, guidance has nothing to do."""
    every = every_folder("sd_inpainting")
    return first_that(every, lambda case: not why_not(params(case)))


def why_not(given: dict[str, Any]) -> str:
    """What a case lacks in which guidance is to show."""
    if given["guidance_scale"] <= 1:
        return "it has no guidance"
    same = given["prompt"] == given["negative_prompt"]
    return "both halves are told the same" if same else ""


@pytest.mark.slow
@pytest.mark.parametrize("case", telling())
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_seen(
    eraser: SdInpainting, case: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, theirs = params(case), expected(case)
    needs("final_latents" in theirs, "it has no final latents")
    needs(mistake not in GUIDED or not why_not(given), why_not(given))
    steps = int(given["num_inference_steps"] * given["strength"])
    needs(mistake != "another strength" or steps > 1, "a step less would be none")
    if mistake == "swapped halves":
        embed = eraser.embed
        monkeypatch.setattr(eraser, "embed", lambda *given: embed(*given)[::-1])
    _, found = ran(eraser, case, monkeypatch, **MISTAKES[mistake](given))
    assert ratio(found["final_latents"], theirs["final_latents"], STEP, steps) > 5
