"""A page on another site with ours in a frame that grows with its content, as the model hub's.

What it does was seen on the hub: a sandbox, a frame that begins with the window's height, and
iframe-resizer's messages (version 4, whose other half Gradio serves), which make it as tall as its
content, so that this page scrolls and the frame does not. Another host name of the same machine is
another site to a browser: what it refuses to third parties, it refuses here.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from small_server import served_by

SANDBOX = (
    "allow-downloads allow-forms allow-modals allow-pointer-lock allow-popups"
    " allow-popups-to-escape-sandbox allow-same-origin allow-scripts"
    " allow-storage-access-by-user-activation"
)

ALLOW = "clipboard-read; clipboard-write; fullscreen; camera; microphone"

_PAGE = """<!doctype html><html><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>The hub's page</title>
<style>html, body {{ margin: 0; min-height: 100vh }}
body, main {{ display: flex; flex-direction: column }} main {{ flex: 1 }}
header {{ height: 64px; flex: none; background: #ddd }}
iframe {{ border: 0; flex-grow: 1; width: 100% }}</style></head>
<body><header>The hub</header><main><iframe id="space" src="{address}" sandbox="{sandbox}"
 allow="{allow}"></iframe></main><script>{script}</script></body></html>"""

_RESIZER = """
const frame = document.getElementById('space');
const MARK = '[iFrameSizer]', READY = '[iFrameResizerChild]Ready';
// id, margin, width too, log, interval, public methods, by itself, margin, height by, background,
// padding, tolerance, links in the page, resized from, width by
const OPTIONS = 'space:8:false:false:32:true:true::bodyOffset:::0:false:parent:scroll';
const begin = () => frame.contentWindow.postMessage(MARK + OPTIONS, '*');
frame.addEventListener('load', begin); // its other half says Ready only where it came late
addEventListener('message', ({ data, source }) => {
  if (source !== frame.contentWindow || typeof data !== 'string') return;
  if (data === READY) begin();
  if (!data.startsWith(MARK)) return;
  const [, height, , kind] = data.slice(MARK.length).split(':');
  if (['init', 'size', 'reset'].includes(kind)) frame.style.height = height + 'px';
  if (kind === 'scrollToOffset')
    scrollTo(0, scrollY + frame.getBoundingClientRect().top + Number(height));
});
"""


@contextmanager
def hub_page(address: str, *, grows: bool = True) -> Iterator[str]:
    """The address of a page with a frame that shows `address`. grows: with its content."""
    page = page_around(address) if grows else _page(address, "")
    with served_by(_handler(page.encode())) as port:
        yield f"http://localhost:{port}/"


def page_around(address: str, script: str = "") -> str:
    """The HTML of a page whose frame shows `address` and grows. script: what it does besides; its
    `frame` is the frame."""
    return _page(address, _RESIZER + script)


def _page(address: str, script: str) -> str:
    return _PAGE.format(address=html.escape(address), sandbox=SANDBOX, allow=ALLOW, script=script)


def _handler(page: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the tests' console."""

    return Handler
