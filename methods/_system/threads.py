"""Threads that know for whom they work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context


def begin_thread(work: Callable[[], object], name: str) -> threading.Thread:
    """Start a daemon with a copy of this thread's context variables.

    A plain thread has none of them. Gradio keeps the visitor's request there, with which a GPU is
    borrowed in the visitor's name.
    """
    thread = threading.Thread(target=copy_context().run, args=(work,), name=name, daemon=True)
    thread.start()
    return thread
