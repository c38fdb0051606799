"""ObjectClear against the outputs of its authors' code, stage by stage; and that mistakes show."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attention_tools import one_thread as one_thread
from attention_tools import state_of
from golden_cases import golden_folder, golden_tensors
from golden_measure import STEP, needs, ratio
from golden_sdxl import config_of, embedding, every_case, off, save_base, source_of, tensors_of
from methods import Stopped
from methods._base import no_progress
from methods._diffusion.eraser import Embedding
from methods._weights.store import use_local
from methods.objectclear import guide as guide_module
from methods.objectclear.eraser import ObjectClear
from methods.objectclear.fusion import fuse
from methods.objectclear.guide import Guide
from methods.objectclear.network import ObjectWord
from methods.objectclear.weights import REPOSITORY

METHOD = "objectclear"
PROMPT, ENCODED, ATTENTION, LEVELS = 2e-5, 2e-4, 1e-3, 1
"""Shares of a stage's spread; of pictures, grey levels."""
golden = pytest.mark.golden


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The cases' tiny networks in place of the published ones."""
    folder = save_base(METHOD, tmp_path_factory.mktemp("golden") / METHOD, "EulerDiscreteScheduler")
    vision = config_of(METHOD)["clip_vision"]
    clip = {"model_type": "clip", "projection_dim": vision["projection_dim"]}
    for place in ("image_prompt_encoder", "postfuse_module"):
        (folder / place).mkdir()
        shutil.copyfile(
            source_of(METHOD) / f"{place}.safetensors", folder / place / "model.safetensors"
        )
    written = json.dumps({**clip, "vision_config": vision, "text_config": {}})
    (folder / "image_prompt_encoder" / "config.json").write_text(written, encoding="utf-8")
    use_local(REPOSITORY.name, folder)
    yield
    use_local(REPOSITORY.name, None)


@pytest.fixture
def eraser(model: None) -> Iterator[ObjectClear]:
    made = ObjectClear()
    made.load("cpu", None)
    yield made
    made.unload()


class Run:
    """One run on a case, with all that the authors wrote down."""

    def __init__(
        self, eraser: ObjectClear, case: dict[str, Any], patch: pytest.MonkeyPatch, **changes: Any
    ) -> None:
        self.theirs = tensors_of(METHOD, case)
        self.image, self.mask = self.theirs["input_image"], self.theirs["input_mask"] > 127
        self.guides: list[Guide] = []
        self.latents: list[Any] = []
        self.inputs: list[dict[str, Any]] = []
        patch.setattr(eraser, "embed", lambda *_: (embedding(self.theirs),))
        # The authors' code was given other numbers than its usual zeros.
        negative = embedding(self.theirs, "negative_prompt_embeds")
        patch.setattr(Embedding, "zeros", lambda _: negative)
        self._watch(eraser, patch)
        self.settings = eraser.Settings(
            num_inference_steps=case["steps"],
            **{
                "guidance_scale": case["cfg"],
                "apply_attention_guided_fusion": case["agf"],
                **changes,
            },
        )
        self.erased = eraser.erase(
            self.image, self.mask, self.settings, case["generator_seed"], no_progress
        )

    def _watch(self, eraser: ObjectClear, patch: pytest.MonkeyPatch) -> None:
        begin, step, call = Guide.__init__, Guide.on_step_end, eraser.call

        def begun(guide: Guide, *args: Any) -> None:
            self.guides.append(guide)
            begin(guide, *args)

        def stepped(*args: Any) -> Any:
            tensors = step(*args)
            self.latents.append(tensors["latents"][None].clone())
            return tensors

        def called(*args: Any, **given: Any) -> Any:
            self.inputs.append(given)
            return call(*args, **given)

        patch.setattr(Guide, "__init__", begun)
        patch.setattr(Guide, "on_step_end", stepped)
        patch.setattr(eraser, "call", called)

    @property
    def off(self) -> float:
        """How far the latents of all steps are from theirs, in units of what they may be."""
        found = np.concatenate([step.numpy() for step in self.latents])
        return ratio(found, self.theirs["latents_after_each_step"], STEP, len(self.latents))


@golden
@pytest.mark.parametrize("case", every_case(METHOD))
def test_every_stage_is_theirs(
    eraser: ObjectClear, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(eraser, case, monkeypatch)
    (guide,), (given,), theirs = run.guides, run.inputs, run.theirs
    assert ratio(given["prompt_embeds"], theirs["prompt_embeds_fused"], PROMPT) < 1
    assert off(guide.noise, theirs["noise"]) == 0
    assert ratio(guide.shown, theirs["masked_image_latents"][:1], ENCODED) < 1
    assert run.off < 1
    if case["agf"]:
        shown = guide_module.normalised(guide._watch.seen, guide.noise.shape[2:])
        assert ratio(shown, theirs["attn_map_normalised"], ATTENTION) < 1
        assert off(guide.attention(), theirs["fusion_attn_uint8"]) <= LEVELS
    assert off(run.erased, theirs["output_uint8"]) <= LEVELS


MISTAKES: dict[str, Callable[[pytest.MonkeyPatch], dict[str, Any]]] = {
    "a weaker guidance": lambda _: {},
    "no fusion": lambda _: {"apply_attention_guided_fusion": False},
    "another token": lambda patch: _token(patch),
    "the object seen by its right normalisation": lambda patch: _mean(patch),
}


def _token(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    patch.setattr("methods.objectclear.eraser.TOKEN", 4)
    return {}


def _mean(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    patch.setattr("methods.objectclear.eraser._MEAN", (-0.037, -0.084, -0.183))
    return {}


def case_with_fusion() -> list[Any]:
    found = [p for p in every_case(METHOD) if p.values[0] and p.values[0]["agf"]]
    return found[:1] or every_case(METHOD)[:1]


@pytest.mark.slow
@golden
@pytest.mark.parametrize("case", case_with_fusion())
@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_seen(
    eraser: ObjectClear, case: dict[str, Any], mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(case["cfg"] > 1 or mistake != "a weaker guidance", "it has no guidance")
    needs(case["agf"] or mistake not in ("no fusion", "another token"), "it has no fusion")
    changes = MISTAKES[mistake](monkeypatch)
    if mistake == "a weaker guidance":
        changes = {"guidance_scale": max(1.0, case["cfg"] * 0.96)}
    assert Run(eraser, case, monkeypatch, **changes).off > 5


# --- the fusion --------------------------------------------------------------------------------


def fusions() -> list[tuple[Any, ...]]:
    names = ("original", "generated", "attn", "fused")
    found = golden_tensors(METHOD, "fusion_only.safetensors")
    numbers = sorted({name.partition("_")[0] for name in found})
    return [tuple(found[f"{number}_{name}"] for name in names) for number in numbers]


@golden
def test_the_fusion_is_theirs() -> None:
    for photo, filled, attention, fused in fusions():
        assert off(fuse(photo, filled, attention), fused) <= LEVELS


@golden
def test_a_lower_threshold_is_seen() -> None:
    for photo, filled, attention, fused in fusions():
        wrong = np.minimum(attention.astype(int) + 20, 255).astype(np.uint8)
        assert off(fuse(photo, filled, wrong), fused) > 5 * LEVELS


def test_all_attention_takes_the_new_picture_and_none_only_its_colors() -> None:
    made = np.random.default_rng(1)
    photo = made.integers(0, 60, (40, 56, 3), np.uint8)
    filled = np.full_like(photo, 200)
    everywhere, nowhere = np.full((5, 7), 255, np.uint8), np.zeros((5, 7), np.uint8)
    assert (fuse(photo, filled, everywhere) == filled).all()
    kept = fuse(photo, filled, nowhere).astype(int)
    assert abs(kept.mean() - 200) < 5
    ours, theirs = (np.diff(picture.astype(int), axis=1).ravel() for picture in (kept, photo))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95


# --- full size, stop ---------------------------------------------------------------------------


@golden
def test_the_published_word_network_loads_strictly() -> None:
    import torch

    folder = golden_folder(METHOD)
    path = folder.parent / "full_size_keys.json" if folder else Path()
    if not path.is_file():
        pytest.skip("there is no objectclear/full_size_keys.json")
    shapes = json.loads(path.read_text(encoding="utf-8"))["postfuse_module"]
    with torch.device("meta"):
        network = ObjectWord()
        tensors = {name: torch.empty(shape) for name, shape in shapes.items()}
    network.load_state_dict(tensors, strict=True, assign=True)


@pytest.mark.slow
@golden
@pytest.mark.parametrize("case", case_with_fusion())
def test_a_stop_leaves_the_networks_as_they_were(
    eraser: ObjectClear, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(eraser, case, monkeypatch)
    unet = eraser.loaded(run.settings)["unet"]
    before = state_of(unet)

    def stop(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(run.image, run.mask, run.settings, 0, stop)
    assert state_of(unet) == before
    again = eraser.erase(run.image, run.mask, run.settings, case["generator_seed"], no_progress)
    assert (again == run.erased).all()
