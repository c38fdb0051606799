"""Embeddings of photos, kept as long as there is room.

One photo costs one encode however many clicks, tabs and users ask for it at once: callers
of a key that is being computed wait for that computation instead of starting another.
"""

from __future__ import annotations

from collections.abc import Callable

from methods import BoundedCache, Image
from segmentation._segmenter import Embedding, Segmenter


class EmbeddingCache:
    """Embeddings of photos, shared by all sessions. A MobileSAM embedding takes 4 MB."""

    def __init__(self, max_bytes: int = 256 * 2**20) -> None:
        self._cache: BoundedCache[tuple[str, str], Embedding] = BoundedCache(
            max_bytes, newest_always=True, kind="embeddings"
        )

    def get(self, segmenter: Segmenter, image: Image | Callable[[], Image], key: str) -> Embedding:
        """The embedding of a photo, encoded at the first call only.

        image: (H, W, 3) uint8 RGB, or a function that gives it, called only when needed,
        so that a click need not decode the photo. key: identifies the pixels (`Photo.key`).
        """

        def encode() -> Embedding:
            return segmenter.encode(image() if callable(image) else image, key)

        return self._cache.get((segmenter.spec.id, key), encode)

    def find(self, segmenter: Segmenter, key: str) -> Embedding | None:
        """The embedding of a photo, where there is one."""
        return self._cache.find((segmenter.spec.id, key))

    @property
    def nbytes(self) -> int:
        """Bytes held at the moment."""
        return self._cache.size

    def __len__(self) -> int:
        return len(self._cache)
