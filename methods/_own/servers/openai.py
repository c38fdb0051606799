"""The images/edits form of OpenAI's interface, which many others speak; a request for a picture.

Source: OpenAI's API reference, "Create image edit".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from methods._own.parts import Line, Name, Part
from methods._own.servers.files import suffix_of
from methods._own.servers.filling import given, names_in, plain_values, text_of
from methods._own.servers.results import Hosts, json_of, picture_at

if TYPE_CHECKING:
    from methods._own.servers.call import Call

OURS = ("image", "mask", "model", "prompt", "n", "size", "response_format")
"""Fields that have a key of their own, or are always ours."""

Field_ = Annotated[str, Field(max_length=4000)] | bool | int | float


class OpenaiPart(Part):
    """model, prompt, size, response_format: as the interface has them; what is left out is not
    sent. fields: further ones, by their names. All texts may have places. result_hosts: where a
    result may lie beside the server."""

    model: Line
    prompt: Annotated[str, Field(min_length=1, max_length=4000)]
    size: Line | None = None
    response_format: Literal["b64_json", "url"] | None = None
    fields: Annotated[dict[Name, Field_], Field(max_length=60)] = Field({})
    result_hosts: Hosts = Field([])

    def texts(self) -> dict[str, str | bool | int | float]:
        """All fields but the pictures, as they are sent, with their places."""
        own = {"size": self.size, "response_format": self.response_format}
        some = {name: value for name, value in own.items() if value is not None}
        return {"model": self.model, "prompt": self.prompt, "n": 1, **some, **self.fields}

    def wants(self) -> set[str]:
        """The names of all places."""
        return names_in({**self.texts()})


def ask(part: OpenaiPart, call: Call) -> bytes:
    """The result picture's bytes. Raises ServerError, and what `call.progress` raises."""
    values = plain_values(call)
    texts = {name: text_of(given(text, values)) for name, text in part.texts().items()}
    photo = f"image{suffix_of(call.photo)}"
    answer = call.web.send(
        "POST",
        _address(call.url),
        data=texts,
        files={"image": (photo, call.photo), "mask": ("mask.png", call.mask)},
        headers=call.headers,
    )
    found = json_of(answer)
    return picture_at(call, found, f"data.0.{_key_in(found)}", part.result_hosts)


def _address(url: str) -> str:
    return f"{url}/images/edits" if url.endswith("/v1") else f"{url}/v1/images/edits"


def _key_in(found: Any) -> str:
    """Of the first picture."""
    match found:
        case {"data": [{"url": str(), **rest}, *_]} if not rest.get("b64_json"):
            return "url"
    return "b64_json"
