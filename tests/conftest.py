"""What all tests share: photos, weights, a browser, and a clean place to work in.

The environment is set before anything heavy is imported, because thread pools and
Gradio read it once and never again.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from chromium import Chromium, chromium_path
from ui.common.stubs import write_no_stubs

if TYPE_CHECKING:
    import psutil
    from playwright.sync_api import Browser

    from emulation import Emulation
    from methods import Image, WeightFile

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LOOPBACK = "127.0.0.1,localhost"


def _use_one_thread() -> None:
    """One thread a library and process: on tiny models several mostly wait for each other, and
    the other cores have test processes of their own."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _stay_private() -> None:
    """No statistics leave the machine, and no proxy is asked for our own servers."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    for name in ("NO_PROXY", "no_proxy"):
        given = os.environ.get(name)
        os.environ[name] = f"{given},{LOOPBACK}" if given else LOOPBACK


def _decide_alike() -> None:
    """Decisions about memory, the tiling of a VAE among them, are the same in every run, whatever
    other programs and earlier tests have left free."""
    os.environ["ERASER_LAB_MEMORY"] = "8"


def _erase_here() -> None:
    """Toys of the tests are in this process's registry alone; workers have tests of their own."""
    os.environ.setdefault("ERASER_LAB_WORKERS", "0")


def _work_in(folder: Path) -> None:
    """Photos, runs, uploads and embeddings of the tests; the weights stay in the user's own
    cache."""
    os.environ["ERASER_LAB_DATA"] = str(folder / "data")
    os.environ["ERASER_LAB_EMBEDDINGS"] = str(folder / "embeddings")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "data" / "uploads")  # where app.py puts them


_FOLDER = Path(tempfile.mkdtemp(prefix="eraser-lab-tests-"))
_use_one_thread()
_stay_private()
_decide_alike()
_erase_here()
_work_in(_FOLDER)
write_no_stubs()


def pytest_configure(config: pytest.Config) -> None:
    """Property tests have no time limit, and in CI they try the same examples every time."""
    from hypothesis import Phase, settings

    from tiers import EXAMPLES

    settings.register_profile(
        "eraser-lab",
        deadline=None,
        max_examples=EXAMPLES,
        derandomize=bool(os.environ.get("CI")),
        # Explaining traces each line, in which Python 3.11's interpreter was seen to hang for ever.
        phases=set(Phase) - {Phase.explain},
    )
    settings.load_profile("eraser-lab")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Importing half a gigabyte of libraries makes no garbage, only searches for it."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What has been imported stays: from now on only what tests make is searched, and seldom,
    since libraries that a test imports later make the search as long as before."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def paces_apart() -> None:
    """How long stand-ins took on a busy machine is no news for the user's own record."""
    from methods._engine import pace

    pace.RECORD = str(_FOLDER / pace.RECORD)


MEMORY_A_PROCESS = 3 * 2**30
"""What a test process may take: torch, a browser with its server, and a real small model."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Processes for `-n auto`: three for two cores that we may use, as tests wait for browsers and
    sockets; as many as memory allows, 8 at most."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    room = psutil.virtual_memory().available // MEMORY_A_PROCESS
    return max(1, min((cores or 1) * 3 // 2, room, 8))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `--dist loadfile`, the usual way; others are pytest-xdist's own business."""
    if config.option.dist != "loadfile":
        return None
    from scheduling import PageTogether

    return PageTogether(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the tests wrote."""
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder that stands in for ERASER_LAB_DATA: fresh for this test session."""
    folder = Path(os.environ["ERASER_LAB_DATA"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# --- nothing that a test left in memory or on the disk reaches another -------------------------


@pytest.fixture(autouse=True)
def no_leftover_embeddings() -> Iterator[None]:
    """Forget the prompts that a test has encoded: some encode theirs wrongly, on purpose."""
    yield
    shutil.rmtree(_FOLDER / "embeddings", ignore_errors=True)
    if text := sys.modules.get("methods._diffusion.prompts"):
        text.embeddings.clear()


@pytest.fixture(scope="module", autouse=True)
def no_leftover_erasers() -> Iterator[None]:
    """Unload what a module's tests have loaded: others count loads and users."""
    yield
    if held := sys.modules.get("methods._engine.residency"):
        held.residency.clear()


@pytest.fixture(scope="session", autouse=True)
def no_forced_collections() -> Iterator[None]:
    """Whenever the program gives memory back, and for each file that it saves, it collects garbage:
    on a GPU, as ever; else Python does so when it is time, and the tests are spared a look at all
    imported libraries, of a tenth of a second each."""
    from methods._saving import save
    from methods._system import memory

    with pytest.MonkeyPatch.context() as patch:
        for module in (memory, save):
            patch.setattr(module, "gc", SimpleNamespace(collect=_collect_for_a_gpu), raising=False)
        yield


def _collect_for_a_gpu() -> int:
    torch = sys.modules.get("torch")
    return gc.collect() if torch and torch.cuda.is_available() else 0


# --- a GPU, or what stands in for one ----------------------------------------------------------


@pytest.fixture(autouse=True)
def gpu(request: pytest.FixtureRequest) -> Iterator[Emulation | None]:
    """For tests marked `gpu`: the machine's own device, else an emulated one (see `emulation`).

    Those marked `kernels`, too, are skipped without the real one. None on a real device.
    `gpu("mps")` emulates Apple's, wherever it is.
    """
    marker = request.node.get_closest_marker("gpu")
    if marker is None or (not marker.args and _has_gpu()):
        yield None
        return
    if request.node.get_closest_marker("kernels") is not None:
        pytest.skip("needs the kernels of a real CUDA device")
    from emulation.program import program_on

    with program_on(*marker.args) as device:
        yield device


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


# --- no process outlives the tests -------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def no_leftover_processes() -> Iterator[None]:
    """End and report whatever the tests started and did not stop themselves."""
    yield
    strays = _strays()
    commands = [_end(process) for process in strays]
    assert not strays, f"the tests left processes behind: {commands}"


def _strays() -> list[psutil.Process]:
    """Our living descendants, less multiprocessing's own helpers, which end with us."""
    import psutil

    def is_stray(child: psutil.Process) -> bool:
        try:
            return child.status() != psutil.STATUS_ZOMBIE and not _is_helper(child.cmdline())
        except psutil.NoSuchProcess:
            return False

    return [child for child in psutil.Process().children(recursive=True) if is_stray(child)]


def _is_helper(command: Sequence[str]) -> bool:
    """multiprocessing's resource tracker or fork server."""
    return any("from multiprocessing." in word for word in command)


def _end(process: psutil.Process) -> str:
    """Kill a process and return its command line for the report."""
    import psutil

    try:
        command = " ".join(process.cmdline())[:200]
        process.kill()
        process.wait(5)
    except psutil.Error:
        return "(already gone)"
    return command


# --- photos ------------------------------------------------------------------------------


def _photo(name: str) -> Image:
    import numpy as np
    from PIL import Image as PillowImage

    with PillowImage.open(EXAMPLES / name) as picture:
        pixels = np.asarray(picture.convert("RGB")).copy()
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def examples_dir() -> Path:
    """The folder of the example photos."""
    return EXAMPLES


@pytest.fixture(scope="session")
def rocket() -> Image:
    """A rocket before a clear evening sky: (427, 640, 3) uint8, read-only."""
    return _photo("rocket.jpg")


@pytest.fixture(scope="session")
def coffee() -> Image:
    """A cup on a saucer: (400, 600, 3) uint8, read-only."""
    return _photo("coffee.png")


@pytest.fixture(scope="session")
def astronaut() -> Image:
    """A portrait with a model shuttle behind: (512, 512, 3) uint8, read-only."""
    return _photo("astronaut.png")


# --- weights -----------------------------------------------------------------------------


def _weight(name: str) -> WeightFile:
    """The pinned file of that name, whoever needs it."""
    from methods import list_erasers
    from segmentation import list_segmenters

    needed = [spec.weights for spec in list_erasers()] + [s.weights for s in list_segmenters()]
    return next(weight for weights in needed for weight in weights if weight.name == name)


def _fetched(name: str) -> Path:
    """In the user's own cache; fetched there once, as the program itself would do it."""
    from methods import WeightsUnavailable, fetch

    try:
        return fetch(_weight(name))
    except WeightsUnavailable as error:
        _lacking(str(error), error)


def _lacking(what: str, error: Exception) -> NoReturn:
    """Skip what needs something that this machine lacks; in CI nothing may be skipped unnoticed."""
    if os.environ.get("CI"):
        raise error
    pytest.skip(what)


@pytest.fixture(scope="session")
def mobile_sam_weights() -> Path:
    """MobileSAM's real weights (40.7 MB)."""
    return _fetched("mobile_sam.pt")


@pytest.fixture(scope="session")
def migan_weights() -> Path:
    """MI-GAN's real network (28.1 MB)."""
    return _fetched("migan_pipeline_v2.onnx")


@pytest.fixture(scope="session")
def tiny_erasers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random tiny networks of the real classes for all erasers, as ERASER_LAB_LOCAL_WEIGHTS finds
    them. All test processes share the folder, and nobody writes into it."""
    from filelock import FileLock

    import tiny_lama
    import tiny_models

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny-erasers"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            tiny_lama.save(tiny_models.save_all(part))
            part.rename(folder)
    return folder


@pytest.fixture
def quick_judging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are judged without a network's features, each of which costs four seconds of a core;
    with them the service's own tests judge, and those on a device (tests/gpu/test_gpu_way.py)."""
    monkeypatch.setattr("ui.service.helper.judge.are_features_ready", lambda: False)


# --- servers and the browser -------------------------------------------------------------


@pytest.fixture
def free_port() -> int:
    """A port on loopback that nobody listens on."""
    from ports import own_port

    return own_port()


_CHROMIUM = Chromium()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Chromium is kept from one test of a page to the next, and ended before other tests."""
    if item.get_closest_marker("browser") is None:
        _CHROMIUM.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """What begins Chromium; it ends with the tests at the latest."""
    yield _CHROMIUM
    _CHROMIUM.close()


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Browser:
    """A headless Chromium."""
    try:
        return chromium.begun()
    except Exception as error:  # Playwright's own start fails with a bare Exception
        _lacking(f"no Chromium could be started: {str(error).splitlines()[0]}", error)


@pytest.fixture
def browser_with(browser: Browser) -> Iterator[Callable[[list[str]], Browser]]:
    """Begins another one with arguments of its own."""
    begun: list[Browser] = []

    def begin(arguments: list[str]) -> Browser:
        kind = browser.browser_type
        begun.append(kind.launch(executable_path=chromium_path(), args=arguments))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()
