"""PSNR, SSIM and LPIPS: equal to their libraries', band by band, and safe with any file."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from methods import METRICS, Image, Mask, Unavailable, judge
from methods._metrics import lpips as lpips_module
from methods._metrics import truth as truth_module
from methods._metrics.lpips import LPIPS_WEIGHTS, lpips_map, network_of, read_arrays, state_of
from methods._metrics.truth import MOST_PSNR, against_truth, banded, ssim_map
from metric_tools import Scene, better, blurred, stand_in, tinted


@pytest.fixture(scope="module")
def scene() -> Scene:
    return stand_in("several-targets")


@pytest.fixture(scope="module")
def spoilt(scene: Scene) -> Image:
    return blurred(scene, 3)


@pytest.fixture(scope="session")
def lpips_weights() -> Path:
    """The real network of LPIPS (9.9 MB), fetched once as the program would."""
    from methods import fetch

    return fetch(LPIPS_WEIGHTS)


@pytest.fixture
def random_lpips(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package's own network at random weights, in place of the file's."""
    import lpips
    import torch

    torch.manual_seed(0)
    network = lpips.LPIPS(net="alex", pretrained=False, pnet_rand=True, spatial=True, verbose=False)
    for head in network.lins:  # distances are sums with weights of at least zero
        torch.nn.init.uniform_(head.model[1].weight, 0, 1)
    ours = network_of(network.state_dict())
    monkeypatch.setattr(lpips_module, "_network", lambda path: ours)
    monkeypatch.setattr(lpips_module, "find_weights", lambda weight: Path("here"))
    return network.eval()


def without_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_module, "find_weights", lambda weight: None)


# --- PSNR and SSIM -----------------------------------------------------------------------------


def test_psnr_is_scikit_images(
    scene: Scene, spoilt: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skimage.metrics import peak_signal_noise_ratio

    without_lpips(monkeypatch)
    found = against_truth(spoilt, scene.mask, scene.truth)
    assert found["psnr"] == pytest.approx(peak_signal_noise_ratio(scene.truth, spoilt), abs=1e-3)
    inside = peak_signal_noise_ratio(scene.truth[scene.mask], spoilt[scene.mask])
    assert found["psnr_mask"] == pytest.approx(inside, abs=1e-3)
    box = scene.box
    around = peak_signal_noise_ratio(scene.truth[box], spoilt[box])
    assert found["psnr_box"] == pytest.approx(around, abs=1e-3)


def test_ssim_is_scikit_images_over_each_area(
    scene: Scene, spoilt: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is computed only where the pictures differ, and is as if it were everywhere."""
    from skimage.metrics import structural_similarity

    without_lpips(monkeypatch)
    _, whole = structural_similarity(
        scene.truth, spoilt, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, full=True,
    )  # fmt: skip
    found = against_truth(spoilt, scene.mask, scene.truth)
    assert found["ssim"] == pytest.approx(whole.mean(), abs=1e-5)
    assert found["ssim_box"] == pytest.approx(whole[scene.box].mean(), abs=1e-5)
    assert found["ssim_mask"] == pytest.approx(whole[scene.mask].mean(), abs=1e-5)


@pytest.mark.slow
def test_bands_make_no_difference(scene: Scene, spoilt: Image) -> None:
    whole = ssim_map(spoilt, scene.truth)
    parts = banded(ssim_map, spoilt, scene.truth, truth_module.SSIM_HALO, 100_000)
    assert parts.shape == whole.shape
    np.testing.assert_allclose(parts, whole, atol=1e-5)


@pytest.mark.slow
def test_a_halo_too_narrow_would_be_noticed(scene: Scene, spoilt: Image) -> None:
    whole = ssim_map(spoilt, scene.truth)
    parts = banded(ssim_map, spoilt, scene.truth, 0, 100_000)
    assert np.abs(parts - whole).max() > 1e-3


def test_a_difference_outside_the_mask_counts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A truth may be another photograph: it need not equal the photo outside the mask."""
    without_lpips(monkeypatch)
    other = np.clip(scene.truth.astype(np.int16) + 9, 0, 255).astype(np.uint8)
    found = against_truth(other, scene.mask, scene.truth)
    assert found["psnr"] == pytest.approx(found["psnr_mask"], abs=0.5)
    assert found["ssim"] < 1


def test_equal_pictures_are_perfect(scene: Scene, lpips_weights: Path) -> None:
    found = against_truth(scene.truth, scene.mask, scene.truth)
    for area in ("", "_box", "_mask"):
        assert found[f"psnr{area}"] == MOST_PSNR
        assert found[f"ssim{area}"] == pytest.approx(1)
        assert found[f"lpips{area}"] == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_the_nearer_result_is_the_better_one(scene: Scene, lpips_weights: Path) -> None:
    near, far = (against_truth(blurred(scene, s), scene.mask, scene.truth) for s in (1, 4))
    assert near.keys() == {id for id, metric in METRICS.items() if metric.needs == "truth"}
    assert all(better(name, near[name], far[name]) for name in near)


def test_judge_gives_them_with_a_truth_only(
    scene: Scene, spoilt: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_lpips(monkeypatch)
    plain = {r.id for r in judge(scene.photo, scene.mask, spoilt)}
    told = {r.id for r in judge(scene.photo, scene.mask, spoilt, truth=scene.truth)}
    areas = ("", "_box", "_mask")
    assert told - plain == {f"{name}{area}" for name in ("psnr", "ssim") for area in areas}


# --- LPIPS -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_map_is_the_packages_own(random_lpips: Any, scene: Scene, spoilt: Image) -> None:
    """With a random backbone: the pictures reach the network as the package wants them."""
    import lpips
    import torch

    with torch.inference_mode():
        first, second = (lpips.im2tensor(picture) for picture in (spoilt, scene.truth))
        expected = random_lpips(first, second)[0, 0].numpy()
    np.testing.assert_allclose(lpips_map(spoilt, scene.truth), expected, rtol=1e-4, atol=1e-6)


def test_the_real_heads_are_the_packages_own(lpips_weights: Path) -> None:
    import lpips
    import torch

    own = torch.load(
        Path(lpips.__file__).parent / "weights/v0.1/alex.pth",
        map_location="cpu",
        weights_only=True,
    )
    state = state_of(read_arrays(lpips_weights))
    assert len(own) == 5
    for name, head in own.items():
        assert torch.equal(state[name], head)
    # Heads swapped among layers, or a convolution's axes, would not fit.
    assert set(network_of(state).state_dict()) >= set(state)


@pytest.mark.slow
def test_the_mean_of_the_map_is_lpips(lpips_weights: Path, scene: Scene, spoilt: Image) -> None:
    import lpips
    import torch

    network = network_of(state_of(read_arrays(lpips_weights)))
    network.spatial = False
    with torch.inference_mode():
        published = float(network(*(lpips.im2tensor(p) for p in (spoilt, scene.truth))))
    assert lpips_map(spoilt, scene.truth).mean() == pytest.approx(published, rel=1e-3)


@pytest.mark.slow
def test_lpips_sees_a_blur_that_psnr_forgives(lpips_weights: Path, scene: Scene) -> None:
    """Why both are told: the numbers disagree on what a blur costs."""
    blur, tint = blurred(scene, 2), tinted(scene, 24)
    of_blur, of_tint = (against_truth(p, scene.mask, scene.truth) for p in (blur, tint))
    assert of_blur["psnr_mask"] > of_tint["psnr_mask"]
    assert of_blur["lpips_mask"] > of_tint["lpips_mask"]


def test_a_picture_of_a_few_pixels_has_lpips(lpips_weights: Path) -> None:
    small = np.random.default_rng(0).integers(0, 255, (9, 20, 3), np.uint8)
    assert lpips_map(small, 255 - small).shape == (9, 20)


# --- files that hold something else ---------------------------------------------------------------


class _Evil:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return print, ("a pickle has run",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(_Evil()),
        pickle.dumps({"AlexNet_0": _Evil()}),
        pickle.dumps({"AlexNet_0": {}}),
        pickle.dumps([1, 2]),
        pickle.dumps({"AlexNet_0": {"Conv_0": {"kernel": np.zeros(3), "bias": np.zeros(3)}}}),
        b"",
        b"not a pickle",
    ],
)
def test_a_wrong_file_is_refused_and_runs_nothing(
    content: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "alexnet.ckpt"
    file.write_bytes(content)
    monkeypatch.setattr(lpips_module, "find_weights", lambda weight: file)
    picture = np.zeros((80, 80, 3), np.uint8)
    with pytest.raises(Unavailable) as caught:
        lpips_map(picture, picture)
    assert caught.value.code == "weights_unreadable"
    assert "has run" not in capsys.readouterr().out


def test_an_unreadable_file_costs_no_other_number(
    scene: Scene, spoilt: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "alexnet.ckpt"
    file.write_bytes(b"damaged")
    for module in (lpips_module, truth_module):
        monkeypatch.setattr(module, "find_weights", lambda weight: file)
    found = {r.id for r in judge(scene.photo, scene.mask, spoilt, truth=scene.truth)}
    assert {"rim", "psnr_mask", "ssim_mask"} <= found and "lpips" not in found


def test_masks_and_pictures_are_not_changed(scene: Scene, spoilt: Image) -> None:
    given: tuple[Image, Mask, Image] = (spoilt.copy(), scene.mask.copy(), scene.truth.copy())
    against_truth(*given)
    originals = (spoilt, scene.mask, scene.truth)
    assert all(np.array_equal(a, b) for a, b in zip(given, originals, strict=True))
