"""From a photo and its prompts to a mask, by the best segmenter that is ready."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypedDict

from methods import (
    BoundedCache,
    Image,
    Mask,
    Patience,
    Stopped,
    Unavailable,
    UserError,
    fetch,
    patiently,
)
from segmentation import (
    Embedding,
    EmbeddingCache,
    Gesture,
    Ground,
    Segmenter,
    SegmenterSpec,
    Selected,
    Selection,
    Settled,
    Shape,
    Strokes,
    get_segmenter,
    list_segmenters,
    preferred_segmenters,
    select,
    select_drawn,
    settle,
)
from segmentation import is_segmenter_ready as is_ready
from ui.common.lanes import Lane
from ui.service.selections.closer import Looks

log = logging.getLogger(__name__)

EMBEDDING_BYTES = 256 * 2**20
WAITING_ENCODES = 16
LOOKS_AT_ONCE = 2
KEPT_SEEN = 16
"""Photos of which it is supposed that they have been looked at. An error costs a click's thread."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be selected on which photo.

    key: of the photo's pixels (`Photo.key`). size: (H, W). pixels: gives them, for the first
    encode. upload: gives the selection's mask at a longest side (None = the photo's own).
    caller: whose rate closer looks count against; None = nobody's.
    """

    key: str
    size: tuple[int, int]
    pixels: Callable[[], Image]
    selection: Selection
    upload: Callable[[int | None], Mask] | None = None
    caller: str | None = None


class _Drawn(TypedDict):
    """What is selected without a segmenter; see `segmentation.select_drawn`."""

    upload: Mask | None
    strokes: Strokes
    shape: Shape
    longest_side: int | None


class Sees(Protocol):
    """Looks at photos, in this process or in another one. Any number of threads may ask at once."""

    def load(self) -> None:
        """Load the best segmenter that is ready, so that the first click need not."""

    def encode(
        self, key: str, pixels: Callable[[], Image], wanted: str | None, *, waited_for: bool = False
    ) -> None:
        """Look at a photo, so that the first click on it need not. See `Question`. waited_for: by
        clicks; else those that are come first."""

    def select(
        self, asked: Question, longest_side: int | None, most_looks: int | None
    ) -> tuple[Selected, SegmenterSpec]:
        """The mask and whose it is, of a question with objects; see `Selecting.select`."""

    def settle(
        self, asked: Question, gestures: Sequence[Gesture], most_looks: int | None
    ) -> Settled:
        """What gestures mean beside a question's objects; see `segmentation.settle`."""


class Eyes:
    """Sees in this process, with what it has seen in memory."""

    def __init__(self, cache_bytes: int = EMBEDDING_BYTES) -> None:
        self.embeddings = EmbeddingCache(cache_bytes)
        self.looks = Looks()
        self._ahead: dict[str, Patience] = {}

    def load(self) -> None:
        """See `Sees`."""
        self._choose(None)

    def encode(
        self, key: str, pixels: Callable[[], Image], wanted: str | None, *, waited_for: bool = False
    ) -> None:
        """See `Sees`."""
        if waited_for:
            self._look(self._choose(wanted), pixels, key)
            return
        with patiently() as patience:
            self._ahead[key] = patience
            try:
                self.embeddings.get(self._choose(wanted), pixels, key)
            finally:
                self._ahead.pop(key, None)

    def select(
        self, asked: Question, longest_side: int | None, most_looks: int | None
    ) -> tuple[Selected, SegmenterSpec]:
        """See `Sees`."""
        drawn, (segmenter, embedding) = drawn_of(asked, longest_side), self._looked_at(asked)
        tiles = self.looks.at(segmenter, asked.pixels, asked.key, most_looks, asked.caller)
        found = select(segmenter, embedding, asked.selection.objects, **drawn, tiles=tiles)
        return found, segmenter.spec

    def settle(
        self, asked: Question, gestures: Sequence[Gesture], most_looks: int | None
    ) -> Settled:
        """See `Sees`."""
        segmenter, embedding = self._looked_at(asked)
        tiles = self.looks.at(segmenter, asked.pixels, asked.key, most_looks, asked.caller)
        ground = Ground(segmenter, embedding, asked.selection.shape, tiles)
        return settle(ground, asked.selection.objects, gestures)

    def _looked_at(self, asked: Question) -> tuple[Segmenter, Embedding]:
        segmenter = self._choose(asked.selection.segmenter)
        return segmenter, self._look(segmenter, asked.pixels, asked.key)

    def _look(self, segmenter: Segmenter, pixels: Callable[[], Image], key: str) -> Embedding:
        """For somebody who waits, also for what was begun ahead: that gives way no longer."""
        if patience := self._ahead.get(key):
            patience.is_over = True
        return self.embeddings.get(segmenter, pixels, key)

    def _choose(self, wanted: str | None) -> Segmenter:
        if wanted is not None:
            return get_segmenter(wanted, fetch_missing=False)
        for spec in preferred_segmenters(is_ready):
            try:
                return get_segmenter(spec.id, fetch_missing=False)
            except Unavailable:
                log.warning("%s cannot be used now", spec.id, exc_info=True)
        return get_segmenter(list_segmenters()[-1].id, fetch_missing=False)  # needs nothing


def drawn_of(asked: Question, longest_side: int | None) -> _Drawn:
    """What was given beside objects."""
    return {
        "upload": None if asked.upload is None else asked.upload(longest_side),
        "strokes": asked.selection.strokes,
        "shape": asked.selection.shape,
        "longest_side": longest_side,
    }


class Selecting:
    """Selects objects on photos. Any number of threads may ask at once.

    A photo is encoded once by each segmenter that is used on it, in the background as soon
    as it is opened or another segmenter is chosen; a click that comes earlier waits for the
    same encoding instead of making its own.

    eyes: who looks at photos; None = this process.
    """

    def __init__(self, eyes: Sees | None = None) -> None:
        self.eyes = eyes or Eyes()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._closing = threading.Event()
        self._places = threading.BoundedSemaphore(WAITING_ENCODES)
        self._lane = Lane(LOOKS_AT_ONCE)
        self._seen: BoundedCache[tuple[str, str | None], bool] = BoundedCache(
            KEPT_SEEN, lambda seen: 1
        )
        self._under_way: dict[tuple[str, str | None], asyncio.Task[None]] = {}

    async def look(
        self, key: str, pixels: Callable[[], Image], wanted: str | None, visitor: str
    ) -> None:
        """Wait until the photo has been looked at, as clicks on it do before they take a thread.

        One look serves all who wait, and goes on when they leave. What goes wrong is not told here:
        the click meets it again. key, pixels, wanted: as in `encode_soon`.
        """
        photo = (key, wanted)
        if self._seen.find(photo):
            return
        if photo not in self._under_way:
            task = asyncio.create_task(self._looked(key, pixels, wanted, visitor))
            self._under_way[photo] = task
            task.add_done_callback(lambda _: self._under_way.pop(photo, None))
        await asyncio.wait([self._under_way[photo]])

    async def _looked(
        self, key: str, pixels: Callable[[], Image], wanted: str | None, visitor: str
    ) -> None:
        try:
            await self._lane.run(
                visitor, lambda: self.eyes.encode(key, pixels, wanted, waited_for=True)
            )
        except Exception:  # as in `_encode`
            self._warn("A photo could not be encoded for a click")
        else:
            self._seen.put((key, wanted), True)

    def select(
        self,
        asked: Question,
        longest_side: int | None = None,
        most_looks: int | None = None,
    ) -> tuple[Selected, SegmenterSpec | None]:
        """The mask and who made it: None where it was only painted or uploaded.

        longest_side: see `segmentation.select`. most_looks: parts of the photo at most that are
        encoded for this answer, where it is only shown; None = all that it takes. Raises UserError;
        for a segmenter that is asked for and not ready, WeightsUnavailable, since another one would
        give another mask.
        """
        if not asked.selection.objects:
            return select_drawn(asked.size, **drawn_of(asked, longest_side)), None
        return self.eyes.select(asked, longest_side, most_looks)

    def settle(
        self, asked: Question, gestures: Sequence[Gesture], most_looks: int | None = None
    ) -> Settled:
        """What gestures mean, made one after the other beside the objects of a question.

        most_looks: as in `select`. Raises as it does, and BadInput for what cannot be pointed at.
        """
        return self.eyes.settle(asked, gestures, most_looks)

    def encode_soon(self, key: str, pixels: Callable[[], Image], wanted: str | None = None) -> None:
        """Encode in the background. When too many photos wait, the first click will do it.

        key, pixels: as in `Question`; wanted: its segmenter.
        """
        if self._places.acquire(blocking=False):
            try:
                self._pool.submit(self._encode, key, pixels, wanted)
            except RuntimeError:  # shut down: the program is ending
                self._places.release()

    def load_soon(self) -> None:
        """Load the best segmenter that is ready, so that the first click need not."""
        self._pool.submit(self._load)

    def fetch_soon(self) -> None:
        """Download the preferred segmenter's weights in the background, then load it."""
        threading.Thread(target=self._fetch, name="fetch", daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _encode(self, key: str, pixels: Callable[[], Image], wanted: str | None) -> None:
        try:
            self.eyes.encode(key, pixels, wanted)
        except Exception:  # nobody waits for this; the click will meet it again and say so
            self._warn("A photo could not be encoded ahead of its first click")
        finally:
            self._places.release()

    def _fetch(self) -> None:
        try:
            for weight in list_segmenters()[0].weights:
                fetch(weight, should_stop=self._closing.is_set)
        except (Stopped, UserError) as error:  # the weights' state on the page says it too
            log.warning("The segmenter's weights were not fetched: %s", error)
        else:
            self._load()

    def _load(self) -> None:
        try:
            self.eyes.load()
        except Exception:  # as above
            self._warn("The segmenter could not be loaded ahead of time")

    def _warn(self, what: str) -> None:
        """With the error under way, unless it comes from the program's end."""
        if not self._closing.is_set():
            log.warning(what, exc_info=True)
