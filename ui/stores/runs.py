"""The runs: one folder each, under the random id that is also the run's link.

runs/<id>/run.json                 all that is needed to show and to repeat the run
          original                 the uploaded file (a second name for the photo's)
          first, reached.png       where the photo came of another run's result (`ui.stores.chain`)
          original.jpg             what the page shows of it
          original.png             its pixels, once someone has compared with them
          mask.png  overlay.png    the mask at full size; the overlay as on the page
          upload.png               an uploaded mask, where one is part of the prompts
          <n>-<eraser>.jpg / .png  each result: to look at; lossless, to keep
          close-….jpg / .png       of a large photo: the mask's neighbourhood in each of them
          remarks.json             what people wrote beside the results (`ui.stores.remarks`)
          owner.json               whose it is, and who is shown it (`ui.stores.ownership`)
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict, cast

from methods import JSON, PlainJob
from ui.common.errors import run_damaged, run_gone, run_used
from ui.common.files import has_links, own_file, writable_folder, write_json
from ui.common.grid import EarlierRemark, Grid
from ui.common.names import is_id
from ui.stores import ownership
from ui.stores.alive import Alive
from ui.stores.ownership import NOBODYS, Ownership, read_ownership, write_ownership
from ui.stores.photos import SavedPhoto
from ui.stores.remarks import Remark, Remarks, latest
from ui.stores.run_file import read_run

FORMAT = 2
"""Of run.json; 1, which called the selection `prompts`, is read as well. A file of another format
is treated as gone, never guessed at."""

PUBLIC_FILE = re.compile(
    r"original\.(jpg|png)|mask\.png|overlay\.png|\d{1,2}-[a-z0-9_]{1,40}\.(jpg|png)"
    r"|close-(original\.jpg|overlay\.png|\d{1,2}-[a-z0-9_]{1,40}\.jpg)"
)
ORIGINAL = "original.png"
RUNNING_MARK = "running"
"""A file that lies in a run's folder while the run goes on, in whichever program; it holds the
program's name (`ui.stores.alive`), and of an older version nothing."""

MARK_SECONDS = 1800.0
"""How long a mark is believed; the process that runs renews it more often."""


_BEGINNINGS = ".*.part"
"""Of files until they are whole and renamed; see `write_atomic`."""


def result_name(index: int, eraser: str, ending: str) -> str:
    return f"{index}-{eraser}.{ending}"


def close_name(file: str) -> str:
    """The close-up of a run's picture."""
    return f"close-{file}"


def run_url(run_id: str, file: str) -> str:
    """Relative on purpose, so that it also works behind a proxy's prefix."""
    return f"lab/runs/{run_id}/{file}"


class Inputs(TypedDict):
    """What is known of a run when it begins: enough to repeat it.

    created: seconds since the epoch. row: of a table, where one is run. phrase: the words by
    which the object was found. selection: a `Selection` in plain values, with the segmenter
    that answered. mask_sha256: of the mask, packed to bits. versions: by package.
    """

    created: float
    photo: SavedPhoto
    row: str | None
    phrase: str | None
    selection: Mapping[str, JSON]
    mask_sha256: str
    jobs: list[PlainJob]
    versions: dict[str, str]


class SavedRun(Inputs):
    """What stands in run.json, as `ui.stores.run_file` has read it. Older files lack row and
    phrase."""

    format: int
    grid: Grid


def _earlier(written: tuple[Remark, ...]) -> list[EarlierRemark]:
    return [{"text": each.text, "at": each.at} for each in written[:-1] if each.text]


class RunStore:
    """Run folders by id."""

    def __init__(self, folder: Path) -> None:
        self.folder = writable_folder(folder)
        self._remarks = Remarks()
        self._owning = threading.Lock()
        self._alive = Alive(folder.with_name(f"{folder.name}-programs"))

    def create(self, run_id: str, owner: str = "", *, after: Sequence[str] = ()) -> Path:
        """A new folder, marked as running. owner: as `Ownership` has it. after: the runs whose
        results it goes on with; it is as private as any of them, and one that is gone may have been
        private. Raises UserError ("run_used")."""
        if not is_id(run_id):
            raise run_gone()
        folder = self.folder / run_id
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise run_used() from None
        (folder / RUNNING_MARK).write_text(self._alive.name(), "ascii")
        private = any(not self.exists(one) or self.ownership(one).private for one in after)
        write_ownership(folder, Ownership(owner=owner, private=private))
        return folder

    def ownership(self, run_id: str) -> Ownership:
        """Whose a run is; nobody's where there is none."""
        return read_ownership(self.folder / run_id) if is_id(run_id) else NOBODYS

    def keep_private(self, run_id: str, private: bool) -> None:
        """Raises UserError ("run_gone")."""
        if not self.exists(run_id):
            raise run_gone()
        with self._owning:
            now = self.ownership(run_id).model_copy(update={"private": private})
            write_ownership(self.folder / run_id, now)

    def save(self, run_id: str, value: Mapping[str, object]) -> None:
        write_json(self.folder / run_id / "run.json", {"format": FORMAT, **value})

    def load(self, run_id: str) -> SavedRun:
        """What was saved last. Raises UserError ("run_gone", also for what is damaged)."""
        if not is_id(run_id):
            raise run_gone()
        folder = self.folder / run_id
        try:
            if has_links(folder):
                raise run_damaged()
            data = (folder / "run.json").read_bytes()
        except OSError as error:
            raise run_gone() from error
        return cast("SavedRun", read_run(data, FORMAT))

    def written(self, run_id: str) -> bytes:
        """All that is written down of a run, for telling whether any of it has changed."""
        found = b""
        for name in ("run.json", "remarks.json", ownership.FILE) if is_id(run_id) else ():
            with suppress(OSError):
                found += (self.folder / run_id / name).read_bytes() + b"\0"
        return found

    def remarks(self, run_id: str) -> dict[int, str]:
        """What stands beside the results now, by the index of the card."""
        written = self._remarks.read(self.folder / run_id) if is_id(run_id) else {}
        return {index: latest(each) for index, each in written.items() if latest(each)}

    def remark(self, run_id: str, index: int, text: str) -> None:
        """Keep a remark beside a result; an empty one takes it away, and all before stay known.

        It has a file of its own, because run.json is written again and again while the run
        goes on. Raises UserError ("run_gone", "too_many_remarks").
        """
        cards = self.load(run_id)["grid"]["cards"]
        if not 0 <= index < len(cards):
            raise run_gone()
        self._remarks.add(self.folder / run_id, index, text)

    def earlier_remarks(self, run_id: str, index: int) -> list[EarlierRemark]:
        """What stood beside a result before, oldest first."""
        return _earlier(self._remarks.read(self.folder / run_id).get(index, ()))

    def with_remarks(self, run_id: str, grid: Grid) -> Grid:
        """The grid with what people wrote on its cards, and what they had written before."""
        written = self._remarks.read(self.folder / run_id)
        for card in grid["cards"]:
            card.pop("remark", None)
            card.pop("remarks", None)
            of_card = written.get(card["index"], ())
            if latest(of_card):
                card["remark"] = latest(of_card)
            if earlier := _earlier(of_card):
                card["remarks"] = earlier
        return grid

    def discard(self, run_id: str) -> None:
        """Remove a run that came to nothing."""
        if is_id(run_id):
            shutil.rmtree(self.folder / run_id, ignore_errors=True)

    def exists(self, run_id: str) -> bool:
        return is_id(run_id) and (self.folder / run_id).is_dir()

    def file(self, run_id: str, name: str) -> Path | None:
        """A file that the page may have, or None."""
        if not is_id(run_id) or PUBLIC_FILE.fullmatch(name) is None:
            return None
        return own_file(self.folder / run_id / name)

    def original(self, run_id: str) -> Path:
        return self.folder / run_id / "original"

    def mark_again(self, run_id: str) -> None:
        """A run that has ended goes on, in this program."""
        (self.folder / run_id / RUNNING_MARK).write_text(self._alive.name(), "ascii")

    def mark_running(self, run_id: str) -> None:
        """Renew the mark, which other processes believe for a while only."""
        mark = self.folder / run_id / RUNNING_MARK
        if mark.exists():
            os.utime(mark)

    def is_running(self, run_id: str) -> bool:
        """Whether the program that has marked the run as going on is still there."""
        mark = self.folder / run_id / RUNNING_MARK
        try:
            marked, program = mark.stat().st_mtime, mark.read_text("ascii")
        except (OSError, ValueError):
            return False
        if time.time() - marked >= MARK_SECONDS:
            return False
        return not program or self._alive.is_alive(program)

    def left_behind(self) -> list[str]:
        """The ids of runs that are marked as going on, and of whose program nothing is left."""
        marked = (path.parent.name for path in self.folder.glob(f"*/{RUNNING_MARK}"))
        return [run_id for run_id in marked if is_id(run_id) and not self.is_running(run_id)]

    def sweep_up(self, run_id: str) -> None:
        """Remove what a killed program has left of files that it was writing."""
        for beginning in (self.folder / run_id).rglob(_BEGINNINGS):
            beginning.unlink(missing_ok=True)

    def mark_ended(self, run_id: str) -> None:
        (self.folder / run_id / RUNNING_MARK).unlink(missing_ok=True)
