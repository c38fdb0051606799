"""A folder of results that were made elsewhere: a column of tables, which nothing here runs.

NAME.toml          kind = "results", and where the pictures lie
FOLDER/{row}.png   the result of a table's row; png, jpg, jpeg or webp
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from methods._base import BadInput, Paper, Text
from methods._own import template
from methods._own.manifest import ResultsManifest
from methods._own.settings import said

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
"""In the order in which they are looked for."""


@dataclass(frozen=True, slots=True)
class GivenResults:
    """One such folder. folder, pattern: as in the manifest, the folder absolute. summary, notes:
    what is said of it. fault: why it cannot be used; then it has no folder."""

    id: str
    name: str
    file: Path
    folder: Path = Path()
    pattern: str = ""
    license: str = ""
    non_commercial: bool = False
    paper: Paper | None = None
    summary: Text | None = None
    notes: tuple[Text, ...] = ()
    fault: Text | None = None

    def picture(self, row: str, photo: str) -> Path | None:
        """The file of a row's result, None where there is none. row: its id; photo: the name of
        its photo's file. Raises BadInput for one that leads out of the folder."""
        values = {"row": row, "photo": _stem(photo)}
        if not all(_is_a_name(values[name]) for name in template.names_in(self.pattern)):
            return None
        for name in self._names(template.filled(self.pattern, values)):
            file = self.folder / name
            try:
                if file.is_file():
                    return self._inside(file, name)
            except (OSError, ValueError):  # a name that no file can have
                continue
        return None

    def wanted(self, row: str, photo: str) -> str:
        """The name under which a row's picture is looked for, for sentences."""
        return next(self._names(template.filled(self.pattern, {"row": row, "photo": _stem(photo)})))

    def count(self) -> int:
        """Pictures in the folder and its folders, whatever row they are of."""
        return sum(file.suffix.lower() in ENDINGS for file in self.folder.rglob("*"))

    def _names(self, filled: str) -> Iterator[str]:
        """The name as the pattern has it; with each ending where that has none."""
        if self.pattern.lower().endswith(ENDINGS):
            yield filled
            return
        yield from (filled + ending for ending in ENDINGS)
        yield from (filled + ending.upper() for ending in ENDINGS)

    def _inside(self, file: Path, name: str) -> Path:
        real = file.resolve()
        if not real.is_relative_to(self.folder.resolve()):
            raise BadInput("given_outside", file=name[:200], title=self.name)
        return real


def _stem(photo: str) -> str:
    """Of a file's name, whichever system wrote it."""
    return photo.rpartition(".")[0] or photo


def _is_a_name(value: str) -> bool:
    """Whether it can stand in a path without leading elsewhere."""
    return value not in ("", ".", "..") and not set(value) & set("/\\\0")


def given_of(results_id: str, file: Path, manifest: ResultsManifest) -> GivenResults:
    """What a manifest describes."""
    part, paper = manifest.results, manifest.paper
    return GivenResults(
        id=results_id,
        name=manifest.name or results_id,
        file=file,
        folder=file.parent / Path(part.folder).expanduser(),
        pattern=part.pattern,
        license=manifest.license,
        non_commercial=manifest.non_commercial,
        paper=None if paper is None else Paper(paper.title, paper.url, paper.year),
        summary=None if manifest.summary is None else said(manifest.summary),
        notes=tuple(map(said, manifest.notes)),
    )
