"""A port for each server of the tests."""

from __future__ import annotations

import socket


def own_port() -> int:
    """One that nobody listens at. Gradio would look for one from 7860 on, as every other test
    process does at the same moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
