"""MagicEraser on tiny models of the real classes, from photo to picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest

import tiny_models
from attention_tools import mask as mask
from attention_tools import one_thread as one_thread
from attention_tools import photo as photo
from attention_tools import state_of
from methods import Eraser, Image, Mask, Stopped, Unavailable, get_eraser
from methods._base import no_progress
from methods._diffusion.eraser import store
from methods._weights.store import use_local
from methods.magic_eraser import eraser as module
from methods.magic_eraser.eraser import BASES, MagicEraser
from methods.magic_eraser.panoptic import MASK2FORMER, NOTHING, Panoptic
from methods.sd_inpainting import SdInpainting
from methods.telea import Telea
from tiers import rest_is_slow
from tiny_panoptic import save_mask2former

QUICK = {"num_inference_steps": 3, "init": "telea"}


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("models")
    for name, base in BASES.items():
        tiny_models.save_sd(folder / name, 10, unet=tiny_models.sd15_layout(9))
        use_local(base.name, folder / name)
    use_local(MASK2FORMER.name, save_mask2former(folder / "mask2former"))
    yield
    for used in (*BASES.values(), MASK2FORMER):
        use_local(used.name, None)


@pytest.fixture(scope="module")
def eraser(tiny_weights: None) -> Iterator[MagicEraser]:
    made = get_eraser("magic_eraser")()  # the engine knows what can fill the hole first
    assert isinstance(made, MagicEraser)
    made.load("cpu", None)
    yield made
    made.unload()


def erase(eraser: Eraser, photo: Image, mask: Mask, seed: int = 5, **changes: Any) -> Image:
    settings = eraser.Settings.model_validate({**QUICK, **changes})
    return eraser.erase(photo, mask, settings, seed, no_progress)


@pytest.mark.slow
@pytest.mark.parametrize("variant", BASES)
@pytest.mark.parametrize("size", rest_is_slow([(64, 128), (192, 64)]))
def test_every_model_and_aspect(
    eraser: MagicEraser, photo: Image, variant: str, size: tuple[int, int]
) -> None:
    image = np.resize(photo, (*size, 3))
    hole = np.zeros(size, bool)
    hole[20:50, 10:40] = True
    filled = erase(eraser, image, hole, variant=variant)
    assert filled.shape == image.shape and filled.dtype == np.uint8


@pytest.mark.slow
def test_a_mask_may_cover_every_token(eraser: MagicEraser, photo: Image) -> None:
    hole = np.ones(photo.shape[:2], bool)
    hole[0, 0] = False
    assert erase(eraser, photo, hole).std() > 0


@pytest.mark.slow
def test_the_seed_decides(eraser: MagicEraser, photo: Image, mask: Mask) -> None:
    first, again, other = (erase(eraser, photo, mask, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


REACHING: dict[str, Any] = {
    "num_inference_steps": 5,
    "strength": 0.5,
    "prompt": "grass",
    "negative_prompt": "grass",
    "guidance_scale": 3.0,
    "refocus_steps": 0.0,
    "lambda_pos": 0.1,
    "lambda_neg": 0.1,
    "lambda_power": 0.0,
    "area_weight": 0.0,
    "formula": "constant",
    "similar": "things",
    "variant": "sd2",
    "init": "migan",
}


@pytest.fixture(scope="module")
def scene() -> Panoptic:
    """Classes that make every setting matter: background on the right, things below."""
    labels = np.full((64, 128), NOTHING, np.int32)
    labels[:, 80:] = 100
    labels[48:, :40] = 3
    labels[48:, 40:60] = 4
    labels[18:45, 40:75] = 3
    return Panoptic(labels, {100: "sky", 3: "car", 4: "bus"})


@pytest.fixture
def known_scene(scene: Panoptic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "panoptic", lambda network, image: scene)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", rest_is_slow([name for name in REACHING if name not in ("variant", "init")], first=4)
)
def test_every_setting_reaches_the_picture(
    eraser: MagicEraser, photo: Image, mask: Mask, known_scene: None, name: str
) -> None:
    strong: dict[str, Any] = {"lambda_pos": 0.9, "lambda_neg": 0.9, "refocus_steps": 1.0}
    usual = erase(eraser, photo, mask, **strong)
    other = erase(eraser, photo, mask, **{**strong, name: REACHING[name]})
    assert (usual != other).any(), name


def test_the_settings_are_all_looked_at() -> None:
    elsewhere = {"whole_picture", "seamless", "memory"}  # the geometry's, the placement's
    assert set(MagicEraser.Settings.model_fields) == set(REACHING) | elsewhere


@pytest.mark.slow
def test_the_prompt_comes_from_the_classes(
    eraser: MagicEraser, photo: Image, mask: Mask, known_scene: None, monkeypatch: Any
) -> None:
    texts: list[str] = []
    own = eraser.embed

    def embed(prompts: Any, wanted: Any) -> Any:
        texts.extend(wanted)
        return own(prompts, wanted)

    monkeypatch.setattr(eraser, "embed", embed)
    erase(eraser, photo, mask)
    erase(eraser, photo, mask, prompt="a lawn", negative_prompt="people")
    assert texts == ["A photo of sky", "", "a lawn", "people"]


# --- the first fill ----------------------------------------------------------------------


def test_sampling_starts_from_the_first_fill(
    eraser: MagicEraser, photo: Image, mask: Mask, known_scene: None, monkeypatch: Any
) -> None:
    """At little noise the picture in the hole follows what was put there."""
    seen: list[Image] = []

    class Filling(Telea):
        level = 0

        def erase(self, image: Any, mask: Any, *others: Any) -> Image:
            seen.append(image)
            return np.full_like(image, self.level)

    pictures = []
    for level in (0, 255):
        monkeypatch.setattr(Filling, "level", level)
        monkeypatch.setattr(MagicEraser, "companions", {"telea": Filling})
        pictures.append(erase(eraser, photo, mask, num_inference_steps=10, strength=0.1))
    assert len(seen) == 2
    assert (pictures[0][mask] != pictures[1][mask]).mean() > 0.5


@pytest.mark.parametrize(
    ("known", "init", "chosen"),
    [
        (("lama", "migan", "telea"), "auto", "lama"),
        (("migan", "telea"), "auto", "migan"),
        (("migan", "telea"), "telea", "telea"),
        (("lama", "migan"), "migan", "migan"),
    ],
)
def test_what_fills_first(
    known: tuple[str, ...], init: str, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    companions = {name: type(name, (Telea,), {}) for name in known}
    monkeypatch.setattr(MagicEraser, "companions", companions)
    settings: Any = MagicEraser.Settings.model_validate({"init": init})
    assert MagicEraser.first_eraser(settings) is companions[chosen]


def test_a_fill_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MagicEraser, "companions", {})
    with pytest.raises(Unavailable) as caught:
        MagicEraser.first_eraser(MagicEraser.Settings())
    assert caught.value.code == "eraser_broken"


def test_the_engine_hands_over_whatever_a_setting_may_name() -> None:
    named = get_args(MagicEraser.Settings.model_fields["init"].annotation)
    assert get_eraser("magic_eraser") is MagicEraser
    assert {"auto", *MagicEraser.companions} == set(named)


def test_the_weights_are_those_of_all_that_is_used() -> None:
    settings: Any = MagicEraser.Settings.model_validate({"init": "migan", "variant": "sd2"})
    names = [weight.name for weight in MagicEraser.weights_for(settings)]
    migan = get_eraser("migan").spec.weights[0].name
    assert migan in names and len(set(names)) == len(names)
    assert {name.split("/")[0] for name in names} == {BASES["sd2"].name, MASK2FORMER.name, migan}


class Picky(Telea):
    """Says that it cannot work on a GPU."""

    loads: list[str] = []  # noqa: RUF012 - shared on purpose
    unloads = 0

    def load(self, device: Any, dtype: Any = None) -> None:
        self.loads.append(device)
        if device == "cuda":
            raise Unavailable.retold("no", "device_missing")

    def unload(self) -> None:
        type(self).unloads += 1


def test_the_first_eraser_falls_back_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picky, "loads", [])
    spec = type(Picky.spec)
    monkeypatch.setattr(Picky, "spec", spec(**{**_fields(Picky.spec), "devices": ("cuda", "cpu")}))
    module._loaded(Picky, "cuda")
    module._loaded(Picky, "mps")
    assert Picky.loads == ["cuda", "cpu", "cpu"]


def _fields(spec: Any) -> dict[str, Any]:
    from dataclasses import fields

    return {field.name: getattr(spec, field.name) for field in fields(spec)}


@pytest.mark.slow
def test_the_first_eraser_is_kept_and_dropped(
    photo: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Picky, "loads", [])
    monkeypatch.setattr(Picky, "unloads", 0)
    monkeypatch.setattr(MagicEraser, "companions", {"lama": Picky, "telea": Picky})
    eraser = MagicEraser()
    eraser.load("cpu", None)
    eraser.prepare(eraser.Settings())
    erase(eraser, photo, mask)
    erase(eraser, photo, mask)
    assert len(Picky.loads) == 1 and Picky.unloads == 0
    eraser.unload()
    eraser.unload()
    assert Picky.unloads == 1


# --- Stop, sharing -----------------------------------------------------------------------


def test_it_ends_between_steps(eraser: MagicEraser, photo: Image, mask: Mask) -> None:
    unet = eraser.loaded(eraser.Settings())["unet"]
    before = state_of(unet)
    calls: list[tuple[int, int]] = []

    def progress(step: int, total: int) -> None:
        calls.append((step, total))
        if step == 2:
            raise Stopped

    settings = eraser.Settings.model_validate({**QUICK, "num_inference_steps": 10})
    with pytest.raises(Stopped):
        eraser.erase(photo, mask, settings, 0, progress)
    assert calls == [(1, 9), (2, 9)]
    assert state_of(unet) == before


@pytest.mark.slow
def test_a_shared_unet_serves_others_as_before(
    eraser: MagicEraser, photo: Image, mask: Mask
) -> None:
    """Plain SD inpainting, this eraser, plain again: bit for bit, on one UNet in memory."""
    plain = SdInpainting()
    plain.load("cpu", None)
    try:
        usual = plain.Settings.model_validate({"num_inference_steps": 2})
        first = plain.erase(photo, mask, usual, 0, no_progress)
        unet = eraser.loaded(eraser.Settings())["unet"]
        assert plain.loaded(plain.Settings())["unet"] is unet and store.users(unet) == 2
        ours = erase(eraser, photo, mask)
        assert (plain.erase(photo, mask, usual, 0, no_progress) == first).all()
        assert (erase(eraser, photo, mask) == ours).all()
    finally:
        plain.unload()


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("memory", ["fast", "balanced", "small"])
def test_half_precision_is_close(
    eraser: MagicEraser, photo: Image, mask: Mask, known_scene: None, memory: str
) -> None:
    """Mean distance of the pictures, in levels of 255."""

    exact = erase(eraser, photo, mask, memory=memory)
    on_gpu = MagicEraser()
    on_gpu.load("cuda", None)
    try:
        half = erase(on_gpu, photo, mask, memory=memory)
    finally:
        on_gpu.unload()
    assert np.abs(exact.astype(float) - half).mean() < 3
