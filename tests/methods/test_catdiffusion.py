"""CAT-Diffusion in the program: a user's own checkpoint, and what the card says without one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from canvas_tools import shrink_canvases
from methods import Failed, Finished, Image, Job, Mask, Stopped, run
from methods._base import no_progress
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from methods.catdiffusion.eraser import CatDiffusion, CatDiffusionSettings
from methods.catdiffusion.inputs import views
from methods.catdiffusion.network import SemanticInpainter, add_references, reference_words
from methods.catdiffusion.weights import HOW_TO_GET, PUBLISHED
from tiers import rest_is_slow
from tiny_models import save_sd
from tiny_networks import original_name, save_catdiffusion, save_clip

QUICK: dict[str, Any] = {"num_inference_steps": 2}
FILE = "catdiffusion.ckpt"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local weights: a user's checkpoint, and the homes of its frozen parts."""
    home = tmp_path_factory.mktemp("weights")
    save_catdiffusion(home / "catdiffusion")
    save_clip(home / "clip-vit-large-patch14")
    save_sd(home / "sd15-inpainting", seed=10)
    return home


@pytest.fixture(autouse=True)
def local_weights(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(home))
    shrink_canvases(monkeypatch)


@pytest.fixture
def eraser() -> Iterator[CatDiffusion]:
    made = CatDiffusion()
    made.load("cpu")
    yield made
    made.unload()


@pytest.fixture(scope="module")
def picture() -> Image:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def hole() -> Mask:
    mask = np.zeros((64, 64), bool)
    mask[16:48, 24:44] = True
    return mask


def filled(eraser: CatDiffusion, picture: Image, hole: Mask, seed: int = 0, **values: Any) -> Image:
    settings = CatDiffusionSettings(**QUICK | values)
    return eraser.erase(picture, hole, settings, seed, no_progress)


# --- without a checkpoint ------------------------------------------------------------------------


def test_the_card_says_why_it_is_empty_and_that_it_inserts() -> None:
    spec = CatDiffusion.spec
    assert "not an eraser" in spec.summary.en and not spec.default
    assert HOW_TO_GET in spec.notes
    for text in HOW_TO_GET.plain().values():
        assert "ERASER_LAB_WEIGHT_CATDIFFUSION" in text
    assert "published no weights" in HOW_TO_GET.en


@pytest.mark.parametrize("fetch_missing", [True, False])
def test_a_run_says_the_same(
    fetch_missing: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    picture: Image,
    hole: Mask,
) -> None:
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    *_, last = run([Job("catdiffusion", QUICK)], picture, hole, fetch_missing=fetch_missing)
    assert isinstance(last, Failed)
    assert last.code == "weights_by_hand"
    assert "published no weights" in last.text
    assert "没有公布权重" in last.sentence.said("zh")


# --- a user's own checkpoint ---------------------------------------------------------------------


def test_the_published_networks_have_the_published_names() -> None:
    """All of UNet, adapter and semantic inpainter under the authors' names, none more."""
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(dict(PUBLISHED["unet"]))
        add_references(unet, 1024)
        sizes = {"width": 1024, "inner": 4096, "heads": 16, "layers": 24}
        inpainter = SemanticInpainter(**sizes, label=768, label_inner=1536)
    names = {original_name(unet, name): value for name, value in unet.state_dict().items()}
    added = {name: v for name, v in names.items() if ".attn3." in name or ".norm4." in name}
    prefix = "model.diffusion_model."
    assert digest(names, prefix) == (
        "6a5bff0acbc27e5bbc66a4479c79683b8fac3e63942102cc2f63d3e66ca2a721"
    )
    assert digest(added, prefix) == (
        "bfbe0c6e55335bd9035acbc6ae94b799582c643642049e1ddd04c471485b7517"
    )
    assert digest(inpainter.state_dict(), "fusion_model.") == (
        "da1f560bb3f958709b400a91b94786596d858a6e28cf8253bad7ac536055a0e7"
    )
    assert sum(value.numel() for value in added.values()) == 50_377_280
    assert sum(value.numel() for value in inpainter.state_dict().values()) == 322_118_144


def digest(tensors: Mapping[str, torch.Tensor], prefix: str) -> str:
    """Of all names and shapes."""
    lines = sorted(f"{prefix}{name} {tuple(value.shape)}" for name, value in tensors.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("layout", rest_is_slow(["state_dict inside", "plain", "safetensors"]))
def test_a_checkpoint_runs_as_it_was_saved(
    layout: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    picture: Image,
    hole: Mask,
) -> None:
    from safetensors.torch import save_file

    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))
    folder = tmp_path / "mine"
    save_catdiffusion(folder)
    tensors = torch.load(folder / FILE)["state_dict"]
    if layout != "state_dict inside":
        (folder / FILE).unlink()
    if layout == "plain":
        torch.save(tensors, folder / "last.ckpt")
    if layout == "safetensors":
        save_file(tensors, folder / "last.safetensors")
    monkeypatch.setenv("ERASER_LAB_WEIGHT_CATDIFFUSION", str(folder))
    *_, last = run([Job("catdiffusion", QUICK, seed=1)], picture, hole, fetch_missing=False)
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    monkeypatch.delenv("ERASER_LAB_WEIGHT_CATDIFFUSION")
    *_, same = run([Job("catdiffusion", QUICK, seed=1)], picture, hole, fetch_missing=False)
    assert isinstance(same, Finished)
    assert (same.image == last.image).all()


@pytest.mark.parametrize(
    "fault", rest_is_slow(["no adapter", "one tensor less", "one more", "no inpainter"])
)
def test_another_checkpoint_is_refused(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image, hole: Mask
) -> None:
    folder = tmp_path / "mine"
    save_catdiffusion(folder)
    tensors: dict[str, torch.Tensor] = torch.load(folder / FILE)["state_dict"]
    if fault == "no adapter":
        tensors = {name: v for name, v in tensors.items() if "attn3" not in name}
    elif fault == "no inpainter":
        tensors = {name: v for name, v in tensors.items() if "fusion" not in name}
    elif fault == "one tensor less":
        del tensors["model.diffusion_model.out.2.bias"]
    else:
        tensors["model.diffusion_model.more"] = torch.zeros(1)
    torch.save(tensors, folder / FILE)
    monkeypatch.setenv("ERASER_LAB_WEIGHT_CATDIFFUSION", str(folder))
    *_, last = run([Job("catdiffusion", QUICK)], picture, hole, fetch_missing=False)
    assert isinstance(last, Failed)
    assert last.code == "weights_unreadable"


def test_another_clip_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image, hole: Mask
) -> None:
    """Whose features have another width."""
    folder = tmp_path / "mine"
    save_catdiffusion(folder)
    wide = SemanticInpainter(width=32, inner=32, heads=2, layers=1, label=16, label_inner=24)
    tensors = torch.load(folder / FILE)["state_dict"]
    tensors = {name: v for name, v in tensors.items() if "fusion" not in name}
    tensors |= {f"fusion_model.{name}": v for name, v in wide.state_dict().items()}
    torch.save(tensors, folder / FILE)
    monkeypatch.setenv("ERASER_LAB_WEIGHT_CATDIFFUSION", str(folder))
    *_, last = run([Job("catdiffusion", QUICK)], picture, hole, fetch_missing=False)
    assert isinstance(last, Failed)
    assert last.code == "weights_unreadable"


# --- filling -------------------------------------------------------------------------------------


def test_the_unconditional_half_sees_zeros() -> None:
    tokens = torch.ones(1, 64, 4)
    both = reference_words(tokens, guided=True)["reference"]
    assert (both[0] == 0).all() and (both[1] == 1).all()
    assert torch.equal(reference_words(tokens, guided=False)["reference"], tokens)


@pytest.mark.slow
def test_the_prompt_and_the_guidance_count(
    eraser: CatDiffusion, picture: Image, hole: Mask
) -> None:
    plain = filled(eraser, picture, hole)
    for change in ({"prompt": "a red ball"}, {"guidance_scale": 2.0}, {"guidance_scale": 1.0}):
        assert (filled(eraser, picture, hole, **change) != plain).any(), change


def test_the_semantic_inpainter_counts(
    eraser: CatDiffusion, picture: Image, hole: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = filled(eraser, picture, hole)
    nothing = staticmethod(lambda *_: torch.zeros(1, 64, 16))
    monkeypatch.setattr(CatDiffusion, "_semantics", nothing)
    assert (filled(eraser, picture, hole) != plain).any()


def test_nothing_of_the_old_content_is_shown(
    eraser: CatDiffusion, picture: Image, hole: Mask
) -> None:
    other = np.where(hole[..., None], 255 - picture, picture)
    # Pillow's cubic filter reaches over the mask's edge in CLIP's view: compare inside of it.
    one, two = (views(image, hole) for image in (picture, other))
    assert (one.without == two.without).all()
    inner = np.zeros((224, 224), bool)
    inner[64:160, 92:146] = True
    assert (one.for_clip[inner] == two.for_clip[inner]).all()


def test_a_seed_is_one_picture(eraser: CatDiffusion, picture: Image, hole: Mask) -> None:
    first, other = (filled(eraser, picture, hole, seed) for seed in (3, 4))
    torch.manual_seed(99)
    assert (filled(eraser, picture, hole, 3) == first).all()
    assert (first != other).any()


def test_stop_ends_it_between_two_steps(eraser: CatDiffusion, picture: Image, hole: Mask) -> None:
    settings = CatDiffusionSettings(**QUICK)
    calls: list[int] = []
    hook = eraser.loaded(settings)["unet"].register_forward_hook(lambda *_: calls.append(1))

    def progress(step: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(picture, hole, settings, 0, progress)
    hook.remove()
    assert calls == [1]


@pytest.mark.slow
def test_other_erasers_are_as_they_were_before(
    picture: Image, hole: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shares its VAE and text encoder with plain inpainting."""
    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))
    names = ("sd_inpainting", "catdiffusion", "sd_inpainting")
    jobs = [Job(name, {**QUICK, "prompt": "a ball"}, seed=5) for name in names]
    done = [event for event in run(jobs, picture, hole) if isinstance(event, Finished | Failed)]
    assert all(isinstance(event, Finished) for event in done), done
    first, middle, last = (event.image for event in done if isinstance(event, Finished))
    assert (first == last).all()
    assert (first != middle).any()
