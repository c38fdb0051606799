"""Making the embeddings of constant prompts for others, who then need no text encoder.

    python -m methods embeddings make ERASER… --out FOLDER          where the encoders are
    python -m methods embeddings pin FOLDER --repo OWNER/NAME …     once FOLDER lies on a model hub

See `_diffusion.published` for what becomes of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from methods._base import BadInput, DeviceName, Settings
from methods._diffusion import embedding_files as files
from methods._diffusion.eraser import DiffusionEraser, Words
from methods._diffusion.precision import FULL, Precision
from methods._diffusion.published import home_of
from methods._system.files import write_atomic

PRECISIONS = ("half", "full")
"""As erasers run on a GPU, and on a CPU."""


@dataclass(frozen=True, slots=True)
class Made:
    """One file. path: in the folder. size: bytes."""

    path: str
    encoder: str
    text: str
    precision: str
    size: int
    sha256: str


def make_embeddings(
    eraser: type[Any], folder: Path, precisions: Sequence[str], device: DeviceName
) -> Iterator[Made]:
    """The embeddings of all texts that an eraser has a large encoder read by itself, one by one.

    precisions: out of PRECISIONS. Raises BadInput for an eraser that has none, WeightsUnavailable
    where the encoder is not on this machine, OSError where the folder takes nothing.
    """
    words = constant_words(eraser)
    if not words:
        spec = eraser.spec
        raise BadInput("no_constant_prompt", eraser=spec.id, title=spec.name)
    for each in words:
        for precision in precisions:
            yield from _made(each, _numbers(eraser, precision), folder, device)


def constant_words(eraser: type[Any]) -> tuple[Words, ...]:
    """What the default settings, and those with one other choice, have a large encoder read."""
    if not issubclass(eraser, DiffusionEraser):
        return ()
    found = (eraser.words(settings) for settings in _choices(eraser.Settings))
    return tuple(dict.fromkeys(words for words in found if words is not None))


def _choices(kind: type[Settings]) -> Iterator[Settings]:
    yield kind()
    for name, field in kind.model_fields.items():
        for value in _values(field.annotation):
            try:
                yield kind.model_validate({name: value})
            except ValidationError:  # it goes with others alone
                continue


def _values(annotation: object) -> tuple[object, ...]:
    if annotation is bool:
        return (True, False)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _numbers(eraser: type[DiffusionEraser[Any]], precision: str) -> Precision:
    return FULL if precision == "full" else eraser.precision_on("cuda")


def _made(words: Words, dtype: Precision, folder: Path, device: DeviceName) -> Iterator[Made]:
    import torch

    found = words.prompts.embed(words.texts, device, getattr(torch, dtype.name))
    keys, encoder = words.prompts.keys(words.texts, dtype), words.prompts.parts[-1].repository
    for text, embedding in zip(words.texts, found, strict=True):
        path = f"{home_of(encoder)}/{keys[text]}.safetensors"
        content = files.content(embedding.tensors())
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / path, content)
        digest = hashlib.sha256(content).hexdigest()
        yield Made(path, home_of(encoder), text, dtype.name, len(content), digest)


def model_card(made: Sequence[Made], license: str) -> str:
    """README.md of the folder, as model hubs show it."""
    rows = [
        f"| `{one.path}` | {one.text!r} | {one.precision} | {one.size} | `{one.sha256}` |"
        for one in sorted(made, key=lambda one: one.path)
    ]
    head = ["| File | Prompt | Numbers | Bytes | SHA-256 |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*_CARD.format(license=license.lower()).splitlines(), *head, *rows, ""])


_CARD = """---
license: {license}
tags: [text-embeddings, object-removal]
---

# Embeddings of constant prompts

What Eraser Lab's erasers have their text encoders read, as those answer: whoever has these files
needs no text encoder. Each lies in a folder that is named by its encoder's repository and revision.

"""
