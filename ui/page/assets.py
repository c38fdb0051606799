"""The page's own scripts and styles, as files under an address that is made of what they hold.

The scripts are ES modules, served as they lie in ui/static/scripts: nothing is built and nothing is
joined. One module is written here, `given.js`: what the server knows and the scripts do not. All lie
in one folder named by the hash of everything in it, so that a browser may keep them for ever, modules
name each other by relative paths, and a page never mixes the files of two versions.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from ui.common.texts import page_languages

STATIC = Path(__file__).parent.parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css"}
STYLES = ("styles/style.css", "styles/looking.css", "styles/results.css", "styles/tables.css")
ENTRY = "scripts/main.js"
GIVEN = "scripts/given.js"


class Asset(NamedTuple):
    """One file as it is served."""

    body: bytes
    media_type: str


class Assets:
    """All files of the page, in memory: some 250 kB."""

    def __init__(self, lang: str | None) -> None:
        """lang: a catalogue's code, or None for the browser's own language."""
        self._files = _files(lang)
        self._version = _version(self._files)
        self.folder = f"lab/static/{self._version}"
        """Relative to the page's own address, wherever it is mounted."""

    def get(self, version: str, name: str) -> Asset | None:
        """A file by its path in the folder; None for an unknown one, or another version's."""
        return self._files.get(name) if version == self._version else None

    def head(self) -> str:
        """What goes into the page's <head>: the styles, and the promise of the scripts.

        Components mount when `eraserLabScripts` is there, in whatever order Gradio makes them.
        """
        links = "".join(f'<link rel="stylesheet" href="{self.folder}/{name}">' for name in STYLES)
        entry = json.dumps(f"{self.folder}/{ENTRY}")
        return (
            f"{links}<script>window.eraserLabScripts ??= "
            f"import(new URL({entry}, document.baseURI).href);</script>"
        )


def _files(lang: str | None) -> dict[str, Asset]:
    found = {
        path.relative_to(STATIC).as_posix(): Asset(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in TYPES
    }
    return {**found, GIVEN: Asset(_given(lang).encode("utf-8"), TYPES[".js"])}


def _given(lang: str | None) -> str:
    """The module that only the server can write; its types stand in given.d.ts."""
    languages = json.dumps(page_languages(), ensure_ascii=False)
    options = json.dumps({"lang": lang})
    return f"export const LANGUAGES = {languages};\nexport const OPTIONS = {options};\n"


def _version(files: dict[str, Asset]) -> str:
    content = hashlib.sha256()
    for name, asset in sorted(files.items()):
        content.update(f"{name}\0{len(asset.body)}\0".encode())
        content.update(asset.body)
    return content.hexdigest()[:16]
