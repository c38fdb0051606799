"""The endpoints around results: the numbers they are judged by, a person's own remarks, and what
else the owner of a run may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from methods import UserError
from ui.api.errors import spoken
from ui.common.caller import caller_of
from ui.service.choices.entries import MetricEntry
from ui.service.helper.judge import describe_metrics
from ui.service.service import Service


def register(service: Service) -> None:
    """Add the endpoints; to be called inside `with gr.Blocks()`."""

    @spoken
    def list_metrics() -> list[MetricEntry]:
        """All numbers that results are judged by: formula, range, which way is better, source."""
        return describe_metrics()

    @spoken
    def remark(
        run: str, index: int, text: str, secret: str = "", request: gr.Request | None = None
    ) -> str:
        """Write a remark beside a result; it is kept in the run, its link and its zip.

        Args:
            run: The run, as erase gives it.
            index: Which of its results, from 0.
            text: At most 500 characters, on one line; empty takes the remark away. What stood there
                before can still be read.
            secret: The run's secret, as erase gives it.

        Returns:
            The remark as it is kept.
        """
        said = {**_named(run, secret), "index": index, "text": text}
        return str(_answered(service.remark(said, caller_of(request)))["remark"])

    @spoken
    def stop(run: str, secret: str, request: gr.Request | None = None) -> bool:
        """Stop a run that goes on.

        Args:
            run: The run, as its link has it.
            secret: The run's secret, as its owner has it.

        Returns:
            False where it had ended already.
        """
        return bool(_answered(service.stop(_named(run, secret), caller_of(request)))["stopped"])

    @spoken
    def keep_private(
        run: str, secret: str, private: bool = True, request: gr.Request | None = None
    ) -> bool:
        """Have a run's link show it to its owner alone, or to whoever has it.

        Args:
            run: As in stop.
            secret: As in stop.
            private: Whether it is shown to its owner alone.

        Returns:
            Whether it is private now.
        """
        said = {**_named(run, secret), "private": private}
        return bool(_answered(service.keep_private(said, caller_of(request)))["private"])

    @spoken
    def delete_run(run: str, secret: str, request: gr.Request | None = None) -> bool:
        """Take a run away with all its files, for good.

        Args:
            run: As in stop.
            secret: As in stop.

        Returns:
            true
        """
        _answered(service.delete_run(_named(run, secret), caller_of(request)))
        return True

    @spoken
    def go_on(
        run: str, secret: str, wanted: str = "missing", request: gr.Request | None = None
    ) -> dict[str, Any]:
        """Do what is missing of a run whose program ended in the middle, into the same run.

        Args:
            run: As in stop.
            secret: As in stop.
            wanted: "missing": erasers without a result, and all numbers; "numbers": numbers alone.

        Returns:
            run, state and zip, as it is now: it goes on after the answer. cards: of each eraser
            its index, eraser and state. Call again, and "run_in_progress" says that it still does,
            "run_complete" that nothing is missing any more.
        """
        said = {**_named(run, secret), "wanted": wanted}
        grid = _answered(service.go_on(said, caller_of(request)))["grid"]
        cards = [
            {"index": card["index"], "eraser": card["eraser"], "state": card["state"]}
            for card in grid["cards"]
        ]
        return {"run": run, "state": grid["state"], "zip": grid.get("zip"), "cards": cards}

    gr.api(list_metrics, queue=False)
    for endpoint in (remark, stop, keep_private, delete_run, go_on):
        gr.api(endpoint, queue=False)


def _named(run: str, secret: str) -> dict[str, object]:
    return {"run": run, "secret": secret or None}


def _answered(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer where it went well. Raises UserError."""
    if not answer["ok"]:
        raise UserError.retold(answer["error"]["text"], answer["error"]["code"])
    return answer
