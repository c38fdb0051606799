"""PixelHacker in the program: its attention, its files, its settings, on tiny random weights."""

from __future__ import annotations

import hashlib
import importlib.machinery
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from canvas_tools import shrink_canvases
from methods import Finished, Image, Job, Mask, Stopped, Unavailable, run
from methods._base import no_progress
from methods._diffusion.components import ComponentStore
from methods.pixelhacker import attention_network as attention
from methods.pixelhacker.attention_network import GatedLinearAttention, chunked
from methods.pixelhacker.eraser import PixelHacker, PixelHackerSettings
from methods.pixelhacker.network import PUBLISHED, Checkpoint
from methods.pixelhacker.weights import parts_of, read_unet, read_vae
from tiers import rest_is_slow
from tiny_networks import PIXELHACKER, save_pixelhacker, save_pixelhacker_unet

QUICK: dict[str, Any] = {"num_inference_steps": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of local weights with all of PixelHacker's files."""
    home = tmp_path_factory.mktemp("weights")
    save_pixelhacker(home / "pixelhacker")
    return home


@pytest.fixture(autouse=True)
def local_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(folder))
    shrink_canvases(monkeypatch)


@pytest.fixture
def eraser() -> Iterator[PixelHacker]:
    made = PixelHacker()
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


def erased(eraser: PixelHacker, image: Image, mask: Mask, seed: int = 0, **values: Any) -> Image:
    return eraser.erase(image, mask, PixelHackerSettings(**QUICK | values), seed, no_progress)


# --- the attention ---------------------------------------------------------------------------


def recurrence(q: Tensor, k: Tensor, v: Tensor, gates: Tensor) -> Tensor:
    """The definition, token by token, in double precision."""
    q, k, v, gates = (part.double().transpose(1, 2) for part in (q, k, v, gates))
    state = torch.zeros(*q.shape[:2], q.shape[-1], v.shape[-1], dtype=torch.float64)
    out = []
    for t in range(q.shape[2]):
        state = gates[:, :, t, :, None].exp() * state + k[:, :, t, :, None] * v[:, :, t, None, :]
        out.append((q[:, :, t, None, :] @ state).squeeze(2))
    return torch.stack(out, dim=2).transpose(1, 2) * q.shape[-1] ** -0.5


def example(tokens: int, strength: float, seed: int = 0) -> tuple[Tensor, ...]:
    """q, k, v and gates. strength: how far the gates' logits spread."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v, logits = (torch.randn(2, tokens, 2, d, generator=generator) for d in (6, 6, 10, 6))
    return q, k, v, functional.logsigmoid(strength * logits) / attention.GATE_NORMALIZER


@pytest.mark.parametrize("strength", [0.0, 1.0, 8.0, 25.0, 80.0, 400.0, 1e5])
@pytest.mark.parametrize("tokens", [1, 15, 16, 17, 64, 65, 200])
def test_chunks_give_what_the_recurrence_gives(tokens: int, strength: float) -> None:
    parts = example(tokens, strength)
    found, expected = chunked(*parts), recurrence(*parts)
    assert found.dtype == torch.float32
    assert torch.isfinite(found).all()
    assert (found - expected).abs().max() < 3e-6 * max(1.0, float(expected.abs().max()))


def test_all_lengths_of_chunks_are_taken() -> None:
    taken = [attention._chunk_length(torch.full((1, 200, 1, 1), g)) for g in (-1.8, -2, -4)]
    assert taken == [(32, True), (16, True), (16, False)]


def test_memory_grows_with_the_tokens_alone() -> None:
    """No tensor has a side of tokens for another side of tokens."""

    class Largest(TorchDispatchMode):
        numel = 0

        def __torch_dispatch__(self, call: Any, types: Any, args: Any = (), kwargs: Any = None):  # type: ignore[no-untyped-def]  # noqa: ANN204
            out = call(*args, **kwargs or {})
            if isinstance(out, Tensor):
                self.numel = max(self.numel, out.numel())
            return out

    largest = {}
    for tokens in (256, 1024):
        with Largest() as mode:
            chunked(*example(tokens, 1.0))
        largest[tokens] = mode.numel
    assert largest[1024] <= 4 * largest[256]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("spread", [1.0, 60.0])
def test_gates_stay_exact_in_half_precision(dtype: torch.dtype, spread: float) -> None:
    torch.manual_seed(0)
    layer = GatedLinearAttention(16, 2)
    layer.gk_proj[1].weight.data *= spread
    x = torch.randn(1, 200, 16)
    with torch.no_grad():
        exact = layer(x)
        half = layer.to(dtype)
        out, gates = half(x.to(dtype)), half.projected(x.to(dtype))[-1]
    assert gates.dtype == torch.float32
    assert out.dtype == dtype
    assert torch.isfinite(out).all()
    assert (out.float() - exact).abs().max() < 0.05 * exact.abs().max()


# --- flash-linear-attention ------------------------------------------------------------------


@pytest.fixture
def fla(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Installs a stand-in for the package, whose kernel is the given function, on the CPU."""

    def install(kernel: Any) -> None:
        for name in ("fla", "fla.ops", "fla.ops.gla"):
            module = ModuleType(name)
            module.__spec__ = importlib.machinery.ModuleSpec(name, None)
            monkeypatch.setitem(sys.modules, name, module)
        sys.modules["fla.ops.gla"].chunk_gla = kernel  # type: ignore[attr-defined]
        monkeypatch.setattr(attention, "_FUSED_ON", ("cpu",))

    attention._fused.cache_clear()
    yield install
    attention._fused.cache_clear()


def test_the_fused_kernels_are_used_where_they_give_the_same(fla: Callable[[Any], None]) -> None:
    calls: Counter[str] = Counter()

    def kernel(q: Tensor, k: Tensor, v: Tensor, g: Tensor, scale: float) -> tuple[Tensor, None]:
        calls["kernel"] += 1
        return recurrence(q, k, v, g) * scale * q.shape[-1] ** 0.5, None

    fla(kernel)
    parts = example(40, 1.0)
    for _ in range(2):
        out = attention.gated_linear_attention(*parts)
    assert calls["kernel"] == 3  # once to compare
    assert (out - chunked(*parts)).abs().max() < 1e-5


@pytest.mark.parametrize("fault", ["wrong", "nan", "broken"])
def test_other_kernels_are_left_alone(fault: str, fla: Callable[[Any], None]) -> None:
    def kernel(q: Tensor, k: Tensor, v: Tensor, g: Tensor, scale: float) -> tuple[Tensor, None]:
        if fault == "broken":
            raise RuntimeError("no compiler")
        factor = 1.01 if fault == "wrong" else float("nan")
        return recurrence(q, k, v, g) * factor, None

    fla(kernel)
    parts = example(40, 1.0)
    assert torch.equal(attention.gated_linear_attention(*parts), chunked(*parts))


def test_without_the_package_ours_does_the_work() -> None:
    assert attention._fused("cpu", 20, 40) is None


# --- files -----------------------------------------------------------------------------------


def test_the_published_network_has_the_published_names() -> None:
    """753 tensors of the published names and shapes, none more."""
    with torch.device("meta"):
        tensors = Checkpoint(PUBLISHED).state_dict()
    names = sorted(f"{name} {tuple(value.shape)}" for name, value in tensors.items())
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    assert digest == "5055c79bfa32da9f3abda8a7aecb8dd54de3354ec30db4c8386b748bd8619438"
    assert len(names) == 753
    assert sum(value.numel() for value in tensors.values()) == 862_251_708


@pytest.mark.parametrize("change", rest_is_slow(["lacks one", "has one more", "other shape"]))
def test_another_network_is_refused(change: str, tmp_path: Path) -> None:
    path = save_pixelhacker_unet(tmp_path / "unet", PIXELHACKER, 1)
    file = path / "diffusion_pytorch_model.bin"
    tensors = torch.load(file)
    if change == "has one more":
        tensors["diff_model.more"] = torch.zeros(1)
    elif change == "lacks one":
        del tensors["embedding_layer.weight"]
    else:
        tensors["embedding_layer.weight"] = torch.zeros(21, 24)
    torch.save(tensors, file)
    with pytest.raises(RuntimeError, match="Error"):
        read_unet(path, torch.float32)


class Bomb:
    """Runs a command where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return (Path.touch, (self.mark,))


def test_a_file_that_runs_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "it ran"
    home = tmp_path / "pixelhacker"
    save_pixelhacker(home)
    bad = home / "ft_places2" / "diffusion_pytorch_model.bin"
    torch.save({"embedding_layer.weight": Bomb(mark)}, bad)
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        ComponentStore().take(parts_of("places2")["unet"], torch.float32)
    assert caught.value.code == "weights_unreadable"
    bad.write_bytes(pickle.dumps(Bomb(mark), protocol=2))
    with pytest.raises(Unavailable):
        ComponentStore().take(parts_of("places2")["unet"], torch.float32)
    assert not mark.exists()


def test_precisions(folder: Path) -> None:
    unet = read_unet(folder / "pixelhacker" / "pretrained", torch.float16)
    tensors = [*unet.parameters(), *unet.buffers()]
    assert {tensor.dtype for tensor in tensors} == {torch.float16}
    assert read_vae(folder / "pixelhacker" / "vae", torch.float16).dtype == torch.float32


# --- the eraser ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_constants_are_computed_once_for_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Image, hole: Mask
) -> None:
    """The vectors' projection, and each layer's keys and values, at loading; never at a step."""
    save_pixelhacker(tmp_path / "pixelhacker")
    config = PIXELHACKER | {"cross_attention_dim": 20}  # like no other width
    for old in (tmp_path / "pixelhacker" / "ft_places2").iterdir():
        old.unlink()
    (tmp_path / "pixelhacker" / "ft_places2").rmdir()
    save_pixelhacker_unet(tmp_path / "pixelhacker" / "ft_places2", config, 5)
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    widths: Counter[int] = Counter()

    def count(module: Any, given: Any, out: Any) -> None:
        if isinstance(module, torch.nn.Linear):
            widths[module.in_features] += 1

    hook = torch.nn.modules.module.register_module_forward_hook(count)
    eraser = PixelHacker()
    try:
        eraser.load("cpu")
        eraser.prepare(PixelHackerSettings(**QUICK))
        unet = eraser.loaded(PixelHackerSettings())["unet"]
        layers = sum(name.endswith("attn2") for name, _ in unet.named_modules())
        assert layers == 7
        assert (widths[24], widths[20]) == (1, 2 * layers)
        for seed in range(2):
            erased(eraser, picture, hole, seed)
        assert (widths[24], widths[20]) == (1, 2 * layers)
        assert widths[16] > 0  # the steps were counted
    finally:
        hook.remove()
        eraser.unload()


@pytest.mark.slow
def test_variants_are_different_networks(eraser: PixelHacker, picture: Image, hole: Mask) -> None:
    names = ("places2", "pretrained", "celebahq", "ffhq")
    results = [erased(eraser, picture, hole, variant=name) for name in names]
    assert len({result.tobytes() for result in results}) == 4
    again = erased(eraser, picture, hole, variant="places2")
    assert (again == results[0]).all()


def test_each_variant_needs_its_own_files() -> None:
    for name, part in (("places2", "ft_places2"), ("pretrained", "pretrained")):
        settings = PixelHackerSettings.model_validate({"variant": name})
        files = [weight.name for weight in PixelHacker.weights_for(settings)]
        assert files == [
            f"pixelhacker/{part}/diffusion_pytorch_model.bin",
            "pixelhacker/vae/config.json",
            "pixelhacker/vae/diffusion_pytorch_model.bin",
        ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"guidance_scale": 2.0}, {"noise_offset": 0.5}, {"strength": 0.6}]
)
def test_each_setting_changes_the_picture(
    change: dict[str, Any], eraser: PixelHacker, picture: Image, hole: Mask
) -> None:
    assert (erased(eraser, picture, hole) != erased(eraser, picture, hole, **change)).any()


def test_a_seed_is_one_picture(eraser: PixelHacker, picture: Image, hole: Mask) -> None:
    first, other = (erased(eraser, picture, hole, seed) for seed in (3, 4))
    torch.manual_seed(99)  # nobody else's random numbers matter
    assert (erased(eraser, picture, hole, 3) == first).all()
    assert (first != other).any()


@pytest.mark.slow
def test_only_a_clean_start_forgets_the_object(
    eraser: PixelHacker, picture: Image, hole: Mask
) -> None:
    other = np.where(hole[..., None], 255 - picture, picture)
    leaked = [erased(eraser, image, hole) for image in (picture, other)]
    clean = [erased(eraser, image, hole, clean_start=True) for image in (picture, other)]
    assert (leaked[0] != leaked[1]).any()
    assert (clean[0] == clean[1]).all()
    full = erased(eraser, picture, hole, strength=1.0)
    assert (full == clean[0]).all()


@pytest.mark.parametrize("stop_at", rest_is_slow([1, 2]))
def test_stop_ends_it_between_two_steps(
    stop_at: int, eraser: PixelHacker, picture: Image, hole: Mask
) -> None:
    settings = PixelHackerSettings(**QUICK)
    eraser.prepare(settings)
    calls: Counter[str] = Counter()
    unet = eraser.loaded(settings)["unet"]
    hook = unet.register_forward_hook(lambda *_: calls.update(["step"]))

    def progress(step: int, total: int) -> None:
        assert total == 3  # of 4 steps at strength 0.999
        if step == stop_at:
            raise Stopped

    with pytest.raises(Stopped):
        eraser.erase(picture, hole, settings, 0, progress)
    hook.remove()
    assert calls["step"] == stop_at


def test_a_run_without_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        PixelHackerSettings(num_inference_steps=1)
    assert PixelHackerSettings(num_inference_steps=1, clean_start=True).start == 1


# --- text in the background ------------------------------------------------------------------


def written(size: tuple[int, int]) -> tuple[Image, Mask, Mask]:
    """A picture with an object beside small print; the object; and where the print is."""
    rows, columns = size
    image = np.full((rows, columns, 3), 225, np.uint8)
    for row in range(20, rows, 24):
        cv2.putText(image, "small print " * 8, (4, row), 0, 0.35, (20, 20, 20), 1, cv2.LINE_AA)
    mask = np.zeros(size, bool)
    mask[rows // 3 : rows // 2, columns // 3 : columns // 2] = True
    text = (image[..., 0] < 160) & ~mask
    image[mask] = (200, 30, 30)
    return image, mask, text


def test_print_in_the_background_stays_as_it_is(eraser: PixelHacker) -> None:
    """The authors squeeze the photo to 512 x 512 and take all of it from the VAE; that alone
    blurs small print. Here every pixel outside the object is the photo's own."""
    image, mask, text = written((640, 960))
    settings = {**QUICK, "num_inference_steps": 2}
    (done,) = (e for e in run([Job("pixelhacker", settings)], image, mask) if _is_end(e))
    assert isinstance(done, Finished), done
    assert done.changed_outside == 0
    assert (done.image[text] == image[text]).all()
    small = cv2.resize(image, (512, 512), interpolation=cv2.INTER_AREA)
    squeezed = cv2.resize(small, (960, 640), interpolation=cv2.INTER_LANCZOS4)
    lost = np.abs(squeezed.astype(int) - image)[text].mean()
    assert lost > 20  # grey levels, before any network has seen it


def _is_end(event: Any) -> bool:
    return type(event).__name__ in ("Finished", "Failed")
