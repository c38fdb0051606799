"""The page: its frame, its scripts and styles, and how the parts are laid out.

Nothing here asks another machine for anything: scripts, styles and fonts are ours or the
system's own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing

import gradio as gr

from methods import PROGRAM, Unavailable
from ui.api import endpoints
from ui.common.caller import browser_of, caller_of
from ui.common.errors import described
from ui.common.grid import Grid, RefusedGrid
from ui.door.access import Access
from ui.door.gate import Gate
from ui.page import routes
from ui.page.assets import Assets
from ui.page.components import (
    EraserPanel,
    Furniture,
    PromptCanvas,
    ResultGrid,
    ServerFunction,
    TablesView,
)
from ui.page.server_functions import server_functions
from ui.page.skeleton import LOGO
from ui.service.service import Service

CANVAS_FUNCTIONS = (
    "open_photo open_example reopen_photo segment mask upload_mask export_case import_case detect"
    " continue_with open_step"
)

TABLE_FUNCTIONS = "rows papers systems fetch_row open_row given grids new_run stop remark"

HEAD = f"""<header class="lab-head">{LOGO}
<div><h1 data-t="title"></h1><p class="lab-hint" data-t="head.tagline"></p></div>
<div id="lab-tabs"></div>
<div class="lab-group">
<button class="lab-tool" type="button" id="lab-language"></button>
<button class="lab-tool" type="button" id="lab-theme" data-t-label="head.theme"
 data-t-title="head.theme"></button></div></header>"""

FOOT = f"""<footer class="lab-foot"><span data-t="foot.private"></span>
<a href="?view=api" data-t="foot.api"></a><span data-t="foot.keys"></span>
<span id="lab-account"></span><span id="lab-version">Eraser Lab {PROGRAM}</span></footer>"""
OPEN_FOOT = FOOT.replace("</footer>", '<strong data-t="foot.open"></strong></footer>')
"""Of a page that anybody may use who finds its address."""


EVENTS = 200
"""Of Gradio's queue at work at once, almost all of them waiting without a thread. Another number
than Gradio's own 40 also gives its calls threads of their own: files have the others."""


def theme() -> gr.themes.Base:
    """Gradio's plainest theme on the system's own fonts: no font is fetched."""
    fonts = ["system-ui", "sans-serif"]
    return gr.themes.Base(
        font=fonts, font_mono=["ui-monospace", "monospace"], primary_hue="rose", neutral_hue="stone"
    )


def launch_options(
    service: Service,
    lang: str | None,
    *,
    tools: bool = False,
    metrics: bool = False,
    access: Access | None = None,
) -> dict[str, object]:
    """How the page is launched wherever it runs; host, port and sharing are the caller's.

    No run history: Gradio would keep every photo's request in the browser's storage. No
    show_error: it would show the inner words of an error, paths and all. No MCP server of Gradio's
    own, whatever the environment says: it would make tools of other functions, too. Not "frontend",
    by which Gradio means one request to itself with 3 seconds and no second try: on a busy machine
    it ended the program, and the server has answered another one by then.

    tools: also serve `ui.api.tools`, which needs the package `mcp`. metrics: also serve
    `ui.door.metrics`, which needs `prometheus_client`. access: who is let in; None = everybody.
    """
    assets = Assets(lang)
    gate = None if access is None else Gate(access, lang)
    return {
        "auth": None if access is None else access.verify,
        "theme": theme(),
        "head": assets.head(),
        "max_file_size": f"{service.limits.megabytes:g}mb",
        "ssr_mode": False,
        "run_history": False,
        "show_error": False,
        "footer_links": [],
        "allowed_paths": [],
        "mcp_server": False,
        "max_threads": EVENTS,
        "_frontend": False,
        "app_kwargs": routes.app_kwargs(service, assets, tools=tools, metrics=metrics, gate=gate),
    }


def build_page(
    service: Service, *, access: Access | None = None, is_public: bool = False
) -> gr.Blocks:
    """The whole page over one service, with the API endpoints beside it.

    is_public: whether others than those at this machine reach it; without `access`, it says so.
    """
    by_name = {function.__name__: function for function in server_functions(service)}

    def pick(names: str) -> list[ServerFunction]:
        return [by_name[name] for name in names.split()]

    with gr.Blocks(title="Eraser Lab", analytics_enabled=False, delete_cache=(900, 3600)) as page:
        Furniture(HEAD, "mountHead({ element })")
        with gr.Column(elem_id="lab-tab-erase"):
            with gr.Row(elem_classes=["lab-main"]):
                PromptCanvas(pick(CANVAS_FUNCTIONS))
                panel = EraserPanel(pick("erasers weights fetch_weights new_run stop plan_sweep"))
            grid = ResultGrid(pick("open_run go_on remark keep_private delete_run stop saving"))
        with gr.Column(elem_id="lab-tab-tables"):
            tables = TablesView(pick(TABLE_FUNCTIONS))
        Furniture(OPEN_FOOT if is_public and access is None else FOOT, "mountFoot({ element })")
        if access is not None and access.hub:
            gr.LoginButton(visible=False)  # by it Gradio knows that it is to sign people in
        wire({panel: grid, tables: tables}, service, page)
        endpoints.register(service)
    return page


def as_script(value: object) -> str:
    """JSON that may stand inside a <script> element."""
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--")


def not_begun() -> str:
    """A script for the page: the value of a run that the door did not let in, or that the program
    could not go on with. Nothing of the server's would come any more."""
    error = as_script(described(Unavailable("run_not_begun")))
    return f"() => ({{run: eraserLab.running, state: 'failed', cards: [], error: {error}}})"


def wire(shown_by: Mapping[gr.HTML, gr.HTML], service: Service, page: gr.Blocks) -> None:
    """Erase runs in the queue; Stop and clicks never do. A run outlives the tab that began it.

    shown_by: for each component that starts runs, the one that shows them.
    """

    async def run_on_page(
        event: gr.EventData, request: gr.Request
    ) -> AsyncIterator[Grid | RefusedGrid]:
        grids = service.follow(
            event._data, request.session_hash, caller_of(request), browser_of(request)
        )
        async with aclosing(grids):
            async for grid in grids:
                yield grid

    # The page holds Erase back while its own run goes on. What still comes after the last
    # result (lossless files, numbers) must not hold it back: so not `once`.
    for starter, shower in shown_by.items():
        begun = starter.erase(
            run_on_page,
            None,
            shower,
            concurrency_limit=None,  # `Visits` has the places, and gives them back sooner
            trigger_mode="multiple",
            show_progress="hidden",
            api_visibility="private",
        )
        begun.failure(None, None, shower, js=not_begun(), api_visibility="private")
