"""Writes ONNX files, as far as the reader of their tensors looks, from PyTorch state dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def varint(value: int) -> bytes:
    """Seven bits a byte, the last one without the top bit."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(number: int, value: int | bytes | str) -> bytes:
    """A number, or anything else with its length before it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, values: Any, packed: bool = False) -> bytes:
    """A TensorProto; packed: its dimensions and numbers as packed lists."""
    array = np.asarray(values)
    kind = {"float32": 1, "int64": 7}[array.dtype.name]
    if packed:
        shape = field(1, b"".join(map(varint, array.shape)))
        return shape + field(2, kind) + field(4, array.tobytes()) + field(8, name)
    shape = b"".join(field(1, side) for side in array.shape)
    return shape + field(2, kind) + field(8, name) + field(9, array.tobytes())


def node(name: str, inputs: Sequence[str], output: str) -> bytes:
    """A NodeProto."""
    content = b"".join(field(1, one) for one in inputs)
    return content + field(2, output) + field(3, name) + field(4, "Add")


def onnx_file(file: Path, tensors: Sequence[bytes], nodes: Sequence[bytes] = ()) -> Path:
    """A ModelProto with what stands around the graph in real files."""
    graph = b"".join([field(1, one) for one in nodes] + [field(5, one) for one in tensors])
    file.write_bytes(field(1, 8) + field(2, "pytorch") + field(7, graph) + field(8, field(2, 17)))
    return file


def migan_file(file: Path, state: Mapping[str, Any]) -> Path:
    """A generator as the authors' exporter writes it: names behind "model.", the noise times its
    strength under a number, and of equal fixed filters only one."""
    tensors = [tensor("other", np.arange(3))]
    nodes: list[bytes] = []
    fixed: set[tuple[int, ...]] = set()
    for name, values in state.items():
        if name.endswith("noise_strength"):
            continue
        if name.endswith("noise_const"):
            layer = name.removesuffix(".noise_const")
            known_as = f"onnx::Add_{len(nodes)}"
            nodes.append(node(f"/model/{layer.replace('.', '/')}/Add", ["x", known_as], "y"))
            noise = values * state[f"{layer}.noise_strength"]
            tensors.append(tensor(known_as, np.asarray(noise, np.float32)))
            continue
        if "filter" in name:
            if tuple(values.shape) in fixed:
                continue
            fixed.add(tuple(values.shape))
        tensors.append(tensor(f"model.{name}", np.asarray(values, np.float32)))
    return onnx_file(file, tensors, nodes)
