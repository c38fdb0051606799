"""What the page is told when something cannot be done: never a path, never a trace.

Every answer of the server is a dictionary. A failed one is
`{"ok": False, "error": {"code", "text", "details", "said"}}`: `text` is the sentence in English,
`said` in every language; `code` is for programs, and `details` are the values that stand in it.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NotRequired, ParamSpec, TypedDict, TypeVar, cast

from pydantic import ValidationError

from methods import BadInput, Notice, PlainText, Stopped, Unavailable, UserError
from ui.common.logs import keeping_private
from ui.common.names import plain

log = logging.getLogger(__name__)


class Fault(TypedDict):
    """What could not be done, for the page: see above."""

    code: str
    text: str
    details: dict[str, str | int | float]
    said: NotRequired[PlainText]


def notice_shown(notice: Notice) -> Fault:
    """What is to be said while something goes on, in the form of an error's sentence."""
    return {
        "code": notice.code,
        "text": str(notice),
        "details": dict(notice.details),
        "said": notice.sentence.plain(),
    }


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
UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


def photo_gone() -> UserError:
    return BadInput("photo_gone")


def run_gone() -> UserError:
    return BadInput("run_gone")


def run_damaged() -> UserError:
    return BadInput("run_gone.damaged")


def run_used() -> UserError:
    return BadInput("run_used")


def run_in_progress() -> UserError:
    return Unavailable("run_in_progress")


def busy(waiting: int) -> UserError:
    return Unavailable("busy", waiting=waiting)


def too_fast(seconds: float) -> UserError:
    wait = max(1, round(seconds))
    return Unavailable("too_fast", seconds=wait)


def crowded(seconds: float) -> UserError:
    wait = max(1, round(seconds))
    return Unavailable("crowded", seconds=wait)


def not_an_upload() -> UserError:
    return BadInput("not_an_upload")


def bad_request(error: ValidationError) -> UserError:
    """One sentence from pydantic's list of faults; the values themselves are not repeated."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    reasons = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults[:SPOKEN_ERRORS])
    return BadInput("bad_request", reason=reasons)


def _fault(place: tuple[int | str, ...], what: str) -> str:
    where = ".".join(plain(str(part), 40) for part in place[:6])
    return f"{where}: {plain(what, 160)}" if where else plain(what, 160)


def described(error: Exception) -> Fault:
    """The `error` of an answer: code, text, details, said.

    A `UserError` speaks for itself. What is wrong with the request, the disk or the memory
    has its own sentence. All else is a bug: it is logged, and the page hears only that.
    """
    spoken = as_user_error(error)
    details = {
        name: plain(value, TEXT_LENGTH) if isinstance(value, str) else value
        for name, value in spoken.details.items()
    }
    every = spoken.sentence.plain()
    said = {language: plain(words, TEXT_LENGTH) for language, words in every.items()}
    return {
        "code": spoken.code,
        "text": plain(str(spoken), TEXT_LENGTH),
        "details": details,
        "said": said,
    }


def as_user_error(error: Exception) -> UserError:
    """What is said of any error; one that has no sentence of its own is logged."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, ValidationError):
        return bad_request(error)
    if isinstance(error, Stopped):
        return UserError("stopped")
    log.error("A request failed.", exc_info=error)
    if isinstance(error, MemoryError):
        return Unavailable("memory")
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return Unavailable("disk_full")
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        return Unavailable("data_unwritable")
    return UserError("internal")


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
        with keeping_private(request):
            try:
                said = call(self, request, *args, **kwargs)
                return cast("Said", {"ok": True, **numbered, **said})
            except Exception as error:  # a bug too must reach the page as a sentence
                # Not all that a `Said` has: the page looks at `ok` before anything else.
                return cast("Said", {"ok": False, **numbered, "error": described(error)})

    return answer


def _number_of(request: object) -> Answer:
    n = request.get("n") if isinstance(request, dict) else None
    is_number = isinstance(n, int) and not isinstance(n, bool) and abs(n) <= 2**53
    return {"n": n} if is_number and n is not None else {}
