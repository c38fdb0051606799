"""OmniEraser against its authors' own code, stage by stage, each stage with mistakes to catch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import tiny_flux
from attention_tools import one_thread as one_thread
from flux_tools import full_size_lora
from golden_measure import needs, ratio
from golden_sdxl import config_of, every_case, source_of, tensors_of
from methods._base import Image, Mask
from methods._diffusion.eraser import DiffusionEraser, Embedding
from methods._flux.weights import DEV, SHARED
from methods._weights.store import use_local
from methods.omnieraser import eraser as omnieraser
from methods.omnieraser import weights as models
from methods.omnieraser.eraser import OmniEraser

METHOD = "omnieraser"
CASES = every_case(METHOD)
STAGE, SAMPLED, PICTURE = 2e-5, 1e-5, 1e-4
"""Shares of a stage's spread: of all stages, of the latents for each step, of the picture."""

CONTROL = 5e-6
"""Of what the VAE makes, times its largest number: its layers' own rounding reaches so far."""

pytestmark = pytest.mark.golden
every = pytest.mark.parametrize("case", CASES)
with_lora = [case for case in CASES if case.values[0] and case.values[0]["lora"]]
first = pytest.mark.parametrize("case", (with_lora or CASES)[:1])


@pytest.fixture
def eraser(case: dict[str, Any], tmp_path: Path) -> Iterator[OmniEraser]:
    """With the authors' tiny weights; without their LoRA where the case has none."""
    names = (DEV.name, SHARED.name, models.REPOSITORY.name)
    lay_out(source_of(METHOD), tmp_path, bool(case["lora"]))
    for name in names:
        use_local(name, tmp_path / name)
    made = OmniEraser()
    made.load("cpu", None)
    yield made
    made.unload()
    for name in names:
        use_local(name, None)


def lay_out(cases: Path, home: Path, with_lora: bool) -> None:
    """The cases' weights where the program's readers find them."""
    configs = config_of(METHOD)
    kinds = {"transformer": "FluxTransformer2DModel", "vae": "AutoencoderKL"}
    for name, kind in kinds.items():
        folder = home / (DEV.name if name == "transformer" else SHARED.name) / name
        folder.mkdir(parents=True)
        config = {"_class_name": kind, **configs[name]}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        weights = folder / "diffusion_pytorch_model.safetensors"
        shutil.copyfile(cases / f"{name}.safetensors", weights)
    tiny_flux.save_scheduler(home / DEV.name / "scheduler", **configs["scheduler"])
    (home / models.REPOSITORY.name).mkdir()
    lora = home / models.REPOSITORY.name / "pytorch_lora_weights.safetensors"
    if with_lora:
        shutil.copyfile(cases / "pytorch_lora_weights.safetensors", lora)
    else:
        save_nothing_to_add(lora, configs)


def save_nothing_to_add(file: Path, configs: dict[str, Any]) -> None:
    """A LoRA of zeros that widens the input."""
    import torch
    from safetensors.torch import save_file

    settings = configs["transformer"]
    width = settings["attention_head_dim"] * settings["num_attention_heads"]
    layer = "transformer.x_embedder"
    down, up = torch.ones(1, configs["expanded_in_channels"]), torch.zeros(width, 1)
    save_file({f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up}, file)


@pytest.fixture(autouse=True)
def sound_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cases hold pictures that are black almost everywhere. From such, torch's group norm
    (2.14 on a CPU) makes errors of 3e-4, which earlier versions did not make."""
    from torch.nn import functional

    plain = functional.group_norm

    def in_double(x: Any, groups: int, weight: Any, bias: Any, eps: float) -> Any:
        wide = plain(x.double(), groups, weight.double(), bias.double(), eps)
        return wide.to(x.dtype)

    monkeypatch.setattr(functional, "group_norm", in_double)


# --- what goes in --------------------------------------------------------------------------------


def theirs(case: dict[str, Any]) -> dict[str, Any]:
    import torch

    arrays = tensors_of(METHOD, case)
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}


def on_canvas(case: dict[str, Any], golden: dict[str, Any]) -> tuple[Image, Mask]:
    """Their resizing, with the library's own processor, as their pipeline does it."""
    from diffusers.image_processor import VaeImageProcessor

    size = {"height": case["h"], "width": case["w"]}
    given = [Pillow.fromarray(golden[f"input_{name}"].numpy()) for name in ("image", "mask")]
    plain = VaeImageProcessor(vae_scale_factor=16, do_normalize=False)
    binary = VaeImageProcessor(
        vae_scale_factor=16, do_normalize=False, do_binarize=True, do_convert_grayscale=True
    )
    image = plain.preprocess(given[0], **size)[0].permute(1, 2, 0).numpy()
    mask = binary.preprocess(given[1], **size)[0, 0].numpy()
    return np.rint(image * 255).astype(np.uint8), mask > 0.5


class Watch:
    """Everything between the photo and the result, as the program computes it."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}
        self.latents: list[Any] = []

    def transformer(self, forward: Any) -> Any:
        def watched(*args: Any, **given: Any) -> Any:
            output = forward(*args, **given)
            if "input" not in self.seen:
                self.seen |= {"input": given["hidden_states"], "output": output[0]}
                self.seen |= {"time": given["timestep"], "ids": given["img_ids"]}
            return output

        return watched

    def scheduler(self, step: Any) -> Any:
        def watched(scheduler: Any, *args: Any, **given: Any) -> Any:
            self.seen |= {"timesteps": scheduler.timesteps, "sigmas": scheduler.sigmas}
            found = step(scheduler, *args, **given)
            self.latents.append(found[0])
            return found

        return watched


def run(
    eraser: OmniEraser, case: dict[str, Any], which: int, patch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """One picture of the case through `erase`, with their embeddings and their draws."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler as Scheduler
    from diffusers import FluxTransformer2DModel as Transformer
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution as Posterior

    golden, watch = theirs(case), Watch()
    place = slice(which, which + 1)
    prompt = Embedding(golden["prompt_embeds"][place], golden["pooled_prompt_embeds"][place])
    noises = [golden[f"posterior_noise_{name}"][place] for name in ("foreground", "masked")]
    patch.setattr(eraser, "embed", lambda *_: (prompt,))
    patch.setattr(Posterior, "sample", lambda own, generator: own.mean + own.std * noises.pop(0))
    patch.setattr(Transformer, "forward", watch.transformer(Transformer.forward))
    patch.setattr(Scheduler, "step", watch.scheduler(Scheduler.step))
    make = omnieraser.guidance

    def guidance(*args: Any) -> Any:
        """Ours is kept; what follows is given theirs, so that each stage stands for itself."""
        watch.seen["control"] = make(*args)
        return golden["control_packed"][place]

    patch.setattr(omnieraser, "guidance", guidance)
    if case["batch"] > 1:  # drawn for all of them at once
        noise = golden["latents_initial_packed"][place]
        patch.setattr(omnieraser, "first_noise", lambda *_: noise)
    pictures: list[Any] = []
    home = DiffusionEraser.call.__globals__
    to_uint8 = home["to_uint8"]

    def rounding(picture: Any) -> Any:
        pictures.append(picture)
        return to_uint8(picture)

    patch.setitem(home, "to_uint8", rounding)
    settings = eraser.Settings(num_inference_steps=case["steps"], guidance_scale=case["cfg"])
    image, mask = on_canvas(case, golden)
    eraser.erase(image, mask, settings, case["latent_generator_seed"], lambda *_: None)
    assert not noises, "the whole photo is not encoded"
    return watch.seen | {"latents": torch.stack(watch.latents), "picture": pictures[0]}


def differences(
    eraser: OmniEraser, case: dict[str, Any], which: int, patch: pytest.MonkeyPatch
) -> dict[str, float]:
    """Each stage's distance from theirs, in units of what it may be."""
    golden, found = theirs(case), run(eraser, case, which, patch)
    channels = golden["latents_initial_packed"].shape[2]
    pairs = {
        "noise": (found["input"][0, :, :channels], golden["latents_initial_packed"][which]),
        "input": (found["input"][0], golden["transformer_first_input"][which]),
        "time": (found["time"][0], golden["transformer_first_timestep"][which]),
        "ids": (found["ids"], golden["latent_image_ids"]),
        "timesteps": (found["timesteps"], golden["timesteps"]),
        "sigmas": (found["sigmas"], golden["sigmas"]),
        "output": (found["output"][0], golden["transformer_first_output"][which]),
    }
    off = {name: ratio(a, b, STAGE) for name, (a, b) in pairs.items()}
    latents = (found["latents"][:, 0], golden["latents_after_each_step"][:, which])
    off["latents"] = ratio(*latents, SAMPLED, len(found["latents"]))
    control = golden["control_packed"][which]
    wrong = float((found["control"][0] - control).abs().max())
    off["control"] = wrong / (CONTROL * float(control.abs().max().clamp(min=2)))
    picture = golden["output_image"][which].permute(1, 2, 0).numpy()
    return off | {"picture": ratio(found["picture"], picture, PICTURE)}


# --- and what comes out --------------------------------------------------------------------------


@every
def test_every_stage_is_theirs(
    eraser: OmniEraser, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for which in range(case["batch"]):
        with monkeypatch.context() as patch:
            found = differences(eraser, case, which, patch)
        assert max(found.values()) < 1, found


def _swapped(patch: pytest.MonkeyPatch) -> None:
    import torch

    right = torch.where
    patch.setattr(torch, "where", lambda hole, a, b: right(hole, b, a))


def _inverted(patch: pytest.MonkeyPatch) -> None:
    right = omnieraser.mask_tensor
    patch.setattr(omnieraser, "mask_tensor", lambda mask: right(~mask))


def _without_lora(patch: pytest.MonkeyPatch) -> None:
    from contextlib import contextmanager

    from methods._diffusion.eraser import adapted

    @contextmanager
    def silent(network: Any, additions: Any) -> Iterator[None]:
        with adapted(network, additions):
            network.disable_lora()
            yield

    patch.setattr(omnieraser, "adapted", silent)


def _packed_in_rows(patch: pytest.MonkeyPatch) -> None:
    right = omnieraser.packed
    patch.setattr(omnieraser, "packed", lambda latents: right(latents.mT.contiguous().mT.flip(3)))


def _another_shift(patch: pytest.MonkeyPatch) -> None:
    right = omnieraser.read_scheduler
    patch.setattr(omnieraser, "read_scheduler", lambda path: right(path, base_shift=0.6))


def _beside_in_another_order(patch: pytest.MonkeyPatch) -> None:
    right = omnieraser.beside_the_noise
    patch.setattr(omnieraser, "beside_the_noise", lambda net, seen: right(net, seen.flip(2)))


MISTAKES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, str]] = {
    "object and background swapped": (_swapped, "control", "control"),
    "an inverted mask": (_inverted, "control", "control"),
    "tokens in another order": (_packed_in_rows, "control", "control"),
    "channels in another order": (_beside_in_another_order, "input", "picture"),
    "no LoRA": (_without_lora, "output", "picture"),
    "another shift of the times": (_another_shift, "sigmas", "picture"),
}
"""What is done wrong, the first stage that shows it and the last one."""


@pytest.mark.slow
@first
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(
    eraser: OmniEraser, case: dict[str, Any], mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs(mistake != "no LoRA" or case["lora"], "it has no LoRA")
    make, begins, ends = MISTAKES[mistake]
    make(monkeypatch)
    found = differences(eraser, case, 0, monkeypatch)
    assert found[begins] > 10 and found[ends] > 10, found


# --- the published file --------------------------------------------------------------------------


def test_the_published_files_tensors_are_the_ones_we_expect() -> None:
    file = source_of(METHOD).parent / "full_size_lora_keys.json"
    if not file.is_file():
        pytest.skip("the list of the published file's tensors is not here")
    listed = json.loads(file.read_text(encoding="utf-8"))["keys"]
    expected = {f"transformer.{key}": [*shape] for key, shape in full_size_lora().items()}
    assert expected == listed
