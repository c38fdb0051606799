"""Words to boxes with a tiny random network of the real classes, through the true loading."""

from __future__ import annotations

import json
import math
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods import BadInput, HubFile, Image, UserError, WeightsUnavailable
from segmentation import (
    Phrase,
    as_objects,
    choose_detector,
    detect,
    get_detector,
    is_detector_ready,
    list_detectors,
    read_phrase,
)
from segmentation._detection.detector import RawAnswer, framed_photo, read_answer
from segmentation._detection.grounding_dino import GroundingDinoTiny
from tiers import rest_is_slow
from tiny_grounding import NAME

pytest_plugins = ["grounding_fixtures"]

CORNERS = ("x0", "y0", "x1", "y1")


def refused(call: Callable[[], object]) -> UserError:
    with pytest.raises(UserError) as error:
        call()
    return error.value


# --- finding -----------------------------------------------------------------------------


def test_boxes_lie_on_the_photo(tiny_detector: Path, rocket: Image) -> None:
    found = detect(rocket, "rocket", "Red car, the dog")
    assert found.backend == "grounding_dino_tiny" and found.phrase.text == "red car. the dog."
    assert len(found.found) > 5
    for each in found.found:
        assert 0 <= each.box.x0 < each.box.x1 <= 640 and 0 <= each.box.y0 < each.box.y1 <= 427
        assert each.label in ("red car", "the dog")
        assert 0.05 < each.score <= 1 and 0 <= each.text_score <= each.score
        assert [word.text for word in each.words] == each.label.split()
    scores = [each.score for each in found.found]
    assert scores == sorted(scores, reverse=True)
    assert {each.label for each in found.found} == {"red car", "the dog"}


def test_the_librarys_own_processor_agrees(tiny_detector: Path, rocket: Image) -> None:
    """Boxes and scores against transformers' own way from the photo to its detections."""
    import torch
    from transformers import (
        BertTokenizer,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessorPil,
        GroundingDinoProcessor,
    )

    processor = GroundingDinoProcessor(
        GroundingDinoImageProcessorPil.from_pretrained(tiny_detector),
        BertTokenizer.from_pretrained(tiny_detector),
    )
    model = GroundingDinoForObjectDetection.from_pretrained(tiny_detector).eval()
    inputs = processor(images=rocket, text="red car. dog.", return_tensors="pt")
    with torch.no_grad():
        output = model(**inputs)
    (truth,) = processor.post_process_grounded_object_detection(
        output, inputs.input_ids, threshold=0.3, text_threshold=0.1, target_sizes=[(427, 640)]
    )
    order = truth["scores"].argsort(descending=True, stable=True)
    boxes = truth["boxes"][order].clamp(min=torch.zeros(4), max=torch.tensor([640, 427] * 2))
    ours = detect(rocket, "rocket", "red car, dog").above(0.3, -1.0)
    assert len(ours) == len(order) > 5
    assert np.allclose([each.score for each in ours], truth["scores"][order], atol=1e-5)
    corners = [[getattr(each.box, corner) for corner in CORNERS] for each in ours]
    assert np.allclose(corners, boxes, atol=0.01)


def test_thresholds_run_no_network(tiny_detector: Path, rocket: Image, forwards: list[str]) -> None:
    found = detect(rocket, "rocket", "red car, dog")
    counts = []
    for threshold in (0.05, 0.2, 0.3, 0.4, 0.5, 0.9):
        again = detect(rocket, "rocket", "Red  car; DOG.")  # the same phrase, said differently
        above = again.above(threshold, 0.0)
        assert all(each.score > threshold for each in above)
        assert set(above) | {e for e in found.found if e.score <= threshold} == set(found.found)
        counts.append(len(above))
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[2] > counts[-1] == 0
    texts = [len(found.above(0.0, threshold)) for threshold in (0.0, 0.2, 0.3, 0.5)]
    assert texts == sorted(texts, reverse=True) and texts[0] > texts[-1]
    assert forwards == ["red car. dog."]


def test_other_photos_phrases_and_words_are_other_questions(
    tiny_detector: Path, rocket: Image, coffee: Image, forwards: list[str]
) -> None:
    first = detect(rocket, "rocket", "dog")
    assert detect(coffee, "coffee", "dog").found != first.found
    assert detect(rocket, "rocket", "cat").found != first.found
    assert detect(rocket, "rocket", "猫").found == detect(rocket, "rocket", "cat").found
    assert detect(rocket, "rocket", "猫").phrase.translations == (("猫", "cat"),)
    assert detect(rocket, "rocket", "cat").phrase.translations == ()
    assert forwards == ["dog.", "dog.", "cat."]


def test_many_ask_at_once_and_one_computes(
    tiny_detector: Path, rocket: Image, forwards: list[str]
) -> None:
    pictures: list[int] = []
    gate = threading.Barrier(8)

    def picture() -> Image:
        pictures.append(1)
        return rocket

    def ask(number: int) -> Any:
        gate.wait(20)
        return detect(picture, "rocket", "dog" if number % 2 else " Dog ")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert forwards == ["dog."] and pictures == [1]
    assert all(answer.found is answers[0].found for answer in answers)


def test_a_failure_is_told_and_not_remembered(
    tiny_detector: Path, rocket: Image, forwards: list[str]
) -> None:
    def gone() -> Image:
        raise BadInput.retold("This photo is no longer here.", "photo_gone")

    assert refused(lambda: detect(gone, "rocket", "dog")).code == "photo_gone"
    assert detect(rocket, "rocket", "dog").found and forwards == ["dog."]


@pytest.mark.parametrize(
    "shape", rest_is_slow([(1, 1), (5000, 4), (3, 3000), (900, 7), (40, 41)], 2)
)
def test_photos_of_any_shape(tiny_detector: Path, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    for each in detect(image, str(shape), "dog").found:
        assert 0 <= each.box.x0 < each.box.x1 <= shape[1]
        assert 0 <= each.box.y0 < each.box.y1 <= shape[0]


def test_a_long_photo_is_framed_and_its_boxes_are_not() -> None:
    image = np.full((50, 5000, 3), 200, np.uint8)
    framed, stretch = framed_photo(image)
    assert framed.shape == (256, 2048, 3) and (framed[:20] == 200).all()
    whole = np.array([0.5, 10 / 256, 1.0, 20 / 256], np.float32)  # the photo in its frame
    assert np.allclose(whole * stretch, [0.5, 0.5, 1, 1], atol=0.03)
    usual = np.zeros((100, 700, 3), np.uint8)
    assert framed_photo(usual).image is usual and (framed_photo(usual).stretch == 1).all()


# --- from a network's answer to detections -----------------------------------------------


def answer(boxes: list[list[float]], scores: list[list[float]]) -> RawAnswer:
    """For "red car. dog.": tokens [CLS] red car . dog . [SEP]."""
    spans = [(0, 0), (0, 3), (4, 7), (7, 8), (9, 12), (12, 13), (0, 0)]
    return RawAnswer(np.array(boxes, np.float32), np.array(scores, np.float32), spans)


PHRASE = read_phrase("red car, dog")
LEFT, RIGHT = [0.25, 0.5, 0.3, 0.4], [0.75, 0.5, 0.3, 0.4]


def test_a_blue_car_is_no_red_car() -> None:
    raw = answer([LEFT, RIGHT], [[0, 0.5, 0.6, 0, 0, 0, 0], [0, 0.1, 0.6, 0, 0.2, 0, 0]])
    red, blue = read_answer(raw, PHRASE, (100, 200))
    assert red.label == blue.label == "red car"
    assert red.score == blue.score == pytest.approx(0.6)
    assert red.text_score == pytest.approx(0.55) and blue.text_score == pytest.approx(0.35)
    assert [red.box.x0, red.box.y0, red.box.x1, red.box.y1] == pytest.approx([20, 30, 80, 70])
    assert [word.text for word in red.words] == ["red", "car"]
    assert [word.score for word in red.words] == pytest.approx([0.5, 0.6])


def test_little_words_do_not_count() -> None:
    phrase = read_phrase("the dog on a car")
    spans = [(0, 0), (0, 3), (4, 7), (8, 10), (11, 12), (13, 16), (16, 17), (0, 0)]
    scores = np.array([[0, 0.01, 0.6, 0.02, 0.03, 0.4, 0, 0]], np.float32)
    (found,) = read_answer(RawAnswer(np.array([LEFT], np.float32), scores, spans), phrase, (9, 9))
    assert found.text_score == pytest.approx(0.5)
    phrase, spans = read_phrase("the"), [(0, 0), (0, 3), (3, 4), (0, 0)]
    scores = np.array([[0, 0.7, 0, 0]], np.float32)
    (found,) = read_answer(RawAnswer(np.array([LEFT], np.float32), scores, spans), phrase, (9, 9))
    assert found.text_score == pytest.approx(0.7)  # nothing else was said


def test_a_box_that_repeats_a_better_one_is_left_out() -> None:
    nearly = [0.252, 0.5, 0.3, 0.4]
    car, dog = [0, 0.6, 0.6, 0, 0, 0, 0], [0, 0, 0, 0, 0.5, 0, 0]
    worse = [0, 0.4, 0.4, 0, 0, 0, 0]
    raw = answer([LEFT, nearly, nearly, RIGHT], [car, worse, dog, worse])
    found = read_answer(raw, PHRASE, (100, 200))
    assert [(each.label, round(each.score, 1)) for each in found] == [
        ("red car", 0.6),
        ("dog", 0.5),
        ("red car", 0.4),
    ]
    redder = [0, 0.45, 0.5, 0, 0, 0, 0]  # lower by its best token, better as "red car"
    raw = answer([LEFT, nearly], [[0, 0.1, 0.55, 0, 0, 0, 0], redder])
    assert len(read_answer(raw, PHRASE, (100, 200))) == 2


def test_what_cannot_be_a_box_is_left_out() -> None:
    good = [0, 0.5, 0.5, 0, 0, 0, 0]
    low = [0, 0.04, 0.04, 0, 0, 0, 0]
    strange = [math.nan, 0.5, 0.5, 0.1], [0.5, 0.5, math.inf, 0.1], [0.5, 0.5, 0, 0.1]
    outside = [1.5, 0.5, 0.2, 0.2]
    boxes = [*strange, outside, RIGHT, LEFT, [-0.1, 0.5, 0.5, 0.4]]
    scores = [good] * 4 + [low, [math.nan] * 7, good]
    (found,) = read_answer(answer(boxes, scores), PHRASE, (100, 200))
    assert (found.box.x0, found.box.x1) == pytest.approx((0, 30))  # cut to the photo


def test_the_list_is_bounded() -> None:
    rng = np.random.default_rng(0)
    boxes = rng.uniform(0.1, 0.4, (900, 4)).tolist()
    found = read_answer(answer(boxes, rng.uniform(0, 1, (900, 7)).tolist()), PHRASE, (500, 500))
    assert len(found) == 100


def test_detections_become_objects(tiny_detector: Path, rocket: Image) -> None:
    found = detect(rocket, "rocket", "red car, dog")
    objects = as_objects(found, 0.05, 0.0, level=2, most=3)
    assert [entry.box for entry in objects] == [each.box for each in found.found[:3]]
    assert all(entry.level == 2 and not entry.points for entry in objects)
    error = refused(lambda: as_objects(found, 0.99, 0.0))
    assert error.code == "nothing_detected" and "red car, dog" in str(error)
    assert error.details["score"] == round(found.found[0].score, 2)


# --- which detectors there are -----------------------------------------------------------


def test_the_list_and_its_files() -> None:
    specs = list_detectors()
    assert [spec.id for spec in specs] == [
        "grounding_dino_tiny",
        "grounding_dino_base",
        "groundingdino_py",
    ]
    for spec in specs:
        assert spec.license == "Apache-2.0" and spec.size > 600e6
        assert all(len(weight.sha256 or "") == 64 for weight in spec.weights)
        for source in (source for weight in spec.weights for source in weight.sources):
            assert not isinstance(source, HubFile) or len(source.revision) == 40


def test_an_unknown_detector() -> None:
    for call in (lambda: choose_detector("nosuch"), lambda: get_detector("nosuch")):
        assert refused(call).code == "unknown_detector"


def test_without_weights_it_says_what_to_fetch(no_weights: None, rocket: Image) -> None:
    assert not any(is_detector_ready(spec) for spec in list_detectors())
    error = refused(lambda: detect(rocket, "rocket", "dog"))
    assert isinstance(error, WeightsUnavailable) and error.code == "detector_missing"
    assert error.details["megabytes"] == 690 and error.details["name"] == "Grounding DINO tiny"
    assert "690 MB" in str(error) and "methods fetch grounding_dino_tiny" in str(error)
    named = refused(lambda: detect(rocket, "rocket", "dog", "grounding_dino_base"))
    assert named.details["megabytes"] == 934
    # A phrase that cannot be read is said first: it needs no weights.
    assert refused(lambda: detect(rocket, "rocket", " ")).code == "phrase_empty"


def test_a_second_ask_finds_weights_that_came_meanwhile(
    no_weights: None, tiny_folder: Path, rocket: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(lambda: detect(rocket, "rocket", "dog"))
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_folder.parent))
    assert detect(rocket, "rocket", "dog").found


def test_files_from_several_places(
    tiny_folder: Path, tmp_path: Path, rocket: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model from a file of the user's own, under another name; the rest from a folder."""
    folder = tmp_path / NAME
    shutil.copytree(tiny_folder, folder)
    (folder / "model.safetensors").rename(tmp_path / "mine.bin")
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))
    variable = "ERASER_LAB_WEIGHT_GROUNDING_DINO_TINY_MODEL_SAFETENSORS"
    monkeypatch.setenv(variable, str(tmp_path / "mine.bin"))
    assert is_detector_ready(list_detectors()[0])
    assert detect(rocket, "rocket", "dog").found


@pytest.fixture
def damaged(tiny_folder: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "secret-place"
    shutil.copytree(tiny_folder, folder)
    yield folder


def files(folder: Path) -> dict[str, Path]:
    names = (weight.name.rpartition("/")[2] for weight in GroundingDinoTiny.spec.weights)
    return {name: folder / name for name in names}


@pytest.mark.parametrize(
    "kind", rest_is_slow(["cut", "no tokenizer", "text", "one short", "another size"], 2)
)
def test_damaged_files_are_refused(damaged: Path, kind: str) -> None:
    from safetensors.numpy import load_file, save_file

    model = damaged / "model.safetensors"
    if kind == "text":
        model.write_text("<html>not found</html>")
    elif kind == "cut":
        model.write_bytes(model.read_bytes()[:100_000])
    elif kind == "one short":  # the library would fill in random numbers
        state = load_file(model)
        del state["model.text_projection.weight"]
        save_file(state, model, {"format": "pt"})
    elif kind == "another size":
        config = json.loads((damaged / "config.json").read_text())
        (damaged / "config.json").write_text(json.dumps(config | {"d_model": 32}))
    else:
        (damaged / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsUnavailable) as error:
        GroundingDinoTiny.from_files(files(damaged))
    assert error.value.code == "weights_unreadable" and "secret" not in str(error.value)


def test_code_beside_the_files_is_never_run(damaged: Path) -> None:
    config = json.loads((damaged / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}
    (damaged / "config.json").write_text(json.dumps(config))
    ran = damaged / "ran"
    (damaged / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n")
    GroundingDinoTiny.from_files(files(damaged))
    assert not ran.exists()


@pytest.mark.slow
@pytest.mark.gpu
def test_half_precision_on_a_gpu(tiny_folder: Path, rocket: Image) -> None:

    text = "red car. dog."
    one = GroundingDinoTiny.from_files(files(tiny_folder), "cuda").answer(rocket, text)
    other = GroundingDinoTiny.from_files(files(tiny_folder)).answer(rocket, text)
    nearest = np.abs(one.boxes[:, None] - other.boxes[None]).max(axis=2).min(axis=1)
    assert np.median(nearest) < 1e-3  # of the photo; some queries change their order


# --- phrases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Red car, DOG", "red car. dog."),
        ("red car. dog.", "red car. dog."),
        ("cat\ndog\n\ncat; Dog", "cat. dog."),
        ("红色的汽车，三只狗", "red car. dog."),
        ("紅色的車、樹", "red car. tree."),
        ("狗和猫, 红色 umbrella", "dog. cat. red umbrella."),
        ("Ｃａｔ！　ｄｏｇ", "cat. dog."),
        ("café", "cafe."),
        ("  hot-dog's stand ", "hot-dog's stand."),
        ("cat [SEP] dog [MASK]", "cat sep dog mask."),
        ("<img src=x onerror=alert(1)>", "img src x onerror alert 1."),
        ("'; DROP TABLE photos; --", "drop table photos."),
        ("cat\u202edog\x00\u200b", "cat dog."),
        ("\ud800dog", "dog."),
        ("3 dogs, 7", "3 dogs."),
    ],
)
def test_phrases_as_they_are_read(typed: str, read: str) -> None:
    assert read_phrase(typed).text == read


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "phrase_empty"),
        (" ,。\n..", "phrase_empty"),
        ("42", "phrase_empty"),
        ("[]<>{}", "phrase_empty"),
        ("a" * 10_000, "phrase_too_long"),
        (", ".join(f"thing number {n}" for n in range(30)), "phrase_too_long"),
        ("狗" * 10_000, "phrase_too_long"),
        ("红色", "phrase_not_english"),
        ("那个戴帽子的人", "phrase_not_english"),
        ("dog, собака", "phrase_not_english"),
        ("いぬ", "phrase_not_english"),
    ],
)
def test_phrases_that_cannot_be_read(typed: str, code: str) -> None:
    error = refused(lambda: read_phrase(typed))
    assert error.code == code and len(str(error)) < 300


def test_a_translation_is_told() -> None:
    phrase = read_phrase("红色汽车, dog, 狗和猫")
    assert phrase.translations == (("红色汽车", "red car"), ("狗和猫", "dog, cat"))
    assert phrase.parts == ("red car", "dog", "cat")


@given(st.text(max_size=1200))
def test_any_text_gives_a_phrase_or_a_sentence(typed: str) -> None:
    try:
        phrase = read_phrase(typed)
    except BadInput as error:
        assert error.code.startswith("phrase_")
        return
    assert phrase.text.isascii() and 2 <= len(phrase.text) <= 250
    assert set("".join(phrase.parts)) <= set("abcdefghijklmnopqrstuvwxyz0123456789 '&-")
    assert read_phrase(phrase.text) == Phrase(phrase.parts)


def test_the_word_list_is_whole() -> None:
    from segmentation._prompts.vocabulary import ADJECTIVES, NOUNS

    assert len(NOUNS) > 150 and len(ADJECTIVES) > 30
    for chinese, english in (NOUNS | ADJECTIVES).items():
        assert chinese and not any(c.isascii() for c in chinese), chinese
        assert english and english == english.lower() and english.isascii(), chinese
    for chinese, english in NOUNS.items():
        assert read_phrase(chinese).parts == (english,)
