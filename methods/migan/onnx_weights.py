"""The tensors of an ONNX file, read without the library of that name.

An ONNX file is one message of Protocol Buffers. Of its grammar only what leads to the tensors is
read: ModelProto.graph = 7; GraphProto.node = 1, .initializer = 5; NodeProto.input = 1, .name = 3;
TensorProto.dims = 1, .data_type = 2, .float_data = 4, .name = 8, .raw_data = 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_FLOAT = 1  # TensorProto.DataType
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # wire types

_Value: TypeAlias = int | memoryview


@dataclass(slots=True)
class OnnxGraph:
    """tensors: the float32 constants by name. inputs: of each node by the node's name."""

    tensors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_onnx(path: Path) -> OnnxGraph:
    """The graph in an ONNX file. Raises ValueError where the file is not one."""
    graph = OnnxGraph()
    try:
        for number, model in _fields(memoryview(path.read_bytes())):
            if number == 7:
                _read_graph(_part(model), graph)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not an ONNX file") from error
    return graph


def _read_graph(message: memoryview, graph: OnnxGraph) -> None:
    for number, value in _fields(message):
        if number == 5:
            name, tensor = _tensor(_part(value))
            if tensor is not None:
                graph.tensors[name] = tensor
        elif number == 1:
            node = list(_fields(_part(value)))
            name = next((_text(part) for kind, part in node if kind == 3), "")
            graph.inputs[name] = tuple(_text(part) for kind, part in node if kind == 1)


def _tensor(message: memoryview) -> tuple[str, NDArray[np.float32] | None]:
    """Name and values; None for other types than float32."""
    shape: list[int] = []
    name, kind, raw = "", 0, bytearray()
    for number, value in _fields(message):
        if number == 1:
            shape += [value] if isinstance(value, int) else _varints(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number in (4, 9):
            raw += _part(value)  # one packed list, or numbers one by one
        elif number == 8:
            name = _text(value)
    if kind != _FLOAT:
        return name, None
    return name, np.frombuffer(raw, "<f4").reshape(shape)


# --- the wire format -----------------------------------------------------------------------


def _fields(message: memoryview) -> Iterator[tuple[int, _Value]]:
    """Field number and value of each field: a number, or the bytes of anything else."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _LENGTH:
            size, at = _varint(message, at)
        elif wire in (_FOUR_BYTES, _EIGHT_BYTES):
            size = 4 if wire == _FOUR_BYTES else 8
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(message):
            raise ValueError("cut off")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where the next thing begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number without an end")


def _varints(packed: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(packed):
        value, at = _varint(packed, at)
        values.append(value)
    return values


def _part(value: _Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message was expected")
    return value


def _text(value: _Value) -> str:
    return bytes(_part(value)).decode("utf-8")
