"""OmniPaint on a tiny FLUX of the real classes; its branch has a test of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from flux_fixtures import Counted, erased, few, numbers
from flux_fixtures import home as home
from flux_tools import full_size_transformer
from methods import Image, Mask, Stopped, Unavailable
from methods._diffusion.eraser import adapted
from methods._diffusion.lora import additions_of
from methods._weights.store import use_local
from methods.omnipaint.branch import FOR_THE_PHOTO
from methods.omnipaint.eraser import OmniPaint
from methods.omnipaint.weights import REPOSITORY, read_embedding
from tiers import rest_is_slow

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def eraser() -> Iterator[OmniPaint]:
    made = OmniPaint()
    made.load("cpu", None)
    yield made
    made.unload()


def test_the_defaults_are_the_authors() -> None:
    settings = OmniPaint.Settings()
    assert (settings.num_inference_steps, settings.guidance_scale) == (28, 3.5)
    assert OmniPaint.spec.canvas.longest_side == 1024


def test_it_needs_no_text_encoder_at_all(
    eraser: OmniPaint, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [weight.name for weight in OmniPaint.weights_for(few(eraser))]
    assert not any("text_encoder" in name or "tokenizer" in name for name in names)
    counted = Counted(monkeypatch)
    erased(eraser, photo, mask)
    assert counted.counts == {"transformer": 3, "encode": 1, "decode": 1, "clip": 0, "t5": 0}


@pytest.mark.slow
def test_the_hole_is_black_whatever_was_there(eraser: OmniPaint, photo: Image, mask: Mask) -> None:
    first = erased(eraser, photo, mask)
    hidden = np.where(mask[..., None], 255 - photo, photo)
    assert (erased(eraser, hidden, mask) == first).all()
    seen = np.where(mask[..., None], photo, 255 - photo)
    assert (erased(eraser, seen, mask) != first).any()
    assert (erased(eraser, photo, np.roll(mask, 16, axis=1)) != first).any()
    assert (erased(eraser, photo, mask, seed=6) != first).any()


def test_every_layer_of_the_branch_is_one_of_flux() -> None:
    """The layers whose additions are for the photo alone, counted at full size."""
    network = full_size_transformer()
    linear = [name for name, module in network.named_modules() if hasattr(module, "in_features")]
    chosen = [name for name in linear if FOR_THE_PHOTO.fullmatch(name)]
    assert len(chosen) == 1 + 19 * 6 + 38 * 6
    assert "proj_out" not in chosen and "context_embedder" not in chosen


@pytest.mark.slow
def test_the_published_additions_fit_the_published_network() -> None:
    """As their card and size say: rank 4 to the layers of the branch, 29 MB."""
    import torch

    network = full_size_transformer()
    tensors: dict[str, Any] = {}
    for name, layer in network.named_modules():
        if FOR_THE_PHOTO.fullmatch(name):
            shapes = {"A": (4, layer.in_features), "B": (layer.out_features, 4)}
            for half, shape in shapes.items():
                empty = torch.empty(shape, device="meta", dtype=torch.bfloat16)
                tensors[f"transformer.{name}.lora_{half}.weight"] = empty
    size = 2 * sum(tensor.numel() for tensor in tensors.values())
    assert abs(size - REPOSITORY.files[0].size) < 1_000_000
    before = {name: id(module) for name, module in network.named_modules()}
    with adapted(network, additions_of("omnipaint", tensors, {}, torch.bfloat16)):
        assert network.single_transformer_blocks[37].proj_out.base_layer is not None
    assert {name: id(module) for name, module in network.named_modules()} == before


@pytest.mark.parametrize("at", rest_is_slow([1, 2]))
def test_a_stop_leaves_the_network_as_it_was(
    eraser: OmniPaint, photo: Image, mask: Mask, at: int
) -> None:
    first = erased(eraser, photo, mask)
    transformer = eraser.loaded(few(eraser))["transformer"]
    before, block = numbers(transformer), transformer.transformer_blocks[0]

    def stop(step: int, total: int) -> None:
        if step == at:
            raise Stopped

    with pytest.raises(Stopped):
        erased(eraser, photo, mask, progress=stop)
    assert numbers(transformer) == before
    assert "forward" not in vars(block) and not transformer._forward_pre_hooks
    assert (erased(eraser, photo, mask) == first).all()


# --- the embedding -----------------------------------------------------------------------------


def arrays(**changes: Any) -> dict[str, Any]:
    made = np.random.default_rng(0)
    whole = {
        "prompt_embeds": made.standard_normal((1, 6, 8)),
        "pooled_prompt_embeds": made.standard_normal((1, 4)),
        "text_ids": np.zeros((6, 3), np.int64),
    } | changes
    return {name: array for name, array in whole.items() if array is not None}


def test_the_embedding_is_read_as_it_is(tmp_path: Path) -> None:
    import torch

    given = arrays()
    np.savez(tmp_path / "remove.npz", **given)
    found = read_embedding(tmp_path, torch.bfloat16)
    assert found.tokens.dtype == torch.bfloat16 and found.tokens.shape == (1, 6, 8)
    assert found.pooled is not None
    assert np.abs(found.pooled.float().numpy() - given["pooled_prompt_embeds"]).max() < 1e-2


class _Harmful:
    """What a pickle could run."""

    def __reduce__(self) -> Any:
        return (pytest.fail, ("the pickle was opened",))


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt_embeds": None},
        {"text_ids": np.ones((6, 3))},
        {"prompt_embeds": np.zeros((2, 6, 8))},
        {"pooled_prompt_embeds": np.full((1, 4), np.nan)},
        {"prompt_embeds": np.array([_Harmful()], object)},
    ],
    ids=["lacking", "at places", "two", "no numbers", "objects"],
)
def test_another_file_is_refused(
    eraser: OmniPaint, home: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    (tmp_path / "embeddings").mkdir()
    np.savez(tmp_path / "embeddings" / "remove.npz", **arrays(**changes), allow_pickle=True)
    (tmp_path / "weights").symlink_to(home / REPOSITORY.name / "weights")
    use_local(REPOSITORY.name, tmp_path)
    try:
        with pytest.raises(Unavailable) as caught:
            eraser.loaded(few(eraser))
    finally:
        use_local(REPOSITORY.name, home / REPOSITORY.name)
    assert caught.value.code == "weights_unreadable"
    assert REPOSITORY.name in str(caught.value) or "remove.npz" in str(caught.value)
