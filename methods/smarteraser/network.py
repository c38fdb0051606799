"""What SmartEraser adds to Stable Diffusion: the object itself as a word of the prompt."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ImageToText(nn.Module):
    """From CLIP's image embedding to the text encoder's space. width: of both."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc_out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, embedding: Tensor) -> Tensor:
        """(B, width) -> the same."""
        moved: Tensor = embedding + self.fc_out(self.norm(embedding))
        return moved


def with_object(text: Tensor, image: Tensor) -> Tensor:
    """The prompt "Remove the instance of object": the image stands for its last word.

    text: (1, 7, C), the text encoder's last hidden state; image: (1, C).
    """
    return torch.cat([text[:, :5], image[:, None], text[:, 6:]], dim=1)


def without_object(text: Tensor, image: Tensor) -> Tensor:
    """The empty prompt: an image of nothing goes in after the first mark, the last one out."""
    return torch.cat([text[:, :1], image[:, None], text[:, 1:6]], dim=1)
