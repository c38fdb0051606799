"""FLUX.1's published files, and the parts that its erasers share.

The transformers of FLUX.1-dev and FLUX.1-Fill-dev are gated: their makers give them to whoever
has accepted their licence. Encoders and VAE are the same bytes in all models of the family, so
they are taken from FLUX.1-schnell, which is free, or its open copy.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from methods._base import Text
from methods._diffusion.eraser import Additions, Part, Repository, read_additions
from methods._diffusion.eraser import RepoFile as File
from methods._flux.prompts import FluxPrompts

if TYPE_CHECKING:
    import torch

NON_COMMERCIAL = "FLUX.1-dev-Non-Commercial-License"

_SHARD = "transformer/diffusion_pytorch_model-0000{}-of-00003.safetensors"
_INDEX = "transformer/diffusion_pytorch_model.safetensors.index.json"

DEV = Repository(
    name="flux1-dev",
    repo="black-forest-labs/FLUX.1-dev",
    revision="3de623fc3c33e44ffbe2bad470d0f45bccf2eb21",
    license=NON_COMMERCIAL,
    files=(
        File("transformer/config.json", 378),
        File(
            _SHARD.format(1),
            9_983_040_304,
            "d86a3038eacaa720682cb9b1da3c49fecf8a3ded605af4def6061eaa18903eb8",
        ),
        File(
            _SHARD.format(2),
            9_949_328_904,
            "5e830704a83aa938dfaf23da308100a1c44b83fa084283abf1d163ea727e5f7a",
        ),
        File(
            _SHARD.format(3),
            3_870_584_832,
            "0d9c7c663217d1c3d44a6deed4e1cf1ac09fbc2c4137c47de1e3d74c959833de",
        ),
        File(_INDEX, 121_262),
        File("scheduler/scheduler_config.json", 273),
    ),
)
"""FLUX.1-dev: 11.9 billion numbers in bfloat16."""

FILL = Repository(
    name="flux1-fill",
    repo="black-forest-labs/FLUX.1-Fill-dev",
    revision="358293da0354175698b67ec8299acf928313a78a",
    license=NON_COMMERCIAL,
    files=(
        File("transformer/config.json", 400),
        File(_SHARD.format(1), 9_985_006_384),
        File(_SHARD.format(2), 9_949_328_904),
        File(_SHARD.format(3), 3_870_584_832),
        File(_INDEX, 121_262),
        File("scheduler/scheduler_config.json", 273),
    ),
)
"""FLUX.1-Fill-dev: the same with 384 channels in, for the masked picture and the mask."""

SHARED = Repository(
    name="flux1-shared",
    repo="black-forest-labs/FLUX.1-schnell",
    revision="741f7c3ce8b383c54771c7003378a50191e9efe9",
    mirrors=(("unsloth/FLUX.1-schnell", "9df3faa7ae3b6ddf0b2b69bb78616372897cc65c"),),
    license="Apache-2.0",
    files=(
        File(
            "vae/config.json",
            774,
            "bc1e208f414a315365fbecf426838f43b87c9d5c051219e0968a56e2644b2998",
        ),
        File(
            "vae/diffusion_pytorch_model.safetensors",
            167_666_902,
            "f5b59a26851551b67ae1fe58d32e76486e1e812def4696a4bea97f16604d40a3",
        ),
        File(
            "text_encoder/config.json",
            613,
            "d79d5c8c6ce85112a923d621a5412886ddbbb0636210fc0f72f450582e675542",
        ),
        File(
            "text_encoder/model.safetensors",
            246_144_352,
            "893d67a23f4693ed42cdab4cbad7fe3e727cf59609c40da28a46b5470f9ed082",
        ),
        File(
            "text_encoder_2/config.json",
            782,
            "9001e5a8ae0571a362f806b87b6105dd1a15c33dca237b606d2561164109beeb",
        ),
        File(
            "text_encoder_2/model-00001-of-00002.safetensors",
            4_994_582_224,
            "ec87bffd1923e8b2774a6d240c922a41f6143081d52cf83b8fe39e9d838c893e",
        ),
        File(
            "text_encoder_2/model-00002-of-00002.safetensors",
            4_530_066_360,
            "a5640855b301fcdbceddfa90ae8066cd9414aff020552a201a255ecf2059da00",
        ),
        File(
            "text_encoder_2/model.safetensors.index.json",
            19_885,
            "3bacec0f0cf392399d4a385908f67dd73df99c9e9cfee669f148858ba9fbdb0a",
        ),
        File(
            "tokenizer/merges.txt",
            524_619,
            "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a",
        ),
        File(
            "tokenizer/special_tokens_map.json",
            588,
            "2cdb3b8331a60c92fc1e55a13e9fd61fd2293c5a51275fdcccd62b780052530e",
        ),
        File(
            "tokenizer/tokenizer_config.json",
            705,
            "6bdcee9ccce2a16ca2b4c0c5ed00b42c50ea225f4472a8c4c1e963a2902c2881",
        ),
        File(
            "tokenizer/vocab.json",
            1_059_962,
            "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349",
        ),
        File(
            "tokenizer_2/special_tokens_map.json",
            2_543,
            "7a1985a994c41886db38c719d2a3d2f40606663cc19d7c5d6a85d349320e06d2",
        ),
        File(
            "tokenizer_2/spiece.model",
            791_656,
            "d60acb128cf7b7f2536e8f38a5b18a05535c9e14c7a355904270e15b0945ea86",
        ),
        File(
            "tokenizer_2/tokenizer.json",
            2_424_235,
            "f5dfec163765e18e270537fe896c49f5fad74db1525641d9b255a3008b999596",
        ),
        File(
            "tokenizer_2/tokenizer_config.json",
            20_817,
            "1a3d2db64215ed77854dd4208aac5f8361c1b5471cabd19c0ef1472d1a895eb0",
        ),
    ),
)
"""What all models of the family share: the VAE, CLIP's and T5's encoders, their tokenizers."""

TRANSFORMER, FILL_TRANSFORMER = Part(DEV, "transformer"), Part(FILL, "transformer")
VAE = Part(SHARED, "vae")
SCHEDULER, FILL_SCHEDULER = Part(DEV, "scheduler"), Part(FILL, "scheduler")
PROMPTS = FluxPrompts(
    Part(SHARED, "tokenizer"),
    Part(SHARED, "text_encoder"),
    Part(SHARED, "tokenizer_2"),
    Part(SHARED, "text_encoder_2"),
)


def read_lora(path: Path, dtype: torch.dtype) -> Additions:
    """A LoRA for a transformer of the family, whichever trainer wrote it."""
    from diffusers import FluxPipeline

    return read_additions(path, dtype, FluxPipeline)


MEMORY = 24_200_000_000
"""Bytes of a transformer, the VAE and additions in bfloat16."""


def gated(repository: Repository) -> Text:
    """For the card: where to accept the licence, and where to put the token."""
    page = f"huggingface.co/{repository.repo}"
    return Text(
        f"Gated and non-commercial: accept the licence at {page}, make a read token at"
        " huggingface.co/settings/tokens, and start the program with HF_TOKEN set to it.",
        f"需授权且不可商用：请在 {page} 接受许可，在 huggingface.co/settings/tokens "
        "创建只读令牌，并将 HF_TOKEN 设为该令牌后启动程序。",
    )
