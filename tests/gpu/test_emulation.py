"""The emulated device refuses what a GPU refuses, counts what it holds, and leaves no trace."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from emulation import Emulation, Moved, emulated

MB = 2**20


@pytest.fixture
def two() -> Iterator[Emulation]:
    """Two devices of 64 MiB."""
    with emulated("cuda", gib=1 / 16, devices=2) as device:
        yield device


def there(*size: int, device: str = "cuda") -> torch.Tensor:
    return torch.ones(*size, device=device)


# --- what a GPU refuses --------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a sum across devices": (lambda: there(4) + torch.ones(4), "same device"),
    "a sum across two GPUs": (lambda: there(4) + there(4, device="cuda:1"), "same device"),
    "a product": (lambda: torch.nn.functional.linear(there(2, 4), torch.ones(3, 4)), "same device"),
    "a list": (lambda: torch.cat([there(4), torch.ones(4)]), "same device"),
    "a number in a list": (lambda: torch.stack([there(1)[0], torch.tensor(1.0)]), "same device"),
    "a condition": (lambda: torch.where(torch.ones(4) > 0, there(4), there(4)), "same device"),
    "a network": (lambda: torch.nn.Conv2d(1, 1, 1)(there(1, 1, 2, 2)), "same device"),
    "an index": (lambda: torch.ones(4)[there(2).long()], "indices"),
    "a generator": (
        lambda: torch.randn(4, device="cuda", generator=torch.Generator()),
        "generator",
    ),
    "numpy": (lambda: there(4).numpy(), "numpy"),
    "numpy by itself": (lambda: np.asarray(there(4)), "numpy"),
    "too much": (lambda: torch.empty(65 * MB, dtype=torch.uint8, device="cuda"), "out of memory"),
    "too much moved": (lambda: torch.empty(65 * MB, dtype=torch.uint8).cuda(), "out of memory"),
    "a device that is not there": (lambda: torch.ones(4).to("cuda:2"), "ordinal"),
    "a shell of a network": (lambda: torch.empty(4, device="meta").to("cuda"), "meta"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(name: str, two: Emulation) -> None:
    action, words = REFUSED[name]
    with pytest.raises((RuntimeError, TypeError, NotImplementedError), match=words):
        action()


def test_it_is_out_of_memory_by_torchs_own_error(two: Emulation) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        torch.empty(65 * MB, dtype=torch.uint8, device="cuda")
    assert two.in_use() == 0


ALLOWED: dict[str, Callable[[], Any]] = {
    "a number from main memory": lambda: there(4) * torch.tensor(2.0),
    "an index from main memory": lambda: there(4)[torch.tensor([0, 1])],
    "a mask from main memory": lambda: there(4)[torch.tensor([True, False, True, False])],
    "a copy across": lambda: there(4).copy_(torch.zeros(4)),
    "like another": lambda: torch.zeros_like(there(4)),
    "new of another": lambda: there(4).new_zeros(2),
    "by a block": lambda: _made_in_block(),
    "in half precision": lambda: there(4, 4).half() @ there(4, 4).half(),
    "a gradient": lambda: _gradient(),
}


def _made_in_block() -> torch.Tensor:
    with torch.device("cuda"):
        return torch.zeros(4)


def _gradient() -> Any:
    weight = there(4).requires_grad_()
    (weight * 2).sum().backward()
    return weight.grad


@pytest.mark.parametrize("name", ALLOWED)
def test_it_allows_and_the_result_lies_there(name: str, two: Emulation) -> None:
    result = ALLOWED[name]()
    assert result.device == torch.device("cuda:0") and result.is_cuda and not result.is_cpu


# --- where things lie ----------------------------------------------------------------------------


def test_every_form_of_to(two: Emulation) -> None:
    plain = torch.ones(4)
    forms = (
        plain.to("cuda"), plain.to(0), plain.to(device="cuda"), plain.cuda(), plain.to(there(1)),
        plain.to("cuda", torch.float32), plain.to("cuda", non_blocking=True),
    )  # fmt: skip
    assert {form.device.index for form in forms} == {0}
    assert plain.to("cuda:1").device.index == plain.cuda(1).device.index == 1
    assert plain.to("cuda", torch.float16).dtype == torch.float16
    assert plain.to(there(1).half()).dtype == torch.float16
    back = there(4).to(device="cpu", dtype=torch.int8)
    assert (back.device.type, back.dtype) == ("cpu", torch.int8)
    assert plain.device.type == "cpu" and there(4).half().is_cuda


def test_a_network_goes_there_and_comes_back(two: Emulation) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.BatchNorm1d(64)).eval()
    size = sum(part.nbytes for part in (*network.parameters(), *network.buffers()))
    network.to("cuda:1")
    assert size <= two.in_use(1) <= size + 8 * 512
    assert next(network.parameters()).device == torch.device("cuda:1")
    assert network(there(2, 64, device="cuda:1")).device.index == 1
    twin = copy.deepcopy(network)
    assert two.in_use(1) >= 2 * size
    del twin
    network.to("cpu")
    assert two.in_use(1) == 0
    assert network(torch.ones(2, 64)).device.type == "cpu"


def test_a_view_keeps_what_it_shows(two: Emulation) -> None:
    whole = there(1024)
    part = whole[:8]
    held = two.in_use()
    del whole
    assert two.in_use() == held == 4096
    del part
    assert two.in_use() == 0


def test_threads_that_begin_meanwhile_work_there(two: Emulation) -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.ones(4).cuda().device.type))
    thread.start()
    thread.join()
    assert found == ["cuda"]


# --- what is counted -----------------------------------------------------------------------------


def test_it_counts_what_moves(two: Emulation) -> None:
    before = two.moved
    tensor = torch.ones(100).cuda()
    assert two.moved - before == Moved(400, 0, 0)
    tensor.half().cpu()
    assert two.moved - before == Moved(400, 200, 1)
    assert float(tensor.sum()) == 100 and bool(tensor[0])
    assert two.moved - before == Moved(400, 208, 3)
    _ = tensor.cuda() + tensor.to("cuda")  # are there already
    assert two.moved - before == Moved(400, 208, 3)


def test_it_counts_a_peak_as_torch_does(two: Emulation) -> None:
    kept = there(MB)
    passing = there(2 * MB)
    del passing
    assert torch.cuda.memory_allocated() == kept.nbytes
    assert torch.cuda.max_memory_allocated() == 3 * kept.nbytes
    torch.cuda.reset_peak_memory_stats()
    assert torch.cuda.max_memory_allocated() == kept.nbytes
    free, total = torch.cuda.mem_get_info()
    assert (total - free, total) == (kept.nbytes, 64 * MB)


# --- Apple's device ------------------------------------------------------------------------------


def test_apples_device_has_no_float64() -> None:
    with emulated("mps") as device:
        assert torch.backends.mps.is_available() and not torch.cuda.is_available()
        with pytest.raises(TypeError, match="float64"):
            torch.ones(4, dtype=torch.float64).to("mps")
        with pytest.raises(TypeError, match="float64"):
            torch.ones(4, device="mps").double()
        assert torch.ones(4).to("mps").device == torch.device("mps:0")
        assert device.in_use() == 0


def test_apples_device_runs_full_with_an_error_of_its_own() -> None:
    with emulated("mps", gib=1 / 1024), pytest.raises(RuntimeError, match="MPS backend out of"):
        torch.ones(2 * MB).to("mps")


# --- and afterwards ------------------------------------------------------------------------------


def test_nothing_of_it_stays() -> None:
    before = {name: getattr(torch.cuda, name) for name in ("is_available", "device_count")}
    with emulated("cuda", devices=3):
        assert torch.cuda.device_count() == 3
    assert {name: getattr(torch.cuda, name) for name in before} == before
    assert torch.nn.Parameter(torch.ones(1)).device.type == "cpu"
    assert torch.autocast.__name__ == "autocast"
