"""Any server that takes a photo and a mask in one request, as a form or as JSON, and answers with
the picture or with JSON that holds or names it: a manifest says where everything goes."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import httpx
from pydantic import Field, JsonValue, field_validator, model_validator

from methods._base import Text
from methods._own import template
from methods._own.faults import Fault
from methods._own.parts import Part
from methods._own.servers.files import suffix_of
from methods._own.servers.filling import PLAIN, given, names_in, plain_values, text_of
from methods._own.servers.results import Hosts, json_of, picture_at

if TYPE_CHECKING:
    from methods._own.servers.call import Call

PICTURES = ("image", "mask")
PLACES = (*PLAIN, *(f"{name}.{form}" for name in PICTURES for form in ("base64", "data_url")))
"""What texts may name, beside settings."""

BODY = "body"
"""The result is the whole answer."""

_OURS = frozenset(
    ("accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding")
)
_FILE = re.compile(r"\s*\{\s*(image|mask)\s*\}\s*")
_MIME = {".png": "image/png", ".jpg": "image/jpeg"}

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]{1,2000}$")]
FieldName = Annotated[str, Field(pattern=r"^[ -~]{1,200}$")]
FieldValue = Annotated[str, Field(max_length=20000)] | bool | int | float


class HttpPart(Part):
    """path: below the server's address. headers: their values may hold `{key}`. form, json: what is
    sent, one of the two; "{image}" and "{mask}" alone are files of a form, and all texts may have
    `PLACES`. result: "body", or where the picture is in a JSON answer, keys and numbers with dots
    between them. result_hosts: where it may lie beside the server."""

    method: Literal["POST", "PUT"] = "POST"
    path: Annotated[str, Field(pattern=r"^(/[!-\"$-~]*)?$", max_length=500)] = ""
    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=40)] = Field({})
    form: Annotated[dict[FieldName, FieldValue], Field(max_length=100)] | None = None
    body: Annotated[dict[str, JsonValue], Field(max_length=100)] | None = Field(None, alias="json")
    result: Annotated[str, Field(min_length=1, max_length=200)] = BODY
    result_hosts: Hosts = Field([])

    @field_validator("headers")
    @classmethod
    def _theirs(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if name.lower() in _OURS:
                raise Fault(Text("own.fault.http_header", name=name), place=(name,))
        return headers

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if (self.form is None) == (self.body is None):
            raise Fault(Text("own.fault.http_body"))
        return self

    def in_headers(self) -> set[str]:
        """The names of all places in them."""
        return names_in({**self.headers})

    def in_texts(self) -> set[str]:
        """The names of all places in what is sent, but files."""
        texts = {n: v for n, v in (self.form or {}).items() if not _file_in(v)}
        return names_in({**texts}) | names_in(self.body or {})

    def sends(self) -> set[str]:
        """Which pictures are sent, in whatever form."""
        files = {_file_in(value) for value in (self.form or {}).values()}
        texts = {name.partition(".")[0] for name in self.in_texts()}
        return (files | texts) & set(PICTURES)


def ask(part: HttpPart, call: Call) -> bytes:
    """The result picture's bytes. Raises ServerError, and what `call.progress` raises."""
    url, headers = f"{call.url}{part.path}", _headers(part, call)
    answer = call.web.send(part.method, url, headers=headers, **_sent(part, call))
    if part.result == BODY:
        return bytes(answer.content)
    return picture_at(call, json_of(answer), part.result, part.result_hosts)


def _headers(part: HttpPart, call: Call) -> dict[str, str]:
    """With the key where they name it; else as most servers want it."""
    found = httpx.Headers({} if "key" in part.in_headers() else call.headers)
    for name, value in part.headers.items():
        found[name] = template.filled(value, {"key": call.key})
    return dict(found)


def _sent(part: HttpPart, call: Call) -> dict[str, Any]:
    values = {**plain_values(call), **_written("image", call.photo), **_written("mask", call.mask)}
    if part.form is None:
        return {"json": given(part.body, values)}
    return {"files": [(name, _field(value, call, values)) for name, value in part.form.items()]}


def _field(value: FieldValue, call: Call, values: dict[str, object]) -> tuple[str | None, bytes]:
    """(file name, content): a text has no file name."""
    if name := _file_in(value):
        data = call.photo if name == "image" else call.mask
        return f"{name}{suffix_of(data)}", data
    return None, text_of(given(value, values)).encode()


def _file_in(value: object) -> str:
    """Which picture a form's field is, "" = none."""
    found = _FILE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def _written(name: str, data: bytes) -> dict[str, str]:
    code = base64.b64encode(data).decode("ascii")
    url = f"data:{_MIME[suffix_of(data)]};base64,{code}"
    return {f"{name}.base64": code, f"{name}.data_url": url}
