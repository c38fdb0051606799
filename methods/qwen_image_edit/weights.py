"""Qwen-Image-Edit's published files, and those of its additions for removal and for four steps.

Sizes and hashes are those of the hub's own manifests; the small files whose hash could not be
seen are recorded at their first download.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods._diffusion.eraser import Part, Repository, read_additions
from methods._diffusion.eraser import RepoFile as File

if TYPE_CHECKING:
    import torch

_TRANSFORMER = "transformer/diffusion_pytorch_model-0000{}-of-00005.safetensors"
_TEXT = "text_encoder/model-0000{}-of-00004.safetensors"

REPOSITORY = Repository(
    name="qwen-image-edit-2511",
    repo="Qwen/Qwen-Image-Edit-2511",
    revision="6f3ccc0b56e431dc6a0c2b2039706d7d26f22cb9",
    license="Apache-2.0",
    files=(
        File("transformer/config.json", 390),
        File(
            _TRANSFORMER.format(1),
            9_973_578_592,
            "2a0c30c9ba44a5f11c21ca139e37951430bbde814ff4e0b5b1a68b80530e7a1a",
        ),
        File(
            _TRANSFORMER.format(2),
            9_987_326_072,
            "54ec249b07b4376e19cf16b764054f03ca03ae2cfbd9939453e2085f4e9bd259",
        ),
        File(
            _TRANSFORMER.format(3),
            9_987_307_440,
            "c55157843525653161e8f6af5acc670ba3aceff04284f7cf657199d24d065e16",
        ),
        File(
            _TRANSFORMER.format(4),
            9_930_685_712,
            "ffcfb5a4895702635890a67bad183591e0ae515d794bdcb26e217b27a7f6d12d",
        ),
        File(
            _TRANSFORMER.format(5),
            982_130_472,
            "2b2556b736629e10a5a0dfa14606f2057f4f81c2ba53f94103682c7ac42d4940",
        ),
        File("transformer/diffusion_pytorch_model.safetensors.index.json", 199_000),
        File("vae/config.json", 730),
        File(
            "vae/diffusion_pytorch_model.safetensors",
            253_806_966,
            "0c8bc8b758c649abef9ea407b95408389a3b2f610d0d10fcb054fe171d0a8344",
        ),
        File("text_encoder/config.json", 3_200),
        File(
            _TEXT.format(1),
            4_968_243_304,
            "d725335e4ea2399be706469e4b8807716a8fa64bd03468252e9f7acf2415fee4",
        ),
        File(
            _TEXT.format(2),
            4_991_495_816,
            "b1830db6908dcc76df3a71492acbcf2b8cac130114cf1f3c2d9edae8de8c6de3",
        ),
        File(
            _TEXT.format(3),
            4_932_751_040,
            "09c1807c6d00d7cab94f7db39d4c02ebb8537225ccde383861ac48db97945aa6",
        ),
        File(
            _TEXT.format(4),
            1_691_924_384,
            "5dd068336d14d45ffb43cef374d286cc6ba9d8741b028f90a7d040d847961f4a",
        ),
        File("text_encoder/model.safetensors.index.json", 57_655),
        File("processor/preprocessor_config.json", 800),
        File("processor/video_preprocessor_config.json", 900),
        File("processor/chat_template.jinja", 1_000),
        File("processor/tokenizer_config.json", 4_700),
        File(
            "processor/tokenizer.json",
            11_421_896,
            "9c5ae00e602b8860cbd784ba82a8aa14e8feecec692e7076590d014d7b7fdafa",
        ),
        File("scheduler/scheduler_config.json", 490),
    ),
)
"""The edition of December 2025, in diffusers' layout."""

REMOVING = Repository(
    name="qwen-image-edit-2511-remover",
    repo="prithivMLmods/QIE-2511-Object-Remover-v2",
    revision="main",
    license="Apache-2.0",
    unpinned_because="neither its commits nor its hash could be seen when this was written",
    files=(File("Qwen-Image-Edit-2511-Object-Remover-v2-9200.safetensors", 240_000_000),),
)
"""Trained to remove what is highlighted in red."""

LIGHTNING = Repository(
    name="qwen-image-edit-2511-lightning",
    repo="lightx2v/Qwen-Image-Edit-2511-Lightning",
    revision="d74eba145674fd7e31b949324e148e21e7118abd",
    license="Apache-2.0",
    files=(
        File(
            "Qwen-Image-Edit-2511-Lightning-4steps-V1.0-bf16.safetensors",
            849_608_296,
            "22226e8d05d354bb356627d428809f5afd7819399b077238a2b70a82883a904f",
        ),
    ),
)
"""Makes it work in four steps without guidance."""

VAE = Part(REPOSITORY, "vae")
TRANSFORMER = Part(REPOSITORY, "transformer")
ENCODER = Part(REPOSITORY, "text_encoder")


def read_processor(path: Path, dtype: torch.dtype) -> Any:
    """What makes tokens of words and a picture."""
    from transformers import Qwen2VLProcessor

    return Qwen2VLProcessor.from_pretrained(path, local_files_only=True)


PROCESSOR = Part(REPOSITORY, "processor", read=read_processor)


def read_qwen_additions(path: Path, dtype: torch.dtype) -> Any:
    """Additions to Qwen-Image's transformer."""
    from diffusers import QwenImageEditPlusPipeline

    return read_additions(path, dtype, QwenImageEditPlusPipeline)


def additions(repository: Repository) -> Part:
    """What `REMOVING` or `LIGHTNING` adds."""
    return Part(repository, "", read=read_qwen_additions)


LIGHTNING_SCHEDULE = {"base_shift": math.log(3), "max_shift": math.log(3), "shift_terminal": None}
"""The noise schedule that the four steps were made for: a shift of 3 at every size."""


def qwen_pipeline(loaded: Any, scheduler: Any, keep_background: bool) -> Any:
    """A stock pipeline on loaded components ("transformer", "vae"); give embeddings.

    keep_background: the one that holds what is outside the mask in place at every step.
    """
    from diffusers import QwenImageEditInpaintPipeline, QwenImageEditPlusPipeline

    kind = QwenImageEditInpaintPipeline if keep_background else QwenImageEditPlusPipeline
    return kind(
        transformer=loaded["transformer"],
        vae=loaded["vae"],
        scheduler=scheduler,
        text_encoder=None,
        tokenizer=None,
        processor=None,
    )
