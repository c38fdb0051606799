"""Finding erasers: sound files are listed, unsound ones never take the others down."""

from __future__ import annotations

import logging
from pathlib import Path
from textwrap import dedent

import pytest

from methods import BadInput, Unavailable, get_eraser, list_erasers
from methods._engine import registry

FOLDER = Path(__file__).resolve().parents[3] / "methods"

SOUND = """
    from methods._base import Canvas, Eraser, EraserSpec, Paper, Settings, Text, WeightFile, setting

    class {class_name}(Eraser):
        spec = EraserSpec(
            id="{id}", name="N", summary=Text("eraser.telea.summary"), license="MIT",
            paper=Paper("t", "https://example.org", 2020), weights=({weights}),
        )
        Settings = Settings
        def load(self, device, dtype): pass
        def unload(self): pass
        def erase(self, image, mask, settings, seed, progress): return image
"""
WEIGHT = 'WeightFile(name="w.bin", sources=(), size={size}, sha256="0" * 64, license="MIT"),'


def sound(eraser_id: str, class_name: str = "One", weights: str = "") -> str:
    return dedent(SOUND).format(id=eraser_id, class_name=class_name, weights=weights)


@pytest.fixture
def package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """An empty package of a name that no other test has used."""
    folder = tmp_path / f"erasers_{abs(hash(request.node.name))}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def search(package: Path, files: dict[str, str]) -> registry.Found:
    for name, text in files.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return registry.search(sorted(files), package.name)


def test_every_file_without_underscore_is_an_eraser() -> None:
    files = {path.stem for path in FOLDER.glob("[!_]*.py")}
    packages = {path.parent.name for path in FOLDER.glob("[!_]*/__init__.py")}
    assert {spec.id for spec in list_erasers()} == files | packages
    assert registry.broken_erasers() == ()


def test_the_list_is_in_rank_order() -> None:
    ranks = [spec.rank for spec in list_erasers()]
    assert ranks == sorted(ranks)
    assert [spec.id for spec in list_erasers() if spec.default]


def test_a_class_is_found_by_id() -> None:
    for spec in list_erasers():
        assert get_eraser(spec.id).spec is spec


@pytest.mark.parametrize("eraser_id", ["nobody", "", "_base", "../migan", "x" * 5000])
def test_an_unknown_id_names_the_known_ones(eraser_id: str) -> None:
    with pytest.raises(BadInput) as caught:
        get_eraser(eraser_id)
    assert caught.value.code == "unknown_eraser"
    assert "migan" in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_library", "no_such_library"),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('at import')", "at import"),
        ("nothing = 1", "found none"),
        (sound("bad") + sound("bad", "Two"), "found One, Two"),
        (sound("another_id"), "differs from the file's name"),
        (sound("bad").replace("spec = EraserSpec", "other = EraserSpec"), "not an EraserSpec"),
        (sound("bad").replace("Settings = Settings", "Settings = int"), "subclass of Settings"),
        (
            sound("bad").replace(
                "Settings = Settings",
                "class Settings(Settings):\n        n: int = setting(9, 'e', le=3)",
            ),
            "ValidationError",
        ),
    ],
)
def test_an_unsound_file_is_set_apart(
    package: Path, text: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        found = search(package, {"a_good": sound("a_good"), "bad": text, "good": sound("good")})
    assert set(found.erasers) == {"a_good", "good"}
    assert set(found.broken) == {"bad"}
    assert reason in found.broken["bad"].reason
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_one_name_of_a_weight_file_means_one_file(package: Path) -> None:
    found = search(
        package,
        {
            "a": sound("a", weights=WEIGHT.format(size=1)),
            "b": sound("b", weights=WEIGHT.format(size=2)),
            "c": sound("c", weights=WEIGHT.format(size=1)),
        },
    )
    assert set(found.erasers) == {"a", "c"}
    assert "pinned differently" in found.broken["b"].reason


def test_a_package_hands_its_eraser_out(package: Path) -> None:
    (package / "large").mkdir()
    (package / "large" / "eraser.py").write_text(sound("large"), encoding="utf-8")
    (package / "large" / "__init__.py").write_text(f"from {package.name}.large.eraser import One\n")
    (package / "empty").mkdir()
    (package / "empty" / "__init__.py").touch()
    found = registry.search(["empty", "large"], package.name)
    assert found.erasers["large"].__module__ == f"{package.name}.large.eraser"
    assert "found none" in found.broken["empty"].reason


def test_an_eraser_is_handed_its_companions(package: Path) -> None:
    named = sound("a").replace('name="N"', 'name="N", companions=("c", "gone", "b")')
    found = search(package, {"a": named, "b": sound("b"), "c": sound("c")})
    assert list(found.erasers["a"].companions) == ["c", "b"]
    assert found.erasers["a"].companions["b"] is found.erasers["b"]
    assert found.erasers["b"].companions == {}


def test_a_class_that_is_only_imported_does_not_count(package: Path) -> None:
    borrowed = f"from {package.name}.a import One as Other\n" + sound("b")
    found = search(package, {"a": sound("a"), "b": borrowed})
    assert {name: eraser.spec.id for name, eraser in found.erasers.items()} == {"a": "a", "b": "b"}


def test_settings_of_another_default_are_checked(package: Path) -> None:
    extra = "class Settings(Settings):\n        n: int = setting(2, 'e', le=3)"
    text = sound("good").replace("Settings = Settings", extra)
    assert set(search(package, {"good": text}).erasers) == {"good"}


def test_asking_for_a_broken_eraser_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = registry.BrokenEraser("sick", "ImportError: /secret/path")
    monkeypatch.setitem(registry.found().broken, "sick", broken)
    with pytest.raises(Unavailable) as caught:
        get_eraser("sick")
    assert caught.value.code == "eraser_broken"
    assert "/secret" not in str(caught.value)
    assert registry.broken_erasers() == (broken,)
    assert get_eraser("telea").spec.id == "telea"


def test_settings_are_made_from_values() -> None:
    telea = get_eraser("telea")
    made = registry.settings_of(telea, {"radius": "7", "whole_picture": "true"})
    assert made.model_dump() == {"radius": 7, "whole_picture": True, "seamless": True}
    assert registry.settings_of(telea, made) is made
    assert registry.settings_of(telea, {}).model_dump()["radius"] == 5


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"radios": 3}, "unknown_setting"),
        ({"radius": 0}, "bad_setting"),
        ({"radius": 10**9}, "bad_setting"),
        ({"radius": "wide"}, "bad_setting"),
        ({"radius": None}, "bad_setting"),
        ({"whole_picture": [1]}, "bad_setting"),
        ({"x" * 5000: 1}, "unknown_setting"),
    ],
)
def test_a_bad_setting_is_named(values: dict[str, object], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        registry.settings_of(get_eraser("telea"), values)
    assert caught.value.code == code
    assert str(caught.value.details["setting"]) in str(caught.value)
    assert len(str(caught.value)) < 400


def test_settings_of_another_eraser_are_refused() -> None:
    of_patchmatch = get_eraser("patchmatch").Settings()
    with pytest.raises(BadInput):
        registry.settings_of(get_eraser("telea"), of_patchmatch)
