"""What the page is told when something cannot be done: never a path, never a trace.

Every answer of the server is a dictionary. A failed one is
`{"ok": False, "error": {"code", "text", "details"}}`; `code` names the sentence, so that
the page can say it in another language, and `details` are the values that stand in it.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypedDict, TypeVar, cast

from pydantic import ValidationError

from methods import BadInput, Notice, Stopped, Unavailable, UserError
from ui.common.names import plain

log = logging.getLogger(__name__)


class Fault(TypedDict):
    """What could not be done, for the page: see above."""

    code: str
    text: str
    details: dict[str, str | int | float]


def notice_shown(notice: Notice) -> Fault:
    """What is to be said while something goes on, in the form of an error's sentence."""
    return {"code": notice.code, "text": notice.text, "details": dict(notice.details)}


class Answer(TypedDict, total=False):
    """Whatever the server answers. n: the request's number, where it had one.

    What a method has to say stands beside `ok`, where this is True; else `error` does.
    """

    ok: bool
    n: int
    error: Fault


Owner = TypeVar("Owner")
More = ParamSpec("More")
Said = TypeVar("Said", bound=Answer)

SPOKEN_ERRORS = 3
"""How many faults of one request are named; a request may have thousands."""

TEXT_LENGTH = 600
"""Characters of a sentence or of a value in it; either may repeat what a visitor sent."""

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def photo_gone() -> UserError:
    return BadInput("This photo is no longer on the server. Open it again to go on.", "photo_gone")


def run_gone() -> UserError:
    return BadInput(
        "This run is not on this server, or it has been cleared away. Start a new one.",
        "run_gone",
    )


def run_used() -> UserError:
    return BadInput("This run has been started before. Press Erase again.", "run_used")


def run_in_progress() -> UserError:
    return Unavailable(
        "A run is already going on in this window. Wait for it or stop it first.",
        "run_in_progress",
    )


def busy(waiting: int) -> UserError:
    return Unavailable(
        f"The server is busy: {waiting} runs are going on or waiting. Try again in a minute.",
        "busy",
        waiting=waiting,
    )


def too_fast(seconds: float) -> UserError:
    wait = max(1, round(seconds))
    return Unavailable(
        f"Too many requests from here. Try again in {wait} s.", "too_fast", seconds=wait
    )


def not_an_upload() -> UserError:
    return BadInput(
        "This is not a file that was just uploaded here. Choose the photo again.",
        "not_an_upload",
    )


def bad_request(error: ValidationError) -> UserError:
    """One sentence from pydantic's list of faults; the values themselves are not repeated."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    reasons = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults[:SPOKEN_ERRORS])
    return BadInput(f"The request was not understood: {reasons}.", "bad_request", reason=reasons)


def _fault(place: tuple[int | str, ...], what: str) -> str:
    where = ".".join(plain(str(part), 40) for part in place[:6])
    return f"{where}: {plain(what, 160)}" if where else plain(what, 160)


def described(error: Exception) -> Fault:
    """The `error` of an answer: code, text, details.

    A `UserError` speaks for itself. What is wrong with the request, the disk or the memory
    has its own sentence. All else is a bug: it is logged, and the page hears only that.
    """
    spoken = _as_user_error(error)
    details = {
        name: plain(value, TEXT_LENGTH) if isinstance(value, str) else value
        for name, value in spoken.details.items()
    }
    return {"code": spoken.code, "text": plain(str(spoken), TEXT_LENGTH), "details": details}


def _as_user_error(error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    if isinstance(error, ValidationError):
        return bad_request(error)
    if isinstance(error, Stopped):
        return UserError("Stopped.", "stopped")
    log.error("A request failed.", exc_info=error)
    if isinstance(error, MemoryError):
        return Unavailable("There is not enough memory for this. Try a smaller photo.", "memory")
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return Unavailable(
            "The server's disk is full. Its owner has to make room before this can work.",
            "disk_full",
        )
    return UserError(
        "Something went wrong inside the program. It has been written to the server's log.",
        "internal",
    )


def answered(
    call: Callable[Concatenate[Owner, object, More], Said],
) -> Callable[Concatenate[Owner, object, More], Said]:
    """Make a method that never raises: `{"ok": True, …}` or `{"ok": False, "error": …}`.

    A server function of Gradio that raises leaves the page with nothing to show.
    The request's number `n` is repeated, so that the page can drop late answers.
    """

    @wraps(call)
    def answer(self: Owner, request: object, /, *args: More.args, **kwargs: More.kwargs) -> Said:
        numbered = _number_of(request)
        try:
            return cast("Said", {"ok": True, **numbered, **call(self, request, *args, **kwargs)})
        except Exception as error:  # a bug too must reach the page as a sentence
            # Not all that a `Said` has: the page looks at `ok` before anything else.
            return cast("Said", {"ok": False, **numbered, "error": described(error)})

    return answer


def _number_of(request: object) -> Answer:
    n = request.get("n") if isinstance(request, dict) else None
    is_number = isinstance(n, int) and not isinstance(n, bool) and abs(n) <= 2**53
    return {"n": n} if is_number and n is not None else {}
