"""ZeroGPU: the only module that knows the package `spaces`, which every Space has installed.

Import it before torch, and only where SPACES_ZERO_GPU is set: the package changes torch in this
process. Its decorator makes a generator run in a copy of this process that has the GPU; the copy is
kept for the next calls, with all that it has loaded, until the platform wants the GPU for somebody
else. At least one decorated function there must be when Gradio is launched, or the platform does
not start the Space.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing

import spaces
from spaces.zero import client

from methods._base import Stopped
from methods._engine.registry import get_eraser
from methods._system import forked, lent
from methods._workers.zerogpu import borrowed
from methods._workers.zerogpu.borrowed import Message
from methods._workers.zerogpu.parcel import Parcel
from methods._workers.zerogpu.refusals import refused

logger = logging.getLogger(__name__)

_GONE = "Connection closed by visitor"


def _seconds(parcel: Parcel) -> int:
    return parcel.seconds


@spaces.GPU(duration=_seconds, size="large")
def _on_half(parcel: Parcel) -> Iterator[Message]:
    """On half of a GPU."""
    lent.arrived()
    yield from borrowed.erased(parcel)


@spaces.GPU(duration=_seconds, size="xlarge")
def _on_whole(parcel: Parcel) -> Iterator[Message]:
    """On a whole one, which costs twice the time."""
    lent.arrived()
    yield from borrowed.erased(parcel)


forked.renew_after_forks("methods")


def _note(title: str, message: str, level: str = "info") -> None:
    """What the package would show on the page, in English: our cards say it in their language."""
    logger.info("%s: %s", title, message)


client.info = _note


def lend(parcel: Parcel) -> Generator[Message, None, None]:
    """See `lent.Lender`. In the name of the visitor whose request this thread's context has."""
    call = _on_whole if parcel.whole_gpu else _on_half
    try:
        with closing(call(parcel)) as messages:
            yield from messages
    except Exception as error:
        raise _told(error, parcel) from error


def _told(error: Exception, parcel: Parcel) -> Exception:
    """What is said of an error of the package's; of another one, too, since all of ours come as
    values: an API that does not answer, a copy that could not be made."""
    if str(error).startswith(_GONE):
        return Stopped()
    title, message = getattr(error, "title", None), getattr(error, "message", None)
    if not isinstance(title, str) or not title.startswith("ZeroGPU"):
        logger.error("a GPU could not be borrowed", exc_info=error)
        title, message = "ZeroGPU", type(error).__name__
    return refused(title, str(message), get_eraser(parcel.eraser).spec)
