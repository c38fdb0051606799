"""MI-GAN's generator in PyTorch, and the authors' pipeline around it, for GPUs.

Sargsyan et al., "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices", ICCV 2023:
a U-Net of separable convolutions, re-parameterised for inference. Modules are named so that the
authors' state dict fits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from methods.migan.onnx_weights import OnnxGraph

_FIXED = ("filter.weight", "filter_const")
"""Ends of the names of constants that are the same in every file and may be left out."""


def activation(x: Tensor) -> Tensor:
    """Leaky ReLU (0.2) that keeps the variance, clamped as in StyleGAN."""
    return functional.leaky_relu(x, 0.2).mul(math.sqrt(2)).clamp(-256, 256)


class Resample(nn.Module):
    """To half or to twice the size through the fixed filter 1-3-3-1."""

    def __init__(self, channels: int, up_to: int | None = None) -> None:
        """up_to: the resolution that twice the size is; None = to half the size."""
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        kernel = torch.outer(taps, taps) / taps.sum() ** 2
        self.filter = nn.Conv2d(channels, channels, 4, 2, 1, groups=channels, bias=False)
        self.up = up_to is not None
        scale = 4 if self.up else 1
        self.filter.weight.data = (scale * kernel).expand(channels, 1, 4, 4).clone()
        if up_to is not None:
            # Where the authors' code keeps a pixel of the enlarged picture. Here the stride of
            # the transposed convolution does that; files hold it, so it is loaded.
            const = torch.zeros(1, 1, up_to, up_to)
            const[..., ::2, ::2] = 1
            self.register_buffer("filter_const", const)

    def forward(self, x: Tensor) -> Tensor:
        if not self.up:
            result: Tensor = self.filter(x)
            return result
        weight = self.filter.weight
        return functional.conv_transpose2d(x, weight, stride=2, padding=1, groups=len(weight))


class SeparableConv(nn.Module):
    """A depthwise 3 x 3 and a 1 x 1 convolution, each with its activation.

    resolution: of the output, where the layer adds its constant noise; None = it adds none.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        down: bool = False,
        up: bool = False,
        resolution: int | None = None,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs)
        self.conv2 = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.downsample = Resample(inputs) if down else None
        self.upsample = Resample(outputs, resolution) if up else None
        self.noisy = resolution is not None
        if resolution is not None:
            self.register_buffer("noise_const", torch.zeros(resolution, resolution))
            self.noise_strength = nn.Parameter(torch.zeros([]))

    def forward(self, x: Tensor) -> Tensor:
        x = activation(self.conv1(x))
        if self.downsample is not None:
            x = self.downsample(x)
        x = self.conv2(x)
        if self.upsample is not None:
            x = self.upsample(x)
        if self.noisy:
            x = x + self.noise_const * self.noise_strength
        return activation(x)


class EncoderBlock(nn.Module):
    """To half the size; also gives the features before that, for the decoder."""

    def __init__(
        self, inputs: int, outputs: int, *, first: bool = False, last: bool = False
    ) -> None:
        super().__init__()
        self.fromrgb = nn.Conv2d(4, inputs, 1) if first else None
        self.conv1 = SeparableConv(inputs, inputs)
        self.conv2 = SeparableConv(inputs, outputs, down=not last)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.fromrgb is not None:
            x = activation(self.fromrgb(x))
        feature = self.conv1(x)
        return self.conv2(feature), feature


class SynthesisBlock(nn.Module):
    """To twice the size (the first keeps it), adding the encoder's features on the way."""

    def __init__(self, inputs: int, outputs: int, resolution: int, *, first: bool = False) -> None:
        super().__init__()
        size = None if first else resolution
        self.conv1 = SeparableConv(inputs, outputs, up=not first, resolution=size)
        self.conv2 = SeparableConv(outputs, outputs, resolution=size)
        self.torgb = nn.Conv2d(outputs, 3, 1)
        self.upsample = None if first else Resample(3, resolution)

    def forward(self, x: Tensor, feature: Tensor, image: Tensor | None) -> tuple[Tensor, Tensor]:
        x = self.conv2(self.conv1(x) + feature)
        added = self.torgb(x)
        if self.upsample is None or image is None:
            return x, added
        return x, self.upsample(image) + added


class MiganGenerator(nn.Module):
    """widths: channels at each resolution, a power of two from 4 up, for example {4: 512, …}.

    Input (B, 4, R, R): known - 0.5, then picture * known; the picture in -1 … 1, known 1
    outside the hole. Output (B, 3, R, R), about -1 … 1, of which only the hole is to be used.
    """

    def __init__(self, widths: Mapping[int, int]) -> None:
        super().__init__()
        self.sizes = sorted(widths)
        self.encoder, self.synthesis = nn.Module(), nn.Module()
        for size in self.sizes:
            least, most = size == self.sizes[0], size == self.sizes[-1]
            wide, deep = widths[size], widths[max(size // 2, self.sizes[0])]
            self.encoder.add_module(f"b{size}", EncoderBlock(wide, deep, first=most, last=least))
            self.synthesis.add_module(f"b{size}", SynthesisBlock(deep, wide, size, first=least))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        features = {}
        for size in reversed(self.sizes):
            x, features[size] = self.encoder.get_submodule(f"b{size}")(x)
        image: Tensor | None = None
        for size in self.sizes:
            x, image = self.synthesis.get_submodule(f"b{size}")(x, features[size], image)
        assert image is not None
        return image


def published_widths(resolution: int, base: int = 32768, most: int = 512) -> dict[int, int]:
    """Channels by resolution, as the authors choose them."""
    return {2**i: min(base // 2**i, most) for i in range(2, int(math.log2(resolution)) + 1)}


# --- weights ---------------------------------------------------------------------------------


def migan_from(state: Mapping[str, Tensor]) -> MiganGenerator:
    """The network whose tensors these are, in evaluation mode; its size is read from them.

    Raises KeyError or RuntimeError where it is not such a network.
    """
    sizes = {int(n) for name in state for n in re.findall(r"^encoder\.b(\d+)\.", name)}
    if not sizes or sorted(sizes) != [2**i for i in range(2, 2 + len(sizes))]:
        raise KeyError("encoder.b4")
    widths = {size: len(state[f"encoder.b{size}.conv1.conv1.weight"]) for size in sizes}
    network = MiganGenerator(widths)
    missing, unknown = network.load_state_dict(state, strict=False)
    lacking = [name for name in missing if not name.endswith(_FIXED)]
    if lacking or unknown:
        raise RuntimeError(f"missing {lacking[:3]}, unknown {unknown[:3]}")
    return network.requires_grad_(False).eval()


def state_of_pipeline(graph: OnnxGraph) -> dict[str, Tensor]:
    """The generator's tensors in the authors' ONNX pipeline, by their own names.

    The exporter has kept the names behind "model." and has multiplied each layer's noise by its
    strength; which product belongs to which layer is told by the node that adds it.
    """
    found = {
        n.removeprefix("model."): t for n, t in graph.tensors.items() if n.startswith("model.")
    }
    for node, inputs in graph.inputs.items():
        layer = re.fullmatch(r"/model/(synthesis/b\d+/conv[12])/Add", node)
        noise = [graph.tensors[name] for name in inputs if name in graph.tensors]
        if layer and noise:
            name = layer[1].replace("/", ".")
            found[f"{name}.noise_const"] = noise[0]
            found[f"{name}.noise_strength"] = np.ones((), np.float32)
    return {name: torch.from_numpy(np.array(values)) for name, values in found.items()}


# --- the pipeline ----------------------------------------------------------------------------


class MiganPipeline:
    """What the ONNX pipeline does with a picture of the network's own size, on any device."""

    def __init__(self, network: MiganGenerator, device: str) -> None:
        self._network = network.to(device)
        self._device = device
        taps = torch.exp(-(torch.arange(-2.0, 3.0) ** 2) / 4)
        self._blur = (torch.outer(taps, taps) / taps.sum() ** 2)[None, None].to(device)

    def __call__(self, image: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(1, 3, R, R) uint8 and (1, 1, R, R), 255 outside the hole, to (1, 3, R, R) uint8."""
        with torch.inference_mode():
            pixels = torch.from_numpy(image).to(self._device).float()
            mask = torch.from_numpy(known).to(self._device).float() / 255
            x = torch.cat((mask - 0.5, (pixels / 127.5 - 1) * mask), dim=1)
            filled = (self._network(x) * 127.5 + 127.5).clamp(0, 255)
            share = self._softened(mask)
            result: NDArray[np.uint8] = (
                (pixels * share + filled * (1 - share)).clamp(0, 255).byte().cpu().numpy()
            )
            return result

    def _softened(self, known: Tensor) -> Tensor:
        """The weight of the old picture: grown by a pixel and blurred."""
        grown = functional.max_pool2d(known, 3, stride=1, padding=1)
        return functional.conv2d(functional.pad(grown, (2, 2, 2, 2), mode="reflect"), self._blur)
