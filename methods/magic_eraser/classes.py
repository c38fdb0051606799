"""What MagicEraser takes from the classes of a picture: a prompt, and kinds of pixels."""

from __future__ import annotations

from typing import Literal

import numpy as np

from methods._base import Mask
from methods._diffusion.self_attention import TokenMasks
from methods.magic_eraser.attention import Regions
from methods.magic_eraser.panoptic import Panoptic

_LEAST_SHARE = 0.1  # of the hole: a class that covers less is not the object's
_MOST_CLASSES = 3  # in the prompt


def background_prompt(classes: Panoptic, mask: Mask) -> str:
    """ "A photo of sky, sea": the classes of the background around the hole, largest first.

    The paper's prompt has its learned R* before them.
    """
    shares = classes.shares(classes.background & ~mask)
    names = list(dict.fromkeys(classes.name(label) for label in shares))
    return f"A photo of {', '.join(names[:_MOST_CLASSES]) or 'background'}"


def regions(classes: Panoptic, mask: Mask, similar: Literal["class", "things"]) -> Regions:
    """The hole, the background, and what is like the object.

    similar: things of the classes that the hole covers, or all things. mask: (H, W), of sides
    that are multiples of 8.
    """
    height, width = mask.shape
    like = classes.things
    if similar == "class":
        covering = [label for label, share in classes.shares(mask).items() if share > _LEAST_SHARE]
        like &= np.isin(classes.labels, covering)
    return Regions(TokenMasks(mask, (height // 8, width // 8)), classes.background, like)
