"""CAT-Diffusion against its authors' own outputs, stage by stage; and that mistakes show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pil
from safetensors.torch import load_file
from torch import Tensor

from attention_tools import one_thread as one_thread
from golden_cases import golden_files, golden_folder
from golden_catdiffusion import golden_unet
from golden_measure import STEP, needs, ratio, worst
from methods._diffusion.eraser import sd_inpaint_pipeline
from methods.catdiffusion.inputs import views
from methods.catdiffusion.network import ReferenceBlock, reference_words
from methods.catdiffusion.weights import build_inpainter, scheduler
from tiny_models import save_vae

pytestmark = pytest.mark.golden

NETWORK = "methods.catdiffusion.network"

STAGE, NETWORK_OUT = 2e-5, 2e-4
"""Shares of a stage's spread: of one, and of what the whole network gives, which is small."""


def cases() -> list[Any]:
    """The tensors' files; each case has a picture and a mask beside it."""
    networks = ("semantic_inpainter", "unet_refadapter")
    found = golden_files("catdiffusion", "*.safetensors")
    return [case for case in found if getattr(case.values[0], "stem", "") not in networks]


every_case = pytest.mark.parametrize("path", cases())
first_case = pytest.mark.parametrize("path", cases()[:1])


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def sizes() -> dict[str, Any]:
    folder = golden_folder("catdiffusion")
    if folder is None or not (folder / "config.json").is_file():
        pytest.skip("no golden cases of catdiffusion")
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return found


def weights(name: str) -> dict[str, Tensor]:
    folder = golden_folder("catdiffusion")
    if folder is None or not (folder / f"{name}.safetensors").is_file():
        pytest.skip(f"the case has no {name}")
    return load_file(folder / f"{name}.safetensors")


@pytest.fixture(scope="module")
def inpainter(sizes: Mapping[str, Any]) -> Any:
    """The case's semantic inpainter, loaded strictly."""
    tensors = weights("semantic_inpainter")
    return build_inpainter(tensors, sizes["semantic_inpainter"]["heads"]).eval()


@pytest.fixture(scope="module")
def unet(sizes: Mapping[str, Any]) -> Any:
    """The case's UNet, loaded strictly, in diffusers' terms."""
    return golden_unet(weights("unet_refadapter"), sizes["unet"])


# --- pictures ----------------------------------------------------------------------------------


def pictures(path: Path, change: Callable[[Any], Any] = lambda mask: mask) -> dict[str, Any]:
    """Each view, with the mask changed."""
    with Pil.open(path.with_name(f"{path.stem}_image.png")) as picture:
        image = np.asarray(picture.convert("RGB"))
    with Pil.open(path.with_name(f"{path.stem}_mask.png")) as picture:
        mask = np.asarray(picture.convert("L")) > 127
    shown = views(image, change(mask))
    return {
        "masked_image_224_uint8": np.array(shown.for_clip),
        "mask_16": np.array(shown.patches),
        "mask_64": np.array(shown.latent_mask),
        "masked_image_512_sample": np.array(shown.without[::16, ::16]),
    }


@every_case
def test_the_pictures_meet_the_authors(path: Path) -> None:
    known = load_file(path)
    found = {name: worst(view, known[name]) for name, view in pictures(path).items()}
    assert max(found.values()) < 1e-6, found


MASK_MISTAKES: dict[str, Callable[[Any], Any]] = {
    "inverted": lambda mask: ~mask,
    "moved": lambda mask: np.roll(mask, 16, axis=1),
}


@first_case
@pytest.mark.parametrize("mistake", MASK_MISTAKES)
def test_a_mistake_in_the_pictures_shows(path: Path, mistake: str) -> None:
    """In each view that it changes: a mask of whole rows may be moved without harm."""
    known, right = load_file(path), pictures(path)
    wrong = pictures(path, MASK_MISTAKES[mistake])
    changed = [name for name, view in wrong.items() if (view != right[name]).any()]
    needs("mask_64" in changed, f"the mask {mistake} is the same")
    assert min(worst(wrong[name], known[name]) for name in changed) > 0.5


# --- the semantic inpainter --------------------------------------------------------------------


def guess(path: Path, inpainter: Any) -> dict[str, tuple[Tensor, Tensor]]:
    """Each stage as it is and as it should be."""
    known = load_file(path)
    mask = known["mask_16"][None].expand(len(known["clip_spatial"]), -1)
    given = (known["clip_spatial"], known["clip_global"], known["label_pooled"], mask)
    stages = ("stage1_spatial", "stage1_global", "stage1_label")
    found = dict(zip(stages, inpainter.guessed(*given), strict=True))
    found["embeddings_out"] = inpainter.embeddings(known["clip_spatial"][:, 1:], mask)
    found["stage2_spatial"] = inpainter(*given)
    return {name: (value, known[name]) for name, value in found.items()}


@every_case
def test_the_semantic_inpainter_meets_the_authors(path: Path, inpainter: Any) -> None:
    for name, (found, expected) in guess(path, inpainter).items():
        assert ratio(found, expected, STAGE) < 1, name


def exact_gelu(self: Any, x: Tensor) -> Tensor:
    return torch.as_tensor(self.fc2(torch.nn.functional.gelu(self.fc1(x))))


def without_positions(self: Any, patches: Tensor, mask: Tensor) -> Tensor:
    return patches + torch.as_tensor(self.mask_embedding(mask.long()))


def without_merging(self: Any, seen: Tensor, whole: Tensor, label: Tensor, mask: Tensor) -> Tensor:
    grid = self.guessed(seen, whole, label, mask)[0].transpose(1, 2).unflatten(2, (16, 16))
    return torch.nn.functional.avg_pool2d(grid, 2).flatten(2).transpose(1, 2)


GUESS_MISTAKES = {
    "another activation": ("Mlp.forward", exact_gelu),
    "no positions": ("PatchEmbeddings.forward", without_positions),
    "known patches are guessed too": ("SemanticInpainter.forward", without_merging),
}


@pytest.mark.parametrize("mistake", GUESS_MISTAKES)
@first_case
def test_a_mistake_in_the_semantic_inpainter_shows(
    path: Path, mistake: str, inpainter: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_file(path)["mask_16"].unique()
    needs("known" not in mistake or len(known) > 1, "all patches are known, or none is")
    name, value = GUESS_MISTAKES[mistake]
    monkeypatch.setattr(f"{NETWORK}.{name}", value)
    assert max(ratio(*pair, STAGE) for pair in guess(path, inpainter).values()) > 1


# --- the reference adapter ---------------------------------------------------------------------


def block_off(path: Path, unet: Any) -> dict[str, float]:
    """By how much of its bound the first block is off, and its third attention alone."""
    known = load_file(path)
    block = unet.get_submodule("down_blocks.0.attentions.0.transformer_blocks.0")
    x = known["block_in"]
    reference = known["stage2_spatial"][: len(x)]
    out = block(
        x,
        encoder_hidden_states=known["context"][: len(x)],
        cross_attention_kwargs={"reference": reference},
    )
    alone = block.attn3(block.norm4(x), encoder_hidden_states=reference)
    found = {"block_attn3_out": alone, "block_out": out}
    return {name: ratio(value, known[name], STAGE) for name, value in found.items()}


@every_case
def test_a_block_meets_the_authors(path: Path, unet: Any) -> None:
    found = block_off(path, unet)
    assert max(found.values()) < 1, found


def reference_last(
    self: Any, hidden_states: Tensor, encoder_hidden_states: Any, **words: Any
) -> Tensor:
    x = hidden_states + self.attn1(self.norm1(hidden_states))
    x = x + self.attn2(self.norm2(x), encoder_hidden_states=encoder_hidden_states)
    reference = words["cross_attention_kwargs"]["reference"]
    x = x + self.attn3(self.norm4(x), encoder_hidden_states=reference)
    return torch.as_tensor(x + self.ff(self.norm3(x)))


@first_case
def test_another_order_in_the_block_shows(
    path: Path, unet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ReferenceBlock, "forward", reference_last)
    assert max(block_off(path, unet).values()) > 1


@every_case
def test_the_network_meets_the_authors(path: Path, unet: Any) -> None:
    known = load_file(path)
    given = [known["x_T"], known["latent_mask"][:, None], known["masked_image_latents"]]
    sample, time = torch.cat(given, dim=1), torch.tensor(501)
    reference = known["stage2_spatial"]
    halves = {"cond": ("context", reference), "uncond": ("uncond_context", 0 * reference)}
    there = {half: given for half, given in halves.items() if f"eps_{half}_t501" in known}
    needs(there, "it has no numbers of the network")
    for half, (context, tokens) in there.items():
        words = {"reference": tokens}
        noise = unet(sample, time, known[context], cross_attention_kwargs=words).sample
        assert ratio(noise, known[f"eps_{half}_t501"], NETWORK_OUT) < 1


# --- sampling ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Any: the cases end at the latents."""
    from diffusers import AutoencoderKL

    return AutoencoderKL.from_pretrained(save_vae(tmp_path_factory.mktemp("vae")))


def sampled_off(path: Path, unet: Any, vae: Any, words: Any = reference_words) -> float:
    """By how much of their bound the latents of a whole run are off, by the stock pipeline."""
    known, case = load_file(path), facts_of(path)
    guided = case["scale"] > 1
    latents = [known["x_T"]]

    def keep(pipeline: Any, index: int, time: Any, tensors: dict[str, Tensor]) -> Any:
        latents.append(tensors["latents"])
        return tensors

    mask = known["latent_mask"][:, None].repeat_interleave(8, 2).repeat_interleave(8, 3)
    pipeline = sd_inpaint_pipeline({"unet": unet, "vae": vae}, scheduler())
    pipeline.set_progress_bar_config(disable=True)
    final = pipeline(
        image=torch.zeros(case["b"], 3, *mask.shape[2:]),
        mask_image=mask,
        masked_image_latents=known["masked_image_latents"],
        latents=known["x_T"],
        height=mask.shape[2],
        width=mask.shape[3],
        prompt_embeds=known["context"],
        negative_prompt_embeds=known["uncond_context"] if guided else None,
        cross_attention_kwargs=words(known["stage2_spatial"], guided),
        num_inference_steps=case["steps"],
        guidance_scale=case["scale"],
        output_type="latent",
        callback_on_step_end=keep,
    ).images
    assert torch.equal(final, latents[-1])
    expected = torch.cat([known["x_intermediates"], known["x_final"][None]])
    return ratio(torch.stack([*latents, final]), expected, STEP, case["steps"])


def facts_of(path: Path) -> dict[str, Any]:
    """What the authors' code was called with."""
    listed = json.loads((path.parent / "cases.json").read_text("utf-8"))
    found: dict[str, Any] = next(case for case in listed if case["name"] == path.stem)
    return found


@every_case
def test_a_run_meets_the_authors(path: Path, unet: Any, vae: Any) -> None:
    assert sampled_off(path, unet, vae) < 1


@every_case
def test_the_schedule_meets_the_authors(path: Path) -> None:
    known = load_file(path)
    made = scheduler()
    made.set_timesteps(len(known["ddim_timesteps"]))
    assert torch.equal(made.timesteps.flip(0), known["ddim_timesteps"])
    assert worst(made.alphas_cumprod[made.timesteps.flip(0)], known["ddim_alphas"]) < 1e-6


@first_case
def test_a_reference_in_both_halves_shows(path: Path, unet: Any, vae: Any) -> None:
    def both(tokens: Tensor, guided: bool) -> dict[str, Tensor]:
        return {"reference": torch.cat([tokens, tokens])}

    needs(facts_of(path)["scale"] > 1, "it has no guidance, so but one half")
    assert sampled_off(path, unet, vae, both) > 5
