"""What a Gradio endpoint is given, and the picture in what it answers.

A picture travels as Gradio's "file data": a path and a mark. Our own become those with paths in a
folder of ours, which gradio_client uploads; a server's own is only ever asked for from that server.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from methods._own.parts import Part
from methods._own.servers.files import suffix_of
from methods._own.servers.filling import names_in
from methods._photo.load import png_bytes

PLACES = ("image", "mask", "editor")

_DEPTH = 8
"""How deep a picture may lie in an answer."""


class Unfit(Exception):
    """An answer without a picture at its place, or an endpoint that wants something else."""


class GradioPart(Part):
    """api_name: the endpoint, as the app's "Use via API" page names it. arguments: by their names,
    or in their order. result: where the picture is in the answer, keys and numbers with dots
    between them; "" = the first picture in it."""

    api_name: Annotated[str, Field(pattern=r"^/\S+$", max_length=200)]
    arguments: (
        Annotated[list[JsonValue], Field(max_length=100)]
        | Annotated[dict[str, JsonValue], Field(max_length=100)]
    )
    result: Annotated[str, Field(max_length=200)] = ""

    def wants(self) -> set[str]:
        """The names of all places in its arguments."""
        return names_in(self.arguments)


# --- what it is given -----------------------------------------------------------------------


def sent(data: bytes, name: str, folder: Path) -> dict[str, Any]:
    """A picture of ours that is to be sent, as a file."""
    path = folder / f"{name}{suffix_of(data)}"
    path.write_bytes(data)
    return {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


def editor_of(photo: bytes, mask: bytes, folder: Path) -> dict[str, Any]:
    """What Gradio's ImageEditor holds where somebody has painted the mask in white: the photo, one
    layer, and both together."""
    image = cv2.cvtColor(_pixels(photo, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    hole = _pixels(mask, cv2.IMREAD_GRAYSCALE) > 127
    white = np.where(hole, 255, 0).astype(np.uint8)
    layer = np.repeat(white[:, :, None], 3, axis=2)
    parts = {
        "background": photo,
        "layer": png_bytes(layer, white),
        "composite": png_bytes(np.maximum(image, layer)),
    }
    found = {name: sent(data, name, folder) for name, data in parts.items()}
    return {
        "background": found["background"],
        "layers": [found["layer"]],
        "composite": found["composite"],
    }


def in_order(
    arguments: Sequence[Any] | Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """All arguments of an endpoint, in its order. wanted: what it says of its parameters.

    gradio_client would take defaults from the server and upload a file of ours that one of them
    names. Raises Unfit.
    """
    names = [str(each.get("parameter_name", number)) for number, each in enumerate(wanted)]
    if not isinstance(arguments, Mapping):
        if len(arguments) > len(wanted):
            raise Unfit(", ".join(names))
        arguments = dict(zip(names, arguments, strict=False))
    if not set(arguments) <= set(names):
        raise Unfit(", ".join(names))
    return [_argument(name, each, arguments) for name, each in zip(names, wanted, strict=True)]


def _argument(name: str, wanted: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    if name in arguments:
        return arguments[name]
    if not wanted.get("parameter_has_default"):
        raise Unfit(name)
    return _without_files(wanted.get("parameter_default"))


def _without_files(value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH or (isinstance(value, dict) and "path" in value):
        return None
    if isinstance(value, dict):
        return {name: _without_files(part, depth + 1) for name, part in value.items()}
    if isinstance(value, list):
        return [_without_files(part, depth + 1) for part in value]
    return value


# --- what it answers ------------------------------------------------------------------------


def picture_in(answer: Any, path: str) -> bytes | str:
    """The picture at a place: its bytes, or its path or address on the server. path: keys and
    numbers with dots between them; "" = the first picture that there is. Raises Unfit."""
    found = answer
    for word in filter(None, path.split(".")):
        found = _below(found, word)
    picture = _first(found)
    if picture is None:
        raise Unfit(f"gradio.result = {path!r}")
    return picture


def _below(found: Any, word: str) -> Any:
    try:
        return found[int(word)] if isinstance(found, list | tuple) else found[word]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Unfit(word) from error


def _first(found: Any, depth: int = 0) -> bytes | str | None:
    if isinstance(found, str):
        return _of_data_url(found) if found.startswith("data:") else None
    if depth > _DEPTH:
        return None
    if isinstance(found, dict):
        if isinstance(found.get("path"), str):
            return str(found["path"])
        if str(found.get("url")).startswith("http"):
            return str(found["url"])
        inner = [found[name] for name in ("image", "composite", "value", "url") if name in found]
        return _first(inner, depth + 1)
    if isinstance(found, list | tuple):
        for each in found:
            if (picture := _first(each, depth + 1)) is not None:
                return picture
    return None


def _of_data_url(text: str) -> bytes | None:
    head, comma, data = text.partition(",")
    if not comma or not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def _pixels(data: bytes, how: int) -> NDArray[np.uint8]:
    """Of a file that we have written."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    assert found is not None
    return found.astype(np.uint8)
