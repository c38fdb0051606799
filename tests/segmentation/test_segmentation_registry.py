"""Which segmenters there are, which one answers, and the one shared instance of each."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from methods import (
    BadInput,
    Image,
    Paper,
    Unavailable,
    Verbatim,
    WeightFile,
    WeightsUnavailable,
)
from segmentation import (
    Candidates,
    Embedding,
    PromptedObject,
    Segmenter,
    SegmenterSpec,
    default_segmenter,
    get_segmenter,
    is_segmenter_ready,
    list_segmenters,
    preferred_segmenters,
)
from segmentation._engine import registry

ALL = (
    "mobile_sam",
    "sam2_1_tiny",
    "sam2_1_small",
    "sam2_1_base_plus",
    "sam2_1_large",
    "sam_vit_b",
    "sam_vit_l",
    "sam_vit_h",
    "sam3",
    "grabcut",
)
GIB = 2**30


def spec(name: str, *, size: int = 0, memory: int = 0, gated: bool = False) -> SegmenterSpec:
    weight = WeightFile(name=name, sources=(), size=size, sha256="0" * 64, license="none")
    return SegmenterSpec(
        id=name,
        name=name,
        summary=Verbatim(""),
        paper=Paper("none", "https://example.org", 2000),
        license="none",
        levels=1,
        weights=(weight,) if size else (),
        memory=memory,
        gated=gated,
    )


class Fake(Segmenter):
    """A segmenter that only counts how often it is loaded."""

    spec: ClassVar[SegmenterSpec] = spec("fake")
    loads: ClassVar[list[str]] = []

    @classmethod
    def load(cls) -> Fake:
        cls.loads.append(cls.spec.id)
        return cls()

    def encode(self, image: Image, key: str) -> Embedding:
        raise AssertionError("these tests only load")

    def segment(self, embedding: Embedding, prompted: PromptedObject) -> Candidates:
        raise AssertionError("these tests only load")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is loaded by this test, which begins with nothing loaded."""
    monkeypatch.setattr(registry, "_shared", {})
    Fake.loads.clear()
    yield Fake.loads
    Fake.loads.clear()


def known(monkeypatch: pytest.MonkeyPatch, *specs: SegmenterSpec) -> None:
    """Put segmenters with these specs into the registry for one test."""
    for one in specs:
        monkeypatch.setitem(registry.found(), one.id, type("Another", (Fake,), {"spec": one}))


# --- what there is -----------------------------------------------------------------------


def test_the_quickest_comes_first_and_the_one_without_weights_last() -> None:
    assert tuple(spec.id for spec in list_segmenters()) == ALL
    assert list_segmenters()[-1].weights == ()


@pytest.mark.parametrize("name", ALL)
def test_each_says_what_a_page_needs(name: str) -> None:
    one = next(spec for spec in list_segmenters() if spec.id == name)
    assert one.name and one.license and one.levels == 3
    assert one.summary.en.endswith(".") and one.summary.said("zh").endswith("。")
    assert one.paper.url.startswith("https://") and 2000 < one.paper.year < 2100
    assert one.memory > sum(weight.size for weight in one.weights) or not one.weights
    for weight in one.weights:
        assert weight.sha256 is not None or weight.unpinned_because
        assert weight.license == one.license


def test_file_names_of_weights_are_their_own() -> None:
    names = [weight.name for spec in list_segmenters() for weight in spec.weights]
    assert len(names) == len(set(names))


def test_a_broken_file_takes_no_other_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    package = tmp_path / "spare"
    package.mkdir()
    shelf = "from test_segmentation_registry import Fake, spec\n\n\n"
    sound = shelf + "class Sound(Fake):\n    spec = spec('{}')\n"
    (package / "__init__.py").write_text("")
    (package / "sound.py").write_text(sound.format("sound"))
    (package / "helper.py").write_text("from spare.sound import Sound\n")
    (package / "broken.py").write_text("import nothing_of_that_name\n")
    (package / "misnamed.py").write_text(sound.format("other"))
    monkeypatch.syspath_prepend(tmp_path)
    kinds = registry.search(["broken", "helper", "misnamed", "sound"], "spare")
    assert list(kinds) == ["sound"]
    assert "broken.py" in caplog.text and "misnamed.py" in caplog.text
    assert "helper.py" not in caplog.text  # a file without a segmenter is no mistake
    for name in [name for name in sys.modules if name.split(".")[0] == "spare"]:
        del sys.modules[name]


def test_an_unknown_segmenter() -> None:
    with pytest.raises(BadInput) as refused:
        get_segmenter("../etc/passwd")
    assert refused.value.code == "unknown_segmenter"
    assert refused.value.details["known"] == ", ".join(ALL)


# --- which one answers when nobody chose -------------------------------------------------


def ready(*names: str) -> Callable[[SegmenterSpec], bool]:
    return lambda spec: spec.id in names


@pytest.mark.parametrize(
    ("device", "gib", "here", "expected"),
    [
        # On a CPU, whatever its memory, the quickest network that is here.
        ("cpu", 512, ALL, "mobile_sam"),
        ("mps", 512, ALL, "mobile_sam"),
        ("cpu", 64, ("sam2_1_large", "sam_vit_h", "grabcut"), "sam2_1_large"),
        ("cpu", 64, ("sam_vit_b", "sam_vit_h", "grabcut"), "sam_vit_b"),
        ("cpu", 64, ("grabcut",), "grabcut"),
        # On a GPU with room the best that is here.
        ("cuda", 24, ALL, "sam2_1_large"),
        ("cuda", 24, ("mobile_sam", "sam_vit_h", "grabcut"), "sam_vit_h"),
        ("cuda", 24, ("mobile_sam", "sam_vit_b", "sam3", "grabcut"), "mobile_sam"),
        ("cuda", 24, ("grabcut",), "grabcut"),
        # Where an eraser would no longer fit beside it, the small one.
        ("cuda", 10, ALL, "mobile_sam"),
        ("cuda", 12, ("mobile_sam", "sam_vit_h", "grabcut"), "mobile_sam"),
        ("cuda", 12, ALL, "sam2_1_large"),
    ],
)
def test_the_default_fits_the_machine(
    device: str, gib: int, here: tuple[str, ...], expected: str
) -> None:
    order = registry.by_preference(list_segmenters(), device, gib * GIB, ready(*here))
    assert next(order).id == expected


def test_all_that_are_ready_follow_in_turn() -> None:
    """So that the next one can step in for one that does not load."""
    order = registry.by_preference(list_segmenters(), "cuda", 80 * GIB, ready(*ALL))
    names = [spec.id for spec in order]
    assert names[:3] == ["sam2_1_large", "sam_vit_h", "mobile_sam"]
    assert sorted(names) == sorted(ALL)


def test_this_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "best_device", lambda: "cuda")
    monkeypatch.setattr(registry, "_memory_of", lambda device: 80 * GIB)
    assert next(preferred_segmenters(ready(*ALL))).id == "sam2_1_large"
    monkeypatch.setattr(registry, "best_device", lambda: "cpu")
    assert next(preferred_segmenters(ready(*ALL))).id == "mobile_sam"


def test_without_any_weights_the_first_network_is_to_be_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "is_segmenter_ready", lambda spec: not spec.weights)
    assert default_segmenter().id == "mobile_sam"  # GrabCut is what the page bridges the time with
    monkeypatch.setattr(registry, "is_segmenter_ready", ready("sam_vit_l", "grabcut"))
    assert default_segmenter().id == "sam_vit_l"


def test_one_whose_local_file_is_gone_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(weight: WeightFile) -> None:
        raise WeightsUnavailable.retold("The local file does not exist.", "weights_local_missing")

    monkeypatch.setattr("methods.find_weights", gone, raising=False)
    assert [is_segmenter_ready(spec) for spec in list_segmenters()] == [False] * 9 + [True]


# --- the shared instances ----------------------------------------------------------------


def test_one_instance_for_all_threads(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, spec("slow"))
    begun = threading.Barrier(8)

    def ask(_: int) -> Segmenter:
        begun.wait(30)
        return get_segmenter("slow")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert loads == ["slow"]
    assert len({id(segmenter) for segmenter in found}) == 1


def test_those_that_nobody_asks_for_go_first(
    loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of 10 bytes where a quarter of the memory is 25."""
    known(monkeypatch, spec("a", size=10), spec("b", size=10), spec("c", size=10))
    monkeypatch.setattr(registry, "_memory_of", lambda device: 100)
    for name in ("a", "b", "a", "c", "a", "c"):
        assert get_segmenter(name).spec.id == name
    assert loads == ["a", "b", "c"]
    get_segmenter("b")
    assert loads == ["a", "b", "c", "b"]


def test_one_that_is_larger_than_the_budget_still_works(
    loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known(monkeypatch, spec("small", size=10), spec("huge", size=1000))
    monkeypatch.setattr(registry, "_memory_of", lambda device: 100)
    for name in ("small", "huge", "huge", "small"):
        get_segmenter(name)
    assert loads == ["small", "huge", "small"]


def test_a_failed_load_is_not_remembered(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, spec("shy"))
    kind: Any = registry.found()["shy"]
    load, answers = kind.load, [MemoryError(), None]

    def shy() -> Segmenter:
        if (error := answers.pop(0)) is not None:
            raise error
        return load()

    monkeypatch.setattr(kind, "load", shy)
    with pytest.raises(Unavailable):  # told in a sentence
        get_segmenter("shy")
    assert get_segmenter("shy").spec.id == "shy"


def test_one_that_needs_more_memory_than_is_free_is_refused(
    loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU, where the system would end the whole program."""
    known(monkeypatch, spec("vast", memory=2**60))
    with pytest.raises(Unavailable) as refused:
        get_segmenter("vast")
    assert refused.value.code == "not_enough_memory" and "vast" in str(refused.value)
    assert loads == []
    monkeypatch.setattr(registry, "best_device", lambda: "cuda")  # a GPU answers for itself
    monkeypatch.setattr(registry, "_memory_of", lambda device: 2**61)
    assert get_segmenter("vast").spec.id == "vast"


# --- weights that are not here -----------------------------------------------------------


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loads: list[str]) -> None:
    """An empty cache, and no file of the user's own."""
    monkeypatch.setattr("methods.find_weights", lambda weight: None, raising=False)


def test_weights_are_not_fetched_when_that_is_not_wanted(no_weights: None) -> None:
    with pytest.raises(WeightsUnavailable) as refused:
        get_segmenter("mobile_sam", fetch_missing=False)
    assert refused.value.code == "weights_missing" and "41 MB" in str(refused.value)
    assert get_segmenter("grabcut", fetch_missing=False).spec.id == "grabcut"


def test_gated_weights_say_where_to_ask_for_them(
    no_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "https://hub.example")
    with pytest.raises(WeightsUnavailable) as refused:
        get_segmenter("sam3", fetch_missing=False)
    assert refused.value.code == "weights_gated"
    assert "https://hub.example/facebook/sam3" in str(refused.value)
    assert "HF_TOKEN" in str(refused.value)
