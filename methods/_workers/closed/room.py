"""The home's side of the closed room: a `Decoder` that has a process of its own for each file.

    with Room() as room, decoding_by(room):
        load_image(upload)

Each file costs a copy of a small process (`keeper`), and is bounded in memory, processor seconds
and time. What goes wrong in there, and be it a crash, is a sentence about that one file. Pixels
come back in shared memory that nobody can change any more.
"""

from __future__ import annotations

import logging
import mmap
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from methods._photo.decode import Limits
from methods._photo.load import Photo
from methods._photo.mask import ReadMask
from methods._saving.contract import MadeBy, SavedFile, SavingWish
from methods._saving.samples.patch import Patch
from methods._workers.closed.line import Gone, Line, NotBegun
from methods._workers.closed.memory import Memory, Part
from methods._workers.closed.patches import parts_of, saving_of
from methods._workers.closed.reading import believed, mask_told, photo_told, saved_told
from methods._workers.closed.talk import Bounds, Wish
from methods._workers.closed.wrong import ended_early, lost, not_begun

logger = logging.getLogger(__name__)

DECODES_AT_ONCE = 2
"""A 50-megapixel photo takes several hundred MB while it is decoded."""

SECONDS = 60
"""Of processors, for one file."""

PATIENCE = 120.0
"""Seconds by the clock, for one file."""

MOST_READINGS = 6
"""Of a mask, that come back."""

_TRIES = 2
"""Where the room was taken from outside."""

_BYTES_A_PIXEL = 32
"""Measured: at most 20, for a TIFF of floating-point numbers and for a mask."""

_BYTES_MORE = 256 * 2**20

_LONGER = 4
"""A result takes so many times as long to be saved as a photo to be decoded."""


def bounds_of(limits: Limits) -> Bounds:
    """What a file may take where a photo may have so many pixels and bytes."""
    pixels = int(limits.megapixels * 1e6)
    memory = _BYTES_MORE + int(2e6 * limits.megabytes) + _BYTES_A_PIXEL * pixels
    return Bounds(
        memory=memory, seconds=SECONDS, patience=PATIENCE, pixels=MOST_READINGS * pixels + 2**16
    )


def for_saving(bounds: Bounds) -> Bounds:
    """What it may take to save a result where a photo may take so much: it is decoded, written and
    decoded again, with all of its bits."""
    return bounds.model_copy(
        update={
            "memory": bounds.memory + bounds.memory // 2,
            "seconds": _LONGER * bounds.seconds,
            "patience": _LONGER * bounds.patience,
            "pixels": 2 * bounds.pixels + _BYTES_MORE,
        }
    )


class Room:
    """Safe between threads. bounds: what a file may take; begin: opens a line to a new keeper."""

    def __init__(
        self,
        bounds: Callable[[Limits], Bounds] = bounds_of,
        begin: Callable[[], Line] = Line,
    ) -> None:
        self._bounds, self._begin = bounds, begin
        self._gate = threading.BoundedSemaphore(DECODES_AT_ONCE)
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._closed = False

    # --- a decoder -------------------------------------------------------------------------

    def photo(self, data: bytes, name: str, limits: Limits) -> Photo:
        """See `Decoder`."""
        wish = self._wish(name, limits)
        with believed(name):
            return photo_told(*self._asked([data], wish), name)

    def mask(self, data: bytes, size: tuple[int, int], name: str, limits: Limits) -> ReadMask:
        """See `Decoder`."""
        wish = self._wish(name, limits, size)
        with believed(name):
            return mask_told(*self._asked([data], wish), name, size)

    def save(
        self,
        original: bytes,
        patch: Patch,
        made_by: MadeBy,
        wish: SavingWish,
        name: str,
        limits: Limits,
    ) -> SavedFile:
        """See `Saver`."""
        asked = self._wish(name, limits)
        saving = saving_of(original, patch, made_by, wish)
        bounds = for_saving(asked.bounds)
        asked = asked.model_copy(update={"saving": saving, "bounds": bounds})
        with believed(name):
            return saved_told(*self._asked([*parts_of(original, patch)], asked), name)

    def _wish(self, name: str, limits: Limits, size: tuple[int, int] | None = None) -> Wish:
        return Wish(
            name=name,
            megapixels=float(limits.megapixels),
            megabytes=float(limits.megabytes),
            bounds=self._bounds(limits),
            size=size,
        )

    def _asked(self, data: Iterable[Part], wish: Wish) -> tuple[bytes, mmap.mmap | bytes]:
        """What the process that decoded it says, whatever it is, and the pixels. Raises UserError
        where it has ended before; OSError where the pixels may still change."""
        reason = ""
        with self._gate:
            for _ in range(_TRIES):
                with Memory("pixels") as pixels:
                    try:
                        said = self._heard(data, wish, pixels)
                    except Gone as error:
                        reason = str(error)
                        continue
                    return said, pixels.sealed()
        raise lost(reason)

    def _heard(self, data: Iterable[Part], wish: Wish, pixels: Memory) -> bytes:
        with Memory("file") as given:
            given.fill(*data)
            try:
                heard = self._living().ask(wish, given.file, pixels.file)
            except NotBegun as error:
                raise not_begun(str(error)) from error
        if heard.ended.code:
            raise ended_early(wish, heard.ended)
        return heard.said

    # --- its keeper ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin the keeper in the background, and say how closed the room is."""
        threading.Thread(target=self._warm_up, name="room", daemon=True).start()

    def _warm_up(self) -> None:
        try:
            up = self._living().up
        except NotBegun:
            logger.exception("The room in which photos are decoded could not be begun")
            return
        open_to = [name for name, closed in up.model_dump().items() if not closed]
        logger.info(
            "Photos are decoded in a closed room, bounded in memory and seconds.%s",
            f" This system cannot keep it from: {', '.join(open_to)}." if open_to else "",
        )

    @property
    def pid(self) -> int:
        """Of its keeper, 0 = none."""
        line = self._line
        return 0 if line is None or line.is_gone else line.pid

    def _living(self) -> Line:
        """Raises NotBegun."""
        with self._lock:
            if self._closed:
                raise NotBegun("closed")
            if self._line is None or self._line.is_gone:
                if self._line is not None:
                    self._line.close()
                self._line = self._begin()
            return self._line

    def close(self) -> None:
        """Files that are being decoded fail. Calling it twice is allowed."""
        with self._lock:
            self._closed = True
            if self._line is not None:
                self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
