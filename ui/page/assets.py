"""The page's own scripts and styles, as files under an address that is made of what they hold.

The scripts are ES modules; nothing is built for users. When the program starts, they lose their
comments and are joined (see `ui.page.joining`) to three files: what the page begins with, what
shows results, and what its second tab needs; the styles to one. One module is written here,
`given.js`: what the server knows and the scripts do not. Each language's sentences are a file of
their own, of which only the shown one's travels. All lie in one folder named by the hash of
everything in it, so that a browser may keep them for ever, and a page never mixes the files of two
versions.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from brotli import compress

from ui.common.texts import page_languages, page_sentences
from ui.page.joining import Module, in_order, joined, parsed

STATIC = Path(__file__).parent.parent / "static"
BLANK = re.compile(rb"^[ \t]*\n", re.MULTILINE)
TYPES = {".js": "text/javascript", ".css": "text/css"}
EARLY = ("styles/frame.css", "styles/skeleton.css")
"""What stands in the page itself."""
SOURCES = (
    "styles/frame.css",
    "styles/style.css",
    "styles/erasers.css",
    "styles/narrow.css",
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
RESULTS = "scripts/results/grid.js"
TABLES = "scripts/tables/tables.js"
LANGUAGES = "scripts/languages"
GIVEN = "given.js"
COMMENTS = re.compile(rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)[ \t]*$", re.MULTILINE | re.DOTALL)


START = """window.eraserLabScripts ??= (() => {
const folder = "{FOLDER}", known = "{LANGUAGES}", wanted = (navigator.language || "").toLowerCase();
const bring = (path) => import(new URL(folder + "/scripts/" + path, document.baseURI).href);
const words = (code) => bring("languages/" + code + ".js");
let kept = null;
try { kept = localStorage.getItem("eraser-lab.lang"); } catch { /* no memory */ }
const fits = (name) => wanted === name || wanted.startsWith(name + "-");
const [code] = known.find(([code]) => code === ("{LANG}" ?? kept)) ||
known.find(([, tag]) => fits(tag)) || known.find(([code]) => fits(code)) || known[0];
return Promise.all([bring("main.js"), words(code)])
.then(([page, said]) => { page.speak(code, said, words); return page; });
})();"""


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
        self._files = _files()
        self._lang = lang
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
        """What Gradio is to add to the page's <head>; of what `ui.page.early` has put into the page
        nothing is brought, or done, a second time."""
        return self.sheet() + self.script()

    def sheet(self) -> str:
        """The link to the styles."""
        return f'<link rel="stylesheet" href="{self.folder}/{STYLES}">'

    def early_styles(self) -> str:
        """The styles of what is shown before that has come."""
        return f"<style>{_styles(EARLY).decode('utf-8')}</style>"

    def script(self) -> str:
        """The promise of the scripts.

        It chooses the language: asked for, remembered, the browser's, or the first; and brings its
        sentences beside the scripts. Components mount when `eraserLabScripts` is there, in whatever
        order Gradio makes them.
        """
        given = {"{FOLDER}": self.folder, "{LANG}": self._lang, "{LANGUAGES}": _codes()}
        script = START
        for name, value in given.items():
            script = script.replace(f'"{name}"', json.dumps(value))
        return f"<script>{script}</script>"


def _codes() -> list[tuple[str, str]]:
    """Code and tag of each language."""
    return [(language["code"], language["tag"].lower()) for language in page_languages()]


def _files() -> dict[str, Asset]:
    modules = page_modules()
    held = {"../main.js": in_order("main.js", modules)}
    results = joined("results/grid.js", modules, after=held)
    held["../results/grid.js"] = in_order("results/grid.js", modules, without=held["../main.js"])
    tables = joined("tables/tables.js", modules, after=held)
    return {
        ENTRY: Asset(joined("main.js", modules).encode("utf-8"), TYPES[".js"]),
        RESULTS: Asset(results.encode("utf-8"), TYPES[".js"]),
        TABLES: Asset(tables.encode("utf-8"), TYPES[".js"]),
        **{f"{LANGUAGES}/{code}.js": _words(said) for code, said in page_sentences().items()},
        STYLES: Asset(_styles(SOURCES), TYPES[".css"]),
    }


def _styles(sources: Iterable[str]) -> bytes:
    return b"\n".join(_bare((STATIC / name).read_bytes()) for name in sources)


def _words(sentences: Mapping[str, object]) -> Asset:
    script = f"export const SENTENCES = {json.dumps(sentences, ensure_ascii=False)};\n"
    return Asset(script.encode("utf-8"), TYPES[".js"])


def page_modules() -> dict[str, Module]:
    """All modules by their paths in ui/static/scripts, `given.js` among them."""
    found = {
        path.relative_to(SCRIPTS).as_posix(): _bare(path.read_bytes()).decode("utf-8")
        for path in sorted(SCRIPTS.rglob("*.js"))
    }
    return {path: parsed(path, text) for path, text in {**found, GIVEN: _given()}.items()}


def _bare(source: bytes) -> bytes:
    """Script or style without the comments and lines that are nothing else: a quarter of all bytes.

    A test holds that no string goes over several lines, where what looks like a comment might be
    none.
    """
    return BLANK.sub(b"", COMMENTS.sub(b"", source))


def _given() -> str:
    """The module that only the server can write; its types stand in given.d.ts."""
    return f"export const LANGUAGES = {json.dumps(page_languages(), ensure_ascii=False)};\n"


def _version(files: dict[str, Asset]) -> str:
    content = hashlib.sha256()
    for name, asset in sorted(files.items()):
        content.update(f"{name}\0{len(asset.body)}\0".encode())
        content.update(asset.body)
    return content.hexdigest()[:16]
