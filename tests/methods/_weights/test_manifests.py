"""Weights as data: what stands in the manifests, how it is read, how it is written down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from methods import WeightFile, languages, list_erasers
from methods._base import HubFile, NpmMember, PipMember, Text, UrlFile
from methods._metrics.lpips import LPIPS_WEIGHTS
from methods._weights.cache import target_of
from methods._weights.pins import manifest
from methods._weights.pins import schema as manifest_schema
from methods._weights.pins.manifest import Manifests
from methods._weights.repository import NOT_SEEN
from segmentation import list_detectors, list_segmenters
from segmentation._weights import MANIFESTS as SEGMENTATION

ALL = [(folder, name) for folder in (manifest.MANIFESTS, SEGMENTATION) for name in folder.names()]
BY_NAME = [pytest.param(*each, id=each[1]) for each in ALL]

REPOSITORY: dict[str, Any] = {
    "name": "net",
    "repo": "org/net",
    "revision": "a" * 40,
    "license": "MIT",
    "seen": "its authors' README",
    "files": [{"path": "unet/config.json", "size": 7, "sha256": "0" * 64}],
}
FILE: dict[str, Any] = {
    "name": "net.bin",
    "sources": [{"url": "https://host.example/net.bin"}],
    "size": 7,
    "sha256": "0" * 64,
    "license": "MIT",
    "seen": "its authors' README",
}


def stored(folder: Path, content: dict[str, Any], name: str = "net") -> Manifests:
    found = Manifests(folder)
    found.file(name).write_text(json.dumps(content), "utf-8")
    return found


# --- those of the program ------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "name"), BY_NAME)
def test_a_manifest_is_sound_and_written_as_the_program_writes_it(
    folder: Manifests, name: str
) -> None:
    file = folder.file(name)
    assert manifest_schema.as_text(manifest_schema.read(file)) == file.read_text("utf-8")


@pytest.mark.parametrize(("folder", "name"), BY_NAME)
def test_every_file_is_pinned_or_says_why_not(folder: Manifests, name: str) -> None:
    for weight in folder.weights(name):
        assert (weight.sha256 is None) == bool(weight.unpinned_because)
        assert weight.sources or weight.by_hand
        assert target_of(weight).name == weight.name.rpartition("/")[2]


def test_no_two_files_have_one_name() -> None:
    names = [weight.name for folder, name in ALL for weight in folder.weights(name)]
    assert len(names) == len(set(names)) > 200
    assert len(ALL) == len({name for _, name in ALL})


NOT_SEEN_NAMES = {
    "powerpaint-v1-merged/unet/diffusion_pytorch_model.fp16.safetensors",
    "powerpaint-v1-merged/vae/diffusion_pytorch_model.fp16.safetensors",
    "powerpaint-v1-merged/text_encoder/model.fp16.safetensors",
}
"""Names that nobody has been seen to use. Each says so in its manifest and in docs/weights.md."""


@pytest.mark.parametrize(("folder", "name"), BY_NAME)
def test_a_network_s_name_has_been_seen_with_others_or_is_known_as_a_guess(
    folder: Manifests, name: str
) -> None:
    read = manifest_schema.read(folder.file(name))
    if not isinstance(read, manifest_schema.RepositoryManifest):
        assert read.seen
        return
    names = {f"{read.name}/{file.path}": file for file in read.files}
    guessed = {full for full, file in names.items() if file.not_seen}
    assert guessed == {full for full in NOT_SEEN_NAMES if full in names}
    assert read.seen or (read.by_hand and read.repo is None)


def test_powerpaint_2_asks_for_the_files_that_its_commit_has() -> None:
    """It has no safetensors of its base model, which diffusers' users would expect."""
    base = "powerpaint-v2/realisticVisionV60B1_v51VAE"
    sizes = {weight.name: weight.size for weight in manifest.MANIFESTS.weights("powerpaint-v2")}
    assert {name: size for name, size in sizes.items() if size > 2_000_000} == {
        f"{base}/unet/diffusion_pytorch_model.bin": 3438354725,
        f"{base}/vae/diffusion_pytorch_model.bin": 334707473,
        f"{base}/text_encoder/pytorch_model.bin": 492304313,
        "powerpaint-v2/PowerPaint_Brushnet/diffusion_pytorch_model.safetensors": 3544366408,
        "powerpaint-v2/PowerPaint_Brushnet/pytorch_model.bin": 492401329,
    }
    assert all(weight.sha256 for weight in manifest.MANIFESTS.weights("powerpaint-v2"))


def test_whatever_is_fetched_stands_in_a_manifest_and_all_of_them_are_used() -> None:
    used: set[WeightFile] = {LPIPS_WEIGHTS}
    for spec in list_erasers():
        used |= {*spec.weights, *spec.more_weights}
    for segmenter in list_segmenters():
        used |= set(segmenter.weights)
    for detector in list_detectors():
        used |= set(detector.weights)
    written = {name: set(folder.weights(name)) for folder, name in ALL}
    assert used <= set().union(*written.values())
    assert [name for name, weights in written.items() if not weights & used] == []


def test_python_holds_no_hashes_of_weights() -> None:
    root = Path(__file__).parents[3]
    hashes = {w.sha256 for folder, name in ALL for w in folder.weights(name) if w.sha256}
    for house in ("methods", "segmentation", "ui"):
        for file in (root / house).rglob("*.py"):
            assert not [each for each in hashes if each in file.read_text("utf-8")], file


# --- reading -------------------------------------------------------------------------------


def test_a_repository_as_it_stands_there(tmp_path: Path) -> None:
    more = {
        "mirrors": [{"repo": "org/copy", "revision": "b" * 40}],
        "gated": True,
        "unpinned_because": "nobody asked",
        "files": [
            *REPOSITORY["files"],
            {"path": "net.bin", "size": 9, "elsewhere": ["old/net.bin"]},
            {"path": "more.bin", "size": 8, "urls": ["https://host.example/more.bin"]},
        ],
    }
    found = stored(tmp_path, REPOSITORY | more).repository("net")
    pinned, moved, linked = found.weights()
    assert found.gated and found.mirrors == (("org/copy", "b" * 40),)
    assert pinned == WeightFile(
        name="net/unet/config.json",
        sources=(
            HubFile("org/net", "unet/config.json", "a" * 40),
            HubFile("org/copy", "unet/config.json", "b" * 40),
        ),
        size=7,
        sha256="0" * 64,
        license="MIT",
        gated=True,
    )
    assert moved.unpinned_because == "nobody asked" and moved.sha256 is None
    assert [s.path for s in moved.sources if isinstance(s, HubFile)] == ["net.bin", "old/net.bin"]
    assert linked.sources == (UrlFile("https://host.example/more.bin"),)


def test_what_a_repository_leaves_out_is_as_by_default(tmp_path: Path) -> None:
    found = stored(tmp_path, REPOSITORY).repository("net")
    assert (found.mirrors, found.gated, found.by_hand) == ((), False, None)
    assert found.unpinned_because == NOT_SEEN


def test_a_single_file_keeps_its_sources_in_their_order(tmp_path: Path) -> None:
    sources = [
        {"package": "net@1", "member": "package/net.bin"},
        {"url": "https://host.example/net.bin"},
        {"requirement": "net==1", "member": "net-1/net.bin"},
        {"repo": "org/net", "path": "net.bin", "revision": "a" * 40},
    ]
    found = stored(tmp_path, FILE | {"sources": sources}).weight_file("net")
    assert found.sources == (
        NpmMember("net@1", "package/net.bin"),
        UrlFile("https://host.example/net.bin"),
        PipMember("net==1", "net-1/net.bin"),
        HubFile("org/net", "net.bin", "a" * 40),
    )
    assert (found.size, found.sha256, found.unpinned_because) == (7, "0" * 64, "")


def test_words_for_whoever_brings_the_files_are_in_both_languages(tmp_path: Path) -> None:
    by_hand = "weights.smarteraser.by_hand"
    content = {key: REPOSITORY[key] for key in ("name", "license", "files")}
    found = stored(tmp_path, content | {"by_hand": by_hand}).repository("net")
    assert found.by_hand == Text(by_hand) and found.weights()[0].sources == ()
    for language in languages():
        said = found.how_to_get.said(language)
        assert said.startswith(Text(by_hand).said(language)) and "ERASER_LAB_WEIGHT_NET" in said


# --- what may stand there ------------------------------------------------------------------


def changed(**changes: Any) -> dict[str, Any]:
    return REPOSITORY | changes


def with_file(**changes: Any) -> dict[str, Any]:
    return changed(files=[REPOSITORY["files"][0] | changes])


UNSOUND: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": (changed(licence="MIT"), "licence"),
    "no licence": (changed(license=""), "license"),
    "a hash at a branch": (changed(revision="main"), "may not be main"),
    "another branch": (changed(revision="dev"), "revision"),
    "no hash and no reason": (with_file(sha256=None), "no reason why"),
    "a reason for nothing": (changed(unpinned_because="nobody asked"), "all have one"),
    "a short hash": (with_file(sha256="0" * 63), "sha256"),
    "a path out of the folder": (with_file(path="../net.bin"), "path"),
    "an absolute path": (with_file(path="/net.bin"), "path"),
    "an empty file": (with_file(size=0), "size"),
    "a path twice": (changed(files=REPOSITORY["files"] * 2), "twice"),
    "no home": (changed(repo=None, revision=None), "neither on a hub"),
    "half a home": (changed(revision=None), "go together"),
    "another file's name": (changed(name="other"), "the manifest of other"),
    "a single file at a branch": (
        FILE | {"sources": [{"repo": "org/net", "path": "net.bin", "revision": "main"}]},
        "may not be main",
    ),
    "a single file without a source": (FILE | {"sources": []}, "neither a source"),
    "a repository that nobody has seen": (changed(seen=None), "nobody was seen"),
    "a single file that nobody has seen": (FILE | {"seen": None}, "nobody was seen"),
    "a hash of a file that nobody has seen": (
        changed(
            files=[*REPOSITORY["files"], {**REPOSITORY["files"][0], "path": "b", "not_seen": "b"}]
        ),
        "has been seen",
    ),
    "a source of no kind": (FILE | {"sources": [{"member": "net.bin"}]}, "sources"),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_an_unsound_manifest_is_refused(tmp_path: Path, what: str) -> None:
    content, word = UNSOUND[what]
    file = stored(tmp_path, content).file("net")
    with pytest.raises((ValidationError, ValueError), match=word):
        manifest_schema.read(file)


# --- writing -------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [REPOSITORY, FILE])
def test_what_is_written_is_what_was_read(tmp_path: Path, content: dict[str, Any]) -> None:
    file = stored(tmp_path, content).file("net")
    manifest_schema.write(manifest_schema.read(file), file)
    assert json.loads(file.read_text("utf-8")) == content
    assert [path.name for path in tmp_path.iterdir()] == ["net.json"]


def test_a_changed_file_is_a_changed_line(tmp_path: Path) -> None:
    files = [{"path": f"{n}.bin", "size": 7, "sha256": "0" * 64} for n in range(3)]
    found = manifest_schema.read(stored(tmp_path, changed(files=files)).file("net"))
    assert isinstance(found, manifest_schema.RepositoryManifest)
    before = manifest_schema.as_text(found).splitlines()
    found.files[1].size = 8
    after = manifest_schema.as_text(found).splitlines()
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
