"""A closed room that is set up when the first file comes: most workers never decode one."""

from __future__ import annotations

import os
import sys
from functools import cached_property

from methods._photo.decode import Limits
from methods._photo.files import Decoder, Here
from methods._photo.load import Photo
from methods._photo.mask import ReadMask


class Later:
    """A `Decoder`: the room, or this process where the system has none of its means."""

    @cached_property
    def _decoder(self) -> Decoder:
        if sys.platform != "linux" or not hasattr(os, "memfd_create"):
            return Here()
        from methods._workers.closed.room import Room  # its means are Linux's

        return Room()

    def photo(self, data: bytes, name: str, limits: Limits) -> Photo:
        """See `Decoder`."""
        return self._decoder.photo(data, name, limits)

    def mask(self, data: bytes, size: tuple[int, int], name: str, limits: Limits) -> ReadMask:
        """See `Decoder`."""
        return self._decoder.mask(data, size, name, limits)
