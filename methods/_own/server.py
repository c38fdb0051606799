"""An eraser that runs at a server: a manifest of one of the kinds in `server_manifest`.

It sees a crop as every eraser does, and what comes back is pasted back as every eraser's is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    Image,
    Mask,
    Progress,
    Settings,
    Text,
    Unavailable,
)
from methods._own.budget import take_call
from methods._own.command import said_of
from methods._own.hiding import hidden
from methods._own.pictures import decoded, encoded
from methods._own.server_manifest import ComfyuiManifest, ServerManifest, files_of, is_here
from methods._own.servers.comfy_workflow import read_workflow
from methods._own.servers.errors import Failure, ServerError
from methods._own.settings import said as in_words
from methods._own.settings import settings_class
from methods._own.version import version_of

_SENTENCES: dict[Failure, str] = {
    "unreachable": "own_server.unreachable",
    "late": "own_server.late",
    "refused": "own_server.refused",
    "bad": "own_server.bad",
    "unfit": "own_server.unfit",
    "model": "own_server.model",
    "unauthorised": "own_server.unauthorised",
    "rate": "own_server.rate",
    "elsewhere": "own_server.elsewhere",
}


class OwnServer(Eraser[Settings]):
    """What all of them have in common; `server_eraser` makes the class of one."""

    manifest: ClassVar[ServerManifest]
    file: ClassVar[Path]

    @classmethod
    def canvas_for(cls, settings: Settings) -> Canvas:
        """The same for all settings."""
        return cls.spec.canvas

    def load(self, device: DeviceName, dtype: object = None) -> None:
        """The server holds what is loaded. Raises Unavailable where the key is missing."""
        self._key()

    def unload(self) -> None:
        """Nothing is held."""

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """By one call. Raises Unavailable with a sentence for each way to fail."""
        from methods._own.servers.call import Call
        from methods._own.servers.web import Web

        server, key = self.manifest.server, self._key()
        photo, hole = encoded(image, mask, self.manifest.pictures)
        if server.per_day is not None:
            take_call(self.spec.id, server.per_day, self.spec.name)
        until = time.monotonic() + server.seconds
        call = Call(
            photo=photo,
            mask=hole,
            size=(image.shape[0], image.shape[1]),
            seed=seed,
            values=settings.model_dump(mode="json", exclude=set(Settings.model_fields)),
            key=key,
            progress=progress,
            until=until,
            web=Web(progress, until, server.retries),
            url=server.url,
            folder=self.file.parent,
        )
        try:
            data = self.manifest.ask(call)
        except ServerError as error:
            raise self._failed(error, key) from error
        found = decoded(data, server.host, image.shape, self.spec.name)
        progress(1, 1)
        return found

    def _key(self) -> str:
        variable = self.manifest.server.key
        found = os.environ.get(variable, "").strip() if variable else ""
        if variable and not found:
            raise Unavailable("own_server.key", title=self.spec.name, variable=variable)
        if not (found.isascii() and found.isprintable()):  # no header could hold it
            raise Unavailable("own_server.bad_key", title=self.spec.name, variable=variable or "")
        return found

    def _failed(self, error: ServerError, key: str) -> Unavailable:
        """The sentence; the server may have said our key."""
        said = hidden(error.said, [key])
        server, sentence = self.manifest.server, _SENTENCES[error.kind]
        if error.kind == "unauthorised" and not server.key:
            sentence = "own_server.no_key"
        return Unavailable(
            sentence,
            title=self.spec.name,
            host=server.host,
            file=self.file.name,
            said=said or "—",
            seconds=f"{server.seconds:g}",
            variable=server.key or "",
        )


def server_eraser(eraser_id: str, file: Path, manifest: ServerManifest) -> type[Eraser]:
    """The class of one. Raises Fault."""
    if isinstance(manifest, ComfyuiManifest):
        read_workflow(manifest.comfyui, file.parent)
    settings = settings_class(manifest.settings, manifest.canvas.whole)
    sees = manifest.canvas.whole if manifest.sees_object is None else manifest.sees_object
    said = said_of(eraser_id, file, manifest)
    host = manifest.server.host
    spec = replace(
        said,
        notes=(*_notes(manifest), *said.notes),
        learned=manifest.learned,
        seeded=manifest.seeded,
        canvas=manifest.canvas.made(),
        devices=("cpu",),
        holds_device=False,
        sees_object=sees,
        version=version_of(file, files_of(manifest)),
        sends_to="" if is_here(host) else host,
    )
    body = {"spec": spec, "Settings": settings, "manifest": manifest, "file": file}
    return cast("type[Eraser]", type(f"Own_{eraser_id}", (OwnServer,), body))


def _notes(manifest: ServerManifest) -> Iterator[Text]:
    """What is to be known before it is asked: where the photo goes, and what that costs."""
    server = manifest.server
    if not is_here(server.host):
        yield Text("own.note.server", host=server.host)
    if server.price is not None:
        yield Text("own.note.price", price=in_words(server.price))
    if server.per_day is not None:
        yield Text("own.note.per_day", calls=server.per_day)
