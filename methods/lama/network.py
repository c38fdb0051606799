"""LaMa's generator: a ResNet whose blocks also look at the whole picture through its spectrum.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022
(section 3.1); Chi, Jiang, Mu, "Fast Fourier Convolution", NeurIPS 2020. Modules are named so
that a state dict of the authors' `generator` fits: `model.1.ffc.convl2l.weight` …

From the third downsampling on features travel as two tensors, "local" (a quarter of the
channels) and "global"; only the global one passes through the spectrum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

Features: TypeAlias = tuple[Tensor, Tensor | None]
"""Local and global, each (B, C, H, W); global is None where there is none yet."""

GLOBAL_SHARE = 0.75
UPSAMPLINGS = 3


class FourierUnit(nn.Module):
    """A 1 x 1 convolution of the picture's spectrum: every output sees every input pixel.

    The transform always works in float32, because half-precision FFTs exist for powers of
    two alone.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape and precision."""
        batch, channels, height, width = x.shape
        spectrum = torch.view_as_real(torch.fft.rfftn(x.float(), dim=(-2, -1), norm="ortho"))
        # Real and imaginary part of a channel become two channels side by side.
        parts = spectrum.permute(0, 1, 4, 2, 3).reshape(batch, 2 * channels, height, -1)
        parts = functional.relu(self.bn(self.conv_layer(parts.to(x.dtype))), inplace=True).float()
        pairs = parts.reshape(batch, channels, 2, height, -1).permute(0, 1, 3, 4, 2)
        spectrum = torch.view_as_complex(pairs.contiguous())
        result = torch.fft.irfftn(spectrum, s=(height, width), dim=(-2, -1), norm="ortho")
        return result.to(x.dtype)


class SpectralTransform(nn.Module):
    """The Fourier unit between two 1 x 1 convolutions at half the channels, with a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.conv1 = nn.Sequential(
            nn.Conv2d(inputs, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True)
        )
        self.fu = FourierUnit(half)
        self.conv2 = nn.Conv2d(half, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        result: Tensor = self.conv2(x + self.fu(x))
        return result


class Channels(NamedTuple):
    """How many channels are local and how many global."""

    local: int
    global_: int


class FastFourierConvolution(nn.Module):
    """Local and global features convolved into local and global ones: up to four paths."""

    def __init__(
        self, inputs: Channels, outputs: Channels, kernel: int, stride: int, padding: int
    ) -> None:
        super().__init__()
        self.padding = (padding,) * 4

        def path(source: int, target: int) -> nn.Conv2d:
            return nn.Conv2d(source, target, kernel, stride, bias=False)

        l_in, g_in, l_out, g_out = *inputs, *outputs
        self.convl2l = path(l_in, l_out)
        self.convl2g = path(l_in, g_out) if g_out else None
        self.convg2l = path(g_in, l_out) if g_in else None
        self.convg2g = SpectralTransform(g_in, g_out) if g_in and g_out else None

    def forward(self, features: Features) -> Features:
        local, global_ = features
        around = self._padded(local)
        to_local = self.convl2l(around)
        to_global = None if self.convl2g is None else self.convl2g(around)
        if self.convg2l is not None and global_ is not None:
            to_local = to_local + self.convg2l(self._padded(global_))
        if self.convg2g is not None:
            to_global = to_global + self.convg2g(global_)
        return to_local, to_global

    def _padded(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.padding, mode="reflect") if self.padding[0] else x


class NormedConvolution(nn.Module):
    """Fast Fourier convolution, batch normalisation, ReLU."""

    def __init__(
        self, inputs: Channels, outputs: Channels, kernel: int, stride: int, padding: int
    ) -> None:
        super().__init__()
        self.ffc = FastFourierConvolution(inputs, outputs, kernel, stride, padding)
        self.bn_l: nn.Module = nn.BatchNorm2d(outputs.local)
        self.bn_g: nn.Module | None = nn.BatchNorm2d(outputs.global_) if outputs.global_ else None

    def forward(self, features: Features | Tensor) -> Features:
        local, global_ = self.ffc(features if isinstance(features, tuple) else (features, None))
        if self.bn_g is not None:
            global_ = functional.relu(self.bn_g(global_), inplace=True)
        return functional.relu(self.bn_l(local), inplace=True), global_


class ResidualBlock(nn.Module):
    """Two of the above with a shortcut around them."""

    def __init__(self, channels: Channels) -> None:
        super().__init__()
        self.conv1 = NormedConvolution(channels, channels, 3, 1, 1)
        self.conv2 = NormedConvolution(channels, channels, 3, 1, 1)

    def forward(self, features: Features) -> Features:
        local, global_ = self.conv2(self.conv1(features))
        return features[0] + local, features[1] + global_


class Join(nn.Module):
    """Local and global features side by side in one tensor."""

    def forward(self, features: Features) -> Tensor:
        return torch.cat([part for part in features if part is not None], dim=1)


class LamaGenerator(nn.Module):
    """The network of big-lama with `width` 64 and 18 blocks.

    Input (B, 4, H, W): the picture in 0 … 1 with zeros in the hole, and the mask (1 = hole);
    H and W multiples of 8, at least 16. Output (B, 3, H, W) in 0 … 1, of which only the hole
    is meant to be used.
    """

    def __init__(self, width: int = 64, blocks: int = 18) -> None:
        super().__init__()
        deep = 8 * width
        split = Channels(deep - int(deep * GLOBAL_SHARE), int(deep * GLOBAL_SHARE))
        narrow = [Channels(width * 2**level, 0) for level in range(3)]
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            NormedConvolution(Channels(4, 0), narrow[0], 7, 1, 0),
            NormedConvolution(narrow[0], narrow[1], 3, 2, 1),
            NormedConvolution(narrow[1], narrow[2], 3, 2, 1),
            NormedConvolution(narrow[2], split, 3, 2, 1),
        ]
        self.front = len(layers)  # from here on `refine` optimises the features
        layers += [ResidualBlock(split) for _ in range(blocks)]
        layers.append(Join())
        for level in range(UPSAMPLINGS):
            layers += _upsampling(deep // 2**level)
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Sigmoid()]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = self.model(x)
        return result


def _upsampling(channels: int) -> list[nn.Module]:
    """To twice the size with half the channels."""
    half = channels // 2
    grow = nn.ConvTranspose2d(channels, half, 3, stride=2, padding=1, output_padding=1)
    return [grow, nn.BatchNorm2d(half), nn.ReLU(inplace=True)]


# --- from a file's tensors -----------------------------------------------------------------

_NAME = re.compile(r"(?:.*\.)?(model\.\d+\.[\w.]+)")


def generator_name(name: str) -> str | None:
    """The generator's own name of a tensor: what follows the last part that a file has put
    before it (`state_dict.generator.`, `model.` …); None where it has none."""
    found = _NAME.fullmatch(name)
    return found.group(1) if found else None


def lama_from(state: Mapping[str, Tensor]) -> LamaGenerator:
    """The network whose tensors these are, in evaluation mode, float32.

    state: by the generator's own names; the number of channels and blocks is read from it.
    Raises KeyError or RuntimeError where it is not such a network.
    """
    blocks = {name.split(".")[1] for name in state if ".conv1.ffc.convl2l." in name}
    width = len(state["model.1.ffc.convl2l.weight"])
    with torch.device("meta"):
        network = LamaGenerator(width, len(blocks))
    # Counters of training steps, which some files leave out; nothing is computed from them.
    counters = {name for name in network.state_dict() if name.endswith("num_batches_tracked")}
    complete = {name: torch.tensor(0) for name in counters} | dict(state)
    floats = {k: v.float() if v.is_floating_point() else v for k, v in complete.items()}
    network.load_state_dict(floats, assign=True)
    return network.requires_grad_(False).eval()


# --- faster, with the same result ------------------------------------------------------------


def fold_batch_norms(network: LamaGenerator) -> None:
    """Multiply every batch normalisation into the convolutions before it, in place.

    The function stays the same up to rounding; the network can no longer be trained.
    """
    for module in network.modules():
        if isinstance(module, NormedConvolution):
            _fold_paths(module)
        elif isinstance(module, SpectralTransform):
            _fold_into([module.conv1[0]], module.conv1[1])
            module.conv1[1] = nn.Identity()
        elif isinstance(module, FourierUnit):
            _fold_into([module.conv_layer], module.bn)
            module.bn = nn.Identity()  # type: ignore[assignment]
    layers = network.model
    for index, layer in enumerate(layers):
        if isinstance(layer, nn.ConvTranspose2d):
            _fold_into([layer], layers[index + 1], axis=1)
            layers[index + 1] = nn.Identity()


def _fold_paths(block: NormedConvolution) -> None:
    """Both paths into one half of the features share its normalisation; one has the bias."""
    ffc = block.ffc
    _fold_into([ffc.convl2l, ffc.convg2l], block.bn_l)
    block.bn_l = nn.Identity()
    if block.bn_g is not None:
        spectral = None if ffc.convg2g is None else ffc.convg2g.conv2
        _fold_into([ffc.convl2g, spectral], block.bn_g)
        block.bn_g = nn.Identity()


def _fold_into(
    convolutions: list[nn.Conv2d | nn.ConvTranspose2d | None], norm: nn.BatchNorm2d, axis: int = 0
) -> None:
    """axis: of the output channels in the weights."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * scale
    present = [one for one in convolutions if one is not None]
    for convolution in present:
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        convolution.weight = nn.Parameter(convolution.weight * scale.view(shape), False)
    first = present[0]
    own = 0 if first.bias is None else first.bias * scale
    first.bias = nn.Parameter(shift + own, False)
