"""Gradio without the files that it writes for editors.

Whenever it is imported, Gradio parses the source of each component and writes a stub (.pyi) beside
it, our own components included: nearly half of the time that its import takes. Nobody reads them
here, and a folder that is installed may be read-only.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_WRITES = "gradio.component_meta", "create_or_modify_pyi"


def write_no_stubs() -> None:
    """To be called before Gradio is imported; later it changes nothing."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds one module, as any other finder does, and replaces one function of it."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        module, function = _WRITES
        spec = PathFinder.find_spec(name, path, target) if name == module else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def without(module: ModuleType) -> None:
            execute(module)
            if hasattr(module, function):
                setattr(module, function, _nothing)

        spec.loader.exec_module = without  # type: ignore[method-assign]
        return spec


def _nothing(*component: object) -> None:
    """In place of writing."""
