"""Weights that are not MobileSAM's."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from methods import WeightsUnavailable
from segmentation.mobile_sam import MobileSam, read_state
from tiers import EXAMPLES


class _Surprise:
    """What a hostile file would run when it is read."""

    ran: ClassVar[list[int]] = []

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return (_Surprise.ran.append, (1,))


@pytest.mark.parametrize("kind", ["text", "empty", "other tensors", "a list", "hostile"])
def test_a_file_that_is_not_mobile_sam(tmp_path: Path, kind: str) -> None:
    import torch

    path = tmp_path / "mobile_sam.pt"
    if kind == "hostile":
        path.write_bytes(pickle.dumps(_Surprise(), protocol=2))
    elif kind in ("text", "empty"):
        path.write_bytes(b"<html>not found</html>" if kind == "text" else b"")
    else:
        torch.save({"a": torch.zeros(3)} if kind == "other tensors" else [1, 2], path)
    with pytest.raises(WeightsUnavailable) as refused:
        MobileSam.from_file(path)
    assert refused.value.code == "weights_unreadable"
    assert str(tmp_path) not in str(refused.value)
    assert not _Surprise.ran


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_refused_or_read(tmp_path: Path, data: st.DataObject) -> None:
    import torch

    path = tmp_path / "damaged.pt"
    legacy = data.draw(st.booleans())
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=not legacy)
    damaged = bytearray(path.read_bytes())
    places = st.tuples(st.floats(0, 1), st.integers(0, 255))  # parts: torch's sizes vary by bytes
    for place, value in data.draw(st.lists(places, max_size=6)):
        damaged[int(place * (len(damaged) - 1))] = value
    path.write_bytes(damaged[: int(data.draw(st.floats(0, 1)) * len(damaged))])
    try:
        state = read_state(path)
    except WeightsUnavailable:
        return
    assert all(isinstance(name, str) and torch.is_tensor(state[name]) for name in state)
