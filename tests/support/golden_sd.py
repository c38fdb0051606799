"""What passes through a stock pipeline of Stable Diffusion 1.x while an eraser runs, written down.

For golden cases: a `Watch` changes nothing, and has the tensors under the names of the cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from golden_cases import golden_files
from golden_measure import ratios
from methods._diffusion.eraser import DiffusionEraser, step_callback


def every_folder(method: str, prefix: str = "") -> list[Any]:
    """Parameters for `pytest.mark.parametrize`: the folders with a params.json in them."""
    found = golden_files(method, f"{prefix}*/params.json")
    folders = [param.values[0].parent for param in found if param.values[0]]
    return [pytest.param(folder, id=folder.name) for folder in folders] or found


class Watch:
    """All that a run of an eraser on a stock pipeline does.

    seen: by name, as the cases name it. `unet_in`: what the UNet is given, a step each;
    `noise_uncond`, `noise_cond`: the halves of what it gives; `latents` after each step.
    """

    def __init__(self, eraser: DiffusionEraser, patch: pytest.MonkeyPatch) -> None:
        self.seen: dict[str, Any] = {}
        self._lists: dict[str, list[Any]] = {}
        call = eraser.call

        def called(pipeline: Any, seed: int, progress: Any, **given: Any) -> Any:
            with pytest.MonkeyPatch.context() as inner:
                self._spy(pipeline, inner)
                hook = pipeline.unet.register_forward_hook(self._predicted, with_kwargs=True)
                then = given.pop("callback_on_step_end", None) or step_callback(progress)
                given["callback_on_step_end"] = self._stepped(then)
                try:
                    return call(pipeline, seed, progress, **given)
                finally:
                    hook.remove()

        patch.setattr(eraser, "call", called)

    def _note(self, name: str, tensor: Any) -> None:
        self._lists.setdefault(name, []).append(tensor.clone())

    def _predicted(self, _unet: Any, args: Any, kwargs: Any, output: Any) -> None:
        sample, timestep = args[:2]
        self._note("unet_in", sample)
        self._note("timesteps", timestep)
        self.seen.setdefault("prompt_embeds", kwargs["encoder_hidden_states"].clone())
        halves = ("noise_uncond", "noise_cond")[-len(output[0]) :]  # one without guidance
        for name, half in zip(halves, output[0], strict=True):
            self._note(name, half)

    def _stepped(self, then: Any) -> Any:
        def on_step_end(pipeline: Any, index: int, time: Any, tensors: dict[str, Any]) -> Any:
            self._note("latents", tensors["latents"][0])
            return then(pipeline, index, time, tensors)

        return on_step_end

    def _spy(self, pipeline: Any, patch: pytest.MonkeyPatch) -> None:
        """On what is made before the first step, where the pipeline makes it."""
        made = {
            "prepare_latents": ("init_latents", "noise"),
            "prepare_mask_latents": ("mask_latent", "masked_image_latents"),
        }
        for method, names in made.items():
            if hasattr(pipeline, method):
                own = getattr(pipeline, method)
                patch.setattr(pipeline, method, self._kept(own, names))

    def _kept(self, own: Any, names: tuple[str, ...]) -> Any:
        def spy(*args: Any, **kwargs: Any) -> Any:
            found = own(*args, **kwargs)
            tensors = found if isinstance(found, tuple) else (found,)
            # The conditional half comes last; both are the same here.
            kept = {name: t[-1:].clone() for name, t in zip(names, tensors, strict=False)}
            self.seen.update(kept)
            return found

        return spy

    def found(self) -> dict[str, Any]:
        """Everything, lists as one tensor."""
        import torch

        lists = {name: torch.stack(tensors) for name, tensors in self._lists.items()}
        first = {"unet_in0": self._lists["unet_in"][0]}
        return {**self.seen, **lists, **first, "final_latents": lists["latents"][-1:]}


SAMPLED = ("noise_uncond", "noise_cond", "latents", "final_latents")
"""What the steps lead to."""


def differences(
    found: Mapping[str, Any], expected: Mapping[str, Any], shares: Mapping[str, float]
) -> dict[str, float]:
    """By how much each stage is off, in units of what it may be; for those that the case has.

    shares: of the stage's spread, for each step in what is sampled. Shapes must be equal, the
    times equal altogether. At least one stage must be there to compare.
    """
    if "timesteps" in expected:
        assert found["timesteps"].tolist() == expected["timesteps"].tolist()
    steps = len(found["timesteps"])
    return ratios(found, expected, shares, dict.fromkeys(SAMPLED, steps))


def grey_levels(erased: Any, expected: Mapping[str, Any]) -> float:
    """The greatest difference of a picture in uint8 from the case's."""
    import numpy as np

    theirs = np.rint(expected["image"].numpy() * 255)
    assert erased.shape == theirs.shape
    return float(np.abs(erased.astype(float) - theirs).max())
