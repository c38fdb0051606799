"""Starting files for an eraser of one's own: commented, and working as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from methods._base import BadInput
from methods._own.folder import ID, own_folder

Start: TypeAlias = Literal[
    "command", "file", "iopaint", "gradio", "comfyui", "openai", "http", "results"
]

_FOLDER = Path(__file__).with_name("starting")
_SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "own-eraser.schema.json"
OWN_CLIENT = _FOLDER / "eraser_lab_client.py"
"""What keeps a method running; authors copy it."""

_FILES: dict[Start, tuple[str, ...]] = {
    "command": (".toml", ".py"),
    "file": (".py",),
    "iopaint": (".toml",),
    "gradio": (".toml",),
    "comfyui": (".toml",),
    "results": (".toml",),
    "openai": (".toml",),
    "http": (".toml",),
}


def begin_own(kind: Start, name: str) -> list[Path]:
    """Write the files of a new eraser into the owner's folder, and say which.

    Raises BadInput for a name that cannot be one, and where one of the files is there already.
    """
    if not ID.fullmatch(name):
        raise BadInput("own_name", name=name[:80])
    folder = own_folder()
    files = [folder / f"{name}{ending}" for ending in _FILES[kind]]
    for file in files:
        if file.exists():
            raise BadInput("own_exists", file=file.name)
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        text = (_FOLDER / f"{kind}{file.suffix}.txt").read_text("utf-8")
        file.write_text(_named(text, name), encoding="utf-8")
    if kind == "results":
        (folder / name).mkdir(exist_ok=True)  # for the pictures
    return files


def _named(text: str, name: str) -> str:
    title = name.replace("_", " ").capitalize()
    for word, said in (("SCHEMA", _SCHEMA.as_uri()), ("TITLE", title), ("NAME", name)):
        text = text.replace(f" {word}\n", f" {said}\n").replace(f'"{word}"', f'"{said}"')
    for ending in ("py", "json"):
        text = text.replace(f'"NAME.{ending}"', f'"{name}.{ending}"')
    return text.replace("check NAME", f"check {name}")
