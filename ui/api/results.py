"""The endpoints around results: the numbers they are judged by, and a person's own remarks."""

from __future__ import annotations

from typing import Any

import gradio as gr

from methods import UserError
from ui.api.errors import spoken
from ui.common.caller import caller_of
from ui.service.entries import MetricEntry
from ui.service.judge import describe_metrics
from ui.service.service import Service


def register(service: Service) -> None:
    """Add the endpoints; to be called inside `with gr.Blocks()`."""

    @spoken
    def list_metrics() -> list[MetricEntry]:
        """All numbers that results are judged by: formula, range, which way is better, source."""
        return describe_metrics()

    @spoken
    def remark(run: str, index: int, text: str, request: gr.Request | None = None) -> str:
        """Write a remark beside a result; it is kept in the run, its link and its zip.

        Args:
            run: The run, as erase gives it.
            index: Which of its results, from 0.
            text: At most 500 characters, on one line; empty takes the remark away.

        Returns:
            The remark as it is kept.
        """
        answer = service.remark({"run": run, "index": index, "text": text}, caller_of(request))
        if not answer["ok"]:
            raise UserError.retold(answer["error"]["text"], answer["error"]["code"])
        return str(answer["remark"])

    @spoken
    def go_on(
        run: str, wanted: str = "missing", request: gr.Request | None = None
    ) -> dict[str, Any]:
        """Do what is missing of a run whose program ended in the middle, into the same run.

        Args:
            run: The run, as erase gives it.
            wanted: "missing": erasers without a result, and all numbers; "numbers": numbers alone.

        Returns:
            run, state and zip, as it is now: it goes on after the answer. cards: of each eraser
            its index, eraser and state. Call again, and "run_in_progress" says that it still does,
            "run_complete" that nothing is missing any more.
        """
        answer = service.go_on({"run": run, "wanted": wanted}, caller_of(request))
        if not answer["ok"]:
            raise UserError.retold(answer["error"]["text"], answer["error"]["code"])
        grid = answer["grid"]
        cards = [
            {"index": card["index"], "eraser": card["eraser"], "state": card["state"]}
            for card in grid["cards"]
        ]
        return {"run": run, "state": grid["state"], "zip": grid.get("zip"), "cards": cards}

    gr.api(list_metrics, queue=False)
    gr.api(go_on, queue=False)
    gr.api(remark, queue=False)
