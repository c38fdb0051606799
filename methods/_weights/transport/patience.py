"""How long a server that is busy, or a connection that breaks, is waited for.

Stated bounds, for one file from one source: waits of 2, 4, 8, 16 and 32 seconds while nothing
comes, or as long as the server asks, ten minutes altogether; twenty breaks with less than a
megabyte between them. Whatever brings bytes begins the waits anew, and a connection that brought
some is taken up again at once.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from methods._weights.errors import Busy, SourceFailed, pausing
from methods._weights.progress import Watch

BUSY = frozenset({408, 429, 500, 502, 503, 504})
WAITS = (2.0, 4.0, 8.0, 16.0, 32.0)
MOST_SECONDS = 600.0
MOST_SLOW = 20
_ENOUGH = 1_000_000


class Interrupted(Exception):
    """A try that ended before its time, with a clause on why.

    asked: seconds that the server wants to be left alone. busy: it answered, and said so.
    anew: nothing is wrong with the server, what was here could not be continued.
    """

    def __init__(
        self, why: str, *, asked: float | None = None, busy: bool = False, anew: bool = False
    ) -> None:
        super().__init__(why)
        self.asked, self.busy, self.anew = asked, busy, anew


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server wants to be left alone: `Retry-After` as a number or a date, or
    what is left of a model hub's window of requests (`RateLimit: "api";r=0;t=30`)."""
    word = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", word):
        return float(word)
    if word and (when := _date(word)) is not None:
        return max(0.0, when - time.time())
    window = re.search(r"\br=0;\s*t=(\d+)", headers.get("ratelimit", ""))
    return float(window[1]) if window else None


def _date(word: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(word).timestamp()
    except ValueError:
        return None


@dataclass
class Patience:
    """What is left of it for one file.

    lasting: False = do not wait for one that is busy. waits: seconds between tries while
    nothing comes. best: bytes that were here at some time.
    """

    host: str
    watch: Watch
    lasting: bool = True
    waits: Sequence[float] = WAITS
    best: int = 0
    _tries: int = 0
    _slow: int = 0
    _times: int = 0
    _waited: float = 0.0

    def bear(self, why: Interrupted, here: int) -> None:
        """Wait before the next try. here: bytes that have come by now.

        Raises Busy where waiting is left to later, SourceFailed where the bounds are reached,
        and Stopped.
        """
        self._times += 1
        self._slow = 0 if here >= self.best + _ENOUGH else self._slow + 1
        brought = here > self.best
        if brought:
            self.best, self._tries = here, 0
        if self._slow >= MOST_SLOW:
            raise self._over(why)
        if why.anew or (brought and not why.busy):
            return None
        if why.busy and not self.lasting:
            raise Busy(f"{self.host} ({why})")
        return self._wait(why)

    def _wait(self, why: Interrupted) -> None:
        if self._tries >= len(self.waits):
            raise self._over(why)
        seconds = self.waits[self._tries] if why.asked is None else why.asked
        if self._waited + seconds > MOST_SECONDS:
            raise SourceFailed(f"{self.host} ({why}; it asks to come back in {seconds:.0f} s)")
        self._tries += 1
        self._waited += seconds
        self.watch.pause(seconds, pausing(self.host, seconds, asked=why.asked is not None))

    def _over(self, why: Interrupted) -> SourceFailed:
        times = f" {self._times} times" if self._times > 1 else ""
        return SourceFailed(f"{self.host} ({why}{times})")
