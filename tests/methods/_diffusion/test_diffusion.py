"""What all erasers on diffusion models share: components, prompts, and leaving others alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_models
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from diffusion_tools import erase, every, loaded, settings, some
from diffusion_tools import tiny_weights as tiny_weights
from methods import Image, Mask, Unavailable
from methods._diffusion.components import ComponentStore, identity, part_bytes
from methods._diffusion.eraser import (
    ClipPrompts,
    DiffusionEraser,
    Part,
    Repository,
    replaced,
    store,
    transformer_blocks,
)
from methods._diffusion.prompts import CLIP_TOKENS, Embedding, EmbeddingCache, embeddings
from methods._diffusion.readers import files_of
from methods._diffusion.repositories import SD2_INPAINTING, SD15, SD15_INPAINTING, SDXL_INPAINTING

# --- one after the other -------------------------------------------------------------------

BASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sd_inpainting", {"variant": "sd15"}),
    ("sd_inpainting", {"variant": "sd2"}),
    ("sdxl_inpainting", {}),
)
SHARING = {"magic_eraser": 0, "clipaway": 0, "erase_diffusion": 1}
"""Erasers that work on the very UNet of a base, by its place in BASES."""


class Broken(Exception):
    """Raised in the middle of a run."""


@pytest.fixture(scope="module")
def bases(tiny_weights: Path) -> Iterator[list[tuple[DiffusionEraser, dict[str, Any]]]]:
    """The plain pipelines, loaded all the while."""
    found = [(loaded(name), values) for name, values in BASES]
    yield found
    for eraser, _ in found:
        eraser.unload()


@pytest.mark.parametrize("name", SHARING)
def test_a_shared_base_is_not_loaded_again(name: str, bases: Any) -> None:
    base, values = bases[SHARING[name]]
    held = base.loaded(settings(base, **values))
    loads = store.loads
    eraser = loaded(name)
    eraser.prepare(settings(eraser))
    ours = eraser.loaded(settings(eraser))
    new = [part for part, network in ours.items() if network not in held.values()]
    assert "unet" not in new and "vae" not in new
    assert store.loads == loads + len(new)
    assert store.users(held["unet"]) == 2
    eraser.unload()
    assert store.users(held["unet"]) == 1


@every
def test_the_memory_of_shared_networks_is_named_alike(name: str) -> None:
    """So that the residency counts them once."""
    eraser, base = loaded(name), loaded("sd_inpainting")
    held = eraser.memory(settings(eraser), "cpu")
    assert sum(held.values()) > 100_000
    if name in SHARING:
        _, values = BASES[SHARING[name]]
        shared = base.memory(settings(base, **values), "cpu")
        assert shared.items() <= held.items()
    assert eraser.memory(settings(eraser), "cuda").keys() != held.keys(), "in half precision"


# --- the store -----------------------------------------------------------------------------


def test_a_component_lives_as_long_as_its_last_user() -> None:
    import torch

    own = ComponentStore()
    part = Part(SD15_INPAINTING, "vae")
    first, second = (own.take(part, torch.float32) for _ in range(2))
    assert first is second and own.loads == 1 and own.users(first) == 2
    assert own.take(part, torch.bfloat16) is not first, "another precision is another network"
    own.give_back(first)
    assert own.take(part, torch.float32) is first
    own.give_back(first)
    own.give_back(first)
    assert own.users(first) == 0
    assert own.take(part, torch.float32) is not first and own.loads == 3
    own.give_back(object())  # nobody's


def test_it_comes_ready_to_run() -> None:
    import torch

    with store.borrow(Part(SD15_INPAINTING, "unet"), torch.bfloat16) as unet:
        assert not unet.training
        assert not any(tensor.requires_grad for tensor in unet.parameters())
        assert {tensor.dtype for tensor in unet.parameters()} == {torch.bfloat16}
    assert store.users(unet) == 0


def test_many_threads_load_it_once() -> None:
    import torch

    own, found = ComponentStore(), []
    part = Part(SD15, "unet")
    threads = [
        threading.Thread(target=lambda: found.append(own.take(part, torch.float32)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert own.loads == 1 and len({id(component) for component in found}) == 1


def test_equal_files_are_one_component_wherever_they_lie(tmp_path: Path) -> None:
    """A tokenizer is the same in many repositories; one letter more makes it another."""
    import shutil

    import torch

    from methods._weights.store import use_local

    ours, theirs = Part(SD15_INPAINTING, "tokenizer"), Part(SD2_INPAINTING, "tokenizer")
    assert identity(ours, torch.float32) == identity(theirs, torch.float32)
    sdxl = Part(SDXL_INPAINTING, "tokenizer_2")
    assert identity(sdxl, torch.float32) != identity(ours, torch.float32)
    moved = shutil.copytree(ours.path().parent, tmp_path / "moved")
    config = json.loads((moved / "unet" / "config.json").read_text(encoding="utf-8"))
    unet = Part(SD15_INPAINTING, "unet")
    before = identity(unet, torch.float32)
    use_local(SD15_INPAINTING.name, moved)
    try:
        (moved / "unet" / "config.json").write_text(json.dumps({**config, "_by": "me"}))
        assert identity(unet, torch.float32) == before, "a remark changes nothing"
        (moved / "unet" / "config.json").write_text(json.dumps({**config, "norm_eps": 1.0}))
        assert identity(unet, torch.float32) != before
    finally:
        use_local(SD15_INPAINTING.name, None)


def test_the_size_in_memory_is_known_before_loading() -> None:
    import torch

    from methods._diffusion.placement import module_bytes

    for folder in ("unet", "vae", "text_encoder"):
        part = Part(SDXL_INPAINTING, folder)
        for dtype in (torch.float32, torch.float16):
            with store.borrow(part, dtype) as network:
                stored = sum(t.numel() * t.element_size() for t in network.parameters())
                assert part_bytes(part, dtype) == stored <= module_bytes(network)


# --- files ---------------------------------------------------------------------------------


def test_safetensors_and_half_precision_are_preferred(tmp_path: Path) -> None:
    import torch

    names = (
        "config.json",
        "model.safetensors",
        "model.fp16.safetensors",
        "model.bin",
        "model.fp16.bin",
        "notes.md",
    )
    for name in names:
        (tmp_path / name).touch()

    def chosen(dtype: torch.dtype) -> list[str]:
        return [file.name for file in files_of(tmp_path, dtype)]

    assert chosen(torch.float32) == ["config.json", "model.safetensors"]
    assert chosen(torch.float16) == ["config.json", "model.fp16.safetensors"]
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.fp16.safetensors").unlink()
    assert chosen(torch.float32) == ["config.json", "model.bin"]


@pytest.mark.parametrize("damage", ["cut", "code", "a tensor less", "another model"])
def test_files_that_are_something_else_are_refused(damage: str, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    unet = tiny_models.save_unet(folder / "unet", tiny_models.unet_config())
    file = unet / "diffusion_pytorch_model.safetensors"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "code":
        file.unlink()
        torch.save({"conv_in.weight": Runs()}, unet / "diffusion_pytorch_model.bin")
    elif damage == "a tensor less":
        tensors = load_file(file)
        del tensors["conv_in.bias"]
        save_file(tensors, file)
    else:
        (unet / "config.json").write_text(json.dumps({"_class_name": "AutoencoderKL"}))
    repository = Repository(
        name="damaged", license="MIT", by_hand=SD15.by_hand, repo="a/b", revision="0" * 40,
        files=tuple(f for f in SD15.files if f.path.startswith("unet/")),
    )  # fmt: skip
    from methods._weights.store import use_local

    use_local("damaged", folder)
    try:
        with pytest.raises(Unavailable) as caught:
            store.take(Part(repository, "unet"), torch.float32)
    finally:
        use_local("damaged", None)
    assert caught.value.code == "weights_unreadable"
    assert not Runs.has_run


class Runs:
    """A pickle of it would run this."""

    has_run = False

    def __reduce__(self) -> Any:
        return _run, ()


def _run() -> int:
    Runs.has_run = True
    return 1


# --- prompts -------------------------------------------------------------------------------


def test_an_encoder_is_here_only_for_new_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("ERASER_LAB_EMBEDDINGS", str(tmp_path))  # other tests have texts there
    embeddings.clear()
    prompts = ClipPrompts(Part(SD15, "tokenizer"), Part(SD15, "text_encoder"))
    encoded: list[str] = []
    own = ClipPrompts.encode

    def encode(self: ClipPrompts, text: str, *components: Any) -> Embedding:
        encoded.append(text)
        assert store.users(components[1]) == 1
        return own(self, text, *components)

    monkeypatch.setattr(ClipPrompts, "encode", encode)
    first = prompts.embed(["a wall", ""], "cpu", torch.float32)
    assert encoded == ["a wall", ""]
    loads = store.loads
    again = prompts.embed(["", "a wall", ""], "cpu", torch.float32)
    assert encoded == ["a wall", ""] and store.loads == loads
    assert again == (first[1], first[0], first[1])
    assert first[0].tokens.shape == (1, CLIP_TOKENS, tiny_models.WIDTH)
    prompts.embed(["a wall", "sand"], "cpu", torch.float32)
    assert encoded == ["a wall", "", "sand"]
    prompts.embed(["sand"], "cpu", torch.bfloat16)
    assert encoded == ["a wall", "", "sand", "sand"], "another precision has other numbers"


@some
def test_constant_prompts_are_encoded_once(
    name: str, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    passes: list[int] = []
    for kind in (CLIPTextModel, CLIPTextModelWithProjection):
        own = kind.forward
        monkeypatch.setattr(kind, "forward", counting(own, passes))
    embeddings.clear()
    eraser = loaded(name)
    first = erase(eraser, photo, mask)
    encoded = len(passes)
    assert (erase(eraser, photo, mask) == first).all()
    assert len(passes) == encoded, "no text is encoded again"
    eraser.unload()


def counting(own: Any, passes: list[int]) -> Any:
    """A forward pass that is counted."""

    def forward(*args: Any, **named: Any) -> Any:
        passes.append(1)
        return own(*args, **named)

    return forward


def test_the_latest_embeddings_are_kept() -> None:
    import torch

    kept = EmbeddingCache(max_bytes=2 * 4)
    made = [Embedding(torch.zeros(1)) for _ in range(3)]
    kept.put("a", made[0], lasting=False)
    kept.put("b", made[1], lasting=False)
    assert kept.get("a") is made[0]
    kept.put("c", made[2], lasting=False)
    assert kept.get("b") is None and kept.get("a") is made[0] and kept.get("c") is made[2]


# --- changing and restoring ----------------------------------------------------------------


def test_an_attribute_is_put_back_as_it_was() -> None:
    import torch

    layer = torch.nn.Linear(2, 2)
    with pytest.raises(Broken), replaced(layer, "forward", lambda x: x):
        assert "forward" in vars(layer)
        raise Broken
    assert "forward" not in vars(layer), "its class has one"
    weight = layer.weight
    with replaced(layer, "weight", torch.nn.Parameter(torch.zeros(2, 2))) as before:
        assert before is weight and layer.weight is not weight
    assert layer.weight is weight


def test_blocks_are_counted_in_the_order_of_the_forward_pass() -> None:
    """Down, middle, up; by their numbers Attentive Eraser and others choose layers."""
    import torch

    with store.borrow(Part(SD15, "unet"), torch.float32) as unet:
        blocks = transformer_blocks(unet)
        seen: list[str] = []
        handles = [
            block.module.register_forward_hook(lambda *_, name=block.name: seen.append(name))
            for block in blocks
        ]
        unet(torch.zeros(1, 4, 8, 8), 1, torch.zeros(1, 77, tiny_models.WIDTH))
        for handle in handles:
            handle.remove()
    assert [block.name for block in blocks] == seen and len(seen) == 16
    assert [block.part for block in blocks] == ["down"] * 6 + ["mid"] + ["up"] * 9
    assert [block.index for block in blocks] == list(range(16))


def test_a_seed_is_the_same_whatever_torch_drew_before(photo: Image, mask: Mask) -> None:
    import torch

    eraser = loaded("sd_inpainting")
    first = erase(eraser, photo, mask)
    state = torch.get_rng_state()
    torch.manual_seed(99)
    np.random.seed(99)
    assert (erase(eraser, photo, mask) == first).all()
    torch.set_rng_state(state)
    eraser.unload()
