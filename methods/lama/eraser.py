"""LaMa: continues structures and textures through large holes by looking at the whole crop.

Paper: Suvorov, Logacheva, Mashikhin, Remizova, Ashukha, Silvestrov, Kong, Goka, Park, Lempitsky,
"Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022. The weights are
the authors' big-lama; the network is `lama.network`, the refinement `lama.refine_network`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Settings,
    Text,
    WeightsUnavailable,
    setting,
)
from methods._weights.pins.manifest import weight_file
from methods._weights.store import find_weights
from methods._weights.tensor_file import read_tensors, unreadable

if TYPE_CHECKING:
    import torch

    from methods.lama.network import LamaGenerator

BIG_LAMA = weight_file("lama")
"""The widespread TorchScript file. A local file in its place may also be the authors' own
`best.ckpt`, or the zip that they publish it in."""

_LEAST_SIDE = 16
"""The network mirrors features of an eighth of the size at their edge, so it needs two."""


class LamaSettings(Settings):
    """How much the network sees, and whether its fill is refined."""

    longest_side: int = setting(
        1024,
        "setting.lama.longest_side",
        ge=128,
        le=2048,
        multiple_of=8,
    )
    refine: bool = setting(
        False,
        "setting.lama.refine",
    )


class Lama(Eraser[LamaSettings]):
    """One pass of the network, or the refinement with many."""

    spec = EraserSpec(
        id="lama",
        name="LaMa",
        summary=Text("eraser.lama.summary"),
        paper=Paper(
            "Resolution-robust Large Mask Inpainting with Fourier Convolutions",
            "https://arxiv.org/abs/2109.07161",
            2022,
        ),
        license="Apache-2.0",
        seeded=False,
        default=True,
        weights=(BIG_LAMA,),
        canvas=Canvas(multiple_of=8, longest_side=1024, context=0.5, min_context=128),
        memory=210_000_000,
        rank=5,
        notes=(
            Text("eraser.lama.note.1"),
            Text("eraser.lama.note.2"),
        ),
    )
    Settings = LamaSettings

    @classmethod
    def canvas_for(cls, settings: LamaSettings) -> Canvas:
        """Of the size that the user wants."""
        return replace(cls.spec.canvas, longest_side=settings.longest_side)

    def __init__(self) -> None:
        self._network: LamaGenerator | None = None

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Read the network. dtype None = float32 everywhere: it is quick enough on a GPU, and
        half a precision costs what an 8-bit picture shows."""
        import torch

        from methods.lama.network import fold_batch_norms, generator_name, lama_from

        path = find_weights(BIG_LAMA)
        if path is None:
            raise WeightsUnavailable(
                "weights_missing.of", eraser=self.spec.id, title=self.spec.name
            )
        tensors = read_tensors(path, generator_name)
        try:
            network = lama_from(tensors)
        except (KeyError, RuntimeError) as error:
            raise unreadable(path.name) from error
        fold_batch_norms(network)
        # Channels last: a sixth faster on a CPU, measured.
        self._network = network.to(
            device, dtype or torch.float32, memory_format=torch.channels_last
        )

    def unload(self) -> None:
        """Drop the network."""
        self._network = None

    def erase(
        self, image: Image, mask: Mask, settings: LamaSettings, seed: int, progress: Progress
    ) -> Image:
        """A step is a layer of the network, or one pass of the refinement."""
        import torch

        assert self._network is not None
        height, width = mask.shape
        least = ((0, max(0, _LEAST_SIDE - height)), (0, max(0, _LEAST_SIDE - width)))
        picture = self._tensor(np.pad(image, (*least, (0, 0)), mode="symmetric")) / 255
        hole = self._tensor(np.pad(mask, least, mode="symmetric")[..., None])
        if settings.refine:
            from methods.lama.refine_network import Refiner

            filled = Refiner(self._network, progress).fill(picture, hole)
        else:
            with torch.inference_mode():
                filled = self._pass(torch.cat((picture * (1 - hole), hole), dim=1), progress)
        pixels = filled[0, :, :height, :width].float().mul(255).round_().clamp_(0, 255)
        return np.ascontiguousarray(pixels.byte().permute(1, 2, 0).cpu().numpy())

    def _pass(self, x: torch.Tensor, progress: Progress) -> torch.Tensor:
        """Layer by layer, so that Stop need not wait for the end."""
        assert self._network is not None
        layers = self._network.model
        for step, layer in enumerate(layers, start=1):
            x = layer(x)
            progress(step, len(layers))
        return x

    def _tensor(self, pixels: np.ndarray) -> torch.Tensor:
        """(H, W, C) to (1, C, H, W) in the network's place and precision."""
        import torch

        like = next(iter(self._network.parameters()))  # type: ignore[union-attr]
        x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
        return x.to(like.device).to(like.dtype).contiguous(memory_format=torch.channels_last)
