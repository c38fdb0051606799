"""The header of a Space's README.md, completed for what this environment's variables ask for.

What its owner has written stays, lists grow. Nothing is asked of the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from methods import BadInput, HubFile, WeightFile, file_fault, list_erasers, needed_weights
from ui.cli.space.folder import Folder, asks_for_sign_in
from ui.cli.space.hardware import ZERO

USUAL: Mapping[str, object] = {
    "sdk": "gradio",
    "app_file": "app.py",
    "suggested_hardware": ZERO.id,
    "startup_duration_timeout": "1h",
    "tags": ["inpainting", "object-removal", "image-editing"],
}
"""What is written where a header says nothing of it. Half an hour, the hub's own patience, may be
too little for a first start with downloads."""


def completed(folder: Folder, segmenter: Sequence[WeightFile]) -> dict[str, object]:
    """The header. segmenter: files of the preferred one."""
    offered = list_erasers()
    at_start = [*segmenter, *_files(needed_weights(spec) for spec in offered if spec.default)]
    all_ = [*segmenter, *_files(needed_weights(spec) for spec in offered)]
    header = {
        **folder.header,
        **{name: USUAL[name] for name in USUAL.keys() - folder.header.keys()},
    }
    header["models"] = _joined(header.get("models"), (source.repo for source in _of_hub(all_)))
    missing = [file for file in at_start if not any(one.brings(file) for one in folder.preloads)]
    lines = map(_line, _of_hub(missing))
    header["preload_from_hub"] = _joined(header.get("preload_from_hub"), lines)
    if asks_for_sign_in():
        header["hf_oauth"] = True
    return header


def write(readme: Path, header: Mapping[str, object]) -> None:
    """Into the file, whose text stays. Raises BadInput where it cannot be."""
    from huggingface_hub import metadata_save

    try:
        metadata_save(readme, dict(header))
    except OSError as error:
        raise BadInput("cannot_write.header", file=readme.name, reason=file_fault(error)) from error


def _files(of_each: Iterable[Iterable[WeightFile]]) -> Iterator[WeightFile]:
    for files in of_each:
        yield from files


def _of_hub(files: Iterable[WeightFile]) -> Iterator[HubFile]:
    """The first such source of each."""
    for file in files:
        found = next((each for each in file.sources if isinstance(each, HubFile)), None)
        if found is not None:
            yield found


def _line(source: HubFile) -> str:
    commit = "" if source.revision == "main" else " " + source.revision
    return f"{source.repo} {source.path}{commit}"


def _joined(before: object, more: Iterable[str]) -> list[str]:
    """What stands there, and what does not yet."""
    listed = [str(each) for each in before] if isinstance(before, list) else []
    return list(dict.fromkeys([*listed, *more]))
