"""What goes with every file of a visitor's: nothing in it may run, whoever opens it where."""

from __future__ import annotations

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400",
}
