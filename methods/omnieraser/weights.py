"""OmniEraser's published file."""

from __future__ import annotations

from methods._diffusion.eraser import Part
from methods._flux.weights import DEV, SHARED, read_lora
from methods._weights.pins.manifest import repository

REPOSITORY = repository("omnieraser")
"""A LoRA of rank 32 to all layers of FLUX.1-dev, and to an input of four times the channels."""

ADDITIONS = Part(REPOSITORY, "", read=read_lora)

WEIGHTS = (*REPOSITORY.weights(), *DEV.weights(), *SHARED.weights())
