"""Cases with a known truth: the composite is the truth everywhere else, and can be made again."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from examples.compose.__main__ import main
from examples.compose.compositing import CutOut, Placing, Reflection, Shadow, compose, cut_out
from examples.compose.placing import AREAS, Home, choose
from examples.compose.recipes import build, files_of, read_recipes, write
from examples.rows import FOLDER
from methods import BadInput, Image, Mask, load_image, load_mask, png_bytes
from segmentation import mask_png
from tiers import rest_is_slow

STAND_INS = FOLDER / "stand_ins"
RECIPES = {recipe.name: recipe for recipe in read_recipes(STAND_INS / "recipes.json")}


def noise(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def disc(size: int, radius: float) -> Mask:
    rows, columns = np.mgrid[:size, :size]
    return (rows - size / 2) ** 2 + (columns - size / 2) ** 2 < radius**2


def ball(color: int = 200) -> CutOut:
    return cut_out(np.full((60, 60, 3), color, np.uint8), disc(60, 25))


# --- compositing -------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(20, 130),
    y=st.floats(40, 95),
    scale=st.floats(0.2, 2.5),
    turn=st.floats(-180, 180),
    flip=st.booleans(),
    shadow=st.none() | st.builds(Shadow, lean=st.floats(-1, 1), length=st.floats(-0.5, 0.5)),
    reflection=st.none() | st.builds(Reflection),
)
def test_the_composite_is_the_truth_outside_its_mask(
    x: float,
    y: float,
    scale: float,
    turn: float,
    flip: bool,
    shadow: Shadow | None,
    reflection: Reflection | None,
) -> None:
    background = noise(100, 150)
    place = Placing(
        at=(x, y), scale=scale, turn=turn, flip=flip, shadow=shadow, reflection=reflection
    )
    made = compose(background, [(ball(), place)])
    assert made.truth is background
    assert np.array_equal(made.photo[~made.mask], background[~made.mask])
    assert (made.photo[made.object_mask] != background[made.object_mask]).any()
    assert not (made.object_mask & ~made.mask).any()


def test_a_shadow_only_darkens_and_lies_where_the_light_says() -> None:
    background = np.full((200, 200, 3), 120, np.uint8)
    shadow = Shadow(strength=0.5, shift=(0.8, 0.0), blur=0.02)
    place = Placing(at=(60, 120), soften=0, shadow=shadow)
    made = compose(background, [(ball(), place)])
    fallen = made.mask & ~made.object_mask
    assert (made.photo[fallen] < 120).all()
    assert abs(int(made.photo[95, 105, 0]) - 60) <= 2  # in its middle: half as bright
    assert np.nonzero(fallen)[1].mean() > 85


def test_a_reflection_is_the_object_upside_down_and_fades() -> None:
    background = np.zeros((200, 120, 3), np.uint8)
    place = Placing(at=(60, 100), soften=0, reflection=Reflection(strength=0.5, fade=1.0, blur=0))
    made = compose(background, [(ball(), place)])
    column = made.photo[:, 60, 0].astype(int)
    assert column[110] > column[125] > column[140] > 0
    assert column[110] < column[90]


def test_what_is_in_front_stays() -> None:
    background = noise(100, 100)
    front = np.zeros((100, 100), bool)
    front[:, 55:] = True
    made = compose(background, [(ball(), Placing(at=(50, 90), soften=0))], front)
    assert np.array_equal(made.photo[:, 60:], background[:, 60:])
    assert made.object_mask[:, :50].any()


def test_the_first_object_is_furthest_back() -> None:
    background = np.zeros((100, 100, 3), np.uint8)
    place = Placing(at=(50, 90))
    made = compose(background, [(ball(50), place), (ball(250), place)])
    assert made.photo[65, 50, 0] == 250


def test_tone_brings_the_colour_nearer_to_its_surroundings() -> None:
    background = np.full((100, 100, 3), (0, 200, 0), np.uint8)
    own = compose(background, [(ball(), Placing(at=(50, 90)))])
    toned = compose(background, [(ball(), Placing(at=(50, 90), tone=0.5))])
    assert own.photo[65, 50].tolist() == [200, 200, 200]
    assert toned.photo[65, 50].tolist() == [100, 200, 100]


def test_half_a_size_is_half_as_wide() -> None:
    background = np.zeros((200, 200, 3), np.uint8)
    widths = []
    for scale in (1.0, 0.5):
        made = compose(background, [(ball(), Placing(at=(100, 150), scale=scale, soften=0))])
        rows, columns = np.nonzero(made.photo[..., 0] > 100)
        widths.append(columns.max() - columns.min() + 1)
        assert abs(rows.max() - 150) <= 1
        assert abs((columns.max() + columns.min()) / 2 - 100) <= 1
    assert abs(widths[0] - 2 * widths[1]) <= 2


def test_an_object_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="outside"):
        compose(noise(50, 50), [(ball(), Placing(at=(500, 500)))])
    with pytest.raises(BadInput) as caught:
        cut_out(noise(20, 20), np.zeros((20, 20), bool))
    assert caught.value.code == "mask_empty"


# --- placing -----------------------------------------------------------------------------

HOME = Home((400, 600), (250, 180, 330, 340))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_place_is_whole_fitting_and_repeatable(seed: int) -> None:
    place = choose(HOME, (800, 1000), seed)
    assert place == choose(HOME, (800, 1000), seed)
    wide, high = 80 * place.scale, 160 * place.scale
    x, y = place.at
    assert wide / 2 <= x <= 1000 - wide / 2 and high <= y <= 800
    assert AREAS[0] <= wide * high / 800_000 <= AREAS[1]
    assert abs(y / 800 - 340 / 400) <= 0.081  # the foot is about as far down as at home
    assert 0.8 <= place.scale * 400 / 800 <= 1.25


def test_what_must_stay_visible_is_not_hidden() -> None:
    keep_off = np.zeros((800, 1000), bool)
    keep_off[:, 300:] = True
    places = [choose(HOME, (800, 1000), seed, keep_off=keep_off).at[0] for seed in range(8)]
    assert max(places) < 320
    with pytest.raises(BadInput) as caught:
        choose(HOME, (800, 1000), 0, keep_off=np.ones((800, 1000), bool))
    assert caught.value.code == "no_place"


# --- the cases that are shipped ----------------------------------------------------------


@pytest.mark.parametrize("name", rest_is_slow(sorted(RECIPES), 2))
def test_a_shipped_case_can_be_made_again(name: str, tmp_path: Path) -> None:
    composite = build(RECIPES[name], STAND_INS)
    assert np.array_equal(
        composite.photo[~composite.mask], composite.truth[~composite.mask]
    )  # before JPEG: exactly
    shipped, made = files_of(name, STAND_INS), write(RECIPES[name], composite, tmp_path)
    for kind in ("photo", "truth"):
        one, other = load_image(shipped[kind]).rgb, load_image(made[kind]).rgb
        difference = np.abs(one.astype(int) - other)
        assert difference.mean() < 0.5 and difference.max() < 40, kind
    size = composite.mask.shape
    assert (load_mask(shipped["mask"], size) != load_mask(made["mask"], size)).mean() < 1e-3
    if shipped["object"].exists():
        inner = load_mask(shipped["object"], size)
        assert (inner & ~load_mask(shipped["mask"], size)).sum() == 0


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_shipped_pair_is_equal_outside_the_blocks_of_its_mask(name: str) -> None:
    files = files_of(name, STAND_INS)
    photo, truth = load_image(files["photo"]).rgb, load_image(files["truth"]).rgb
    mask = load_mask(files["mask"], photo.shape[:2])
    blocks = in_blocks(mask)
    assert np.array_equal(photo[~blocks], truth[~blocks])
    rim = blocks & ~mask
    assert np.abs(photo[rim].astype(int) - truth[rim]).mean() < 3
    assert np.abs(photo[mask].astype(int) - truth[mask]).mean() > 10


def in_blocks(mask: Mask) -> Mask:
    """The mask grown to JPEG's blocks of 8 x 8."""
    height, width = mask.shape
    padded = np.zeros((-(-height // 8) * 8, -(-width // 8) * 8), bool)
    padded[:height, :width] = mask
    touched = padded.reshape(padded.shape[0] // 8, 8, -1, 8).any((1, 3))
    return np.asarray(touched.repeat(8, 0).repeat(8, 1)[:height, :width])


# --- the command -------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "object.png").write_bytes(png_bytes(np.full((60, 60, 3), 220, np.uint8)))
    (tmp_path / "cut.png").write_bytes(mask_png(disc(60, 20)))
    (tmp_path / "lawn.png").write_bytes(png_bytes(noise(120, 160)))
    return tmp_path


LAYER = {"source": {"photo": "object.png"}, "mask": "cut.png", "place": {"at": [80, 100]}}


def call(photos: Path, *more: str) -> int:
    given = ["--object", str(photos / "object.png"), "--background", str(photos / "lawn.png")]
    return main([*given, "--mask", str(photos / "cut.png"), "--out", str(photos / "out"), *more])


def test_the_command_makes_the_same_case_for_the_same_seed(photos: Path) -> None:
    assert call(photos, "--name", "a", "--seed", "3") == 0
    assert call(photos, "--name", "b", "--seed", "3") == 0
    assert call(photos, "--name", "c", "--seed", "4") == 0
    one, same, other = ((photos / "out" / f"{name}.jpg").read_bytes() for name in "abc")
    assert one == same != other


def test_the_command_makes_several_and_its_recipe_makes_them_again(photos: Path) -> None:
    assert call(photos, "--name", "case", "--count", "2", "--reflection") == 0
    out = photos / "out"
    assert {path.name for path in out.glob("case-2*")} >= {
        "case-2.jpg", "case-2-mask.png", "case-2-truth.jpg", "case-2-recipe.json",
    }  # fmt: skip
    again = ["--recipes", str(out / "case-2-recipe.json"), "--out", str(photos / "again")]
    assert main(again) == 0
    assert (out / "case-2.jpg").read_bytes() == (photos / "again" / "case-2.jpg").read_bytes()
    assert load_image(out / "case-1-truth.jpg").size == (120, 160)


def test_a_transparent_picture_needs_no_mask(photos: Path) -> None:
    rgba = np.dstack([np.full((60, 60, 3), 200, np.uint8), disc(60, 20).astype(np.uint8) * 255])
    PillowImage.fromarray(rgba).save(photos / "cutout.png")
    given = ["--object", str(photos / "cutout.png"), "--background", str(photos / "lawn.png")]
    assert main([*given, "--name", "x", "--out", str(photos / "out"), "--scale", "0.5"]) == 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--mask", "none.png"], "none.png"),
        (["--at", "900,900"], "--at"),
        (["--name", "a/b"], "letters"),
        (["--scale", "9"], "No place"),
    ],
)
def test_mistakes_are_sentences(
    photos: Path, capsys: pytest.CaptureFixture[str], more: list[str], sentence: str
) -> None:
    assert call(photos, *more) == 2
    assert sentence in capsys.readouterr().err


def test_its_own_sources_are_not_overwritten(photos: Path) -> None:
    (photos / "lawn.jpg").write_bytes((photos / "lawn.png").read_bytes())
    given = ["--object", str(photos / "object.png"), "--mask", str(photos / "cut.png")]
    given += ["--background", str(photos / "lawn.jpg"), "--name", "lawn", "--out", str(photos)]
    before = (photos / "lawn.jpg").read_bytes()
    assert main(given) == 2
    assert (photos / "lawn.jpg").read_bytes() == before


def test_what_the_disk_refuses_is_a_sentence(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = f"{'n' * 300}.png"
    recipe = {"name": "a", "background": {"photo": "lawn.png"}, "front": long, "objects": [LAYER]}
    (photos / "recipes.json").write_text(json.dumps(recipe))
    (photos / "a.jpg").write_bytes(b"an earlier one")
    assert main(["--recipes", str(photos / "recipes.json"), "--out", str(photos)]) == 2
    said = capsys.readouterr().err
    assert said == f"Error: {long}: {os.strerror(errno.ENAMETOOLONG)}.\n"


@pytest.mark.parametrize("content", ["{", "[]x", '{"name": "../x"}', '{"name": "x", "no": 1}'])
def test_a_bad_recipe_is_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "recipes.json"
    file.write_text(content)
    with pytest.raises(BadInput) as caught:
        read_recipes(file)
    assert caught.value.code == "bad_recipe" and str(tmp_path) not in str(caught.value)


@pytest.mark.network
def test_a_point_is_enough_with_sam(tmp_path: Path, mobile_sam_weights: Path) -> None:
    given = ["--object", str(FOLDER / "rocket.jpg"), "--point", "322,250", "--seed", "1"]
    given += ["--background", str(FOLDER / "tree.jpg"), "--width", "640", "--out", str(tmp_path)]
    assert main([*given, "--name", "rocket"]) == 0
    mask = load_mask(files_of("rocket", tmp_path)["mask"], (426, 640))
    assert 0.005 < mask.mean() < 0.3
    recipe = json.loads(files_of("rocket", tmp_path)["recipe"].read_text())
    assert recipe["objects"][0]["mask"] == "rocket-cut.png"
