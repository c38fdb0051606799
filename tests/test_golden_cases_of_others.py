"""The golden tests on cases of somebody else's: of the same form, with other facts.

The cases are made of the stored ones, by the program itself, so they prove nothing of the erasers;
they prove that the tests ask nothing of a case that is not theirs to ask. Each fact here has once
made a golden test fail for a reason of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from safetensors.torch import load_file, save_file

import tiny_lama
from golden_cases import ROOT, golden_folder
from golden_catdiffusion import golden_unet
from golden_folders import SD_FILES, hole, lay_out, params, picture
from golden_measure import needs
from golden_powerpaint import model_of, settings_of
from golden_sd import Watch
from methods._base import no_progress
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.store import use_local
from methods.lama.network import lama_from
from methods.sd_inpainting import SdInpainting
from tiny_models import save_vae

pytestmark = [pytest.mark.slow, pytest.mark.golden]

Facts = Mapping[str, Any]


def copied(method: str, case: str, home: Path, name: str, **facts: Any) -> Path:
    """A stored case under another name and with other facts."""
    source = golden_folder(method)
    needs(source is not None and (source / case).is_dir(), f"there is no {method}/{case}")
    assert source is not None
    made = home / method / "open" / name
    shutil.copytree(source / case, made)
    made.chmod(0o755)
    for file in made.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)
    known = params(made)
    if model_of := known.get("model_of"):  # beside the stored case
        known["model_of"] = str((source / case / model_of).resolve())
    (made / "params.json").write_text(json.dumps(known | facts), encoding="utf-8")
    return made


def in_whole_cells(case: Path, size: int = 64) -> None:
    """A square photo, and a mask of whole cells of 16 pixels."""
    with Pillow.open(case / "image.png") as image:
        image.convert("RGB").resize((size, size)).save(case / "image.png")
    mask = np.zeros((size, size), np.uint8)
    mask[16:48, 16:32] = 255
    Pillow.fromarray(mask).save(case / "mask.png")


def note(case: Path, found: Facts, erased: Any) -> None:
    """What a run gave, as the cases keep it."""
    image = torch.from_numpy(np.ascontiguousarray(erased, np.float32) / 255)
    known = load_file(case / "expected.safetensors").keys()
    kept = {name: tensor for name, tensor in found.items() if name in known and name != "image"}
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in kept.items()}
    save_file({**tensors, "image": image}, case / "expected.safetensors")


def stable_diffusion(home: Path, name: str, **facts: Any) -> None:
    """A run of Stable Diffusion inpainting."""
    case = copied("sd_inpainting", "pndm_s075", home, name, **facts)
    if name == "square":
        in_whole_cells(case)
    use_local(SD15_INPAINTING.name, lay_out(case, home / "models" / name, SD_FILES))
    eraser = SdInpainting()
    eraser.load("cpu", None)
    given = params(case)
    names = ("prompt", "negative_prompt", "guidance_scale", "num_inference_steps", "strength")
    with pytest.MonkeyPatch.context() as patch:
        watch = Watch(eraser, patch)
        settings = eraser.Settings(**{name: given[name] for name in names})
        erased = eraser.erase(picture(case), hole(case), settings, given["seed"], no_progress)
        note(case, watch.found(), erased)
    eraser.unload()
    use_local(SD15_INPAINTING.name, None)


def powerpaint(home: Path, source: str, name: str, **facts: Any) -> None:
    """A run of PowerPaint. Of version 2, whose stored stages are its BrushNet's too, only what the
    prompts lead to is kept."""
    version = source[:2]
    case = copied("powerpaint", source, home, f"{version}_{name}", **facts)
    with model_of(case, home / "models" / name) as eraser, pytest.MonkeyPatch.context() as patch:
        watch = Watch(eraser, patch)
        told = {"prompt": facts["words"][0], "negative_prompt": facts["words"][1]}
        settings = settings_of(eraser, case, **told)
        seed = params(case)["seed"]
        erased = eraser.erase(picture(case), hole(case), settings, seed, no_progress)
        found = watch.found()
        if version == "v2":  # its own names for what the base model is told
            found["prompt_embedsU"] = found.pop("prompt_embeds")
        note(case, found, erased)


def catdiffusion(home: Path) -> None:
    """A run without guidance: the pipeline then knows but one half."""
    from diffusers import AutoencoderKL

    from methods._diffusion.eraser import sd_inpaint_pipeline
    from methods.catdiffusion.network import reference_words
    from methods.catdiffusion.weights import scheduler

    source = golden_folder("catdiffusion")
    needs(source and (source / "unet_refadapter.safetensors").is_file(), "no network of it")
    assert source is not None
    folder = home / "catdiffusion" / "open"
    shutil.copytree(source, folder)
    (case,) = (c for c in json.loads((folder / "cases.json").read_text()) if c["b"] == 1)
    known = load_file(folder / f"{case['name']}.safetensors")
    vae = AutoencoderKL.from_pretrained(save_vae(home / "models" / "vae"))
    sizes = json.loads((folder / "config.json").read_text("utf-8"))["unet"]
    unet = golden_unet(load_file(folder / "unet_refadapter.safetensors"), sizes)
    pipeline = sd_inpaint_pipeline({"unet": unet, "vae": vae}, scheduler())
    pipeline.set_progress_bar_config(disable=True)
    latents = [known["x_T"]]

    def keep(pipeline: Any, index: int, time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        latents.append(tensors["latents"])
        return tensors

    mask = known["latent_mask"][:, None].repeat_interleave(8, 2).repeat_interleave(8, 3)
    final = pipeline(
        image=torch.zeros(1, 3, *mask.shape[2:]),
        mask_image=mask,
        masked_image_latents=known["masked_image_latents"],
        latents=known["x_T"],
        height=mask.shape[2],
        width=mask.shape[3],
        prompt_embeds=known["context"],
        cross_attention_kwargs=reference_words(known["stage2_spatial"], False),
        num_inference_steps=case["steps"],
        guidance_scale=1.0,
        output_type="latent",
        callback_on_step_end=keep,
    ).images
    for file in folder.iterdir():
        file.chmod(0o644)
    told = {name: t for name, t in known.items() if not name.startswith(("uncond", "eps_uncond"))}
    told |= {"x_intermediates": torch.stack(latents), "x_final": final.contiguous()}
    save_file(told, folder / f"{case['name']}.safetensors")
    (folder / "cases.json").write_text(json.dumps([case | {"scale": 1.0}]), encoding="utf-8")
    for more in folder.glob("ddim5_b2*"):
        more.unlink()


def lama(home: Path, name: str) -> None:
    """Another network, a square photo, and no refinement."""
    folder = home / "lama" / "open"
    folder.mkdir(parents=True)
    network = tiny_lama.tiny_lama(7, 4, 1)
    save_file(
        {f"generator.{n}": t for n, t in network.state_dict().items()},
        folder / "generator.safetensors",
    )
    image = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8))
    mask = torch.zeros(32, 32, dtype=torch.uint8)
    mask[8:24, 8:24] = 1
    known = image.permute(2, 0, 1)[None] / 255 * (1 - mask.float())
    given = torch.cat([known, mask[None, None].float()], dim=1)
    with torch.inference_mode():
        made = lama_from(network.state_dict())(given)
    filled = (made[0].permute(1, 2, 0) * 255).clamp(0, 255).round().byte()
    result = torch.where(mask[..., None] > 0, filled, image).contiguous()
    tensors = {"gen_input": given, "predicted": made.clone(), "image_u8": image}
    save_file(
        tensors | {"mask_u8": mask, "result_u8": result}, folder / f"forward_{name}.safetensors"
    )


VARIANTS: dict[str, Callable[[Path], None]] = {
    "both halves are told the same, at guidance 9": lambda home: stable_diffusion(
        home, "same", guidance_scale=9.0, prompt="a wall", negative_prompt="a wall", strength=1.0
    ),
    "no guidance, square, whole cells": lambda home: stable_diffusion(
        home, "square", guidance_scale=1.0, seed=3
    ),
    "another task and degree": lambda home: powerpaint(
        home,
        "v1_shape_pndm",
        "text",
        task="text-guided",
        tradoff=0.2,
        guidance_scale=2.0,
        seed=1,
        words=("a cat", ""),
    ),
    "words of the user's in version 2": lambda home: powerpaint(
        home,
        "v2_removal",
        "words",
        promptU="a red wall empty scene blur",
        negative_promptU="a dog",
        words=("a red wall", "a dog"),
    ),
    "no guidance, so but one half": catdiffusion,
    "another network": lambda home: lama(home, "other"),
}


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GOLDEN_DIR with all variants."""
    home = tmp_path_factory.mktemp("golden")
    for make in VARIANTS.values():
        with contextlib.suppress(pytest.skip.Exception):  # its case is not stored here
            make(home)
    return home


def test_the_golden_tests_run_on_others_cases(others: Path) -> None:
    """Nothing fails; what is skipped says what the case lacks; the comparisons run."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    golden = [str(file) for file in files if "golden_" in file.read_text("utf-8")]
    golden.remove(str(Path(__file__)))
    call = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-rsf", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*call, "-m", "golden and not network and not slow and not gpu", *golden],
        cwd=ROOT,
        env={**os.environ, "GOLDEN_DIR": str(others)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    failed = re.findall(r"^(?:FAILED|ERROR|E  ) .*$", done.stdout, re.MULTILINE)
    assert done.returncode == 0, "\n".join(failed) + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None and int(passed[1]) > 15
    reasons = re.findall(r"^SKIPPED .*?: (.*)$", done.stdout, re.MULTILINE)
    told = ("no golden cases", "the case cannot show it", "the case has no", "no ")
    assert reasons and [reason for reason in reasons if not any(t in reason for t in told)] == []
