"""Attentive Eraser's golden cases as the program needs them: folders of models, settings, masks.

What the files hold is described where the cases come from; in short, `sd_full_*` and `sdxl_*`
are whole runs of the authors' code on tiny models, `aas_attn_*` single attention layers.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from methods import Image, Mask

_OWN_CONFIG = {  # the class that a configuration is for, as diffusers writes it
    "unet": "UNet2DConditionModel",
    "vae": "AutoencoderKL",
}


@dataclass(frozen=True)
class FullRun:
    """One whole run. folder: of the case; expected: the authors' tensors, stage by stage."""

    folder: Path
    params: dict[str, Any]
    expected: dict[str, torch.Tensor]
    image: Image
    mask: Mask

    @classmethod
    def read(cls, folder: Path) -> FullRun:
        """A case from its folder."""
        from PIL import Image as Pil
        from safetensors.torch import load_file

        params = json.loads((folder / "params.json").read_text(encoding="utf-8"))
        image = np.asarray(Pil.open(folder / "image.png").convert("RGB"))
        mask = np.asarray(Pil.open(folder / "mask.png").convert("L")) > 127
        return cls(folder, params, load_file(folder / "expected.safetensors"), image, mask)

    @property
    def variant(self) -> str:
        """The eraser's setting for this kind of model."""
        return "sdxl" if (self.folder / "text_config_2.json").is_file() else "sd15"

    @property
    def seed(self) -> int:
        """Of the generator, which the case names as a piece of Python."""
        return int(self.params["generator"].rpartition("(")[2].rstrip(")"))

    @property
    def settings(self) -> dict[str, Any]:
        """The eraser's settings; the authors ran it without FreeU."""
        named = ("prompt", "num_inference_steps", "strength", "rm_guidance_scale", "ss_steps")
        layers = self.params.get("AAS_layer_idx") or range(
            self.params["AAS_start_layer"], self.params["AAS_end_layer"]
        )
        return {
            **{name: self.params[name] for name in (*named, "ss_scale", "AAS_start_step")},
            "AAS_end_step": self.params["AAS_end_step"],
            "AAS_start_layer": min(layers),
            "AAS_end_layer": max(layers) + 1,
            "variant": self.variant,
            "freeu": "off",
        }

    def pixels(self) -> torch.Tensor:
        """(1, 3, H, W) in -1 … 1, rounded exactly as the authors' code rounds."""
        import torch

        levels = torch.from_numpy(self.image.transpose(2, 0, 1)[None].astype(np.float32))
        return levels / 255 * 2 - 1 if self.variant == "sdxl" else levels / 127.5 - 1

    def model(self, home: Path) -> Path:
        """The case's model as a folder of diffusers' layout."""
        for name in ("unet", "vae", "text_encoder", "text_encoder_2"):
            if (self.folder / f"{name}.safetensors").is_file():
                self._component(name, home / name)
        for name in ("tokenizer", "tokenizer_2"):
            if (self.folder / name).is_dir():
                shutil.copytree(self.folder / name, home / name)
                _limit_length(home / name)
        return home

    def _component(self, name: str, target: Path) -> None:
        target.mkdir(parents=True)
        text = name.startswith("text_encoder")
        config = f"text_config{name.removeprefix('text_encoder')}" if text else f"{name}_config"
        values = json.loads((self.folder / f"{config}.json").read_text(encoding="utf-8"))
        if not text:
            values["_class_name"] = _OWN_CONFIG[name]
        (target / "config.json").write_text(json.dumps(values), encoding="utf-8")
        file = "model.safetensors" if text else "diffusion_pytorch_model.safetensors"
        shutil.copy(self.folder / f"{name}.safetensors", target / file)


def _limit_length(tokenizer: Path) -> None:
    path = tokenizer / "tokenizer_config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, "model_max_length": 77}), encoding="utf-8")


@dataclass(frozen=True)
class LayerCase:
    """One attention layer. tensors: q, k, v, mask and out as the authors' code had them."""

    id: str
    facts: dict[str, Any]
    tensors: dict[str, torch.Tensor]
    mask: Mask

    @property
    def resolution(self) -> tuple[int, int]:
        """(rows, columns) of the tokens."""
        return self.facts["res"], self.facts["res"]


def layer_cases(path: Path) -> list[LayerCase]:
    """All cases of one `aas_attn_*.json` and the tensors beside it."""
    from safetensors.torch import load_file

    facts = json.loads(path.read_text(encoding="utf-8"))
    tensors = load_file(path.with_suffix(".safetensors"))
    shapes = facts.pop("_fullmask_shape")
    masks = {
        name: _unpacked(tensors[f"fullmask.{name}"].numpy(), tuple(shape))
        for name, shape in shapes.items()
        if f"fullmask.{name}" in tensors
    }
    names = ("q", "k", "v", "mask", "out")
    return [
        LayerCase(
            case,
            fact,
            {name: tensors[f"{case}.{name}"] for name in names},
            masks[fact["mask_id"]],
        )
        for case, fact in facts.items()
    ]


def _unpacked(packed: NDArray[np.uint8], shape: tuple[int, ...]) -> Mask:
    bits = np.unpackbits(packed, axis=1)[:, : shape[1]]
    return bits.astype(np.bool_)
