"""LaMa's refinement: the fill of a large picture is made to agree with that of its small copy.

Kulshreshtha, Pugh, Jiddi, "Feature Refinement to Improve High Resolution Image Inpainting",
2022. LaMa learnt on small pictures and continues structures best there; on large ones its fill
is sharp but loses them. So the picture is filled at a small size first. At every doubling the
features behind the encoder are optimised until the new fill, reduced again, looks like the
smaller one, and the known pixels still come out as they are.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from methods._base import Progress
from methods.lama.network import Features, LamaGenerator, ResidualBlock

ITERATIONS = 15
LEARNING_RATE = 0.002
LEAST_SIDE = 512
"""Shorter side of the smallest copy, up to a factor of the square root of 2."""

MOST_COPIES = 3
_RIM = 15
"""Diameter of the disc by which the hole is eroded before both fills are compared, in pixels of
the smaller one: along its edge they differ for reasons of their own."""


class Refiner:
    """One refinement with a network in float32; the network itself is not changed.

    progress: told after every pass through the network (and asked to stop there).
    """

    def __init__(
        self, network: LamaGenerator, progress: Progress, least_side: int = LEAST_SIDE
    ) -> None:
        self._network = network
        self._progress = progress
        self._least_side = least_side
        self._done = self._total = 0

    def fill(self, image: Tensor, mask: Tensor) -> Tensor:
        """The picture with its hole filled, (1, 3, H, W) in 0 … 1.

        image: (1, 3, H, W) in 0 … 1; mask: (1, 1, H, W), 1 = hole, 0 elsewhere; float32 on the
        network's device. Below `least_side` times the square root of 2 it is one plain pass.
        """
        copies = smaller_copies(image, mask, self._least_side)
        self._total = 1 + ITERATIONS * (len(copies) - 1)
        filled = self._plain(*copies[-1])
        for copy, hole in copies[-2::-1]:
            filled = self._refined(copy, hole, filled)
        return filled

    def _plain(self, image: Tensor, mask: Tensor) -> Tensor:
        padded, hole = _padded(image), _padded(mask)
        with torch.no_grad():
            guess = self._rear(self._front(padded, hole))
        self._step()
        return _composed(guess, padded, hole, image)

    def _refined(self, image: Tensor, mask: Tensor, smaller: Tensor) -> Tensor:
        """smaller: the fill at half the size, which this one shall equal when reduced."""
        padded, hole = _padded(image), _padded(mask)
        known = (hole == 0).expand_as(padded)
        goal = _comparable(mask).expand_as(smaller)
        with torch.no_grad():
            features = self._front(padded, hole)
        wanted = [part.clone().requires_grad_(True) for part in features if part is not None]
        optimizer = torch.optim.Adam(wanted, lr=LEARNING_RATE)
        height, width = image.shape[-2:]
        for iteration in range(1, ITERATIONS + 1):
            with torch.set_grad_enabled(iteration < ITERATIONS):
                guess = self._rear((wanted[0], wanted[1]))
                if iteration < ITERATIONS:
                    loss = (guess - padded)[known].abs().mean()
                    if goal.any():  # of a thin hole nothing is left to compare
                        reduced = reduce_image(guess[..., :height, :width])
                        loss = loss + (reduced - smaller)[goal].abs().mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            self._step()
        return _composed(guess.detach(), padded, hole, image)

    def _front(self, image: Tensor, mask: Tensor) -> Features:
        features: Features = self._network.model[: self._network.front](
            torch.cat((image * (1 - mask), mask), dim=1)
        )
        return features

    def _rear(self, features: Features) -> Tensor:
        """Blocks are computed again on the way back: their activations would take gigabytes."""
        x: Features | Tensor = features
        for layer in self._network.model[self._network.front :]:
            again = torch.is_grad_enabled() and isinstance(layer, ResidualBlock)
            x = checkpoint(layer, x, use_reentrant=False) if again else layer(x)
        assert isinstance(x, Tensor)
        return x

    def _step(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def _composed(guess: Tensor, padded: Tensor, hole: Tensor, image: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    return (hole * guess + (1 - hole) * padded)[..., :height, :width]


# --- smaller copies --------------------------------------------------------------------------


def smaller_copies(image: Tensor, mask: Tensor, least_side: int) -> list[tuple[Tensor, Tensor]]:
    """Picture and mask at full size, half, a quarter …: at most `MOST_COPIES`."""
    halvings = max(0.0, math.log2(min(image.shape[-2:]) / least_side))
    copies = [(image, mask)]
    for _ in range(min(round(halvings), MOST_COPIES - 1)):
        image, mask = reduce_image(image), _reduce_mask(mask)
        copies.append((image, mask))
    return copies


def reduce_image(image: Tensor) -> Tensor:
    """Blurred (5 x 5, sigma 1) and halved, both sides rounded down."""
    return _halved(_blurred(image))


def _reduce_mask(mask: Tensor) -> Tensor:
    """Whatever the hole touches after the same blur."""
    return (_halved(_blurred(mask)) >= 1e-8).float()


def _comparable(mask: Tensor) -> Tensor:
    """(1, 1, h, w) bool: the inner part of the hole at half the size."""
    inside = (_halved(mask) >= 1 - 1e-8).cpu().numpy().astype(np.uint8)[0, 0]
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM, _RIM))
    return torch.from_numpy(cv2.erode(inside, disc) > 0)[None, None].to(mask.device)


def _halved(x: Tensor) -> Tensor:
    size = (x.shape[-2] // 2, x.shape[-1] // 2)
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _blurred(x: Tensor) -> Tensor:
    channels = x.shape[1]
    weights = torch.exp(-(torch.arange(-2.0, 3.0, device=x.device) ** 2) / 2)
    kernel = (weights / weights.sum()).expand(channels, 1, 1, 5)
    x = functional.conv2d(functional.pad(x, (2, 2, 0, 0), mode="reflect"), kernel, groups=channels)
    return functional.conv2d(
        functional.pad(x, (0, 0, 2, 2), mode="reflect"), kernel.mT, groups=channels
    )


def _padded(x: Tensor, multiple: int = 8) -> Tensor:
    """Mirrored at the right and bottom up to a multiple."""
    height, width = x.shape[-2:]
    return functional.pad(x, (0, -width % multiple, 0, -height % multiple), mode="reflect")
