"""PowerPaint against the outputs of its authors' code, stage by stage; and that mistakes show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from safetensors.torch import load_file

from attention_tools import one_thread as one_thread
from golden_cases import golden_folder
from golden_folders import expected, hole, params, picture
from golden_measure import STEP, needs, ratio
from golden_powerpaint import model_of, real_tokenizer, settings_of
from golden_sd import Watch, differences, every_folder, grey_levels
from methods._base import no_progress
from methods._diffusion.eraser import Part, store
from methods._diffusion.repositories import SD15_INPAINTING
from methods.powerpaint import brushnet as brushnet_module
from methods.powerpaint import eraser as powerpaint_module
from methods.powerpaint import prompts as prompts_module
from methods.powerpaint.eraser import PowerPaint, v1_words
from methods.powerpaint.network import BrushNet, stages
from methods.powerpaint.prompts import Task, prompts_v1, token_ids
from tiers import rest_is_slow

pytestmark = pytest.mark.golden

WORDS, EXACT, ENCODED, NOISE = 2e-5, 2e-5, 2e-4, 2e-4
SHARES = {
    "prompt_embeds": WORDS,
    "init_latents": EXACT,
    "noise": EXACT,
    "mask_latent": EXACT,
    "masked_image_latents": ENCODED,
    "unet_in0": ENCODED,
    "noise_uncond": NOISE,
    "noise_cond": NOISE,
    "latents": STEP,
    "final_latents": STEP,
}
ADDED = 1e-4
"""Of what the BrushNet adds to the UNet."""

every_v1 = pytest.mark.parametrize("case", every_folder("powerpaint", "v1_"))
every_v2 = pytest.mark.parametrize("case", every_folder("powerpaint", "v2_"))
Patch = pytest.MonkeyPatch


@pytest.fixture
def eraser(case: Path, tmp_path: Path) -> Iterator[PowerPaint]:
    """On the case's tiny model."""
    with model_of(case, tmp_path) as made:
        yield made


def ran(eraser: PowerPaint, case: Path, patch: Patch, **changes: Any) -> tuple[Any, dict[str, Any]]:
    """The picture, and all that led to it."""
    watch, settings = Watch(eraser, patch), settings_of(eraser, case, **changes)
    erased = eraser.erase(picture(case), hole(case), settings, params(case)["seed"], no_progress)
    return erased, watch.found()


# --- prompts -----------------------------------------------------------------------------

SIDES = ("promptA", "promptB", "negative_promptA", "negative_promptB")


def real_prompts() -> list[Any]:
    """Entries with texts and their ids in CLIP's own vocabulary, or one that skips."""
    folder = golden_folder("powerpaint")
    path = folder / "real_vocab_token_ids.json" if folder else Path()
    if not path.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason="no real_vocab_token_ids.json"))]
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=f"{case['task']}-{i}") for i, case in enumerate(cases)]


@pytest.fixture(scope="module")
def clip_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """CLIP's own, with all of its 49408 words."""
    return real_tokenizer(tmp_path_factory.mktemp("clip"))


@pytest.mark.network
@pytest.mark.parametrize("case", real_prompts())
def test_the_real_vocabulary_gives_their_ids(case: dict[str, Any], clip_tokenizer: Any) -> None:
    for side in SIDES:
        if f"{side}_ids" in case:
            ids = token_ids(clip_tokenizer, case[side], len(clip_tokenizer))
            assert ids == case[f"{side}_ids"], case[side]


@pytest.mark.parametrize("case", real_prompts())
def test_the_prompts_are_theirs(case: dict[str, Any]) -> None:
    task: Any = case["task"]
    if task == "image-outpainting":  # has the prompts of removal
        task = "object-removal"
    made = prompts_v1(task, case["prompt"], case.get("negative_prompt", ""))
    ours = dict(zip(SIDES, (*made.positive, *made.negative), strict=True))
    assert {side: ours[side] for side in SIDES if side in case}.items() <= case.items()


@every_v1
def test_every_task_is_embedded_as_theirs(eraser: PowerPaint, case: Path) -> None:
    """The ids, and what the encoder makes of them, for each of the case's tasks."""
    import torch

    theirs = load_file(case / "prompts.safetensors")
    prompts = json.loads((case / "prompts.json").read_text(encoding="utf-8"))
    tasks = {key: p for key, p in prompts.items() if p.get("task") in get_args(Task)}
    assert tasks
    tokenizer = store.take(Part(SD15_INPAINTING, "tokenizer"), torch.float32)
    for key, given in tasks.items():
        texts = prompts_v1(given["task"], given["prompt"], given["negative_prompt"])
        sides = dict(zip(("A", "B", "nA", "nB"), (*texts.positive, *texts.negative), strict=True))
        for side, text in sides.items():
            ids = token_ids(tokenizer, text, len(tokenizer))
            assert ids == theirs[f"{key}.{side}_ids"][0].tolist(), text
        found = embedded(eraser, given)
        assert off(found, theirs[f"{key}.prompt_embeds"]) < WORDS, key
    store.give_back(tokenizer)


def embedded(eraser: PowerPaint, given: dict[str, Any], **changes: Any) -> Any:
    """(2, 77, C) of one of the case's tasks: the negative side, then the positive."""
    import torch

    texts = prompts_v1(given["task"], given["prompt"], given["negative_prompt"])
    settings = eraser.Settings(**{"fitting_degree": given["tradoff"], **changes})
    positive, negative = eraser.sides(v1_words(settings), texts, settings)
    return torch.cat([negative, positive])


def off(found: Any, theirs: Any) -> float:
    """The greatest difference; shapes must be equal."""
    assert found.shape == theirs.shape
    return float((found.double() - theirs.double()).abs().max())


@every_v1
def test_a_little_less_of_the_fitting_degree_is_seen(eraser: PowerPaint, case: Path) -> None:
    prompts = json.loads((case / "prompts.json").read_text(encoding="utf-8"))
    needs("shape" in prompts, "it has no task of shape")
    given = prompts["shape"]
    theirs = load_file(case / "prompts.safetensors")["shape.prompt_embeds"]
    other = given["tradoff"] + (0.01 if given["tradoff"] < 0.5 else -0.01)
    found = embedded(eraser, given, fitting_degree=other)
    assert off(found, theirs) > 10 * WORDS


# --- version 1 ---------------------------------------------------------------------------


@every_v1
def test_every_stage_of_version_1_is_theirs(
    eraser: PowerPaint, case: Path, monkeypatch: Patch
) -> None:
    theirs = expected(case)
    erased, found = ran(eraser, case, monkeypatch)
    stages = differences(found, theirs, SHARES)
    assert max(stages.values()) < 1, stages
    assert grey_levels(erased, theirs) <= 1


def shown(found: dict[str, Any], case: Path) -> float:
    """How far the last latents are off, in units of what they may be."""
    theirs = expected(case)
    needs("final_latents" in theirs, "it has no final latents")
    steps = len(found["timesteps"])
    return ratio(found["final_latents"], theirs["final_latents"], STEP, steps)


def can_show(case: Path, mistake: str) -> None:
    """Skip where the case lacks what the mistake is about."""
    given = params(case)
    needs(given["guidance_scale"] > 1 or mistake not in GUIDED, "it has no guidance")
    needs(given["task"] != "text-guided" or mistake != "another task", "it is that task")
    needs(given["num_inference_steps"] > 1 or mistake != "a step less", "it has one step")


GUIDED = ("a weaker guidance", "swapped sides")


def a_little_less(case: Path) -> dict[str, Any]:
    """A guidance that is weaker by a fifteenth."""
    return {"guidance_scale": max(1.0, params(case)["guidance_scale"] * 14 / 15)}


def _swap(patch: Patch) -> None:
    """The sides of guidance."""
    own = PowerPaint.sides
    patch.setattr(PowerPaint, "sides", lambda *given: own(*given)[::-1])


def _other_tokens(patch: Patch) -> None:
    """P_obj and P_ctxt have each other's vectors."""
    patch.setattr(prompts_module, "TASK_TOKENS", ("P_obj", "P_shape", "P_ctxt"))


def _first_token_only(patch: Patch) -> None:
    """One vector a task token."""
    patch.setattr(prompts_module, "VECTORS", 1)


def _unhidden(patch: Patch) -> None:
    """The pipeline is told that nothing is to be erased."""
    own = powerpaint_module.pil
    patch.setattr(
        powerpaint_module,
        "pil",
        lambda p: own(p) if p.dtype != np.bool_ else own(p).point(lambda v: 1),
    )


def _a_step_less(case: Path) -> dict[str, Any]:
    return {"num_inference_steps": params(case)["num_inference_steps"] - 1}


SETTINGS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "a weaker guidance": a_little_less,
    "another task": lambda _: {"task": "text-guided"},
    "a step less": _a_step_less,
}
MISTAKES_V1: dict[str, Callable[[Patch], None]] = {
    "swapped sides": _swap,
    "swapped task tokens": _other_tokens,
    "one vector a task": _first_token_only,
    "an empty mask": _unhidden,
}


@pytest.mark.slow
@pytest.mark.parametrize("case", every_folder("powerpaint", "v1_")[:1])
@pytest.mark.parametrize("mistake", [*SETTINGS, *MISTAKES_V1])
def test_mistakes_of_version_1_are_seen(
    eraser: PowerPaint, case: Path, mistake: str, monkeypatch: Patch
) -> None:
    can_show(case, mistake)
    changes = made(mistake, MISTAKES_V1, case, monkeypatch)
    _, found = ran(eraser, case, monkeypatch, **changes)
    assert shown(found, case) > 5


def made(
    mistake: str, mistakes: Mapping[str, Callable[[Patch], None]], case: Path, patch: Patch
) -> dict[str, Any]:
    """Make a mistake; the settings that belong to it."""
    if mistake in SETTINGS:
        return SETTINGS[mistake](case)
    mistakes[mistake](patch)
    return {}


# --- version 2 ---------------------------------------------------------------------------


class Additions:
    """What the BrushNet is given and gives, at the first step."""

    def __init__(self, patch: Patch) -> None:
        self.found: dict[str, Any] = {}
        own = BrushNet.forward

        def forward(net: Any, sample: Any, timestep: Any, states: Any, condition: Any) -> Any:
            given = own(net, sample, timestep, states, condition)
            if not self.found:
                made = zip(self._names(net), given, strict=True)
                self.found = {name: tensor.clone() for name, tensor in made}
                self.found |= {"brushnet_words": states.clone(), "brushnet_cond": condition.clone()}
            return given

        patch.setattr(BrushNet, "forward", forward)

    @staticmethod
    def _names(net: Any) -> list[str]:
        """As the cases name them: down00 …, mid, up00 …"""
        sides = [name.partition("_")[0] for name, _ in stages(net.unet)]
        numbers = [name.rpartition(".")[2] for name, _ in stages(net.unet)]
        return [
            f"step0.{side}" + (f"{int(number):02}" if number.isdigit() else "")
            for side, number in zip(sides, numbers, strict=True)
        ]


def ran_v2(
    eraser: PowerPaint, case: Path, patch: Patch, **changes: Any
) -> tuple[Any, dict[str, Any]]:
    """As `ran`, with the BrushNet's part under the names of the cases."""
    additions = Additions(patch)
    erased, found = ran(eraser, case, patch, **changes)
    names = {"init_latents": "latents0", "prompt_embeds": "prompt_embedsU"}
    found = {names.get(name, name): tensor for name, tensor in found.items()}
    return erased, {**found, **additions.found, "prompt_embeds": additions.found["brushnet_words"]}


@every_v2
def test_every_stage_of_version_2_is_theirs(
    eraser: PowerPaint, case: Path, monkeypatch: Patch
) -> None:
    theirs = expected(case)
    erased, found = ran_v2(eraser, case, monkeypatch)
    added = {name: ADDED for name in theirs if name.startswith("step0.")}
    assert not added or len(added) == len([name for name in found if name.startswith("step0.")])
    begun = {"latents0": EXACT, "prompt_embedsU": WORDS, "brushnet_cond": ENCODED}
    stages = differences(found, theirs, SHARES | added | begun)
    assert max(stages.values()) < 1, stages
    assert grey_levels(erased, theirs) <= 1


def _weaker(patch: Patch) -> None:
    """The additions at nine tenths."""
    own: Any = powerpaint_module.guided_by
    patch.setattr(powerpaint_module, "guided_by", lambda *given: own(*given, scale=0.9))


def _inverted(patch: Patch) -> None:
    """1 where it is to be erased."""
    own = powerpaint_module.condition

    def condition(*given: Any) -> Any:
        seen = own(*given).clone()
        seen[:, 4] = 1 - seen[:, 4]
        return seen

    patch.setattr(powerpaint_module, "condition", condition)


def _one_addition_less(patch: Patch) -> None:
    """The middle gets none."""
    own = brushnet_module._adding

    def adding(additions: Any, place: int) -> Any:
        return (lambda *_: None) if place == MIDDLE else own(additions, place)

    patch.setattr(brushnet_module, "_adding", adding)


MIDDLE = 12
"""Of Stable Diffusion 1.5's 28 stages."""


def _first_into_the_skip(patch: Patch) -> None:
    """The first addition also goes into the skip connection beside the first block."""
    own = brushnet_module.guided_by

    @contextmanager
    def guided_by(unet: Any, *given: Any) -> Any:
        with own(unet, *given):
            first = unet.down_blocks[0]
            (hook,) = first._forward_pre_hooks.values()
            first._forward_pre_hooks.clear()
            handle = unet.conv_in.register_forward_hook(
                lambda module, args, output: hook(module, args, {"hidden_states": output})[1][
                    "hidden_states"
                ]
            )
            yield
            handle.remove()

    patch.setattr(powerpaint_module, "guided_by", guided_by)


def _one_sample(patch: Patch) -> None:
    """Both halves of guidance see the same sample of the masked picture."""
    own = powerpaint_module.condition
    patch.setattr(powerpaint_module, "condition", lambda *given: own(*given)[:1].repeat(2, 1, 1, 1))


def _newer_schedule(patch: Patch) -> None:
    """UniPC as diffusers ends it today."""
    patch.delitem(powerpaint_module.V2_SCHEDULER, "final_sigmas_type")


MISTAKES_V2: dict[str, Callable[[Patch], None]] = {
    "swapped sides": _swap,
    "weaker additions": _weaker,
    "an inverted mask": _inverted,
    "one addition less": _one_addition_less,
    "the first addition in the skip connection": _first_into_the_skip,
    "one sample for both halves": _one_sample,
    "another end of the schedule": _newer_schedule,
}


@pytest.mark.slow
@pytest.mark.parametrize("case", every_folder("powerpaint", "v2_")[:1])
@pytest.mark.parametrize(
    "mistake", rest_is_slow(["another task", *MISTAKES_V2, "a weaker guidance"], 3)
)
def test_mistakes_of_version_2_are_seen(
    eraser: PowerPaint, case: Path, mistake: str, monkeypatch: Patch
) -> None:
    can_show(case, mistake)
    changes = made(mistake, MISTAKES_V2, case, monkeypatch)
    _, found = ran(eraser, case, monkeypatch, **changes)
    assert shown(found, case) > 2
