"""FLUX's erasers in half precision, and on a GPU in all three settings of memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from flux_fixtures import erased, few
from flux_fixtures import home as home
from methods import Image, Mask, Stopped, get_eraser
from methods._diffusion.prompts import embeddings
from tiers import rest_is_slow

pytestmark = pytest.mark.usefixtures("home")

NAMES = ("omnieraser", "omnipaint", "flux_fill")
every = pytest.mark.parametrize("name", NAMES)
CLOSE = 8
"""Mean distance of two pictures, in levels of 255: random nets are wilder than trained ones."""


def loaded(name: str, device: Any, dtype: Any = None) -> Any:
    made = get_eraser(name)()
    made.load(device, dtype)
    return made


def apart(one: Image, two: Image) -> float:
    return float(np.abs(one.astype(int) - two).mean())


@pytest.mark.slow
@every
def test_half_precision_paints_nearly_the_same(name: str, photo: Image, mask: Mask) -> None:
    import torch

    exact, half = loaded(name, "cpu"), loaded(name, "cpu", torch.bfloat16)
    first = erased(exact, photo, mask)
    assert apart(first, erased(half, photo, mask)) < CLOSE
    assert apart(first, erased(exact, photo, mask, seed=6)) > CLOSE
    parts = half.loaded(few(half))
    assert parts["transformer"].dtype == parts["vae"].dtype == torch.bfloat16
    exact.unload()
    half.unload()


@every
def test_on_a_gpu_they_are_in_bfloat16(name: str) -> None:
    import torch

    assert get_eraser(name)._dtype_on("cuda") == torch.bfloat16  # type: ignore[attr-defined]


# --- on a GPU --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.gpu
@pytest.mark.parametrize("name", rest_is_slow(NAMES))
@pytest.mark.parametrize("memory", rest_is_slow(["fast", "balanced", "small"]))
def test_on_a_gpu(name: str, memory: str, photo: Image, mask: Mask) -> None:
    """Nearly as on the CPU; a Stop and another run leave the network as it was."""
    exact, half = loaded(name, "cpu"), loaded(name, "cuda")
    changes: dict[str, Any] = {"memory": memory}
    if name == "flux_fill":
        changes["removal_lora"] = True
    half.prepare(few(half, **changes))
    first = erased(half, photo, mask, **changes)
    assert apart(erased(exact, photo, mask, **changes), first) < CLOSE
    transformer = half.loaded(few(half, **changes))["transformer"]
    before = {key: value.cpu() for key, value in transformer.state_dict().items()}

    def stop(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        erased(half, photo, mask, progress=stop, **changes)
    after = transformer.state_dict()
    assert before.keys() == after.keys()
    assert all((value == after[key].cpu()).all() for key, value in before.items())
    assert apart(erased(half, photo, mask, **changes), first) == 0
    exact.unload()
    half.unload()


@pytest.mark.slow
@pytest.mark.gpu
def test_an_encoder_that_does_not_fit_takes_turns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Layer by layer where the memory is too little for it; the numbers are the same."""
    import torch

    from methods._flux.weights import PROMPTS

    found = []
    for budget in ("", "0.000001"):
        monkeypatch.setenv("ERASER_LAB_MEMORY", budget)
        monkeypatch.setenv("ERASER_LAB_EMBEDDINGS", str(tmp_path / f"of{budget}"))
        embeddings.clear()
        found.append(PROMPTS.embed(["a cat"], "cuda", torch.float32)[0])
    embeddings.clear()
    assert (found[0].tokens - found[1].tokens).abs().max() < 1e-5


@pytest.mark.slow
@pytest.mark.gpu
def test_nothing_of_a_run_stays_on_the_gpu(photo: Image, mask: Mask) -> None:
    import torch

    eraser = loaded("omnieraser", "cuda")
    eraser.prepare(few(eraser))
    erased(eraser, photo, mask)
    kept = torch.cuda.memory_allocated()
    for seed in range(3):
        erased(eraser, photo, mask, seed=seed)
    assert torch.cuda.memory_allocated() == kept
    eraser.unload()
