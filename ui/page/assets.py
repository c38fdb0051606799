"""The page's own scripts and styles, as files under an address that is made of what they hold.

The scripts are ES modules; nothing is built for users. When the program starts, they lose
their comments and are joined (see `ui.page.joining`) to two files: what the page begins with, and
what its second tab needs; the styles to one. One module is written here, `given.js`: what the
server knows and the scripts do not. All lie in one folder named by the hash of everything in it, so
that a browser may keep them for ever, and a page never mixes the files of two versions.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from pathlib import Path

from brotli import compress

from ui.common.texts import page_languages
from ui.page.joining import Module, in_order, joined, parsed

STATIC = Path(__file__).parent.parent / "static"
BLANK = re.compile(rb"^[ \t]*\n", re.MULTILINE)
TYPES = {".js": "text/javascript", ".css": "text/css"}
SOURCES = (
    "styles/style.css",
    "styles/first.css",
    "styles/looking.css",
    "styles/results.css",
    "styles/compare.css",
    "styles/shelf.css",
    "styles/steps.css",
    "styles/save.css",
    "styles/figure.css",
    "styles/sweep.css",
    "styles/tables.css",
    "styles/skeleton.css",
)
STYLES = "styles/page.css"
SCRIPTS = STATIC / "scripts"
ENTRY = "scripts/main.js"
TABLES = "scripts/tables/tables.js"
GIVEN = "given.js"
COMMENTS = re.compile(rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.MULTILINE | re.DOTALL)


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
    """All files of the page, in memory: some 300 kB."""

    def __init__(self, lang: str | None) -> None:
        """lang: a catalogue's code, or None for the browser's own language."""
        self._files = _files(lang)
        self._version = _version(self._files)
        self.folder = f"lab/static/{self._version}"
        """Relative to the page's own address, wherever it is mounted."""

    def get(self, version: str, name: str) -> Asset | None:
        """A file by its path in the folder; None for an unknown one, or another version's."""
        return self._files.get(name) if version == self._version else None

    def preloads(self) -> str:
        """A link that brings the scripts before anything asks for them, after what Gradio needs,
        which is wanted first."""
        return f'<link rel="modulepreload" fetchpriority="low" href="{self.folder}/{ENTRY}">'

    def head(self) -> str:
        """What goes into the page's <head>: the styles, and the promise of the scripts.

        Components mount when `eraserLabScripts` is there, in whatever order Gradio makes them.
        """
        styles = f'<link rel="stylesheet" href="{self.folder}/{STYLES}">'
        entry = json.dumps(f"{self.folder}/{ENTRY}")
        return (
            f"{styles}<script>window.eraserLabScripts ??= "
            f"import(new URL({entry}, document.baseURI).href);</script>"
        )


def _files(lang: str | None) -> dict[str, Asset]:
    modules = page_modules(lang)
    first = in_order("main.js", modules)
    tables = joined("tables/tables.js", modules, after=("../main.js", first))
    styles = b"\n".join(_bare((STATIC / name).read_bytes()) for name in SOURCES)
    return {
        ENTRY: Asset(joined("main.js", modules).encode("utf-8"), TYPES[".js"]),
        TABLES: Asset(tables.encode("utf-8"), TYPES[".js"]),
        STYLES: Asset(styles, TYPES[".css"]),
    }


def page_modules(lang: str | None) -> dict[str, Module]:
    """All modules by their paths in ui/static/scripts, `given.js` among them."""
    found = {
        path.relative_to(SCRIPTS).as_posix(): _bare(path.read_bytes()).decode("utf-8")
        for path in sorted(SCRIPTS.rglob("*.js"))
    }
    return {path: parsed(path, text) for path, text in {**found, GIVEN: _given(lang)}.items()}


def _bare(source: bytes) -> bytes:
    """Script or style without the comments and lines that are nothing else: a quarter of all bytes.

    A test holds that no string goes over several lines, where what looks like a comment might be
    none.
    """
    return BLANK.sub(b"", COMMENTS.sub(b"", source))


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
