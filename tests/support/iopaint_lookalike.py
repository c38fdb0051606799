"""What IOPaint 1.6 answers, with OpenCV's fill as `iopaint start --model=cv2` has it."""

from __future__ import annotations

import base64
import json
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from troubled_server import Troubled

FLAGS = {"INPAINT_NS": cv2.INPAINT_NS, "INPAINT_TELEA": cv2.INPAINT_TELEA}


class IopaintLookalike(Troubled):
    """wishes: bodies that came, less their pictures."""

    model: ClassVar[str] = "cv2"
    wishes: ClassVar[list[dict[str, object]]]

    def answer(self, path: str, body: bytes) -> None:
        if (self.command, path) == ("GET", "/api/v1/model"):
            self.tell({"name": self.model, "path": self.model, "model_type": "inpaint"})
        elif (self.command, path) == ("POST", "/api/v1/inpaint"):
            self._inpaint(json.loads(body))
        else:
            self.tell({"detail": "Not Found"}, 404)

    def _inpaint(self, wish: dict[str, object]) -> None:
        image = _decoded(str(wish.pop("image")), cv2.IMREAD_COLOR)
        mask = _decoded(str(wish.pop("mask")), cv2.IMREAD_GRAYSCALE)
        self.wishes.append(wish)
        flag = wish.get("cv2_flag", "INPAINT_NS")
        if flag not in FLAGS:
            detail = [{"loc": ["body", "cv2_flag"], "msg": "Input should be 'INPAINT_NS'"}]
            return self.tell({"detail": detail}, 422)
        if image.shape[:2] != mask.shape[:2]:
            words = f"Image size({image.shape[:2]}) and mask size({mask.shape[:2]}) not match."
            return self.tell({"error": "HTTPException", "detail": words, "errors": words}, 400)
        hole = cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1]
        radius = float(str(wish.get("cv2_radius", 4)))
        filled = cv2.inpaint(image, hole, radius, FLAGS[str(flag)])
        done, data = cv2.imencode(".png", filled)
        assert done
        self.say(bytes(data), "image/png", 200, {"X-Seed": str(wish.get("sd_seed", 42))})


def _decoded(text: str, how: int) -> NDArray[np.uint8]:
    found = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), how)
    assert found is not None
    return found.astype(np.uint8)
