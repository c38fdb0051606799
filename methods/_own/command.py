"""An eraser that is a program of its own, in an environment of its own: a manifest's `command`.

It sees a crop as every eraser does, and what it gives is pasted back as every eraser's is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, cast

from methods._base import (
    BadInput,
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Settings,
    Text,
    Unavailable,
    no_progress,
)
from methods._own import kept, template
from methods._own.hiding import hidden
from methods._own.manifest import CommandManifest
from methods._own.parts import Manifest
from methods._own.pictures import Files, result_of, written
from methods._own.process import NotFound, Running, environment_for
from methods._own.settings import said, settings_class
from methods._own.version import version_of
from methods._system.memory import GIB

RANK = 200
"""The owner's come after the program's."""


class OwnCommand(Eraser[Settings]):
    """What all of them have in common; `command_eraser` makes the class of one."""

    manifest: ClassVar[CommandManifest]
    file: ClassVar[Path]

    def __init__(self) -> None:
        self.seconds = self.manifest.command.seconds
        """It may take so long for one picture, and to load."""
        self._device: DeviceName = "cpu"
        self._talk: kept.Talk | None = None

    @classmethod
    def canvas_for(cls, settings: Settings) -> Canvas:
        """The same for all settings."""
        return cls.spec.canvas

    @property
    def processes(self) -> set[int]:
        """Ids of those that are kept running."""
        return set() if self._talk is None else self._talk.running.processes()

    def load(self, device: DeviceName, dtype: object = None) -> None:
        """Begin what is kept running. Raises Unavailable."""
        self._device = device
        if sys.platform == "win32":
            raise Unavailable("own_not_begun.system", title=self.spec.name)
        if self.manifest.command.stays:
            self._begin_talk()

    def unload(self) -> None:
        """End what is kept running."""
        talk, self._talk = self._talk, None
        if talk is not None:
            talk.close()

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """By files. Raises Unavailable and BadInput with a sentence for each way to fail."""
        with written(image, mask, self.manifest.pictures) as files:
            self.work_on(files, settings, seed, progress)
            result = result_of(files, image.shape, self.spec.name)
        progress(1, 1)
        return result

    def work_on(self, files: Files, settings: Settings, seed: int, progress: Progress) -> None:
        """Have it write its result for these files, whatever they hold. Raises as `erase`."""
        values = _plain(settings)
        if self.manifest.command.stays:
            wish = {"do": "erase", **files.named(), "seed": seed, "settings": values}
            self._ask(wish, progress)
        else:
            more = {f"settings.{name}": _word(value) for name, value in values.items()}
            self._call({**files.named(), "seed": str(seed), **more}, progress)

    # --- once for each picture ---------------------------------------------------------------

    def _call(self, values: Mapping[str, str], progress: Progress) -> None:
        running = self._begun(values, talks=False)
        try:
            if not running.wait(self.seconds, lambda: progress(0, 1)):
                running.end()
                raise self._late(running)
        finally:
            running.end()
        if running.code:
            raise self._failed(running)

    # --- kept running ------------------------------------------------------------------------

    def _begin_talk(self) -> kept.Talk:
        self._talk = talk = kept.Talk(self._begun({}, talks=True))
        self._asked(talk, {"do": "load", "device": self._device}, no_progress)
        return talk

    def _ask(self, wish: Mapping[str, object], progress: Progress) -> None:
        talk = self._talk
        if talk is None or talk.running.is_over():  # it ended after an earlier picture
            self.unload()
            talk = self._begin_talk()
        talk.running.tail.forget()
        self._asked(talk, wish, progress)

    def _asked(self, talk: kept.Talk, wish: Mapping[str, object], progress: Progress) -> None:
        try:
            talk.ask(wish, self.seconds, progress)
        except kept.Said as error:
            words = self._shown(str(error))[: kept.MOST_WORDS]
            raise self._told("own_said", talk.running, said=words) from error
        except kept.Late as error:
            raise self._late(talk.running) from error
        except kept.Gone as error:
            talk.running.wait(1.0, _nothing)
            raise self._failed(talk.running) from error

    # --- both ----------------------------------------------------------------------------------

    def _begun(self, values: Mapping[str, str], talks: bool) -> Running:
        part, title = self.manifest.command, self.spec.name
        words = [self._word(word, {"device": self._device, **values}) for word in part.run]
        folder = self.file.parent / Path(part.folder).expanduser()
        environment = environment_for(part.environment, part.keep, self._device != "cpu")
        try:
            return Running(words, folder, environment, talks)
        except NotFound as error:
            raise Unavailable("own_not_begun.program", title=title, program=words[0]) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Unavailable("own_not_begun.folder", title=title, folder=part.folder) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise Unavailable("own_not_begun", title=title, reason=reason) from error

    def _word(self, word: str, values: Mapping[str, str]) -> str:
        """One argument. What a visitor types may not become an option of the program."""
        first = template.begins_with(word).removeprefix("settings.")
        found = template.filled(word, values)
        typed = self.manifest.settings.get(first)
        if "\0" in found or (typed is not None and typed.type == "text" and found[:1] == "-"):
            raise BadInput("own_setting", title=self.spec.name, setting=first)
        return found

    def _late(self, running: Running) -> Unavailable:
        seconds = f"{self.seconds:g}"
        return self._told("own_late", running, seconds=seconds, file=self.file.name)

    def _failed(self, running: Running) -> Unavailable:
        code = running.code
        running.end()
        if code is None or code == 0:
            return self._told("own_failed.gone", running)
        if code < 0:
            return self._told("own_failed.signal", running, signal=-code)
        return self._told("own_failed", running, code=code)

    def _told(self, sentence: str, running: Running, /, **values: str | int) -> Unavailable:
        """With the last lines that the program has printed, for whoever asks for them."""
        words = self._shown(running.tail.text())
        return Unavailable(sentence, title=self.spec.name, **values, printed=words)

    def _shown(self, words: str) -> str:
        """What a program prints may hold what it was given in confidence."""
        part = self.manifest.command
        kept_ones = (os.environ.get(name, "") for name in part.keep)
        return hidden(words, [*kept_ones, *part.environment.values()])


def _nothing() -> None:
    """Nobody is told."""


def _plain(settings: Settings) -> dict[str, object]:
    """Those of the manifest."""
    return settings.model_dump(mode="json", exclude=set(Settings.model_fields))


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def command_eraser(eraser_id: str, file: Path, manifest: CommandManifest) -> type[Eraser]:
    """The class of one command. Raises Fault."""
    settings = settings_class(manifest.settings, manifest.canvas.whole)
    stays, memory = manifest.command.stays, int(manifest.memory_gb * GIB)
    sees = manifest.canvas.whole if manifest.sees_object is None else manifest.sees_object
    spec = replace(
        said_of(eraser_id, file, manifest),
        learned=manifest.learned,
        seeded=manifest.seeded,
        canvas=manifest.canvas.made(),
        devices=tuple(manifest.devices),
        holds_device=stays or memory > 0 or manifest.devices != ["cpu"],
        memory=memory,
        sees_object=sees,
        version=version_of(file, manifest.command.run, manifest.command.folder),
    )
    body = {"spec": spec, "Settings": settings, "manifest": manifest, "file": file}
    return cast("type[Eraser]", type(f"Own_{eraser_id}", (OwnCommand,), body))


def programs_of(eraser: type[Eraser]) -> set[Path]:
    """Files that its command names: they are no erasers themselves."""
    if not issubclass(eraser, OwnCommand):
        return set()
    folder = eraser.file.parent / Path(eraser.manifest.command.folder).expanduser()
    return {folder / word for word in eraser.manifest.command.run if word.endswith(".py")}


def said_of(eraser_id: str, file: Path, manifest: Manifest) -> EraserSpec:
    """What every kind says of itself."""
    paper = manifest.paper
    return EraserSpec(
        id=eraser_id,
        name=manifest.name or eraser_id,
        summary=Text("own.summary") if manifest.summary is None else said(manifest.summary),
        paper=Paper("", "", 0) if paper is None else Paper(paper.title, paper.url, paper.year),
        license=manifest.license,
        non_commercial=manifest.non_commercial,
        rank=RANK,
        notes=(*map(said, manifest.notes), Text("own.note", file=file.name)),
    )
