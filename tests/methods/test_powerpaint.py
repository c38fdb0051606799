"""PowerPaint on tiny models: its versions, tasks and files; prompts once; what is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_models
import tiny_powerpaint
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from attention_tools import state_of
from canvas_tools import shrink_canvases
from methods import BadInput, Finished, Image, Job, Mask, Stopped, Unavailable, run
from methods._base import no_progress
from methods._diffusion.eraser import Part, read_scheduler, sd_pipeline, store
from methods._diffusion.prompts import embeddings
from methods._engine.registry import settings_of
from methods._weights.store import use_local
from methods.powerpaint.authors_size import authors_size
from methods.powerpaint.eraser import PowerPaint
from methods.powerpaint.weights import V1, V1_MERGED, V2, v2_folder, with_task_words
from methods.sd_inpainting import SdInpainting
from tiers import rest_is_slow

VERSIONS = ("v2", "v1", "v1_merged")
every = pytest.mark.parametrize("version", rest_is_slow(VERSIONS))


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tiny models in place of all repositories."""
    folder = tmp_path_factory.mktemp("models")
    base = {"sd15-inpainting": tiny_models.REPOSITORIES["sd15-inpainting"]}
    builders = base | tiny_powerpaint.POWERPAINT
    for name, build in builders.items():
        build(folder / name)
        use_local(name, folder / name)
    yield folder
    for name in builders:
        use_local(name, None)


@pytest.fixture
def eraser() -> Iterator[PowerPaint]:
    made = PowerPaint()
    made.load("cpu", None)
    yield made
    made.unload()


def erase(eraser: PowerPaint, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    settings = eraser.Settings(**{"num_inference_steps": 2, **changes})
    return eraser.erase(photo, mask, settings, seed, no_progress)


# --- versions ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_merged_copy_is_the_authors_model(eraser: PowerPaint, photo: Image, mask: Mask) -> None:
    """The authors' two files beside the base model, or a folder in half precision: bit for bit."""
    own, merged = (erase(eraser, photo, mask, version=v) for v in ("v1", "v1_merged"))
    assert (own == merged).all()
    assert (own != erase(eraser, photo, mask, version="v2")).any()


@pytest.mark.slow
@pytest.mark.parametrize("version", rest_is_slow(VERSIONS))
def test_a_version_after_another_and_back(
    eraser: PowerPaint, photo: Image, mask: Mask, version: str
) -> None:
    first = erase(eraser, photo, mask, version=version)
    for other in VERSIONS:
        erase(eraser, photo, mask, version=other)
    assert (erase(eraser, photo, mask, version=version) == first).all()


def test_each_version_needs_its_own_files() -> None:
    needed = {v: PowerPaint.weights_for(settings_of(PowerPaint, {"version": v})) for v in VERSIONS}
    names = {v: {weight.name.split("/")[0] for weight in needed[v]} for v in VERSIONS}
    assert names == {
        "v1": {V1.name, "sd15-inpainting"},
        "v1_merged": {V1_MERGED.name},
        "v2": {V2.name},
    }
    every_one = {*PowerPaint.spec.weights, *PowerPaint.spec.more_weights}
    assert every_one == {weight for weights in needed.values() for weight in weights}


def test_version_1_shares_the_vae_of_its_base(eraser: PowerPaint) -> None:
    base = SdInpainting()
    base.load("cpu", None)
    ours = eraser.loaded(eraser.Settings())
    theirs = base.loaded(base.Settings())
    assert ours["vae"] is theirs["vae"] and ours["unet"] is not theirs["unet"]
    base.unload()


# --- prompts and settings ------------------------------------------------------------------


@pytest.mark.slow
@every
def test_no_text_is_encoded_after_the_first_run(
    eraser: PowerPaint,
    photo: Image,
    mask: Mask,
    version: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from transformers import CLIPTextModel

    monkeypatch.setenv("ERASER_LAB_EMBEDDINGS", str(tmp_path))  # other tests have texts there
    passes: list[int] = []
    own = CLIPTextModel.forward

    def forward(*args: Any, **named: Any) -> Any:
        passes.append(1)
        return own(*args, **named)

    monkeypatch.setattr(CLIPTextModel, "forward", forward)
    embeddings.clear()
    erase(eraser, photo, mask, version=version)
    # One a side, where the authors' code makes two; version 2 has a second encoder.
    assert len(passes) == (4 if version == "v2" else 2)
    loads = store.loads
    erase(eraser, photo, mask, version=version, guidance_scale=9.0)
    assert len(passes) == (4 if version == "v2" else 2)
    assert store.loads == loads, "nor is an encoder loaded again"
    erase(eraser, photo, mask, version=version, prompt="sand")
    assert len(passes) > 2, "a new text is"


@pytest.mark.slow
@every
def test_every_setting_is_seen(
    eraser: PowerPaint, photo: Image, mask: Mask, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("methods.powerpaint.authors_size.SHORT_SIDE", 96)
    plain = erase(eraser, photo, mask, version=version)
    changes: list[dict[str, Any]] = [
        {"prompt": "sand"},
        {"negative_prompt": "a dog"},
        {"task": "text-guided"},
        {"task": "shape-guided"},
        {"guidance_scale": 3.0},
        {"num_inference_steps": 3},
        {"authors_resize": True},
    ]
    for change in changes:
        assert (erase(eraser, photo, mask, version=version, **change) != plain).any(), change


@every
@pytest.mark.parametrize("authors_resize", rest_is_slow([True, False]))
def test_only_what_is_masked_changes(
    photo: Image, mask: Mask, version: str, authors_resize: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_canvases(monkeypatch)
    monkeypatch.setattr("methods.powerpaint.authors_size.SHORT_SIDE", 96)
    values: dict[str, Any] = {
        "version": version,
        "authors_resize": authors_resize,
        "num_inference_steps": 2,
    }
    *_, done = run([Job("powerpaint", values)], photo, mask)
    assert isinstance(done, Finished), done
    assert done.changed_outside == 0 and done.image.shape == photo.shape
    assert (done.image[mask] != photo[mask]).any(axis=1).mean() > 0.7


@pytest.mark.slow
@every
def test_the_fitting_degree_is_for_shapes_alone(
    eraser: PowerPaint, photo: Image, mask: Mask, version: str
) -> None:
    """Elsewhere both of the mixed prompts are the same."""
    for task, differs in (("shape-guided", True), ("object-removal", False)):
        one, half = (
            erase(eraser, photo, mask, version=version, task=task, fitting_degree=degree)
            for degree in (1.0, 0.5)
        )
        assert (one != half).any() == differs, task


def test_the_authors_size() -> None:
    assert authors_size(1500, 2250) == (640, 960)
    assert authors_size(2250, 1500) == (960, 640)
    assert authors_size(512, 768) == (640, 960)
    assert authors_size(333, 500) == (640, 960)


@pytest.mark.slow
@every
def test_the_authors_size_reaches_the_model(
    eraser: PowerPaint, photo: Image, mask: Mask, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("methods.powerpaint.authors_size.SHORT_SIDE", 96)
    sizes: list[tuple[int, int]] = []
    call = eraser.call

    def called(*args: Any, **given: Any) -> Image:
        sizes.append((given["height"], given["width"]))
        result: Image = call(*args, **given)
        return result

    monkeypatch.setattr(eraser, "call", called)
    found = erase(eraser, photo, mask, version=version, authors_resize=True)
    assert sizes == [(96, 192)] and found.shape == photo.shape


def test_a_prompt_has_a_limit() -> None:
    with pytest.raises(BadInput):
        settings_of(PowerPaint, {"prompt": "x" * 1001})


@pytest.mark.slow
@every
def test_a_long_prompt_loses_its_end(
    eraser: PowerPaint, photo: Image, mask: Mask, version: str
) -> None:
    """And with it the task tokens, as with the authors; nothing fails."""
    long, longer = ("sand " * 100, "sand " * 120)
    one, two = (erase(eraser, photo, mask, version=version, prompt=p) for p in (long, longer))
    assert (one == two).all()


@pytest.mark.slow
def test_no_guidance_is_half_the_work(eraser: PowerPaint, photo: Image, mask: Mask) -> None:
    """The BrushNet then sees the positive half alone."""
    settings = eraser.Settings(version="v2", guidance_scale=1.0, num_inference_steps=2)
    halves: list[int] = []
    brushnet = eraser.loaded(settings)["brushnet"]
    hook = brushnet.register_forward_pre_hook(lambda _, given: halves.append(len(given[0])))
    eraser.erase(photo, mask, settings, 0, no_progress)
    hook.remove()
    assert set(halves) == {1}


# --- what is left behind -------------------------------------------------------------------


class Broken(Exception):
    """Raised in the middle of a run."""


@pytest.mark.parametrize("end", rest_is_slow([Stopped, None, Broken]))
def test_the_unet_is_as_it_was(
    eraser: PowerPaint, photo: Image, mask: Mask, end: type[Exception] | None
) -> None:
    """Plain Stable Diffusion on version 2's UNet, version 2, plain again: bit for bit."""
    settings = eraser.Settings(version="v2", num_inference_steps=2)
    unet = eraser.loaded(settings)["unet"]
    before, first = state_of(unet), painted(eraser, settings)

    def progress(step: int, total: int) -> None:
        if end is not None:
            raise end

    if end is None:
        eraser.erase(photo, mask, settings, 5, progress)
    else:
        with pytest.raises(end):
            eraser.erase(photo, mask, settings, 5, progress)
    assert state_of(unet) == before
    assert (painted(eraser, settings) == first).all()


def painted(eraser: PowerPaint, settings: Any) -> Image:
    """What the base model paints on its own."""
    import torch

    scheduler = read_scheduler(Part(V2, v2_folder("scheduler")).path())
    pipeline = sd_pipeline(eraser.loaded(settings), scheduler)
    words = torch.zeros(1, 77, tiny_models.WIDTH)
    given = {"prompt_embeds": words, "negative_prompt_embeds": words, "num_inference_steps": 2}
    found: Image = eraser.run(pipeline, settings, 1, no_progress, height=64, width=64, **given)
    return found


@pytest.mark.slow
def test_the_base_model_and_version_1_leave_each_other_alone(
    eraser: PowerPaint, photo: Image, mask: Mask
) -> None:
    base = SdInpainting()
    base.load("cpu", None)
    settings = base.Settings(num_inference_steps=2)
    first = base.erase(photo, mask, settings, 3, no_progress)
    ours = erase(eraser, photo, mask)
    assert (base.erase(photo, mask, settings, 3, no_progress) == first).all()
    assert (erase(eraser, photo, mask) == ours).all()
    base.unload()


@pytest.mark.slow
@every
def test_in_the_end_nothing_is_held(
    eraser: PowerPaint, photo: Image, mask: Mask, version: str
) -> None:
    erase(eraser, photo, mask, version=version)
    parts = eraser.loaded(settings_of(PowerPaint, {"version": version}))
    assert set(parts) == {"unet", "vae"} | ({"brushnet"} if version == "v2" else set())
    users = [store.users(part) for part in parts.values()]  # the program may hold some too
    eraser.unload()
    assert [store.users(part) for part in parts.values()] == [number - 1 for number in users]


def test_the_brushnet_counts_with_the_unet(
    eraser: PowerPaint, photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works at the same time, so both must have room."""
    from methods._diffusion import eraser as diffusion
    from methods._diffusion.placement import module_bytes

    seen: list[Any] = []
    plan = diffusion.plan_memory

    def planned(wish: Any, device: Any, sizes: Any, *rest: Any) -> Any:
        seen.append(dict(sizes))
        return plan(wish, device, sizes, *rest)

    monkeypatch.setattr(diffusion, "plan_memory", planned)
    settings = eraser.Settings(version="v2", num_inference_steps=1)
    eraser.erase(photo, mask, settings, 0, no_progress)
    loaded = eraser.loaded(settings)
    assert seen[-1]["unet"] == module_bytes(loaded["unet"]) + module_bytes(loaded["brushnet"])


# --- files ---------------------------------------------------------------------------------


def test_files_that_hold_something_else_are_refused(home: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(home / V1.name / "text_encoder" / "text_encoder.safetensors")
    words = "text_model.embeddings.token_embedding"
    norm = "text_model.final_layer_norm.weight"
    mistakes: dict[str, Callable[[dict[str, Any]], Any]] = {
        "no task vectors": lambda t: t.pop(f"{words}.trainable_embeddings.P_obj"),
        "a layer less": lambda t: t.pop(norm),
        "a tensor more": lambda t: t.update(more=t[norm].clone()),
        "another width": lambda t: t.update({norm: t[norm][:3].clone()}),
    }
    for name, spoil in mistakes.items():
        folder = tmp_path / name
        tiny_powerpaint.save_v1(folder)
        spoiled = dict(tensors)
        spoil(spoiled)
        save_file(spoiled, folder / "text_encoder" / "text_encoder.safetensors")
        refused(folder, home, prompt=name)


def refused(folder: Path, home: Path, prompt: str) -> None:
    """The eraser says that the files are not what they should be."""
    eraser = PowerPaint()
    eraser.load("cpu", None)
    use_local(V1.name, folder)
    try:
        with pytest.raises(Unavailable) as caught:
            photo, mask = np.zeros((64, 64, 3), np.uint8), np.eye(64, dtype=bool)
            erase(eraser, photo, mask, prompt=prompt)
    finally:
        use_local(V1.name, home / V1.name)
        eraser.unload()
    assert caught.value.code == "weights_unreadable"


def test_a_unet_of_other_channels_is_refused(home: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = tiny_powerpaint.save_v1(tmp_path / "v1")
    tiny_models.save_unet(tmp_path / "unet", tiny_models.unet_config(4))
    from safetensors.torch import load_file

    wrong = load_file(tmp_path / "unet" / "diffusion_pytorch_model.safetensors")
    save_file(wrong, folder / "unet" / "unet.safetensors")
    refused(folder, home, prompt="")


# --- full size -----------------------------------------------------------------------------

SD15_TEXT = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
}


def full_encoder() -> Any:
    """The text encoder with all its words, on the meta device."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    with torch.device("meta"):
        return CLIPTextModel(CLIPTextConfig(**SD15_TEXT, vocab_size=49408 + 30))


def authors_encoder() -> dict[str, Any]:
    """Its tensors under the authors' names."""
    import torch

    named = {f"text_model.{name}": t for name, t in full_encoder().state_dict().items()}
    with torch.device("meta"):
        return tiny_powerpaint.with_tasks_apart(named)


def full_unet(channels: int) -> Any:
    """Stable Diffusion 1.5's, which is what diffusers builds unless told otherwise."""
    import torch
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        return UNet2DConditionModel(in_channels=channels, cross_attention_dim=768)


def full_brushnet() -> Any:
    import torch

    from methods.powerpaint.network import BrushNet

    with torch.device("meta"):
        return BrushNet(dict(full_unet(4).config))


def test_the_published_text_encoder_loads_strictly() -> None:
    """With 49408 words of CLIP's and three times ten task vectors behind them."""
    tensors, words = authors_encoder(), "text_model.embeddings.token_embedding"
    assert tuple(tensors[f"{words}.wrapped.weight"].shape) == (49408, 768)
    for task in ("P_ctxt", "P_shape", "P_obj"):
        assert tuple(tensors[f"{words}.trainable_embeddings.{task}"].shape) == (10, 768)
    merged = with_task_words(tensors)
    assert tuple(merged[f"{words}.weight"].shape) == (49438, 768)
    del merged["text_model.embeddings.position_ids"]  # a constant, which transformers drops
    named = {name.removeprefix("text_model."): tensor for name, tensor in merged.items()}
    full_encoder().load_state_dict(named, strict=True, assign=True)


def test_the_published_brushnet_loads_strictly() -> None:
    """Under the authors' names: a UNet without its last layers, and 28 convolutions."""
    from methods.powerpaint.network import named_for_brushnet

    brushnet = full_brushnet()
    ours = brushnet.state_dict()
    theirs = {tiny_powerpaint.authors_name(name): tensor for name, tensor in ours.items()}
    assert tuple(theirs["conv_in_condition.weight"].shape) == (320, 9, 3, 3)
    added = {name.rsplit(".", 1)[0] for name in theirs if name.startswith("brushnet_")}
    downs, ups = (f"brushnet_{side}_blocks" for side in ("down", "up"))
    numbered = {*(f"{downs}.{i}" for i in range(12)), *(f"{ups}.{i}" for i in range(15))}
    assert added == {*numbered, "brushnet_mid_block"}
    assert not any(name.startswith(("conv_out", "conv_norm_out")) for name in theirs)
    brushnet.load_state_dict(named_for_brushnet(theirs), strict=True, assign=True)


@pytest.mark.slow
def test_the_published_files_hold_these_numbers() -> None:
    """Their sizes leave room for a header that names each tensor, and for nothing else."""
    sizes = {file.path: file.size for file in (*V1.files, *V2.files)}
    held = {
        "unet/unet.safetensors": full_unet(9).state_dict(),
        "text_encoder/text_encoder.safetensors": authors_encoder(),
        "PowerPaint_Brushnet/diffusion_pytorch_model.safetensors": full_brushnet().state_dict(),
        v2_folder("unet/diffusion_pytorch_model.bin"): full_unet(4).state_dict(),
    }
    for path, tensors in held.items():
        data = sum(t.numel() * t.element_size() for t in tensors.values())
        low, high = (110, 130) if path.endswith(".safetensors") else (350, 450)  # an archive
        assert low < (sizes[path] - data) / len(tensors) < high, path


def test_version_2_s_base_model_lies_in_the_files_that_are_published(tmp_path: Path) -> None:
    made = {
        file.relative_to(tmp_path).as_posix() for file in _files(tiny_powerpaint.save_v2(tmp_path))
    }
    assert {file.path for file in V2.files} <= made
    assert not [name for name in made if "realistic" in name and name.endswith(".safetensors")]


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]
