"""The contract, for every eraser that there is: a new file is tested as soon as it exists.

Erasers with weights use the real ones. Those of the default set are fetched once into the
user's own cache; others, which can be tens of gigabytes, are used only where they are.
Where weights cannot be had, the tests that need them are skipped with the reason.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canvas_tools import shrink_canvases, shrink_pictures
from methods import (
    BadInput,
    Eraser,
    EraserSpec,
    Failed,
    Finished,
    HubFile,
    Image,
    Job,
    Mask,
    Settings,
    Stopped,
    Text,
    WeightFile,
    WeightsUnavailable,
    fetch,
    find_weights,
    get_eraser,
    list_erasers,
    load_image,
    run,
)
from methods._base import no_progress
from methods._engine import worker
from methods._engine.registry import missing_packages, settings_of
from methods._engine.result_cache import ResultCache
from methods._geometry.canvas import fit, plan_patches
from methods._system.device import devices_for
from methods._weights.store import digest
from tiers import rest_is_slow

ROOT = Path(__file__).resolve().parents[3]
SPECS = list_erasers()
CHINESE = re.compile(r"[\u4e00-\u9fff]")

WITNESSES = {"sd_inpainting", "flux2_klein"}
"""Beside the default set: one with a UNet, one with a transformer.
What the others paint is among the slow tests; what they say of themselves is not."""


def _runs_by_default(spec: EraserSpec) -> bool:
    return spec.default or spec.id in WITNESSES or not spec.learned


def _has_a_large_network(spec: EraserSpec) -> bool:
    """A real one: each picture takes it a second."""
    return spec.default and spec.learned


every = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id, scope="module")
"""Of the module, so that one eraser's tests follow each other and share what is loaded."""

painting = pytest.mark.parametrize(
    "spec",
    [pytest.param(s, marks=() if _runs_by_default(s) else pytest.mark.slow) for s in SPECS],
    ids=lambda spec: spec.id,
    scope="module",
)


def _of(specs: Sequence[EraserSpec], less: Collection[str] = ()) -> pytest.MarkDecorator:
    """For each, by default for the witnesses, less those, and whatever has no network."""

    def is_quick(spec: EraserSpec) -> bool:
        return _runs_by_default(spec) and not _has_a_large_network(spec) and spec.id not in less

    cases = [pytest.param(s, marks=() if is_quick(s) else SLOW) for s in specs]
    return pytest.mark.parametrize("spec", cases, ids=lambda spec: spec.id, scope="module")


SLOW = pytest.mark.slow
of_its_own = _of(SPECS)
"""What an eraser's own file decides."""

of_the_way = _of([s for s in SPECS if not _has_a_large_network(s)], {"flux2_klein"})
"""What is tested is the way around the network, which is the same for large ones and tiny ones, and
for one witness and two."""

of_both = _of([s for s in SPECS if not _has_a_large_network(s)])
"""Of both witnesses all the same."""


@pytest.fixture(scope="module", autouse=True)
def tiny_weights(tiny_erasers: Path) -> Iterator[None]:
    """Tiny models wherever the program knows one; other weights are found as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_erasers))
        yield


@pytest.fixture(scope="session")
def photo() -> Image:
    """The rocket with some sky: 130 x 150 pixels."""
    return np.ascontiguousarray(load_image(ROOT / "examples" / "rocket.jpg").rgb[150:280, 250:400])


@pytest.fixture(scope="session")
def mask() -> Mask:
    found = np.zeros((130, 150), bool)
    found[30:90, 50:95] = True
    return found


@pytest.fixture
def small_canvases(monkeypatch: pytest.MonkeyPatch) -> None:
    """One test takes the true ones too; to the others their size means nothing."""
    shrink_canvases(monkeypatch)
    shrink_pictures(monkeypatch)


on_small_canvases = pytest.mark.usefixtures("small_canvases")


@pytest.fixture(autouse=True)
def no_cached_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache(max_bytes=0))


def need(spec: EraserSpec) -> None:
    """Skip where the eraser cannot run on this machine, with the reason."""
    if spec.unavailable is not None:
        pytest.skip(spec.unavailable.en)
    missing = missing_packages(spec)
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    for weight in needed_by(spec):
        if not spec.default and find_weights(weight) is None:
            pytest.skip(f"{weight.name} is not on this machine")
        try:
            fetch(weight)
        except WeightsUnavailable as error:
            pytest.skip(str(error))


def judged(spec: EraserSpec) -> None:
    """Skip what is not promised by every method, or not by random weights."""
    if not spec.default:
        pytest.skip("only the default set is judged with its real weights")
    need(spec)
    if any(weight.sha256 not in (None, digest(weight)) for weight in needed_by(spec)):
        pytest.skip("its weights here are not the real ones")


def needed_by(spec: EraserSpec) -> Sequence[WeightFile]:
    """The files that the eraser needs with the settings of these tests."""
    kind = get_eraser(spec.id)
    return kind.weights_for(kind.Settings(**quick(spec)))


@pytest.fixture(scope="module")
def eraser(spec: EraserSpec) -> Iterator[Eraser]:
    """Loaded on the best device that takes it, once for all its tests, and unloaded twice."""
    need(spec)
    made = get_eraser(spec.id)()
    made.load(devices_for(spec)[-1], None)
    made.prepare(made.Settings(**quick(spec)))
    yield made
    made.unload()
    made.unload()


def quick(spec: EraserSpec) -> dict[str, Any]:
    """Settings that make a contract test quick where an eraser takes many steps, and keep it from
    other erasers' weights where it begins with what another one fills in."""
    wanted = {"num_inference_steps": 2, "init": "telea"}
    known = get_eraser(spec.id).Settings.model_fields
    return {name: value for name, value in wanted.items() if name in known}


def on_canvas(spec: EraserSpec, photo: Image, mask: Mask) -> tuple[Image, Mask]:
    """The photo as the geometry would hand it to this eraser."""
    kind = get_eraser(spec.id)
    canvas = kind.canvas_for(kind.Settings())
    (patch,) = plan_patches(mask, canvas, False)
    fitted = fit(photo, mask, patch, canvas)
    return fitted.image, fitted.mask


def erased(spec: EraserSpec, photo: Image, mask: Mask, **more: Any) -> Finished:
    need(spec)
    settings = {**quick(spec), **more.pop("settings", {})}
    (end,) = (
        event
        for event in run([Job(spec.id, settings, **more)], photo, mask)
        if isinstance(event, Finished | Failed)
    )
    assert isinstance(end, Finished), end
    return end


# --- the spec ----------------------------------------------------------------------------


@every
def test_the_spec_is_complete(spec: EraserSpec) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", spec.id)
    assert spec.name and spec.license and spec.paper.title
    assert spec.paper.url.startswith("https://") and 1990 < spec.paper.year < 2100
    assert spec.devices and spec.rank > 0
    assert spec.memory > 0 or not spec.weights
    kind = get_eraser(spec.id)
    assert kind.canvas_for(kind.Settings()) == spec.canvas
    assert len(spec.summary.en) <= 100, "one line on the card"
    for text in (spec.summary, *spec.notes, *filter(None, [spec.unavailable])):
        assert text.en.endswith(".") and text.said("zh").endswith("。")
        assert CHINESE.search(text.said("zh")) and not CHINESE.search(text.en)


@every
def test_every_weight_file_is_pinned(spec: EraserSpec) -> None:
    for weight in (*spec.weights, *spec.more_weights):
        assert weight.sources or weight.by_hand
        assert weight.size > 0 and weight.license
        if weight.sha256 is None:
            assert weight.unpinned_because
        else:
            assert re.fullmatch(r"[0-9a-f]{64}", weight.sha256)
        first, *mirrors = weight.sources or [None]  # a mirror's branch is guarded by the hash
        if isinstance(first, HubFile) and weight.sha256 is not None:
            assert re.fullmatch(r"[0-9a-f]{40}", first.revision), "a commit, not a branch"
        assert not mirrors or weight.sha256 or weight.unpinned_because


@every
def test_every_setting_is_described_and_bounded(spec: EraserSpec) -> None:
    for name, field in get_eraser(spec.id).Settings.model_fields.items():
        assert field.description and field.description.endswith("."), name
        extra = field.json_schema_extra
        assert isinstance(extra, dict), name
        assert CHINESE.search(Text(str(extra["sentence"])).said("zh")), name
        if field.annotation in (int, float):
            bounds = get_eraser(spec.id).Settings.model_json_schema()["properties"][name]
            assert {"minimum", "exclusiveMinimum"} & bounds.keys(), name
            assert {"maximum", "exclusiveMaximum"} & bounds.keys(), name


@every
def test_settings_refuse_what_they_do_not_know(spec: EraserSpec) -> None:
    with pytest.raises(BadInput) as caught:
        settings_of(get_eraser(spec.id), {"no_such_setting": 1})
    assert caught.value.code == "unknown_setting"


@every
def test_settings_refuse_what_is_out_of_bounds(spec: EraserSpec) -> None:
    schema = get_eraser(spec.id).Settings.model_json_schema()["properties"]
    beyond = {name: bounds["maximum"] + 1 for name, bounds in schema.items() if "maximum" in bounds}
    beyond |= {"whole_picture": "perhaps"}
    for name, value in beyond.items():
        with pytest.raises(BadInput) as caught:
            settings_of(get_eraser(spec.id), {name: value})
        assert caught.value.code == "bad_setting", name


@every
def test_one_eraser_is_one_short_file(spec: EraserSpec) -> None:
    """In `methods/<id>.py`, or in `methods/<id>/` where it has more than itself."""
    file = Path(inspect.getfile(get_eraser(spec.id)))
    assert file in (ROOT / "methods" / f"{spec.id}.py", ROOT / "methods" / spec.id / "eraser.py")
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    assert "Paper:" in "\n".join(lines[:12])


# --- the eraser itself -------------------------------------------------------------------


@of_its_own
@pytest.mark.parametrize("size", rest_is_slow(["small", "full"]))
def test_it_returns_a_new_picture_and_touches_nothing(
    spec: EraserSpec,
    eraser: Eraser,
    size: str,
    photo: Image,
    mask: Mask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if size == "small":
        shrink_canvases(monkeypatch)
        shrink_pictures(monkeypatch)
    image, hole = on_canvas(spec, photo, mask)
    before = image.copy(), hole.copy()
    steps: list[tuple[int, int]] = []

    def progress(step: int, total: int) -> None:
        steps.append((step, total))

    settings = eraser.Settings(**quick(spec))
    filled = eraser.erase(image, hole, settings, 3, progress)
    assert filled.shape == image.shape and filled.dtype == np.uint8
    assert not np.shares_memory(filled, image)
    assert (image == before[0]).all() and (hole == before[1]).all()
    told = list(dict.fromkeys(step for step, _ in steps if step))  # less those that only ask
    assert told == list(range(1, len(told) + 1))
    assert steps[-1] == (len(told), len(told))


@of_its_own
def test_what_lies_under_the_mask_does_not_matter(
    spec: EraserSpec, eraser: Eraser, photo: Image, mask: Mask
) -> None:
    """What is erased must not shine through, not even at its rim."""
    if not spec.default:
        pytest.skip("not promised by every method")
    image, hole = on_canvas(spec, photo, mask)
    other = np.where(hole[..., None], 255 - image, image)
    settings = eraser.Settings()
    one, two = (eraser.erase(i, hole, settings, 0, no_progress) for i in (image, other))
    assert (one[hole] == two[hole]).all()


@of_the_way
@on_small_canvases
def test_stop_passes_through(spec: EraserSpec, eraser: Eraser, photo: Image, mask: Mask) -> None:
    def progress(step: int, total: int) -> None:
        raise Stopped

    image, hole = on_canvas(spec, photo, mask)
    with pytest.raises(Stopped):
        eraser.erase(image, hole, eraser.Settings(**quick(spec)), 0, progress)


@of_the_way
@on_small_canvases
def test_it_can_be_loaded_again(spec: EraserSpec, eraser: Eraser, photo: Image, mask: Mask) -> None:
    image, hole = on_canvas(spec, photo, mask)
    settings = eraser.Settings(**quick(spec))
    first = eraser.erase(image, hole, settings, 1, no_progress)
    eraser.unload()
    eraser.load(devices_for(spec)[-1], None)
    again = eraser.erase(image, hole, settings, 1, no_progress)
    assert (first == again).all()


# --- through the runner ------------------------------------------------------------------


@of_both
@on_small_canvases
def test_only_what_is_masked_changes(spec: EraserSpec, photo: Image, mask: Mask) -> None:
    before = photo.copy(), mask.copy()
    done = erased(spec, photo, mask)
    assert done.image.shape == photo.shape
    assert done.changed_outside == 0
    assert (done.image[~mask] == photo[~mask]).all()
    assert (done.image[mask] != photo[mask]).any(axis=1).mean() > 0.7
    assert (photo == before[0]).all() and (mask == before[1]).all()
    assert set(done.weights) == {weight.name for weight in needed_by(spec)}


@painting
def test_the_rocket_is_gone(spec: EraserSpec) -> None:
    """It is much brighter than the evening sky that replaces it."""
    judged(spec)
    photo = load_image(ROOT / "examples" / "rocket.jpg").rgb
    mask = np.zeros(photo.shape[:2], bool)
    mask[120:425, 300:345] = True
    rocket, sky = (slice(150, 320), slice(312, 328)), (slice(150, 320), slice(350, 400))
    done = erased(spec, photo, mask)
    assert photo[rocket].mean() - photo[sky].mean() > 50
    assert abs(done.image[rocket].mean() - photo[sky].mean()) < 15
    assert done.changed_outside == 0


@of_the_way
@on_small_canvases
def test_the_same_seed_gives_the_same_bytes(spec: EraserSpec, photo: Image, mask: Mask) -> None:
    first, again = (erased(spec, photo, mask, seed=11) for _ in range(2))
    assert not again.cached
    assert (first.image == again.image).all()
    if spec.seeded:
        other = erased(spec, photo, mask, seed=12)
        assert (first.image != other.image).any()


@of_the_way
@on_small_canvases
def test_other_sizes(spec: EraserSpec, photo: Image) -> None:
    """Those that the witnesses take; the geometry, which cuts them, is the same for all."""
    sizes = [(700, 33), (61, 97), (40, 300), (16, 16)]
    for size in sizes if _runs_by_default(spec) else sizes[:1]:
        _erases_at(spec, size, photo)


def _erases_at(spec: EraserSpec, size: tuple[int, int], photo: Image) -> None:
    height, width = size
    image = np.resize(photo, (height, width, 3))
    mask = np.zeros(size, bool)
    mask[height // 3 : height // 2, width // 3 : width // 2] = True
    mask[-1, -2:] = True  # also in a corner
    done = erased(spec, image, mask)
    assert done.image.shape == image.shape
    assert done.changed_outside == 0


@of_its_own
@on_small_canvases
def test_what_lies_under_the_mask_is_not_seen_but_where_the_method_wants_it(
    spec: EraserSpec, photo: Image, mask: Mask
) -> None:
    """Poison under the mask: not one pixel of the result may know of it."""
    # Its default covers the object with green, its other mark shows it.
    settings = {"mark": "tint"} if spec.id == "flux2_klein" else {}
    results = []
    for poison in ((255, 0, 255), (0, 255, 0)):
        poisoned = photo.copy()
        poisoned[mask] = poison
        results.append(erased(spec, poisoned, mask, settings=settings).image[mask])
    assert spec.sees_object or np.array_equal(results[0], results[1])
    if spec.sees_object:
        assert not np.array_equal(results[0], results[1]), "then it need not be shown the object"


@of_the_way
@on_small_canvases
def test_the_whole_picture(spec: EraserSpec, photo: Image, mask: Mask) -> None:
    assert erased(spec, photo, mask, settings={"whole_picture": True}).changed_outside == 0


@painting
def test_every_setting_reaches_something(spec: EraserSpec, photo: Image, mask: Mask) -> None:
    """The least and the greatest value of a number make different pictures."""
    judged(spec)
    schema = get_eraser(spec.id).Settings.model_json_schema()["properties"]
    for name, bounds in schema.items():
        if "minimum" in bounds and "maximum" in bounds:
            ends = (bounds["minimum"], bounds["maximum"])
            low, high = (erased(spec, photo, mask, settings={name: v}).image for v in ends)
            assert (low != high).any(), name


def test_settings_are_the_base_of_all() -> None:
    assert all(issubclass(get_eraser(spec.id).Settings, Settings) for spec in SPECS)
