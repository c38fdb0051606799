"""A server of a form of its own: `/form` takes a form and answers with the picture, `/json` takes
JSON and answers with JSON."""

from __future__ import annotations

import base64
import json
from typing import Any, ClassVar

import numpy as np

from openai_lookalike import COLOUR, decoded, png
from troubled_server import Troubled

FORM, JSON, MADE = "/v2/form", "/v2/json", "/made.png"


class HttpLookalike(Troubled):
    """wishes: what came beside pictures. place: where its results lie, "" = its own. made: the last
    one."""

    wishes: ClassVar[list[dict[str, Any]]]
    place: ClassVar[str] = ""
    made: ClassVar[bytes] = b""

    def answer(self, path: str, body: bytes) -> None:
        if path == MADE:
            self.say(type(self).made, "image/png")
        elif path == FORM:
            self._form(self.form(body))
        elif path == JSON:
            self._json(json.loads(body))
        else:
            self.tell({"error": "no such place"}, 404)

    def _form(self, form: dict[str, tuple[str, bytes]]) -> None:
        assert (form["photo"][0], form["hole"][0]) == ("image.png", "mask.png")
        self.wishes.append({name: data.decode() for name, (file, data) in form.items() if not file})
        self._make(form["photo"][1], form["hole"][1])
        self.say(type(self).made, "image/png")

    def _json(self, wish: dict[str, Any]) -> None:
        head, photo = wish["input"].pop("pictures")[0].split(",")
        assert head == "data:image/png;base64"
        self._make(base64.b64decode(photo), base64.b64decode(wish["input"].pop("hole")))
        self.wishes.append(wish)
        code = base64.b64encode(type(self).made).decode()
        here = self.place or f"http://{self.headers['Host']}{MADE}"
        found = {"code": code, "data": f"data:image/png;base64,{code}", "url": here, "bad": "%"}
        self.tell({"output": [found]})

    def _make(self, photo: bytes, mask: bytes) -> None:
        hole = decoded(mask)[:, :, None] > 127
        type(self).made = png(np.where(hole, COLOUR[::-1], decoded(photo)))
