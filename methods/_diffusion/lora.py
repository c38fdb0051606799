"""Low-rank additions (LoRA) beside a shared network for the length of a block.

The network serves several methods, each with additions of its own or with none. So they are
not worked into its weights (`_diffusion.merging` does that, for networks with one purpose):
peft puts them beside the layers, and when the block ends, also by an error or a Stop, the very
same layers stand where they stood, with nothing about them changed.

    with adapted(loaded["transformer"], loaded["additions"]), self.placed(…):
        …

Additions first, then the placement: what is attached moves along with the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from methods._diffusion.readers import check_complete, files_of, is_network
from methods._weights.state_dict import read_tensors

if TYPE_CHECKING:
    import torch
    from diffusers import ModelMixin
    from diffusers.loaders.lora_base import LoraBaseMixin

_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
_PREFIX = "transformer"  # peft's reader wants one and takes it off again


_Weighted: TypeAlias = "Sequence[tuple[Mapping[str, torch.Tensor], float]]"


@dataclass(frozen=True, slots=True, eq=False)
class Additions:
    """What a LoRA file adds to the layers of a network.

    name: of the file, for errors. tensors: `<layer>.lora_A.weight` (rank, in) and
    `<layer>.lora_B.weight` (out, rank) of each layer, to be added as B @ A, in main memory.
    """

    name: str
    tensors: Mapping[str, torch.Tensor]
    _there: dict[torch.device, Mapping[str, torch.Tensor]] = field(default_factory=dict)
    _joined: list[tuple[_Weighted, Additions]] = field(default_factory=list)

    def on(self, device: torch.device) -> Mapping[str, torch.Tensor]:
        """The tensors on a device. On a GPU they stay from then on, so that the next run does not
        move them again, until they are asked for elsewhere or dropped."""
        if device not in self._there:
            self._there.clear()
            if device.type == "cpu":
                return self.tensors
            self._there[device] = {key: tensor.to(device) for key, tensor in self.tensors.items()}
        return self._there[device]

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers."""
        return tuple(key.removesuffix(_UP) for key in self.tensors if key.endswith(_UP))


def read_additions(path: Path, dtype: torch.dtype, pipeline: type[LoraBaseMixin]) -> Additions:
    """The LoRA in a folder with one file of weights, whichever trainer wrote it.

    pipeline: the class of diffusers whose `lora_state_dict` knows how trainers name the layers
    of this network. Raises Unavailable ("weights_unreadable").
    """
    (file,) = (file for file in files_of(path, dtype) if is_network(file))
    found = pipeline.lora_state_dict(read_tensors(file), return_alphas=True)
    # Some of the classes work the alphas in themselves and return the tensors alone.
    tensors, alphas = found if isinstance(found, tuple) else (found, None)
    return additions_of(file.name, tensors, alphas or {}, dtype)


def additions_of(
    name: str,
    tensors: Mapping[str, torch.Tensor],
    alphas: Mapping[str, torch.Tensor | float],
    dtype: torch.dtype,
) -> Additions:
    """From tensors in diffusers' names (`transformer.<layer>.lora_A.weight` …).

    alphas: `transformer.<layer>.alpha`; where there is one, B is scaled by alpha / rank.
    Raises Unavailable for anything that is no complete pair of matrices.
    """
    plain = {key.removeprefix(f"{_PREFIX}."): tensor for key, tensor in tensors.items()}
    layers = {key.removesuffix(_UP) for key in plain if key.endswith(_UP)}
    wanted = {f"{layer}{end}" for layer in layers for end in (_DOWN, _UP)}
    check_complete(name, wanted ^ plain.keys() or ([] if layers else [_UP]))
    for key, alpha in alphas.items():
        layer = key.removeprefix(f"{_PREFIX}.").removesuffix(".alpha")
        check_complete(name, {layer} - layers)
        scale = float(alpha) / plain[layer + _DOWN].shape[0]
        if scale != 1:
            plain[layer + _UP] = plain[layer + _UP].float() * scale
    return Additions(name, {key: tensor.to(dtype) for key, tensor in plain.items()})


def joined(weighted: Sequence[tuple[Additions, float]]) -> Additions:
    """Several at once, each times its weight: where they meet in a layer, one wider pair of
    matrices adds what all of them add.

    The first of them remembers what was joined last: it is the same from run to run.
    """
    if len(weighted) == 1 and weighted[0][1] == 1:
        return weighted[0][0]
    memory = weighted[0][0]._joined
    if memory and _same(memory[0][0], weighted):
        return memory[0][1]
    made = _join(weighted)
    # Not with itself: what holds itself is dropped only by a collection of garbage.
    memory[:] = [([(some.tensors, by) for some, by in weighted], made)]
    return made


def _same(known: _Weighted, asked: Sequence[tuple[Additions, float]]) -> bool:
    """Whether they are the very same tensors with the same weights."""
    if len(known) != len(asked):
        return False
    pairs = zip(known, asked, strict=True)
    return all(one[0] is other[0].tensors and one[1] == other[1] for one, other in pairs)


def _join(weighted: Sequence[tuple[Additions, float]]) -> Additions:
    import torch

    tensors: dict[str, torch.Tensor] = {}
    for layer in dict.fromkeys(layer for some, _ in weighted for layer in some.layers):
        own = [(some.tensors, by) for some, by in weighted if layer + _DOWN in some.tensors]
        tensors[layer + _DOWN] = torch.cat([found[layer + _DOWN] for found, _ in own])
        tensors[layer + _UP] = torch.cat([found[layer + _UP] * by for found, by in own], dim=1)
    return Additions(" + ".join(some.name for some, _ in weighted), tensors)


@contextmanager
def adapted(network: ModelMixin, additions: Additions) -> Iterator[None]:
    """The network with the additions beside its layers, for the block.

    A layer that is narrower than its addition (the input of FLUX under control) is replaced
    meanwhile by one with zeros for the further inputs; its own numbers are not touched. The
    network's configuration stays as it is. Raises Unavailable, before anything is changed,
    where the additions are for another network; ValueError where some are attached already.
    """
    if getattr(network, "peft_config", None):
        raise ValueError("additions are attached to this network already")
    before = dict(_layers(network, additions))
    check_complete(additions.name, [name for name in additions.layers if name not in before])
    own = dict(vars(network))
    try:
        for name, layer in before.items():
            width = additions.tensors[name + _DOWN].shape[1]
            if width > layer.in_features:
                network.set_submodule(name, widened(layer, width))
        _attach(network, additions)
        yield
    finally:
        for name, layer in before.items():
            network.set_submodule(name, layer)
        vars(network).clear()  # peft leaves a configuration and a mark behind
        vars(network).update(own)


def without_additions(layer: torch.nn.Module) -> torch.nn.Module:
    """The layer as it is without what `adapted` put beside it."""
    return getattr(layer, "base_layer", layer)


def widened(layer: torch.nn.Linear, width: int) -> torch.nn.Linear:
    """A linear layer that takes `width` inputs and ignores those that `layer` does not have."""
    import torch

    place = {"device": layer.weight.device, "dtype": layer.weight.dtype}
    with torch.no_grad():
        wide = torch.nn.Linear(width, layer.out_features, layer.bias is not None, device="meta")
        weight = torch.zeros(layer.out_features, width, **place)
        weight[:, : layer.in_features] = layer.weight
    wide.weight = torch.nn.Parameter(weight, requires_grad=False)
    wide.bias = layer.bias
    return wide.eval()


def _layers(network: ModelMixin, additions: Additions) -> Iterator[tuple[str, torch.nn.Linear]]:
    """Those of the network that the additions are for, as far as they fit."""
    for name in additions.layers:
        layer = _layer(network, name)
        if layer is not None and _fits(layer, additions, name):
            yield name, layer


def _layer(network: ModelMixin, name: str) -> torch.nn.Module | None:
    try:
        return network.get_submodule(name)
    except AttributeError:
        return None


def _fits(layer: torch.nn.Module, additions: Additions, name: str) -> bool:
    """Whether the two matrices belong to a layer of this shape, or of a narrower one."""
    if not hasattr(layer, "in_features"):
        return False
    down, up = additions.tensors[name + _DOWN], additions.tensors[name + _UP]
    ends = up.shape[0] == layer.out_features and down.shape[1] >= layer.in_features
    return ends and down.shape[0] == up.shape[1]


def _attach(network: ModelMixin, additions: Additions) -> None:
    place = next(network.parameters()).device
    named = {f"{_PREFIX}.{key}": tensor for key, tensor in additions.on(place).items()}
    network.load_lora_adapter(named, adapter_name="additions", low_cpu_mem_usage=True)
    for name in additions.layers:
        network.get_submodule(name).requires_grad_(False).eval()
