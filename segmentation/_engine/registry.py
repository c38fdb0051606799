"""Which segmenters there are, which one answers when nobody chose, and one shared instance of each.

A segmenter is a file or a package of this folder without underscore that defines one:
`mobile_sam.py` defines the segmenter `mobile_sam`. Importing them costs little, because a
segmenter brings its heavy libraries only inside its functions. A file that cannot be used
never takes the others down: it is logged with its traceback and left out.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from methods import (
    BadInput,
    HubFile,
    Unavailable,
    WeightsUnavailable,
    best_device,
    free_memory,
    keep_weights,
    said_here,
    total_memory,
    with_device_room,
)
from segmentation._segmenter import Segmenter, SegmenterSpec

log = logging.getLogger(__name__)

_BEST_ON_GPU = ("sam2_1_large", "sam_vit_h")
_ROOM_FOR_ERASERS = 8 * 2**30  # bytes of the GPU that the default segmenter leaves alone
_SHARE = 0.25  # of the device's memory that loaded segmenters may hold together

_shared: dict[str, Segmenter] = {}  # least recently asked for first
_guard = threading.Lock()
_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def _loaded_files() -> list[str]:
    with _guard:
        return [weight.name for kept in _shared.values() for weight in kept.spec.weights]


keep_weights(_loaded_files)


# --- what there is -----------------------------------------------------------------------


def list_segmenters() -> tuple[SegmenterSpec, ...]:
    """All of them, the quicker ones on a CPU first; loads nothing heavy."""
    specs = (kind.spec for kind in found().values())
    return tuple(sorted(specs, key=lambda spec: (spec.rank, spec.id)))


@lru_cache(maxsize=1)
def found() -> dict[str, type[Segmenter]]:
    """The classes that this folder's files define, by id; searched once in a process."""
    names = (m.name for m in iter_modules([str(Path(__file__).parent.parent)]))
    return search(sorted(name for name in names if not name.startswith("_")))


def search(names: Iterable[str], package: str = "segmentation") -> dict[str, type[Segmenter]]:
    """Import `package.<name>` for each name and keep the segmenter that it defines, if any."""
    segmenters = {}
    for name in names:
        try:
            kind = _own_segmenter(import_module(f"{package}.{name}"))
        except Exception:
            # Any kind of error: the file is foreign code as far as the search is concerned.
            log.exception("segmentation/%s.py cannot be used", name)
            continue
        if kind is not None:
            segmenters[name] = kind
    return segmenters


def _own_segmenter(module: ModuleType) -> type[Segmenter] | None:
    """The one concrete Segmenter that the module, or a file of its own package, defines, if any."""
    own = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Segmenter)
        and f"{value.__module__}.".startswith(f"{module.__name__}.")
        and not inspect.isabstract(value)
    ]
    if not own:
        return None
    name = module.__name__.rpartition(".")[2]
    if len(own) > 1 or own[0].spec.id != name:
        raise TypeError(f"{name}.py must define one segmenter, with the id '{name}'")
    return own[0]


def _class_of(segmenter_id: str) -> type[Segmenter]:
    if segmenter_id not in found():
        known = ", ".join(spec.id for spec in list_segmenters())
        raise BadInput("unknown_segmenter", known=known)
    return found()[segmenter_id]


# --- which one answers when nobody chose -------------------------------------------------


def is_segmenter_ready(spec: SegmenterSpec) -> bool:
    """Whether all its weights are on this machine."""
    from methods import find_weights

    try:
        return all(find_weights(weight) is not None for weight in spec.weights)
    except WeightsUnavailable:  # the user has named a file that is not there
        return False


def default_segmenter() -> SegmenterSpec:
    """The best network for this machine among those that are here; else the first to fetch."""
    networks = (spec for spec in preferred_segmenters(is_segmenter_ready) if spec.weights)
    return next(networks, list_segmenters()[0])


def preferred_segmenters(
    is_ready: Callable[[SegmenterSpec], bool],
) -> Iterator[SegmenterSpec]:
    """Those that are ready, the best choice for this machine first."""
    device = best_device()
    return by_preference(list_segmenters(), device, _memory_of(device), is_ready)


def by_preference(
    specs: Iterable[SegmenterSpec],
    device: str,
    memory: int,
    is_ready: Callable[[SegmenterSpec], bool],
) -> Iterator[SegmenterSpec]:
    """The specs that are ready, the best choice first.

    On a CPU the quickest comes first. On a GPU the best does, provided that the GPU's
    memory (bytes, all of it: what is free changes from click to click, and another
    segmenter would give another mask) has room for it beside an eraser.
    """
    specs = sorted(specs, key=lambda spec: (spec.rank, spec.id))
    by_id = {spec.id: spec for spec in specs}
    best = [by_id[name] for name in _BEST_ON_GPU if device == "cuda" and name in by_id]
    roomy = [spec for spec in best if spec.memory + _ROOM_FOR_ERASERS <= memory]
    rest = [spec for spec in specs if spec not in roomy]
    return (spec for spec in (*roomy, *rest) if is_ready(spec))


@lru_cache(maxsize=3)
def _memory_of(device: str) -> int:
    """Bytes: of the GPU, or of the machine where the CPU or an Apple GPU works."""
    if device == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(0).total_memory)
    return total_memory()


# --- the shared instances ----------------------------------------------------------------


def get_segmenter(segmenter_id: str, *, fetch_missing: bool = True) -> Segmenter:
    """The one loaded instance of the process; loads it where it is not loaded.

    Those that nobody has asked for the longest are forgotten when all together would hold
    more than a quarter of the device's memory; who still uses one keeps it.

    fetch_missing: False = do not download, raise WeightsUnavailable instead. Raises
    BadInput for an unknown id, WeightsUnavailable when its weights cannot be had, and
    Unavailable when there is not enough memory.
    """
    kind = _class_of(segmenter_id)
    with _guard:
        loading = _loading[segmenter_id]
    with loading:
        segmenter = _kept(segmenter_id)
        if segmenter is None:
            if not fetch_missing:
                _demand_weights(kind.spec)
            _demand_memory(kind.spec)
            segmenter = with_device_room(kind.load, lambda: _too_little_memory(kind.spec))
            _keep(segmenter_id, segmenter)
        return segmenter


def _kept(segmenter_id: str) -> Segmenter | None:
    with _guard:
        segmenter = _shared.pop(segmenter_id, None)
        if segmenter is not None:
            _shared[segmenter_id] = segmenter  # now the last to go
        return segmenter


def _keep(segmenter_id: str, segmenter: Segmenter) -> None:
    with _guard:
        _shared[segmenter_id] = segmenter
        budget = _SHARE * _memory_of(best_device())
        while len(_shared) > 1 and sum(map(_held, _shared.values())) > budget:
            del _shared[next(iter(_shared))]


def _held(segmenter: Segmenter) -> int:
    """Bytes that a loaded segmenter holds, about: those of its weights."""
    return sum(weight.size for weight in segmenter.spec.weights)


def _demand_memory(spec: SegmenterSpec) -> None:
    """Raise Unavailable where loading would bring the whole program down.

    Asked on a CPU only: a full GPU answers with an error, a full main memory with the end.
    """
    if best_device() != "cuda" and spec.memory > free_memory():
        raise _too_little_memory(spec)


def _too_little_memory(spec: SegmenterSpec) -> Unavailable:
    return Unavailable(
        "not_enough_memory.segmenter_needs", eraser=spec.name, gigabytes=spec.memory / 1000000000.0
    )


def _demand_weights(spec: SegmenterSpec) -> None:
    from methods import find_weights

    missing = [weight for weight in spec.weights if find_weights(weight) is None]
    if not missing:
        return
    size = sum(weight.size for weight in missing)
    if not spec.gated:
        raise WeightsUnavailable(
            "weights_missing.segmenter",
            name=missing[0].name,
            title=spec.name,
            segmenter=spec.id,
            size=size,
            megabytes=size / 1e6,
        )
    page = license_page(spec)
    told = said_here("weights_gated")
    raise WeightsUnavailable(told, name=spec.name, page=page, megabytes=size / 1e6)


def license_page(spec: SegmenterSpec) -> str:
    """The address at the model hub where the licence of a gated segmenter is accepted."""
    from huggingface_hub import constants

    sources = (source for weight in spec.weights for source in weight.sources)
    repo = next(source.repo for source in sources if isinstance(source, HubFile))
    return f"{constants.ENDPOINT}/{repo}"
