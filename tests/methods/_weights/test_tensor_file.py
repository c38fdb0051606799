"""Reading weights: every layout gives the same tensors, and none of them runs code."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny_lama
from methods import Unavailable
from methods._weights.tensor_file import read_tensors
from methods.lama.network import generator_name

LAYOUTS: list[Callable[[Any, Path], Path]] = [
    tiny_lama.save_checkpoint,
    tiny_lama.save_zip,
    tiny_lama.save_old,
    tiny_lama.save_safetensors,
    tiny_lama.save_torchscript,
]


class Intruder:
    """A pickle of it makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def archive_of(content: bytes, file: Path, **more: bytes) -> Path:
    """A zip laid out as torch.save lays it out, around any pickle."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        for name, data in more.items():
            archive.writestr(f"archive/data/{name}", data)
    return file


def pickle_of_tensor(size: tuple[int, ...], stride: tuple[int, ...], dtype: Any) -> bytes:
    """As torch.save writes a view of its storage "0"."""

    class Writer(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            return ("storage", dtype, "0", "cpu", 1) if value == "the storage" else None

    class View:
        def __reduce__(self) -> tuple[Any, ...]:
            from torch._utils import _rebuild_tensor_v2

            return _rebuild_tensor_v2, ("the storage", 0, size, stride, False, {})

    stream = io.BytesIO()
    Writer(stream, protocol=2).dump({"x": View()})
    return stream.getvalue()


@pytest.mark.parametrize("save", LAYOUTS, ids=lambda save: save.__name__.removeprefix("save_"))
def test_every_layout_gives_the_same_tensors(
    save: Callable[[Any, Path], Path], tmp_path: Path
) -> None:
    network = tiny_lama.tiny_lama(3)
    found = read_tensors(save(network, tmp_path / "any.bin"), generator_name)
    wanted = network.state_dict()
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype and torch.equal(found[name], value), name


def test_names_are_joined_by_dots(tmp_path: Path) -> None:
    file = tmp_path / "x.ckpt"
    torch.save({"a": {"b": torch.arange(3), 7: torch.ones(1)}, "c": [torch.ones(2)]}, file)
    assert {name: t.tolist() for name, t in read_tensors(file).items()} == {
        "a.b": [0, 1, 2],
        "a.7": [1.0],
    }


def test_views_and_precisions_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.pt"
    whole = torch.arange(12, dtype=torch.bfloat16).reshape(3, 4)
    kept = {"view": whole.t()[1:], "half": whole.half(), "none": torch.empty(0, 3)}
    torch.save({**kept, "parameter": torch.nn.Parameter(torch.ones(2))}, file)
    found = read_tensors(file)
    for name, value in kept.items():
        assert found[name].dtype == value.dtype and torch.equal(found[name], value)
    assert found["parameter"].tolist() == [1, 1]


@pytest.mark.parametrize("old", [False, True])
def test_code_in_a_file_is_not_run(old: bool, tmp_path: Path) -> None:
    file, folder = tmp_path / "x.pt", tmp_path / "made by the file"
    content = {"model.1.w": torch.ones(2), "evil": Intruder(folder)}
    torch.save(content, file, _use_new_zipfile_serialization=not old)
    if old:
        with pytest.raises(Unavailable):
            read_tensors(file)
    else:
        assert list(read_tensors(file)) == ["model.1.w"]
    assert not folder.exists()
    # The same file does run code where it is trusted: the test can fail.
    torch.load(file, weights_only=False)
    assert folder.exists()


def test_a_pickle_cannot_change_the_reader(tmp_path: Path) -> None:
    """BUILD sets attributes on whatever stands before it, here on the function for tensors,
    whose defaults it replaces."""
    poison = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}X\x0c\x00\x00\x00__defaults__X\x01"
    poison += b"\x00\x00\x00x\x85s\x86b."
    assert read_tensors(archive_of(poison, tmp_path / "poison.pt")) == {}
    content = pickle_of_tensor((1,), (1,), torch.FloatStorage)
    good = archive_of(content, tmp_path / "good.pt", **{"0": b"\0\0\x80?"})
    assert read_tensors(good)["x"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("size", "stride"), [((2,), (1,)), ((1, 5), (9, 1)), ((1,), (-1,)), ((10**12,), (0,))]
)
def test_a_view_that_leaves_its_storage_is_refused(
    size: tuple[int, ...], stride: tuple[int, ...], tmp_path: Path
) -> None:
    content = pickle_of_tensor(size, stride, torch.FloatStorage)
    file = archive_of(content, tmp_path / "x.pt", **{"0": b"\0" * 4})
    with pytest.raises(Unavailable):
        read_tensors(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 cut off",
        b"\x80\x02}q\x00.",
        b"\x93NUMPY",
        os.urandom(1000),
        b"{" * 64,
        (10**9).to_bytes(8, "little") + b'{"a":1}',
    ],
)
def test_a_damaged_file_is_named(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "broken.pt"
    file.write_bytes(content)
    try:
        assert read_tensors(file) == {}
    except Unavailable as error:
        assert error.code == "weights_unreadable" and "broken.pt" in str(error)
        assert str(tmp_path) not in str(error)


def test_a_cut_off_checkpoint_is_named(tmp_path: Path) -> None:
    whole = tiny_lama.save(tmp_path).read_bytes()
    for length in (len(whole) // 2, len(whole) - 30):
        file = tmp_path / "cut.pt"
        file.write_bytes(whole[:length])
        with pytest.raises(Unavailable) as caught:
            read_tensors(file)
        assert caught.value.code == "weights_unreadable"


def test_a_zip_of_something_else_is_named(tmp_path: Path) -> None:
    for members in ([], ["a.txt"], ["a.ckpt", "b.ckpt"]):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for name in members:
                archive.writestr(name, "no")
        with pytest.raises(Unavailable):
            read_tensors(tmp_path / "x.zip")
