"""The margin as the page shows it: what erasers fill beyond the mask, and never paste."""

from __future__ import annotations

from dataclasses import dataclass

from methods import Mask, margin_around
from segmentation import margin_png
from ui.service.answers import PlainMargin
from ui.stores.views import Views


@dataclass(frozen=True, slots=True)
class Margin:
    """png: the overlay, the mask with its margin. width: pixels of the photo."""

    png: bytes
    width: int

    def described(self) -> PlainMargin:
        """For the page."""
        return {"width": self.width}


def margin(views: Views, photo_id: str, mask: Mask, scale: float) -> Margin:
    """Measured on the photo's own pixels, reduced to the mask's size.

    mask: (h, w), as shown; scale: its size against the photo's.
    """
    width, shown = margin_around(views.exact(photo_id, mask.shape), mask, scale)
    return Margin(margin_png(mask, shown), width)
