"""Segment Anything with its own encoders: the plain vision transformers of the first SAM.

Kirillov et al., "Segment Anything", ICCV 2023. The networks are built by the segment-anything
package's registry; the checkpoints are the authors' own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from methods import Paper
from segmentation._sam.checkpoint import read_checkpoint, unreadable
from segmentation._sam.original import SamSegmenter
from segmentation._segmenter import SegmenterSpec

if TYPE_CHECKING:
    import torch
    from segment_anything.modeling import Sam

PAPER = Paper("Segment Anything", "https://arxiv.org/abs/2304.02643", 2023)


class SamVit(SamSegmenter):
    """One size of the first SAM. kind: its name in the package's registry."""

    spec: ClassVar[SegmenterSpec]
    kind: ClassVar[str]

    @classmethod
    def load(cls) -> Self:
        """With its weights (fetched if need be), on the best device; half precision on CUDA."""
        from methods import best_device, fetch

        return cls.from_file(fetch(cls.spec.weights[0]), best_device())

    @classmethod
    def from_file(cls, path: Path, device: str = "cpu", *, half: bool | None = None) -> Self:
        """With the weights in `path`. half: None = on CUDA only. Raises WeightsUnavailable."""
        state = read_checkpoint(path, cls.spec.name)
        try:
            sam = filled(cls.skeleton(), state)
        except (RuntimeError, KeyError) as error:
            raise unreadable(path.name, cls.spec.name) from error
        return cls(sam.to(device), half=device == "cuda" if half is None else half)

    @classmethod
    def skeleton(cls) -> Sam:
        """A `segment_anything.modeling.Sam` without weights: on torch's meta device, where
        building even the largest takes no memory and no time for random numbers."""
        import torch
        from segment_anything import sam_model_registry

        with torch.device("meta"):
            return sam_model_registry[cls.kind]()


def filled(skeleton: Sam, state: dict[str, torch.Tensor]) -> Sam:
    """The network with these weights, in float32 and ready to work, on the CPU.

    Raises RuntimeError when the weights are those of another network.
    """
    import torch

    skeleton.load_state_dict(state, assign=True)
    # These are no weights, so they may have stayed behind on the meta device.
    skeleton.pixel_mean = torch.tensor([123.675, 116.28, 103.53]).view(-1, 1, 1)
    skeleton.pixel_std = torch.tensor([58.395, 57.12, 57.375]).view(-1, 1, 1)
    return skeleton.float().eval().requires_grad_(False)
