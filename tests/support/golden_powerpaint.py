"""PowerPaint's golden cases as the program needs them: folders of models, and settings.

`v1_*` are runs of the authors' version 1, whose own files lie beside those of its base model;
`v2_*` are runs of version 2.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from golden_folders import SD_FILES, lay_out, params
from methods import PipMember, WeightFile, WeightsUnavailable, fetch
from methods._diffusion.prompts import embeddings
from methods._diffusion.repositories import SD15_INPAINTING
from methods._weights.store import use_local
from methods.powerpaint.eraser import PowerPaint
from methods.powerpaint.prompts import scene_v2
from methods.powerpaint.weights import V1, V2, v2_folder
from tiny_models import byte_letters

_OWN = ("unet/unet.safetensors", "text_encoder/text_encoder.safetensors")
_BASE = {name: place for name, place in SD_FILES.items() if name != "unet/unet.safetensors"}
_BRUSHNET = "PowerPaint_Brushnet"
_V2_WORDS = v2_folder("tokenizer")
_V2_UNET = v2_folder("unet/diffusion_pytorch_model.safetensors")
_V2_FILES = {
    **{name: v2_folder(place) for name, place in _BASE.items() if "base_text" not in name},
    "unet/unet.safetensors": _V2_UNET,
    "text_encoder/text_encoder.safetensors": v2_folder("text_encoder/model.safetensors"),
    **{
        f"{_BRUSHNET}/{name}.safetensors": f"{_BRUSHNET}/{name}.safetensors"
        for name in ("diffusion_pytorch_model", "text_encoder_brushnet")
    },
}


def _share_bias(home: Path) -> Path:
    """The UNet with the bias of the BrushNet's first convolution.

    The authors' BrushNet is made from a UNet and then shares that one's parameter, so that
    loading its weights changes both. Their demo gives the pipeline another UNet; the cases
    were made with the same.
    """
    from safetensors.torch import load_file, save_file

    unet = load_file(home / _V2_UNET)
    brushnet = load_file(home / _BRUSHNET / "diffusion_pytorch_model.safetensors")
    save_file({**unet, "conv_in.bias": brushnet["conv_in_condition.bias"]}, home / _V2_UNET)
    return home


@contextmanager
def model_of(case: Path, home: Path) -> Iterator[PowerPaint]:
    """The eraser on a case's tiny model, for the block."""
    embeddings.clear()  # a mistake of one test must not be another one's words
    if case.name.startswith("v2"):
        places = {V2.name: _share_bias(lay_out(case, home / "v2", _V2_FILES, _V2_WORDS))}
    else:
        own = lay_out(case, home / "v1", {name: name for name in _OWN})
        places = {V1.name: own, SD15_INPAINTING.name: lay_out(case, home / "base", _BASE)}
    for name, place in places.items():
        use_local(name, place)
    eraser = PowerPaint()
    eraser.load("cpu", None)
    try:
        yield eraser
    finally:
        eraser.unload()
        for name in places:
            use_local(name, None)


def settings_of(eraser: PowerPaint, case: Path, **changes: Any) -> Any:
    """What the authors' code was called with, as settings."""
    given = params(case)
    named = ("task", "guidance_scale", "num_inference_steps")
    values = {name: given[name] for name in named} | words_of(given)
    values |= {"fitting_degree": given["tradoff"], "version": case.name[:2]}
    return eraser.Settings(**values | changes)


def words_of(given: Mapping[str, Any]) -> dict[str, str]:
    """The prompts that the user gave. Version 2's cases hold what became of them: the words for
    the base model (`promptU`), with those that the task adds."""
    if "promptU" not in given:
        return {name: given.get(name, "") for name in ("prompt", "negative_prompt")}
    prompt = given["promptU"].removesuffix(scene_v2(given["task"], ""))
    assert scene_v2(given["task"], prompt) == given["promptU"]
    return {"prompt": prompt, "negative_prompt": given.get("negative_promptU", "")}


CLIP_WORDS = WeightFile(
    name="bpe_simple_vocab_16e6.txt.gz",
    sources=(
        PipMember(
            "openai-clip==1.0.1 --hash=sha256:"
            "cd40bf2f205c096c49524fcbff484339f793b52afd6e7ffad80a2fe108151721",
            "openai-clip-1.0.1/clip/bpe_simple_vocab_16e6.txt.gz",
        ),
    ),
    size=1_356_917,
    sha256="924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
    license="MIT",
)
"""CLIP's own vocabulary, as pairs of pieces in the order in which they are joined."""


def real_tokenizer(folder: Path) -> Any:
    """CLIP's own tokenizer with its 49408 words. Skips the test where it cannot be fetched."""
    from transformers import CLIPTokenizer

    try:
        lines = gzip.decompress(fetch(CLIP_WORDS).read_bytes()).decode("utf-8").split("\n")
    except WeightsUnavailable as error:
        pytest.skip(str(error))
    merges = lines[1 : 49152 - 256 - 2 + 1]
    letters = list(byte_letters())
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    words += ["".join(pair.split()) for pair in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({w: i for i, w in enumerate(words)}), "utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), "utf-8")
    return CLIPTokenizer.from_pretrained(folder)
