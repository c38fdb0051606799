"""Our ES modules as few files: each keeps a scope of its own, in the order of their imports.

A visit over HTTP/1.1 pays half a second of a slow line for every few files; there are more than
eighty. So that nothing need be built, they are joined here, when the program starts:

    const m1 = (() => { const { lab } = m0; …; return { emit, on }; })();

That is what a browser would do with them where (1) no module imports one that imports it, in
whatever roundabout way, (2) what is exported is never assigned again, and (3) names are imported
by name. Whatever else the scripts would say is refused, by `Unjoinable`; a test joins them all.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function) (\w+))", re.MULTILINE)
LISTED = re.compile(r"^export \{([^}]*)\};$", re.MULTILINE)
OTHERWISE = re.compile(r"^(?:import\b(?!\()|export\b).*|\bimport\.meta\b", re.MULTILINE)
INDENTED = re.compile(r"^[ \t]+", re.MULTILINE)
SHARED = "shared"
"""What each file exports for the later ones: its modules, by their paths."""


class Unjoinable(ValueError):
    """The scripts say something that cannot be joined so."""


@dataclass(frozen=True, slots=True)
class Module:
    """path: in the folder of scripts. imports: what of which module, as JavaScript's pattern.
    exports: names. body: the rest."""

    path: str
    imports: tuple[tuple[str, str], ...]
    exports: tuple[str, ...]
    body: str

    @property
    def needs(self) -> list[str]:
        """Paths of the modules that must have run before."""
        return [path for path, _ in self.imports]


def parsed(path: str, source: str) -> Module:
    """Raise Unjoinable for what stands above in no other form."""
    folder = posixpath.dirname(path)
    imports = tuple(
        (posixpath.normpath(posixpath.join(folder, of)), names.strip().replace(" as ", ": "))
        for names, of in IMPORT.findall(source)
    )
    listed = [name for names in LISTED.findall(source) for name in _names(path, names)]
    body = EXPORT.sub("", LISTED.sub("", IMPORT.sub("", source)))
    if other := OTHERWISE.search(body):
        raise Unjoinable(f"{path}: {other.group()[:80]}")
    exports = (*EXPORT.findall(source), *listed)
    return Module(path, imports, exports, INDENTED.sub("", body).strip())


def _names(path: str, listed: str) -> list[str]:
    if " as " in listed:
        raise Unjoinable(f"{path}: export {{{listed}}}")
    return [name.strip() for name in listed.split(",") if name.strip()]


def in_order(
    entry: str, modules: Mapping[str, Module], *, without: Iterable[str] = ()
) -> list[str]:
    """The paths of all that the entry needs and of itself, each after what it needs."""
    done, at_work = dict.fromkeys(without), list[str]()
    first = len(done)

    def visit(path: str) -> None:
        if path in at_work:
            raise Unjoinable(" imports ".join([*at_work[at_work.index(path) :], path]))
        if path not in done:
            at_work.append(path)
            for needed in modules[path].needs:
                visit(needed)
            at_work.pop()
            done[path] = None

    visit(entry)
    return list(done)[first:]


def joined(
    entry: str, modules: Mapping[str, Module], *, after: Mapping[str, Iterable[str]] | None = None
) -> str:
    """The entry with all that it needs, as one module that exports what the entry does.

    after: other joined files by their paths from the entry's folder, with the paths of the modules
    that each holds: their own are used, since each module must run once.
    """
    names: dict[str, str] = {}
    head = []
    for number, (file, held) in enumerate((after or {}).items()):
        head.append(f'import {{ {SHARED} as {SHARED}{number} }} from "{file}";')
        names |= {path: f"{SHARED}{number}[{_quoted(path)}]" for path in held}
    order = in_order(entry, modules, without=[*names])
    names |= {path: f"m{number}" for number, path in enumerate(order)}
    scopes = [f"const {names[path]} = {_scope(modules[path], names)};" for path in order]
    own = ", ".join(f"{_quoted(path)}: {names[path]}" for path in order)
    ends = [
        f"export const {{ {', '.join(modules[entry].exports)} }} = {names[entry]};",
        f"export const {SHARED} = {{ {own} }};",
    ]
    return "\n".join([*head, *scopes, *ends]) + "\n"


def _scope(module: Module, names: Mapping[str, str]) -> str:
    taken = [f"const {{ {what} }} = {names[path]};" for path, what in module.imports]
    given = f"return {{ {', '.join(module.exports)} }};"
    return "\n".join(["(() => {", *taken, module.body, given, "})()"])


def _quoted(path: str) -> str:
    return '"' + path.replace('"', "") + '"'
