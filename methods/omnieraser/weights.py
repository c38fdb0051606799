"""OmniEraser's published file."""

from __future__ import annotations

from methods._diffusion.eraser import Part, Repository
from methods._diffusion.eraser import RepoFile as File
from methods._flux.weights import DEV, SHARED, read_lora

REPOSITORY = Repository(
    name="omnieraser",
    repo="theSure/Omnieraser",
    revision="main",
    license="Apache-2.0 (LoRA)",
    unpinned_because="neither its commits nor its hash could be seen when this was written",
    files=(File("pytorch_lora_weights.safetensors", 359_100_000),),
)
"""A LoRA of rank 32 to all layers of FLUX.1-dev, and to an input of four times the channels."""

ADDITIONS = Part(REPOSITORY, "", read=read_lora)

WEIGHTS = (*REPOSITORY.weights(), *DEV.weights(), *SHARED.weights())
