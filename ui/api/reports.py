"""The endpoint that makes one HTML file of runs: what the page's button "Report" gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import gradio as gr

from methods import JSON
from ui.api.errors import spoken_soon
from ui.api.handing import handed, new_folder
from ui.common.caller import caller_of
from ui.service.service import Service


class Reported(TypedDict):
    """file: as Gradio describes files."""

    file: Mapping[str, JSON]


def register(service: Service) -> None:
    """Add the endpoint; to be called inside `with gr.Blocks()`."""

    @spoken_soon
    async def report(runs: list[str] | None = None, request: gr.Request | None = None) -> Reported:
        """Make one HTML file of runs, with their pictures, numbers and settings; it opens from a
        disk and can be sent.

        Args:
            runs: The runs, as erase gives them; 64 at most. Those of the same photo of a table are
                one case of the report, others a case each.

        Returns:
            file (the report, in English and Chinese).
        """
        caller = caller_of(request)
        return await service.visits.lanes.full.run(
            caller, lambda: _made(service, runs or [], caller)
        )

    gr.api(report, concurrency_limit=None)


def _made(service: Service, runs: Sequence[str], caller: str) -> Reported:
    service.clicks.take(caller)
    made = service.tables.report(service.owners.all_named(runs))
    place = new_folder(service.uploads) / "report.html"
    return {"file": handed(made, place, "text/html")}
