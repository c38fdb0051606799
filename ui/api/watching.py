"""How many runs are watched at once: by the executor's places, of which machines may add some.

Gradio asks for this number when it begins; what has joined since would be of use to nobody.
"""

from __future__ import annotations

import gradio as gr

from ui.service.service import Service

ON_PAGE, BY_PROGRAMS = "erase", "erase by programs"
"""Gradio's names for the two lines of runs."""


def keep_up(blocks: gr.Blocks, service: Service) -> None:
    """Watch as many as there are places for now. A limit that has grown counts at once; one that
    has shrunk, for those who come."""
    most, queues = service.most_watched, blocks._queue.event_queue_per_concurrency_id
    for name in (ON_PAGE, BY_PROGRAMS):
        if name in queues:
            queues[name].concurrency_limit = most
