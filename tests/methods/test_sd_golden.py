"""SD inpainting against the stock pipeline's stored outputs, stage by stage; mistakes show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attention_tools import one_thread as one_thread
from golden_folders import SD_FILES, expected, hole, lay_out, params, picture
from golden_sd import Watch, differences, every_folder, grey_levels
from methods._base import no_progress
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.store import use_local
from methods.sd_inpainting import SdInpainting

pytestmark = pytest.mark.golden

CLOSE, EXACT = 1e-4, 1e-5
TOLERANCES = {
    "timesteps": 0.5,
    "prompt_embeds": EXACT,
    "init_latents": EXACT,
    "noise": EXACT,
    "mask_latent": EXACT,
    "masked_image_latents": EXACT,
    "latents": CLOSE,
    "final_latents": CLOSE,
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
    off = differences(found, theirs, TOLERANCES)
    assert max(off.values()) < 1, off
    assert grey_levels(erased, theirs) <= 1


MISTAKES: dict[str, dict[str, Any]] = {
    "a weaker guidance": {"guidance_scale": 4.9},
    "another prompt": {"prompt": "a wall"},
    "another negative prompt": {"negative_prompt": "a wall"},
    "another strength": {"strength": 0.9},
    "another seed": {"seed": 9},
    "swapped halves": {},
}


def telling() -> list[Any]:
    """A case whose two prompts differ: without that, guidance has nothing to do."""
    every = every_folder("sd_inpainting")
    given = [(param, params(param.values[0])) for param in every if param.values[0]]
    differ = [param for param, p in given if p["prompt"] != p["negative_prompt"]]
    return (differ or every)[:1]


@pytest.mark.parametrize("case", telling())
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_seen(
    eraser: SdInpainting, case: Path, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mistake == "swapped halves":
        embed = eraser.embed
        monkeypatch.setattr(eraser, "embed", lambda *given: embed(*given)[::-1])
    _, found = ran(eraser, case, monkeypatch, **MISTAKES[mistake])
    assert differences(found, expected(case), {"final_latents": CLOSE})["final_latents"] > 10
