"""How an endpoint for programs says what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import ParamSpec, TypeVar

import gradio as gr

from ui.common.errors import described
from ui.common.logs import keeping_private

Args = ParamSpec("Args")
Result = TypeVar("Result")


def spoken_soon(
    call: Callable[Args, Awaitable[Result]],
) -> Callable[Args, Coroutine[object, object, Result]]:
    """The same of a call that waits without a thread."""

    @wraps(call)
    async def speaking(*args: Args.args, **kwargs: Args.kwargs) -> Result:
        try:
            return await call(*args, **kwargs)
        except Exception as error:
            raise gr.Error(described(error)["text"], print_exception=False) from None

    return speaking


def spoken(call: Callable[Args, Result]) -> Callable[Args, Result]:
    """Whatever goes wrong reaches the client as one sentence, without path or trace."""

    @wraps(call)
    def speaking(*args: Args.args, **kwargs: Args.kwargs) -> Result:
        with keeping_private(args, kwargs):
            try:
                return call(*args, **kwargs)
            except Exception as error:  # bugs too: Gradio would say nothing at all
                raise gr.Error(described(error)["text"], print_exception=False) from None

    return speaking
