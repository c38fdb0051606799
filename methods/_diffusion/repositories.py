"""The base models that several erasers share, pinned to one revision each.

Half-precision files: they serve the GPU as they are and are widened on the CPU. Sizes and
hashes are those of the hub's own lists; the few small files whose hash could not be seen
are recorded at their first download.
"""

from __future__ import annotations

from methods._weights.pins.manifest import repository

SD15_INPAINTING = repository("sd15-inpainting")
"""Stable Diffusion 1.5 inpainting (Runway), in its own first home's successor."""

SD15 = repository("sd15")
"""Stable Diffusion 1.5."""

SD2_INPAINTING = repository("sd2-inpainting")
"""Stable Diffusion 2 inpainting: a mirror, because Stability AI withdrew the original."""

SD21 = repository("sd21-base")
"""Stable Diffusion 2.1 base (512 pixels): a mirror, because the original was withdrawn."""

SDXL_INPAINTING = repository("sdxl-inpainting")
"""SDXL inpainting 0.1 by the makers of diffusers."""

SDXL = repository("sdxl-base")
"""Stable Diffusion XL 1.0."""
