"""RORem's published files and how its 4-step network is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods._base import Text
from methods._diffusion.eraser import Part, Repository, SdxlPrompts, read_model
from methods._diffusion.eraser import RepoFile as File
from methods._diffusion.merging import merge_lora
from methods._diffusion.readers import files_of, is_network

if TYPE_CHECKING:
    import torch

_MODEL = "model.safetensors"
_NETWORK = "diffusion_pytorch_model.safetensors"


def _half(folder: str, name: str) -> str:
    """The same file as the authors' README asks for it, though others saw none such."""
    return f"{folder}/{name.replace('.safetensors', '.fp16.safetensors')}"


REPOSITORY = Repository(
    name="rorem",
    repo="LetsThink/RORem",
    revision="main",
    license="Apache-2.0 (as its authors state), CreativeML-OpenRAIL++-M (base)",
    unpinned_because="neither its commits nor its hashes could be seen when this was written",
    files=(
        File("unet/config.json", 1_900),
        File(f"unet/{_NETWORK}", 5_135_178_560, elsewhere=(_half("unet", _NETWORK),)),
        File("vae/config.json", 700),
        File(f"vae/{_NETWORK}", 167_335_342, elsewhere=(_half("vae", _NETWORK),)),
        File("text_encoder/config.json", 600),
        File(f"text_encoder/{_MODEL}", 246_144_152, elsewhere=(_half("text_encoder", _MODEL),)),
        File("text_encoder_2/config.json", 600),
        File(
            f"text_encoder_2/{_MODEL}", 1_389_382_176, elsewhere=(_half("text_encoder_2", _MODEL),)
        ),
        *(
            File(f"{folder}/{name}", size)
            for folder in ("tokenizer", "tokenizer_2")
            for name, size in (
                ("merges.txt", 524_619),
                ("vocab.json", 1_059_962),
                ("special_tokens_map.json", 472),
                ("tokenizer_config.json", 737),
            )
        ),
        File("scheduler/scheduler_config.json", 480),
    ),
)
"""The whole model in diffusers' layout; its numbers are of half precision."""

LCM = Repository(
    name="rorem-lcm",
    license="Apache-2.0 (as its authors state)",
    unpinned_because="its authors keep it in a folder of Google Drive, without a hash",
    by_hand=Text(
        "Open the folder RORem-LCM that the authors' README (github.com/leeruibin/RORem) links to,"
        " and save pytorch_lora_weights.safetensors into a folder named lora inside a folder of its"
        " own.",
        "请打开作者 README（github.com/leeruibin/RORem）链接的 RORem-LCM 文件夹，"
        "将 pytorch_lora_weights.safetensors 保存到一个文件夹内名为 lora 的子文件夹中。",
    ),
    files=(File("lora/pytorch_lora_weights.safetensors", 394_000_000),),
)
"""The additions that make it work in four steps."""

PROMPTS = SdxlPrompts(
    Part(REPOSITORY, "tokenizer"),
    Part(REPOSITORY, "text_encoder"),
    Part(REPOSITORY, "tokenizer_2"),
    Part(REPOSITORY, "text_encoder_2"),
)
UNET, VAE = Part(REPOSITORY, "unet"), Part(REPOSITORY, "vae")


def read_fast_unet(path: Path, dtype: torch.dtype) -> Any:
    """RORem's UNet with the low-rank additions worked in, whichever way they are named."""
    from diffusers import StableDiffusionXLPipeline, UNet2DConditionModel
    from safetensors.torch import load_file

    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    unet = read_model(UNet2DConditionModel, UNET.path(), dtype)
    tensors, alphas = StableDiffusionXLPipeline.lora_state_dict(
        load_file(file), unet_config=unet.config
    )
    merge_lora(unet, {**tensors, **_as_tensors(alphas)}, "RORem-LCM")
    return unet


def _as_tensors(alphas: Any) -> dict[str, Any]:
    import torch

    return {name: torch.tensor(value) for name, value in (alphas or {}).items()}


FAST_UNET = Part(LCM, "lora", read=read_fast_unet)
