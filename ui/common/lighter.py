"""Gradio without two packages that its import brings along and this page never uses.

mcp      for tools of Gradio's own, which goes on without where it is not installed; those of this
         page (`ui.api.tools`) import it when they are asked for
pandas   for two questions of a cache that nobody asks here; it is read when somebody does

Nor does it sum up, after each request, how long its functions took: nobody here reads that, and
two requests that end at once would read pandas twice at once, of which one finds half of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

_WITHOUT = "gradio.mcp", "mcp"
_LATER = "pandas"
_SUM_UP_AFTER = "GRADIO_ANALYTICS_CACHE_FREQUENCY"


def import_less() -> None:
    """To be called before Gradio is imported; later it changes nothing."""
    os.environ.setdefault(_SUM_UP_AFTER, str(sys.maxsize))
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds the two modules as any other finder does, and has them executed otherwise."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in (_WITHOUT[0], _LATER):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        if name == _LATER:
            spec.loader = LazyLoader(spec.loader)
        else:
            _hide(spec, _WITHOUT[1])
        return spec


def _hide(spec: ModuleSpec, package: str) -> None:
    """While the module is executed, importing the package fails as if it were not installed."""
    assert spec.loader is not None
    execute = spec.loader.exec_module

    def without(module: ModuleType) -> None:
        is_hidden = package not in sys.modules
        if is_hidden:
            sys.modules[package] = None  # type: ignore[assignment]  # Python's own sign for that
        try:
            execute(module)
        finally:
            if is_hidden:
                del sys.modules[package]

    spec.loader.exec_module = without  # type: ignore[method-assign]
