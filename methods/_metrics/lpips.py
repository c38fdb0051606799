"""LPIPS: how different two pictures look to a network trained to see.

Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", CVPR 2018. The network is the `lpips` package's (AlexNet, version 0.1); its
weights, backbone and linear heads in one file of 10 MB, come from a package that carries them,
so that no model hub and none of torchvision's downloads are needed.
"""

from __future__ import annotations

import pickle
import threading
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from methods._base import Image
from methods._weights.pins.manifest import weight_file
from methods._weights.store import find_weights
from methods._weights.tensor_file import unreadable

if TYPE_CHECKING:
    import lpips
    import torch

Arrays: TypeAlias = Mapping[str, Mapping[str, Mapping[str, NDArray[np.float32]]]]
"""By network, layer and kind of parameter."""

LPIPS_WEIGHTS = weight_file("lpips")

LEAST_SIDE = 64
"""Smaller pictures are mirrored up to this many pixels, which AlexNet's layers need."""

_PLACES = ("slice1.0", "slice2.3", "slice3.6", "slice4.8", "slice5.10")
"""Where the package keeps AlexNet's five convolutions."""

_lock = threading.Lock()


def lpips_map(result: Image, truth: Image) -> NDArray[np.float32]:
    """(H, W) distance at each place, 0 = none; its mean is LPIPS. Both (H, W, 3) uint8.

    Needs `LPIPS_WEIGHTS` on this machine (see `find_weights`): raises Unavailable
    ("weights_unreadable") for a file that holds something else.
    """
    import torch

    path = find_weights(LPIPS_WEIGHTS)
    assert path is not None
    with _lock:  # loaded once
        network = _network(path)
    with torch.inference_mode():
        found = network(_tensor(result), _tensor(truth))[0, 0].numpy()
    height, width = result.shape[:2]
    return np.ascontiguousarray(found[:height, :width])


def _tensor(image: Image) -> torch.Tensor:
    """(1, 3, H, W) float32, -1 … 1."""
    import torch

    height, width = (max(0, LEAST_SIDE - side) for side in image.shape[:2])
    padded = np.pad(image, ((0, height), (0, width), (0, 0)), mode="symmetric")
    return torch.from_numpy(padded.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1)


@lru_cache(maxsize=1)
def _network(path: Path) -> lpips.LPIPS:
    """The package's network with the weights of the file, on the CPU."""
    try:
        return network_of(state_of(read_arrays(path)))
    except (KeyError, TypeError, ValueError, RuntimeError, EOFError, AttributeError) as error:
        raise unreadable(path.name) from error
    except pickle.UnpicklingError as error:
        raise unreadable(path.name) from error


def network_of(state: Mapping[str, torch.Tensor]) -> lpips.LPIPS:
    """`lpips.LPIPS` (AlexNet, spatial) with these tensors; never downloads.

    Raises RuntimeError where they are others than the network's.
    """
    import lpips
    import torch

    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package uses torchvision's former spelling
        network = lpips.LPIPS(
            net="alex", pretrained=False, pnet_rand=True, spatial=True, verbose=False
        )
    constants = {f"scaling_layer.{k}": v for k, v in lpips.ScalingLayer().named_buffers()}
    network.load_state_dict({**constants, **state}, assign=True)
    return network.eval()


def state_of(arrays: Arrays) -> dict[str, torch.Tensor]:
    """Tensors under the package's names, out of arrays in JAX's layout (H, W, in, out)."""
    import torch

    def tensor(array: NDArray[np.float32]) -> torch.Tensor:
        axes = (3, 2, 0, 1) if array.ndim == 4 else (0,)
        return torch.from_numpy(np.ascontiguousarray(array.transpose(axes)))

    state = {}
    for index, place in enumerate(_PLACES):
        convolution = arrays["AlexNet_0"][f"Conv_{index}"]
        state[f"net.{place}.weight"] = tensor(convolution["kernel"])
        state[f"net.{place}.bias"] = tensor(convolution["bias"])
        head = tensor(arrays[f"NetLinLayer_{index}"]["Conv_0"]["kernel"])
        state[f"lin{index}.model.1.weight"] = state[f"lins.{index}.model.1.weight"] = head
    return state


def read_arrays(path: Path) -> Arrays:
    """Nested dicts of numpy arrays from a pickle, in which nothing else may stand."""
    with path.open("rb") as file:
        found = _Arrays(file).load()
    if not isinstance(found, dict):
        raise TypeError("not a dict of arrays")
    return found


class _Arrays(pickle.Unpickler):
    """Knows numpy's arrays of numbers and no other name: a pickle may call what it names."""

    def find_class(self, module: str, name: str) -> object:
        known = {
            ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong into weights")
        return known[module, name]
