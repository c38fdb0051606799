"""The page's HTML, so that something is to be seen at once: small, and with our head and a skeleton
in it, where Gradio would add the head only when its own scripts have come.

The skeleton's few styles stand in the page. All style sheets, Gradio's and ours, follow after the
skeleton, because a browser shows nothing of what stands below one that has not come.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.page.assets import Assets
from ui.page.skeleton import SKELETON

HEAD_ENDS, APP_BEGINS = b"</head>", b"<gradio-app"
SHEET = re.compile(rb'[ \t]*<link rel="stylesheet"[^>]*>\n?')


class Compressed:
    """Compresses what Gradio leaves as it is: the page and the answers to its questions.

    Gradio's own middleware goes by the endings of names; here are the addresses without one.
    Pictures, archives and streams of events are left alone by Starlette.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, minimum_size=1000, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = scope["type"] == "http" and not PurePosixPath(scope["path"]).suffix
        await (self._compressed if named else self._app)(scope, receive, send)


class EarlyPage:
    """Puts head and skeleton into the page's HTML; all other answers pass through."""

    def __init__(self, app: ASGIApp, assets: Assets) -> None:
        self._app = app
        head = assets.early_styles() + assets.script() + assets.preloads()
        self._head, self._sheet = head.encode("utf-8"), assets.sheet().encode("utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _Rewriting(send, self._rewritten)
        await self._app(scope, receive, send)

    def _rewritten(self, html: bytes) -> bytes:
        """The page with our parts; another page (of errors, say) as it is."""
        if HEAD_ENDS not in html or APP_BEGINS not in html:
            return html
        head, _, body = html.partition(HEAD_ENDS)
        below = SKELETON.encode("utf-8") + b"".join(SHEET.findall(head)) + self._sheet
        body = body.replace(APP_BEGINS, below + APP_BEGINS, 1)
        return SHEET.sub(b"", head) + self._head + HEAD_ENDS + body


class _Rewriting:
    """Sends an answer on; HTML is held back until it is whole, and rewritten."""

    def __init__(self, send: Send, rewrite: Callable[[bytes], bytes]) -> None:
        self._send = send
        self._rewrite = rewrite
        self._start: Message | None = None  # of HTML that is being held back
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(Headers(raw=message["headers"])):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = self._rewrite(self._body)
        MutableHeaders(raw=start["headers"])["Content-Length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_html(headers: Headers) -> bool:
    """Whether it is HTML to be shown, and not compressed yet."""
    shown = "content-disposition" not in headers and "content-encoding" not in headers
    return shown and headers.get("content-type", "").startswith("text/html")
