"""The page's own components: the prompt canvas, the eraser cards, the result grid,
the tables.

Each is a `gr.HTML` whose template is static and empty; the scripts in ui/static build the DOM
with textContent, so that no text of a user is ever read as HTML (a `gr.HTML` template would
evaluate it).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import gradio as gr

from ui.common.errors import Answer

ServerFunction: TypeAlias = Callable[[object, gr.Request], Awaitable[Answer]]

ERASE = "erase: (request) => trigger('erase', request)"


def mounting(call: str) -> str:
    """Gradio's script for a component: call a function of ui/static/scripts/main.js, once that is
    here. See `ui.page.assets.Assets.head`."""
    return f"eraserLabScripts.then((page) => page.{call});"


class PromptCanvas(gr.HTML):
    """A photo, the points and the box on it, and the mask that answers them."""

    def __init__(self, server_functions: list[ServerFunction]) -> None:
        super().__init__(
            value=None,
            html_template="<div></div>",
            js_on_load=mounting("mountCanvas({ element, server, upload })"),
            server_functions=server_functions,
            elem_classes=["lab-slot", "lab-canvas-slot"],
            apply_default_css=False,
        )


class EraserPanel(gr.HTML):
    """The eraser cards with their settings; its `erase` event carries the run's request."""

    def __init__(self, server_functions: list[ServerFunction]) -> None:
        super().__init__(
            value=None,
            html_template="<div></div>",
            js_on_load=mounting(f"mountPanel({{ element, server, {ERASE} }})"),
            server_functions=server_functions,
            elem_classes=["lab-slot", "lab-sticky"],
            apply_default_css=False,
        )


class ResultGrid(gr.HTML):
    """The grid of results; its value is the grid as a dict, sent again and again."""

    def __init__(self, server_functions: list[ServerFunction]) -> None:
        super().__init__(
            value=None,
            html_template="<div></div>",
            js_on_load=mounting("mountGrid({ element, server, props, watch })"),
            server_functions=server_functions,
            elem_classes=["lab-slot", "lab-grid-slot"],
            apply_default_css=False,
        )


class TablesView(gr.HTML):
    """The second tab: rows of tables, what papers print, what systems there are.

    Its `erase` event carries a row's run; its value is that run's grid."""

    def __init__(self, server_functions: list[ServerFunction]) -> None:
        super().__init__(
            value=None,
            html_template="<div></div>",
            js_on_load=mounting(f"mountTables({{ element, server, props, watch, {ERASE} }})"),
            server_functions=server_functions,
            elem_classes=["lab-slot"],
            apply_default_css=False,
        )


class Furniture(gr.HTML):
    """The page's head or foot: fixed markup of ours whose texts are filled in by language."""

    def __init__(self, markup: str, call: str) -> None:
        super().__init__(
            value=None,
            html_template=markup,
            js_on_load=mounting(call),
            elem_classes=["lab-slot"],
            apply_default_css=False,
        )
