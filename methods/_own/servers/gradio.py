"""An endpoint of a Gradio app, a Space or any other, by Gradio's own client."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from methods._own.servers import gradio_values as values
from methods._own.servers.call import Call, ServerError
from methods._own.servers.errors import refusal
from methods._own.servers.filling import given
from methods._own.servers.gradio_guard import Elsewhere, Guard, TooMuch, client_for
from methods._own.servers.gradio_values import GradioPart
from methods._own.servers.waiting import farewell, step, tick, waited
from methods._own.servers.web import TICK, origin_of

if TYPE_CHECKING:
    from gradio_client import Client
    from gradio_client.client import Job


_BAD = (
    *(CancelledError, httpx.HTTPError, httpx.StreamError, Elsewhere, TooMuch),
    *(ValueError, TypeError, LookupError, AttributeError, RuntimeError),
)
"""What becomes of an answer that is none of Gradio's."""


def ask(part: GradioPart, call: Call) -> bytes:
    """The result picture's bytes. Raises ServerError, and what `call.progress` raises."""
    call.web.send("GET", f"{call.url}/config", headers=call.headers)  # is it awake, and for us
    guard = Guard(httpx.URL(call.url))
    with tempfile.TemporaryDirectory(prefix="eraser-lab-") as folder, _explained():
        try:
            client = waited(call, lambda: client_for(call.url, call.key, guard))
            root = client.src_prefixed
            found = _answer(client, part, _arguments(part, call, Path(folder)), call)
        finally:
            guard.close()
        picture = values.picture_in(found, part.result)
    return picture if isinstance(picture, bytes) else _fetched(root, picture, call)


def _arguments(part: GradioPart, call: Call, folder: Path) -> Any:
    """The manifest's, with their values."""
    known: dict[str, Any] = {
        "image": values.sent(call.photo, "image", folder),
        "mask": values.sent(call.mask, "mask", folder),
        "seed": call.seed,
        **{f"settings.{name}": value for name, value in call.values.items()},
    }
    if "editor" in part.wants():
        known["editor"] = values.editor_of(call.photo, call.mask, folder)
    return given(part.arguments, known)


def _answer(client: Client, part: GradioPart, arguments: Any, call: Call) -> Any:
    """What the endpoint gives, files as it names them."""
    wanted = _parameters(client, part.api_name)
    job = client.submit(*values.in_order(arguments, wanted), api_name=part.api_name)
    at = (0, 1)
    try:
        while not job.done():
            at = _step(job, at)
            tick(call, at)
            _pause(job)
    except BaseException:
        farewell(job.cancel)
        raise
    return job.result()


def _parameters(client: Client, api_name: str) -> list[dict[str, Any]]:
    """What the endpoint says of them. Raises Unfit where there is no such endpoint."""
    named = {str(each.api_name): each.parameters_info for each in client.endpoints.values()}
    found: Any = named.get(api_name)
    if found is None:
        raise values.Unfit(f"{api_name} ({', '.join(name for name in named if named[name])})")
    return list(found)


def _pause(job: Job) -> None:
    try:
        job.future.exception(timeout=TICK)
    except (TimeoutError, CancelledError):
        return


def _step(job: Job, before: tuple[int, int]) -> tuple[int, int]:
    """The last progress that the app has told."""
    told = job.status().progress_data
    if not told:
        return before
    last = told[-1]
    if last.length is None and isinstance(last.progress, int | float):
        return step(100 * last.progress, 100, before)
    return step(last.index, last.length, before)


def _fetched(root: str, place: str, call: Call) -> bytes:
    """A file of the server's. root: below which it serves its own."""
    url = place if place.startswith(("http://", "https://")) else f"{root}file={quote(place)}"
    if origin_of(httpx.URL(url)) != origin_of(httpx.URL(root)):
        raise ServerError("bad")
    return bytes(call.web.send("GET", url, headers=call.headers).content)


@contextmanager
def _explained() -> Iterator[None]:
    """What gradio_client raises, as ServerError."""
    from gradio_client import exceptions, utils

    try:
        yield
    except values.Unfit as error:
        raise ServerError("unfit", str(error)) from error
    except exceptions.AuthenticationError as error:
        raise ServerError("unauthorised", str(error)) from error
    except (utils.TooManyRequestsError, utils.QueueError) as error:
        raise ServerError("rate", str(error)) from error
    except (exceptions.AppError, exceptions.ValidationError) as error:
        raise ServerError("refused", str(error)) from error
    except httpx.HTTPStatusError as error:
        raise refusal(error.response) from error
    except httpx.ConnectError as error:
        raise ServerError("unreachable", str(error)) from error
    except _BAD as error:
        raise ServerError("bad") from error
