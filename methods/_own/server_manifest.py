"""Manifests of erasers that run at a server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from methods._base import Text
from methods._own.faults import Fault, Place, suggested
from methods._own.parts import CanvasPart, Manifest, Name, Part, PicturesPart, SettingPart, Words
from methods._own.servers.comfy_workflow import ComfyuiPart
from methods._own.servers.filling import PLAIN
from methods._own.servers.gradio_values import PLACES, GradioPart
from methods._own.servers.http import PLACES as HTTP_PLACES
from methods._own.servers.http import HttpPart
from methods._own.servers.iopaint import PARAMETERS, IopaintPart
from methods._own.servers.openai import OURS, OpenaiPart

if TYPE_CHECKING:
    from methods._own.servers.call import Call

_SPACE = re.compile(r"[\w.-]+/[\w.-]+")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")


class ServerPart(Part):
    """url: the server's address. key: the name of an environment variable that holds the key, if
    it wants one; insecure: the key may go over http to another machine. seconds: for one picture.
    retries: how often it is asked again where it is busy or away. per_day: how many pictures it
    is asked for at most, from midnight to midnight UTC. price: of one, as the card says it."""

    url: Annotated[str, Field(max_length=500)]
    key: str | None = None
    insecure: bool = False
    seconds: Annotated[float, Field(gt=0, le=86400)] = 600
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    per_day: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    price: Words | None = None

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        """Without the slash at its end."""
        if _SPACE.fullmatch(url):
            return space_address(url)
        if not _plain(url):
            raise Fault(Text("own.fault.url"))
        return url.rstrip("/")

    @field_validator("key")
    @classmethod
    def _name_of_key(cls, key: str | None) -> str | None:
        if key is not None and not _VARIABLE.fullmatch(key):
            raise Fault(Text("own.fault.key"))  # it may be the key itself: it is not repeated
        return key

    @model_validator(mode="after")
    def _safe(self) -> Self:
        open_ = self.url.startswith("http://") and not is_here(self.host)
        if self.key and open_ and not self.insecure:
            raise Fault(Text("own.fault.insecure"), place=("url",))
        return self

    @property
    def host(self) -> str:
        """Where photos go."""
        return urlsplit(self.url).hostname or ""


def _plain(url: str) -> bool:
    """Whether it is an address of a server, and no more than that."""
    try:
        found = urlsplit(url)
        bare = not (found.query or found.fragment or found.username) and found.port != 0
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.hostname) and bare and url.isprintable()


def space_address(name: str) -> str:
    """Of a Space of the model hub, "owner/name": each has a host of its own."""
    return f"https://{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.hf.space"


def is_here(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class ServerManifest(Manifest):
    """What all kinds of servers have. Its picture is pasted back as every eraser's is."""

    learned: bool = True
    seeded: bool = True
    sees_object: bool | None = None
    server: ServerPart
    pictures: PicturesPart = PicturesPart()
    canvas: CanvasPart = CanvasPart()
    settings: Annotated[dict[Name, SettingPart], Field(max_length=60)] = Field({})

    def ask(self, call: Call) -> bytes:
        """Have one picture made: its bytes. Raises ServerError."""
        raise NotImplementedError

    def _reached(self, used: Iterable[str]) -> None:
        """Raise Fault for a setting that reaches nothing."""
        found = set(used)
        for name in self.settings:
            if name not in found:
                raise Fault(Text("own.fault.setting_unused", name=name), place=("settings", name))

    def _known(self, used: Iterable[str], places: Iterable[str], place: Place) -> None:
        """Raise Fault for a place that is neither one of these nor a setting."""
        known = [*places, *(f"settings.{name}" for name in self.settings)]
        for name in used:
            if name not in known:
                raise Fault(suggested(name, known), place=place)

    def _plain_mask(self) -> None:
        """Raise Fault where the mask is not white on black."""
        if self.pictures.mask == "alpha" or self.pictures.erase != "white":
            raise Fault(Text("own.fault.mask_white"), place=("pictures",))


class IopaintManifest(ServerManifest):
    """IOPaint 1.6 (`iopaint start`)."""

    kind: Literal["iopaint"]
    iopaint: IopaintPart = IopaintPart()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self._plain_mask()
        for name in self.settings:
            if name not in PARAMETERS:
                raise Fault(suggested(name, PARAMETERS), place=("settings", name))
        return self

    def ask(self, call: Call) -> bytes:
        """Raises ServerError."""
        from methods._own.servers import iopaint

        return iopaint.ask(self.iopaint, call)


class GradioManifest(ServerManifest):
    """An endpoint of a Gradio app; url may be the name of a Space."""

    kind: Literal["gradio"]
    gradio: GradioPart

    @model_validator(mode="after")
    def _fits(self) -> Self:
        settings = [f"settings.{name}" for name in self.settings]
        known, used = [*PLACES, "seed", *settings], self.gradio.wants()
        for name in used:
            if name not in known:
                raise Fault(suggested(name, known), place=("gradio", "arguments"))
        if not {"image", "editor"} & used or not {"mask", "editor"} & used:
            raise Fault(Text("own.fault.gradio_pictures"), place=("gradio", "arguments"))
        self._reached(name.removeprefix("settings.") for name in used)
        if "editor" in used:
            self._plain_mask()
        return self

    def ask(self, call: Call) -> bytes:
        """Raises ServerError."""
        from methods._own.servers import gradio

        return gradio.ask(self.gradio, call)


class ComfyuiManifest(ServerManifest):
    """A workflow of ComfyUI's."""

    kind: Literal["comfyui"]
    comfyui: ComfyuiPart

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name in self.comfyui.settings:
            if name not in self.settings:
                raise Fault(suggested(name, self.settings), place=("comfyui", "settings", name))
        self._reached(self.comfyui.settings)
        if self.comfyui.photo is None and self.pictures.mask != "alpha":
            raise Fault(Text("own.fault.comfy_photo"), place=("comfyui",))
        return self

    def ask(self, call: Call) -> bytes:
        """Raises ServerError."""
        from methods._own.servers import comfyui

        return comfyui.ask(self.comfyui, call)


class OpenaiManifest(ServerManifest):
    """The images/edits form of OpenAI's interface."""

    kind: Literal["openai"]
    openai: OpenaiPart
    pictures: PicturesPart = PicturesPart(mask="alpha")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.pictures.mask != "alpha" or self.pictures.erase != "white":
            raise Fault(Text("own.fault.mask_alpha"), place=("pictures",))
        for name in self.openai.fields:
            if name in OURS:
                text = Text("own.fault.openai_field", name=name)
                raise Fault(text, place=("openai", "fields", name))
        used = self.openai.wants()
        self._known(used, PLAIN, ("openai",))
        self._reached(name.removeprefix("settings.") for name in used)
        return self

    def ask(self, call: Call) -> bytes:
        """Raises ServerError."""
        from methods._own.servers import openai

        return openai.ask(self.openai, call)


class HttpManifest(ServerManifest):
    """Any other server that does it in one request."""

    kind: Literal["http"]
    http: HttpPart

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name in self.http.in_headers() - {"key"}:
            raise Fault(suggested(name, ["key"]), place=("http", "headers"))
        if self.http.in_headers() and not self.server.key:
            raise Fault(Text("own.fault.http_key"), place=("http", "headers"))
        where = ("http", "json" if self.http.form is None else "form")
        used = self.http.in_texts()
        self._known(used, HTTP_PLACES, where)
        self._reached(name.removeprefix("settings.") for name in used)
        needed = {"mask"} if self.pictures.mask == "alpha" else {"image", "mask"}
        if not needed <= self.http.sends():
            raise Fault(Text("own.fault.http_pictures"), place=where)
        return self

    def ask(self, call: Call) -> bytes:
        """Raises ServerError."""
        from methods._own.servers import http

        return http.ask(self.http, call)


def files_of(manifest: Manifest) -> list[str]:
    """Files beside the manifest that it is made of, too."""
    return [manifest.comfyui.workflow] if isinstance(manifest, ComfyuiManifest) else []
