"""What OpenAI's images/edits answers, with one colour where the mask is transparent."""

from __future__ import annotations

import base64
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from troubled_server import Troubled

EDITS = "/v1/images/edits"
MADE = "/made/1.png"
COLOUR = (10, 20, 30)
REFUSED = "Your request was rejected by the safety system."


class OpenaiLookalike(Troubled):
    """wishes: the texts of forms that came. place: the address of its results, "" = its own. made:
    the last result."""

    wishes: ClassVar[list[dict[str, str]]]
    place: ClassVar[str] = ""
    made: ClassVar[bytes] = b""

    def answer(self, path: str, body: bytes) -> None:
        if (self.command, path) == ("POST", EDITS):
            self._edit(self.form(body))
        elif (self.command, path) == ("GET", MADE):
            self.say(type(self).made, "image/png")
        else:
            self.tell({"error": {"message": "Invalid URL", "type": "invalid_request_error"}}, 404)

    def _edit(self, form: dict[str, tuple[str, bytes]]) -> None:
        texts = {name: data.decode() for name, (file, data) in form.items() if not file}
        self.wishes.append(texts)
        if texts["prompt"] == "violence":
            error = {"message": REFUSED, "type": "invalid_request_error", "code": "moderation"}
            return self.tell({"error": error}, 400)
        mask = decoded(form["mask"][1])
        assert mask.shape[2] == 4
        type(self).made = png(np.where(mask[:, :, 3:] == 0, COLOUR[::-1], mask[:, :, :3]))
        if texts.get("response_format") == "url":
            here = f"http://{self.headers['Host']}{MADE}"
            return self.tell({"created": 1, "data": [{"url": self.place or here}]})
        self.tell({"created": 1, "data": [{"b64_json": base64.b64encode(self.made).decode()}]})


def decoded(data: bytes) -> NDArray[np.uint8]:
    """(H, W, C) uint8, BGR or BGRA."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found.astype(np.uint8)


def png(pixels: NDArray[np.generic]) -> bytes:
    """Of BGR pixels."""
    done, data = cv2.imencode(".png", pixels.astype(np.uint8))
    assert done
    return bytes(data)
