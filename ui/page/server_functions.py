"""The service as the functions that `gr.HTML(server_functions=…)` takes.

Gradio marks each function with an attribute, which a bound method does not allow, and
gives a parameter annotated with gr.Request the raw Starlette request.
"""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from ui.common.caller import caller_of
from ui.common.errors import Answer
from ui.page.components import ServerFunction
from ui.service.service import Service
from ui.service.visits import Visits

NAMES = (
    "open_photo",
    "open_example",
    "reopen_photo",
    "segment",
    "mask",
    "detect",
    "upload_mask",
    "export_case",
    "import_case",
    "erasers",
    "weights",
    "fetch_weights",
    "new_run",
    "stop",
    "plan_sweep",
    "go_on",
    "open_run",
    "remark",
    "keep_private",
    "delete_run",
)
STEP_NAMES = ("continue_with", "open_step")
TABLE_NAMES = ("rows", "papers", "systems", "fetch_row", "open_row", "given", "grids")


def server_functions(service: Service) -> list[ServerFunction]:
    """One function per name above; in the browser `server.<name>(request)`."""
    visits = service.visits
    own = [_function(name, getattr(service, name), visits) for name in NAMES]
    saving = _function("saving", service.downloads.saving, visits)
    steps = [_function(name, getattr(service.steps, name), visits) for name in STEP_NAMES]
    tables = [_function(name, getattr(service.tables, name), visits) for name in TABLE_NAMES]
    return [*own, saving, *steps, *tables]


def _function(name: str, method: Callable[[object, str], Answer], visits: Visits) -> ServerFunction:
    async def call(data: object, request: gr.Request) -> Answer:
        return await visits.answer(name, method, data, caller_of(request))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = method.__doc__
    return call
