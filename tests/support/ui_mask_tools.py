"""What the tests of masks on the page's server side share: requests in full, and answers."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image as Pil

from methods import Mask
from ui.service.service import Service
from ui_tools import Upload, box, png_file

Answer = Mapping[str, Any]
SIZE = (90, 120)
SWIPE = {"points": [[10, 80], [110, 80]], "width": 6, "erase": False}


def asked(photo: str, **changes: Any) -> dict[str, Any]:
    """A request in full, as the page sends it."""
    shape = {
        "dilate": 0, "dilate_unit": "px", "fill_holes": False, "drop_speckles": True,
        "smooth": 0, "precision": 0, "invert": False,
    }  # fmt: skip
    thing = {**box()[0], "negative_boxes": [], "on": True}
    given: dict[str, Any] = {"photo": photo, "objects": [thing], "strokes": [], "upload": None}
    return {**given, "shape": shape, "segmenter": "grabcut", **changes}


def shaped(photo: str, **shape: Any) -> dict[str, Any]:
    return {**asked(photo), "shape": {**asked(photo)["shape"], **shape}}


def overlay(answer: Answer) -> Mask:
    assert answer["ok"], answer
    data = base64.b64decode(answer["overlay"].partition(",")[2])
    return np.asarray(Pil.open(io.BytesIO(data)).convert("RGBA"))[..., 3] > 0


def code(answer: Answer) -> str:
    return str(answer.get("error", {}).get("code", ""))


def downloaded(service: Service, answer: Answer) -> Mask:
    """The file behind the answer of `mask`."""
    assert answer["ok"], answer
    *_, photo, name = answer["url"].split("/")
    path = service.photos.file(photo, name)
    assert path is not None
    with Pil.open(path) as png:
        return np.asarray(png)


def uploaded(service: Service, upload: Upload, photo: str, mask: Mask, **options: Any) -> Answer:
    path = upload(png_file(mask.astype(np.uint8) * 255, **options), "mask.png")
    return service.upload_mask({"photo": photo, "path": path, "name": "mask.png"})
