"""SmartEraser in the program: objects one by one, weights that the user brings, on tiny models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from canvas_tools import shrink_canvases
from golden_cases import golden_folder
from methods import (
    Failed,
    Finished,
    Image,
    Job,
    Mask,
    Stopped,
    WeightState,
    WeightsUnavailable,
    fetch,
    run,
    weight_status,
)
from methods._base import no_progress
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from methods.smarteraser.eraser import SmartEraser, SmartEraserSettings
from methods.smarteraser.masks import MOST_OBJECTS, cut_out, enlarged, objects
from methods.smarteraser.network import ImageToText
from methods.smarteraser.weights import HOW_TO_GET, SMARTERASER
from tiers import rest_is_slow
from tiny_models import save_sd, save_unet, unet_config
from tiny_networks import save_clip, save_smarteraser

QUICK: dict[str, Any] = {"num_inference_steps": 2}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local weights: SmartEraser's, CLIP's, and a plain inpainting model."""
    home = tmp_path_factory.mktemp("weights")
    save_smarteraser(home / "smarteraser")
    save_clip(home / "clip-vit-large-patch14")
    save_sd(home / "sd15-inpainting", seed=10)
    return home


@pytest.fixture(autouse=True)
def local_weights(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(home))
    shrink_canvases(monkeypatch)


@pytest.fixture
def eraser() -> Iterator[SmartEraser]:
    made = SmartEraser()
    made.load("cpu")
    yield made
    made.unload()


@pytest.fixture(scope="module")
def picture() -> Image:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def two_objects() -> Mask:
    mask = np.zeros((64, 64), bool)
    mask[8:30, 6:24] = True
    mask[36:50, 40:56] = True
    return mask


# --- masks -----------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_every_pixel_is_in_one_object(seed: int, blobs: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((96, 96), bool)
    for _ in range(blobs):
        y, x, height, width = (
            random.integers(0, 90, 2).tolist() + random.integers(1, 20, 2).tolist()
        )
        mask[y : y + height, x : x + width] = True
    found = objects(mask)
    assert 1 <= len(found) <= MOST_OBJECTS
    assert (np.sum(found, axis=0) == mask).all()
    sizes = [part.sum() for part in found]
    assert all(sizes)


def test_objects_come_largest_first_and_specks_go_with_the_nearest() -> None:
    mask = two_objects()
    mask[52, 58] = mask[2, 2] = True
    first, second = objects(mask)
    assert first[10, 10] and first[2, 2] and not first[40, 45]
    assert second[40, 45] and second[52, 58]


def test_specks_alone_are_one_object() -> None:
    mask = np.zeros((512, 512), bool)
    mask[::100, ::100] = True
    (only,) = objects(mask)
    assert (only == mask).all()


def test_a_mask_grows_by_its_share_but_never_over_the_picture() -> None:
    mask = two_objects()
    grown = enlarged(mask, 1.1)
    assert (grown & mask == mask).all()
    assert 1.1 <= grown.sum() / mask.sum() < 1.6
    assert (enlarged(mask, 1.0) == mask).all()
    most = np.ones((64, 64), bool)
    most[:20] = False
    assert (enlarged(most, 1.5) == most).all()


def test_an_object_is_cut_out_on_white(picture: Image) -> None:
    mask = np.zeros((64, 64), bool)
    mask[10:20, 5:9] = mask[15, 5:30] = True
    cut = cut_out(picture, mask)
    assert cut.shape == (10, 25, 3)
    assert (cut[5] == picture[15, 5:30]).all()
    assert (cut[0, 10] == 255).all()


# --- object after object -----------------------------------------------------------------------


def test_objects_are_removed_one_after_the_other(
    eraser: SmartEraser, picture: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run sees the picture as the one before has left it."""
    mask = two_objects()
    parts = objects(mask)
    seen: list[tuple[Image, Mask]] = []

    def sample(self: Any, image: Image, hole: Mask, *rest: Any, **more: Any) -> Image:
        seen.append((image, hole))
        return np.full_like(image, 7 * len(seen))

    monkeypatch.setattr(SmartEraser, "sample", sample)
    result = eraser.erase(picture, mask, SmartEraserSettings(), 0, no_progress)
    assert len(seen) == 2
    assert (seen[0][0] == picture).all()
    assert (seen[1][0][parts[0]] == 7).all()
    assert (seen[1][0][~parts[0]] == picture[~parts[0]]).all()
    assert (seen[1][1] & parts[1]).sum() == parts[1].sum()
    assert (result[parts[0]] == 7).all() and (result[parts[1]] == 14).all()
    assert (result[~mask] == picture[~mask]).all()


@pytest.mark.parametrize(
    ("one_by_one", "runs"), rest_is_slow([(True, 2), (False, 1)], several=True)
)
def test_steps_are_counted_through(
    one_by_one: bool, runs: int, eraser: SmartEraser, picture: Image
) -> None:
    steps: list[tuple[int, int]] = []
    settings = SmartEraserSettings(**QUICK, one_by_one=one_by_one)
    eraser.erase(picture, two_objects(), settings, 0, lambda *step: steps.append(step))
    assert steps == [(place + 1, 2 * runs) for place in range(2 * runs)]


@pytest.mark.parametrize("stop_at", rest_is_slow([1, 3]))
def test_stop_ends_it_between_two_steps(stop_at: int, eraser: SmartEraser, picture: Image) -> None:
    settings = SmartEraserSettings(**QUICK)
    calls: list[int] = []
    unet = eraser.loaded(settings)["unet"]
    hook = unet.register_forward_hook(lambda *_: calls.append(1))

    def progress(step: int, total: int) -> None:
        if step == stop_at:
            raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(picture, two_objects(), settings, 0, progress)
    hook.remove()
    assert len(calls) == stop_at


@pytest.mark.slow
def test_a_seed_is_one_picture(eraser: SmartEraser, picture: Image) -> None:
    settings = SmartEraserSettings(**QUICK)
    first, other = (
        eraser.erase(picture, two_objects(), settings, seed, no_progress) for seed in (3, 4)
    )
    torch.manual_seed(99)
    again = eraser.erase(picture, two_objects(), settings, 3, no_progress)
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"guidance_scale": 5.0}, {"mask_growth": 2.0}, {"one_by_one": False}]
)
def test_each_setting_changes_the_picture(
    change: dict[str, Any], eraser: SmartEraser, picture: Image
) -> None:
    one, two = (
        eraser.erase(picture, two_objects(), SmartEraserSettings(**QUICK, **more), 0, no_progress)
        for more in ({}, change)
    )
    assert (one != two).any()


def test_the_object_itself_is_seen(eraser: SmartEraser, picture: Image) -> None:
    """Another object in the same hole makes another prompt and another input."""
    mask = two_objects()
    other = np.where(mask[..., None], 255 - picture, picture)
    settings = SmartEraserSettings(**QUICK)
    one, two = (eraser.erase(p, mask, settings, 0, no_progress) for p in (picture, other))
    assert (one[mask] != two[mask]).any()


@pytest.mark.slow
def test_other_erasers_are_as_they_were_before(
    picture: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inpainting, SmartEraser, inpainting: the first and the last are one."""
    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))
    mask = two_objects()
    jobs = [Job(name, QUICK, seed=5) for name in ("sd_inpainting", "smarteraser", "sd_inpainting")]
    done = [event for event in run(jobs, picture, mask) if isinstance(event, Finished | Failed)]
    assert all(isinstance(event, Finished) for event in done), done
    first, middle, last = (event.image for event in done if isinstance(event, Finished))
    assert (first == last).all()
    assert (first != middle).any()


# --- weights that the user brings ----------------------------------------------------------------


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")


@pytest.mark.usefixtures("nothing_here")
@pytest.mark.parametrize("fetch_missing", [True, False])
def test_a_run_says_what_to_download_and_where_to_put_it(
    fetch_missing: bool, picture: Image
) -> None:
    *_, last = run([Job("smarteraser", QUICK)], picture, two_objects(), fetch_missing=fetch_missing)
    assert isinstance(last, Failed)
    assert last.code == "weights_by_hand"
    for words in ("drive.google.com", "clip_mlp_weight.pth", "ERASER_LAB_WEIGHT_SMARTERASER"):
        assert words in last.text
    chinese = last.sentence.said("zh")
    assert "drive.google.com" in chinese and "ERASER_LAB_WEIGHT_SMARTERASER" in chinese


@pytest.mark.usefixtures("nothing_here")
def test_fetching_says_the_same_and_the_card_keeps_it() -> None:
    weight = SMARTERASER.weights("unet")[1]
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(weight)
    assert caught.value.code == "weights_by_hand"
    status = weight_status(weight)
    assert status.state is WeightState.FAILED
    assert status.code == "weights_by_hand"
    assert "drive.google.com" in status.error


@pytest.mark.usefixtures("nothing_here")
def test_a_component_says_the_same() -> None:
    with pytest.raises(WeightsUnavailable, match=r"drive\.google\.com") as caught:
        SMARTERASER.folder("vae")
    assert caught.value.code == "weights_by_hand"


def test_the_card_tells_both() -> None:
    for text in HOW_TO_GET.plain().values():
        assert "drive.google.com" in text and "ERASER_LAB_WEIGHT_SMARTERASER" in text


@pytest.mark.slow
def test_it_works_from_the_folder_that_the_sentence_names(
    home: Path, monkeypatch: pytest.MonkeyPatch, picture: Image
) -> None:
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS")
    for name in ("smarteraser", "clip-vit-large-patch14"):
        variable = f"ERASER_LAB_WEIGHT_{name.upper().replace('-', '_')}"
        monkeypatch.setenv(variable, str(home / name))
    *_, last = run([Job("smarteraser", QUICK)], picture, two_objects(), fetch_missing=False)
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0


def copy_of(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights once more, to be spoilt."""
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path / "home"))
    return tmp_path / "home" / "smarteraser"


def failure(picture: Image) -> Failed:
    *_, last = run([Job("smarteraser", QUICK)], picture, two_objects(), fetch_missing=False)
    assert isinstance(last, Failed), last
    return last


def test_a_folder_that_lacks_a_file_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image
) -> None:
    folder = copy_of(home, tmp_path, monkeypatch)
    (folder / "clip_mlp_weight.pth").unlink()
    last = failure(picture)
    assert last.code == "weights_local_missing"
    assert "clip_mlp_weight.pth" in last.text
    assert str(tmp_path) not in last.text


def test_another_model_s_unet_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image
) -> None:
    folder = copy_of(home, tmp_path, monkeypatch)
    shutil.rmtree(folder / "unet")
    save_unet(folder / "unet", unet_config(4))
    assert failure(picture).code == "weights_unreadable"


@pytest.mark.parametrize("width", rest_is_slow([24, 8]))
def test_networks_that_do_not_fit_are_refused(
    width: int, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image
) -> None:
    folder = copy_of(home, tmp_path, monkeypatch)
    torch.save(ImageToText(width).state_dict(), folder / "clip_mlp_weight.pth")
    assert failure(picture).code == "weights_mixed"


class Bomb:
    """Runs a command where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def test_a_file_that_runs_code_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image
) -> None:
    folder = copy_of(home, tmp_path, monkeypatch)
    mark = tmp_path / "it ran"
    torch.save({"norm.weight": Bomb(mark)}, folder / "clip_mlp_weight.pth")
    assert failure(picture).code == "weights_unreadable"
    assert not mark.exists()


def test_unload_keeps_nothing(eraser: SmartEraser, picture: Image) -> None:
    eraser.erase(picture, two_objects(), SmartEraserSettings(**QUICK), 0, no_progress)
    assert eraser._prompts is not None
    eraser.unload()
    assert eraser._prompts is None


# --- the published sizes -------------------------------------------------------------------------


def test_the_small_network_has_the_published_names() -> None:
    with torch.device("meta"):
        tensors = ImageToText(768).state_dict()
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    square = {"fc_out.weight": (768, 768), "fc_out.bias": (768,)}
    assert shapes == square | {"norm.weight": (768,), "norm.bias": (768,)}


@pytest.mark.golden
def test_stock_networks_have_the_published_names() -> None:
    """UNet, VAE and both encoders at full size, on the meta device."""
    import diffusers
    import transformers

    folder = golden_folder("smarteraser")
    path = folder and folder.parent / "state_dict_keys_full_transformers5.json"
    if not path or not path.is_file():
        pytest.skip("no list of the full-size names")
    known = json.loads(path.read_text(encoding="utf-8"))
    configs, clip = known["configs"], transformers
    with torch.device("meta"):
        networks = [
            diffusers.UNet2DConditionModel.from_config(configs["unet"]),
            diffusers.AutoencoderKL.from_config(configs["vae"]),
            clip.CLIPTextModel(clip.CLIPTextConfig(**configs["text"])),
            clip.CLIPVisionModelWithProjection(clip.CLIPVisionConfig(**configs["vision"])),
        ]
    for network, facts in zip(networks, known["files"].values(), strict=False):
        shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
        assert shapes == facts["keys"]
