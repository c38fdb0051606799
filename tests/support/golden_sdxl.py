"""Golden cases of the erasers that stand on SDXL or SD inpainting: one tiny model for all cases.

`<method>/open/config.json` has the constructors' arguments, `<component>.safetensors` the
weights, `cases.json` what the authors' code was called with, `<case>.safetensors` all stages.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from golden_cases import golden_folder, golden_tensors

_CLASSES = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL"}


def every_case(method: str) -> list[Any]:
    """Parameters for `pytest.mark.parametrize`: the entries of cases.json, or one that skips."""
    folder = golden_folder(method)
    if folder is None or not (folder / "cases.json").is_file():
        reason = f"no golden cases of {method}: there is no {method}/open/cases.json"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]
    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["name"]) for case in cases]


def tensors_of(method: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """The stages of a case, as arrays."""
    return golden_tensors(method, f"{case['name']}.safetensors")


def source_of(method: str) -> Path:
    """The folder of the cases. Skips the test where it is absent."""
    folder = golden_folder(method)
    if folder is None:
        pytest.skip(f"no golden cases of {method}")
    return folder


def config_of(method: str) -> dict[str, Any]:
    """The constructors' arguments."""
    found: dict[str, Any] = json.loads((source_of(method) / "config.json").read_text("utf-8"))
    return found


def save_base(method: str, folder: Path, scheduler: str) -> Path:
    """The case's UNet, VAE (where it carries one) and scheduler as a folder of diffusers."""
    config = config_of(method)
    for name, kind in _CLASSES.items():
        place = folder / name
        if not (source_of(method) / f"{name}.safetensors").is_file():
            continue
        place.mkdir(parents=True)
        written = {"_class_name": kind, **config[name]}
        (place / "config.json").write_text(json.dumps(written), encoding="utf-8")
        source = source_of(method) / f"{name}.safetensors"
        shutil.copyfile(source, place / "diffusion_pytorch_model.safetensors")
    (folder / "scheduler").mkdir()
    written = {"_class_name": scheduler, **config["scheduler"]}
    path = folder / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return folder


def off(found: Any, expected: Any) -> float:
    """The greatest difference of two arrays or tensors; their shapes must be equal."""
    import numpy as np

    ours, theirs = (np.asarray(value, dtype=np.float64) for value in (found, expected))
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max())


def embedding(tensors: Mapping[str, Any], name: str = "prompt_embeds") -> Any:
    """A case's prompt as the program keeps it."""
    import torch

    from methods._diffusion.eraser import Embedding

    pooled = tensors.get(name.replace("prompt_embeds", "pooled_prompt_embeds"))
    tokens = torch.from_numpy(tensors[name].copy())
    return Embedding(tokens, None if pooled is None else torch.from_numpy(pooled.copy()))
