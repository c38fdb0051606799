"""The page's own scripts and styles, as files under an address that is made of what they hold.

The scripts are ES modules, served as they lie in ui/static/scripts but for the comments: nothing
is built, nothing is joined, and each line keeps its number. One module is written here, `given.js`:
what the server knows and the scripts do not. All lie in one folder named by the hash of everything
in it, so that a browser may keep them for ever, modules name each other by relative paths, and a
page never mixes the files of two versions.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from functools import cached_property
from pathlib import Path

from brotli import compress

from ui.common.texts import page_languages

STATIC = Path(__file__).parent.parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css"}
STYLES = (
    "styles/style.css",
    "styles/first.css",
    "styles/looking.css",
    "styles/results.css",
    "styles/tables.css",
    "styles/skeleton.css",
)
ENTRY = "scripts/main.js"
GIVEN = "scripts/given.js"
COMMENTS = re.compile(rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.MULTILINE | re.DOTALL)
IMPORTED = re.compile(r'^(?:import|export) .*?from "(\.[^"]+)";$', re.MULTILINE | re.DOTALL)


class Asset:
    """One file as it is served."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body = body
        self.media_type = media_type

    @cached_property
    def brotli(self) -> bytes:
        """The body compressed as far as it goes, when it is first asked for."""
        return bytes(compress(self.body, quality=11))


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

    def modules(self) -> list[str]:
        """The scripts that the page begins with: the first, and all that these import at once, by
        their paths in the folder, those nearest to the first in front."""
        found = [ENTRY]
        for name in found:
            script = self._files[name].body.decode("utf-8")
            folder = posixpath.dirname(name)
            imported = (posixpath.join(folder, path) for path in IMPORTED.findall(script))
            found += dict.fromkeys(p for p in map(posixpath.normpath, imported) if p not in found)
        return found

    def preloads(self) -> str:
        """Links that bring all these scripts together, else each level of imports would cost a way
        to the server and back; after what Gradio needs, which is wanted first."""
        links = (
            f'<link rel="modulepreload" fetchpriority="low" href="{self.folder}/{name}">'
            for name in self.modules()
        )
        return "".join(links)

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
        path.relative_to(STATIC).as_posix(): Asset(_bare(path.read_bytes()), TYPES[path.suffix])
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in TYPES
    }
    return {**found, GIVEN: Asset(_given(lang).encode("utf-8"), TYPES[".js"])}


def _bare(source: bytes) -> bytes:
    """Script or style without the comments that have lines of their own: a quarter of all bytes.

    The lines stay, empty. A test holds that no string goes over several lines, where what looks
    like a comment might be none.
    """
    return COMMENTS.sub(lambda comment: b"\n" * comment.group().count(b"\n"), source)


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
