"""A repository folder: several weight files that belong together, as model hubs keep them.

Each file is an ordinary WeightFile whose name is `<folder>/<path in the repository>`, so that
fetching, hashes and states need nothing new, and the cache holds the folder as the libraries
expect it. The user can point a whole folder somewhere else (see `_weights.sources.local`):

    ERASER_LAB_WEIGHT_<FOLDER>=/models/my-diffusers-folder
    python -m methods erase … --weights <folder>=/models/my-diffusers-folder
    ERASER_LAB_LOCAL_WEIGHTS=/models        where /models/<folder> exists
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from methods._base import HubFile, Text, UrlFile, Verbatim, WeightFile, WeightsUnavailable
from methods._weights.errors import command, to_be_brought, variable
from methods._weights.store import find_weights

NOT_SEEN = "its hash could not be seen when this was written"


@dataclass(frozen=True, slots=True)
class RepoFile:
    """One file of a repository.

    path: within it, and within its folder here. size: bytes, an estimate without a sha256.
    elsewhere: other paths under which some revisions keep it, tried in order after `path`.
    urls: plain addresses, tried in order instead, for a file that is not on the hub.
    """

    path: str
    size: int
    sha256: str | None = None
    elsewhere: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Files of one hub repository at one revision, kept together in the folder `name`.

    revision: a commit; "main" only where none of the files has a hash (the first download is
    then recorded). mirrors: others with the same files byte for byte, as (repo, revision), tried
    in order after it for files with a hash. license: of the weights. gated: the hub gives them
    only to whoever has accepted it there. by_hand: instead of repo and revision, where the user
    gets files that no program can fetch.
    """

    name: str
    repo: str = ""
    revision: str = ""
    license: str
    files: tuple[RepoFile, ...]
    unpinned_because: str = NOT_SEEN
    by_hand: Text | None = None
    mirrors: tuple[tuple[str, str], ...] = ()
    gated: bool = False

    @property
    def how_to_get(self) -> Text:
        """For a card: `by_hand`, and where the program is told of the folder."""
        where = self.by_hand or Verbatim("")
        return Text("weights.how_to_get", where=where, variable=variable(self.name))

    def weights(self, *wanted: str) -> tuple[WeightFile, ...]:
        """The files of these sub-folders ("unet", "vae" …), those at these paths
        ("unet/config.json"), or all; in the order of `files`."""
        return tuple(
            self._weight(file)
            for file in self.files
            if not wanted or file.path in wanted or _component(file.path) in wanted
        )

    def file(self, path: str) -> Path:
        """One file on this machine. Raises WeightsUnavailable."""
        (weight,) = self.weights(path)
        return self._present(weight)

    def folder(self, component: str) -> Path:
        """Where the files of one sub-folder ("" = the top) lie: the user's own, or the cache's.

        Raises WeightsUnavailable when one of them is not on this machine, or when single
        files of the sub-folder were pointed to different places.
        """
        weights = self.weights(component)
        if not weights:
            raise ValueError(f"{self.name} has no files in '{component}'")
        places = {self._present(weight).parent for weight in weights}
        if len(places) > 1:
            raise self._scattered(component)
        return places.pop()

    def _weight(self, file: RepoFile) -> WeightFile:
        mirrors = self.mirrors if file.sha256 else ()
        homes = ((self.repo, self.revision), *mirrors) if self.repo else ()
        paths = (file.path, *file.elsewhere)
        on_hub = (HubFile(repo, path, revision) for repo, revision in homes for path in paths)
        return WeightFile(
            name=f"{self.name}/{file.path}",
            sources=tuple(map(UrlFile, file.urls)) or tuple(on_hub),
            size=file.size,
            sha256=file.sha256,
            license=self.license,
            unpinned_because="" if file.sha256 else self.unpinned_because,
            by_hand=self.by_hand,
            gated=self.gated,
        )

    def _present(self, weight: WeightFile) -> Path:
        path = find_weights(weight)
        if path is None and weight.by_hand:
            raise to_be_brought(weight, weight.by_hand)
        if path is None:
            raise WeightsUnavailable(
                "weights_missing.repository",
                name=weight.name,
                command=command(weight.name),
                variable=variable(self.name),
            )
        return path

    def _scattered(self, component: str) -> WeightsUnavailable:
        return WeightsUnavailable(
            "weights_scattered", name=self.name, variable=variable(self.name), component=component
        )


def _component(path: str) -> str:
    """The sub-folder of a file: "unet/config.json" -> "unet", "model.pth" -> ""."""
    return path.rpartition("/")[0]
