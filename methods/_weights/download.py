"""One public file over HTTP, for those who want no weights: a photo behind a link."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from methods._base import Unavailable
from methods._weights.errors import DiskFull, SourceFailed
from methods._weights.progress import Watch
from methods._weights.sources.hub import network_forbidden
from methods._weights.transport.origin import note_of
from methods._weights.transport.transfer import Download


def download(
    url: str, part: Path, most: int, should_stop: Callable[[], bool] | None = None
) -> None:
    """Fetch `url` into the file `part`, at most `most` bytes; a failure leaves nothing there.

    A host or a name server that says nothing is given up in seconds. Raises Unavailable
    (code "download_failed" with `reason`, or "download_offline") and Stopped.
    """
    if network_forbidden():
        raise Unavailable("download_offline")
    done = False
    try:
        part.unlink(missing_ok=True)
        watch = Watch(most, should_stop=should_stop)
        # Somebody waits for the picture: no patience with a host that is busy.
        given = Download(url, part, most, exact=False, watch=watch, headers={}, most=most)
        given.lasting, given.waits = False, ()
        given.run()
        done = True
    except SourceFailed as error:
        raise _failed(str(error)) from error
    except DiskFull as error:
        raise _failed("the disk is full") from error
    except OSError as error:
        raise _failed(error.strerror or type(error).__name__) from error
    finally:
        with suppress(OSError):
            note_of(part).unlink(missing_ok=True)
            if not done:
                part.unlink(missing_ok=True)


def _failed(reason: str) -> Unavailable:
    return Unavailable("download_failed", reason=reason)
