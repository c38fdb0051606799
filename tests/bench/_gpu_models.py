"""The random models that `gpu_bench` writes, each as long as a later row needs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import full_size
import tiny_lama
import tiny_models
import tiny_sams
from _gpu_rows import Job
from methods import WeightFile, find_weights
from methods._weights.store import use_local

SMALL = ("mobile_sam.pt", "migan_pipeline_v2.onnx")
"""Files that are taken as they are where the real ones are here."""

Builder = Callable[[Path], object]


def _full(device: str) -> dict[str, Builder]:
    def build(make: full_size.Build, path: Path) -> object:
        return make(path, device)

    return {name: partial(build, make) for name, make in full_size.builders().items()}


def _tiny() -> dict[str, Builder]:
    """What there is in full size, small."""
    lama: dict[str, Builder] = {tiny_lama.NAME: lambda file: tiny_lama.save(file.parent)}
    known = tiny_models.builders() | tiny_sams.SAMS | lama
    return {name: known[name] for name in full_size.builders() if name in known}


class Models:
    """The folders and files of the models, in one folder."""

    def __init__(self, folder: Path, device: str, *, tiny: bool) -> None:
        self._folder = folder
        self._build = _tiny() if tiny else _full(device)

    def lacks(self, weights: Iterable[WeightFile]) -> str:
        """What can neither be made nor found here, in words; empty where all can."""
        others = [w for w in weights if w.name.split("/")[0] not in self._build]
        names = {w.name.split("/")[0] for w in others if find_weights(w) is None}
        return f"no random {', '.join(sorted(names))} of full size" if names else ""

    def bring(self, job: Job) -> None:
        """Write what is not here and point the program to it."""
        real = {w.name for w in job.weights if w.name in SMALL and find_weights(w)}
        for name in sorted((job.repositories & self._build.keys()) - real):
            path = self._folder / name
            if not path.exists():
                self._write(name, path)
            use_local(name, path)

    def _write(self, name: str, path: Path) -> None:
        """Under another name until it is whole: an interrupted one must not be taken for it."""
        unfinished = path.parent / "unfinished" / name
        unfinished.parent.mkdir(exist_ok=True)
        try:
            self._build[name](unfinished)
            unfinished.rename(path)
        finally:
            _remove(unfinished)

    def keep(self, jobs: Iterable[Job]) -> None:
        """Delete what none of these needs."""
        needed = {name for job in jobs for name in job.repositories}
        for name in self._build.keys() - needed:
            use_local(name, None)
            _remove(self._folder / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def models(folder: Path, device: str, *, tiny: bool) -> Iterator[Models]:
    """For the block; the program forgets them afterwards."""
    made = Models(folder, device, tiny=tiny)
    try:
        if tiny:
            with tiny_sams.small_vits():
                yield made
        else:
            yield made
    finally:
        made.keep(())
