"""The way of a user on a machine with a GPU: click, erase, judge, stop, run out of memory.

By the page's service, the API and the command line, with MobileSAM's real weights and tiny
erasers of the real classes. Each test runs on the machine's own device, or on an emulated one.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canvas_tools import shrink_canvases
from emulation import Emulation
from methods import (
    Event,
    Failed,
    Finished,
    Job,
    Mask,
    StopToken,
    find_weights,
    get_eraser,
    list_erasers,
    run,
)
from methods._engine.events import Loading, Started, Stepped
from methods._engine.registry import missing_packages
from methods._engine.residency import residency
from methods._engine.result_cache import ResultCache
from methods._system.device import best_device
from methods._system.memory import GPU_MARGIN
from ports import own_port
from runner_tools import wait_until
from tiers import rest_is_slow
from ui.service.service import Service
from ui_tools import last, order

pytest_plugins = ["ui_fixtures"]

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("mobile_sam_weights", "way")]

QUICK = {"num_inference_steps": 2, "init": "telea", "rm_guidance_scale": 1.0}
ROCKET = [{"points": [{"x": 320, "y": 165}]}]
LEARNED = tuple(
    spec.id
    for spec in list_erasers()
    if spec.learned and spec.unavailable is None and "cuda" in spec.devices
)
DIFFUSION = "sd_inpainting"


@pytest.fixture
def way(gpu: Emulation | None, tiny_erasers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny erasers, small canvases, no results of earlier tests, the device's real memory."""
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_erasers))
    monkeypatch.setattr("methods._engine.worker.results", ResultCache())
    monkeypatch.delenv("ERASER_LAB_MEMORY")
    shrink_canvases(monkeypatch)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    made = Service(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def emulation(gpu: Emulation | None) -> Emulation:
    """Where a test must know how full the device is, or make it smaller."""
    if gpu is None:
        pytest.skip("needs an emulated device, whose size can be chosen")
    return gpu


def can_run(eraser_id: str) -> bool:
    """Whether its packages and weights, tiny or real, are here."""
    kind = get_eraser(eraser_id)
    settings = kind.Settings.model_validate(quick(eraser_id))
    files = kind.weights_for(settings)
    return not missing_packages(kind.spec) and all(find_weights(file) for file in files)


def quick(eraser_id: str, **more: Any) -> dict[str, Any]:
    """Few steps, no other eraser's weights."""
    known = get_eraser(eraser_id).Settings.model_fields
    return {name: value for name, value in {**QUICK, **more}.items() if name in known}


def opened(service: Service) -> str:
    """The id of the rocket's photo."""
    answer = service.open_example({"id": "rocket"})
    assert answer["ok"], answer
    return str(answer["photo"]["id"])


def click(service: Service, photo: str, **more: Any) -> Mapping[str, Any]:
    asked = {"photo": photo, "n": 1, "objects": ROCKET, "segmenter": "mobile_sam", **more}
    answer = service.segment(asked)
    assert answer["ok"], answer
    return answer


def erased(service: Service, photo: str, *erasers: str, **settings: Any) -> list[dict[str, Any]]:
    """The cards of a run on the rocket."""
    jobs = [{"eraser": e, "settings": quick(e, **settings), "seed": 0} for e in erasers]
    asked = order(photo, objects=ROCKET, segmenter="mobile_sam", jobs=jobs)
    return list(last(service.erase(asked))["cards"])


def in_use() -> int:
    """Bytes given out on the device."""
    import torch

    gc.collect()
    return int(torch.cuda.memory_allocated())


def nothing_stays(before: int) -> None:
    """The device holds what it held; a thread that looked at a picture may need a moment to end."""
    wait_until(lambda: in_use() <= before)
    assert in_use() == before


# --- the whole way -------------------------------------------------------------------------------


@pytest.mark.slow
def test_click_erase_judge_on_the_page(service: Service) -> None:
    """The first thing that a user does; then all that the device holds is given back."""
    before = in_use()
    photo = opened(service)
    answer = click(service, photo)
    assert answer["segmenter"] == "mobile_sam" and 0.02 < answer["area"] < 0.03
    (card,) = erased(service, photo, DIFFUSION)
    assert card["state"] == "done" and card["changed_outside"] == 0, card
    assert card["device"] == "cuda" and card["memory_kind"] == "gpu"
    judged = {reading["id"] for reading in card["readings"]}
    assert {"leftover_features", "new_features"} <= judged or len(judged) > 4, judged
    forget_networks()
    nothing_stays(before)


def forget_networks() -> None:
    """Unload every eraser and every segmenter."""
    from segmentation._engine import registry

    residency.clear()
    registry._shared.clear()


@pytest.mark.slow
@pytest.mark.usefixtures("quick_judging")
def test_a_restarted_page_goes_on(service: Service, tmp_path: Path) -> None:
    """The photo, the click and the run are there again; the device is as empty as before."""
    photo = opened(service)
    first = click(service, photo)
    run_made = last(service.erase(order(photo, "telea", objects=ROCKET, segmenter="mobile_sam")))
    wait_until(lambda: not service.erasing.running())  # judging comes after the results
    service.close()
    forget_networks()
    nothing_stays(0)
    restarted = Service(tmp_path / "data")
    try:
        assert restarted.reopen_photo({"photo": photo})["ok"]
        assert click(restarted, photo)["overlay"] == first["overlay"]
        assert restarted.open_run({"run": run_made["run"]})["ok"]
        assert erased(restarted, photo, DIFFUSION)[0]["state"] == "done"
    finally:
        restarted.close()


@pytest.mark.slow
@pytest.mark.usefixtures("quick_judging")
def test_the_api_clicks_and_erases(service: Service, examples_dir: Path) -> None:
    import gradio as gr
    from gradio_client import Client, handle_file

    from ui.api import endpoints
    from ui.page import routes

    with gr.Blocks(analytics_enabled=False) as demo:
        endpoints.register(service)
    launching: dict[str, Any] = {
        "server_port": own_port(),
        "prevent_thread_lock": True,
        "quiet": True,
        "ssr_mode": False,
    }
    _, url, _ = demo.queue().launch(**launching, app_kwargs=routes.app_kwargs(service))
    try:
        client = Client(url, verbose=False)
        photo = handle_file(examples_dir / "rocket.jpg")
        answer = client.predict(photo, [[320, 165]], None, api_name="/segment")
        assert answer["segmenter"] == "mobile_sam" and not answer["approximate"]
        made = client.predict(
            image=photo,
            erasers=[DIFFUSION],
            points=[[320, 165]],
            settings={DIFFUSION: quick(DIFFUSION)},
            api_name="/erase",
        )
        (card,) = made["results"]
        assert (card["state"], card["device"], card["changed_outside"]) == ("done", "cuda", 0)
    finally:
        demo.close()


@pytest.mark.slow
def test_the_command_line_clicks_and_erases(examples_dir: Path, tmp_path: Path) -> None:
    from ui.cli.__main__ import main

    settings = [f"{DIFFUSION}.{name}={value}" for name, value in quick(DIFFUSION).items()]
    flags = [flag for setting in settings for flag in ("--set", setting)]
    photo = str(examples_dir / "rocket.jpg")
    where = ["--point", "320,165", "--segmenter", "mobile_sam", "--out", str(tmp_path)]
    assert main(["erase", photo, *where, "--erasers", f"telea,{DIFFUSION}", *flags]) == 0
    report = json.loads((tmp_path / "settings.json").read_text("utf-8"))
    devices = {result["eraser"]: result["device"] for result in report["results"]}
    assert devices == {"telea": "cpu", DIFFUSION: "cuda"}
    assert all(result["changed_outside"] == 0 for result in report["results"])


# --- too little memory ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)  # some twenty erasers
@pytest.mark.usefixtures("quick_judging", "libraries_apart")
@pytest.mark.parametrize("kind", ["diffusion", "all"])
def test_erasers_one_after_the_other_on_a_small_device(
    kind: str, service: Service, emulation: Emulation
) -> None:
    """It holds the largest and not all of them: each gets its room, and none stays too long.

    The two networks without diffusion are reckoned with their real size, which is larger than
    that of all tiny ones together: so there is one device for these, and one for all.
    """
    photo = opened(service)
    click(service, photo)
    erasers = [name for name in LEARNED if can_run(name) and (kind == "all" or is_tiny(name))]
    assert len(erasers) > 15
    sizes = [own_bytes(name) for name in erasers]
    emulation.resize(in_use() + GPU_MARGIN + int(1.2 * max(sizes)))
    assert sum(sizes) > 1.2 * max(sizes)
    cards = erased(service, photo, *erasers)
    assert not {card["eraser"]: card.get("error") for card in cards if card["state"] != "done"}
    assert all(card["changed_outside"] == 0 for card in cards)
    assert len(residency.loaded) < len(erasers)


def is_tiny(eraser_id: str) -> bool:
    """Whether it is one of those on diffusion models, of which there are tiny ones."""
    return "memory" in get_eraser(eraser_id).Settings.model_fields


def own_bytes(eraser_id: str) -> int:
    """What an eraser's networks take on the device."""
    kind = get_eraser(eraser_id)
    settings = kind.Settings.model_validate(quick(eraser_id))
    return sum(kind().memory(settings, "cuda").values())


@pytest.mark.slow
@pytest.mark.usefixtures("quick_judging")
@pytest.mark.parametrize("memory", ["fast", "small"])
def test_memory_that_runs_out_costs_one_card(
    memory: str, service: Service, emulation: Emulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a run; the card says so, the next eraser runs, nothing stays."""
    photo = opened(service)
    click(service, photo)
    before = in_use()
    fill_after_a_step(monkeypatch, emulation, "sdxl_inpainting")
    failed, done = erased(service, photo, "sdxl_inpainting", DIFFUSION, memory=memory)
    assert failed["state"] == "failed" and failed["error"]["code"] == "not_enough_memory"
    assert "SDXL" in failed["error"]["text"] and done["state"] == "done", done
    residency.clear()
    nothing_stays(before)


def fill_after_a_step(
    monkeypatch: pytest.MonkeyPatch, emulation: Emulation, eraser_id: str
) -> None:
    """From its first step on, as long as the eraser works, the device has no byte to give."""
    kind = get_eraser(eraser_id)
    plain = kind.erase

    def erase(self: Any, image: Any, mask: Any, settings: Any, seed: int, progress: Any) -> Any:
        with emulation.size_kept():

            def filling(step: int, total: int) -> None:
                progress(step, total)
                emulation.resize(emulation.in_use())

            return plain(self, image, mask, settings, seed, filling)

    monkeypatch.setattr(kind, "erase", erase)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_judging")
def test_a_click_gets_the_room_that_idle_erasers_hold(
    service: Service, emulation: Emulation
) -> None:
    """A photo can be opened when erasers of earlier runs fill the device."""
    photo = opened(service)
    assert erased(service, photo, DIFFUSION)[0]["state"] == "done"
    assert DIFFUSION in residency.loaded
    other = service.open_example({"id": "coffee"})["photo"]["id"]
    emulation.resize(in_use() + 2**20)
    answer = service.segment(
        {"photo": other, "n": 1, "objects": [{"points": [{"x": 230, "y": 330}]}],
         "segmenter": "mobile_sam"}
    )  # fmt: skip
    assert not answer["ok"] and answer["error"]["code"] == "not_enough_memory"
    assert not residency.loaded
    emulation.resize(in_use() + 2**30)
    assert click(service, photo)["segmenter"] == "mobile_sam"


# --- Stop ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stage",
    rest_is_slow(["first step", "loading", "started", "last step", "judging"]),
)
def test_stop_at_each_stage_leaves_nothing_behind(stage: str, astronaut: Any) -> None:
    """And the run that follows paints what it would have painted."""
    mask = np.zeros(astronaut.shape[:2], bool)
    mask[100:180, 200:300] = True
    before = in_use()
    stopped = events_until(stage, astronaut, mask)
    ends = [event for event in stopped if isinstance(event, Failed | Finished)]
    assert len(ends) == 1
    if stage != "last step":  # which may just be done
        assert isinstance(ends[0], Finished if stage == "judging" else Failed)
    residency.clear()
    nothing_stays(before)
    again = [one for one in run([job()], astronaut, mask) if isinstance(one, Finished)]
    assert again and again[0].changed_outside == 0


def job() -> Job:
    return Job(DIFFUSION, quick(DIFFUSION), 3)


STAGES: dict[str, Callable[[Event], bool]] = {
    "loading": lambda event: isinstance(event, Loading),
    "started": lambda event: isinstance(event, Started),
    "first step": lambda event: isinstance(event, Stepped) and event.step == 1,
    "last step": lambda event: isinstance(event, Stepped) and event.step == event.total,
    "judging": lambda event: isinstance(event, Finished),
}


def events_until(stage: str, image: Any, mask: Mask) -> Sequence[Event]:
    """All events of a run that is stopped at a stage, as soon as the worker comes to it."""
    token, told = StopToken(), []
    for event in run([job()], image, mask, token=token, judge=_look_long):
        told.append(event)
        if STAGES[stage](event):
            token.stop()
    return told


def _look_long(*pictures: Any) -> list[Any]:
    return []


# --- precision -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_encoder_that_overflows_half_precision_is_widened(
    mobile_sam_weights: Path, rocket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photo is looked at again in float32, on the same device; the answer is as on a CPU."""
    import torch

    from segmentation import PromptedObject
    from segmentation.mobile_sam import MobileSam

    prompt = PromptedObject.model_validate(ROCKET[0])
    exact = MobileSam.from_file(mobile_sam_weights)
    truth = exact.segment(exact.encode(rocket, "exact"), prompt)
    half = MobileSam.from_file(mobile_sam_weights, "cuda")
    overflow = torch.full((), 1e5)  # beyond float16
    neck = half._sam.image_encoder.neck
    hook = lambda _, inputs: (inputs[0] + (overflow.half() if half._dtype == torch.float16 else 0),)  # noqa: E731
    neck.register_forward_pre_hook(hook)
    found = half.segment(half.encode(rocket, "half"), prompt)
    assert half._dtype == torch.float32
    assert half._sam.image_encoder.neck[0].weight.device.type == "cuda"
    assert (found.mask() == truth.mask()).mean() > 0.999


# --- several devices -----------------------------------------------------------------------------


@pytest.mark.slow
def test_all_work_goes_to_the_first_of_several(service: Service, tmp_path: Path) -> None:
    """Others stay empty: they are `CUDA_VISIBLE_DEVICES`' business."""
    from emulation.program import program_on

    with program_on("cuda", devices=2) as device:
        photo = opened(service)
        click(service, photo)
        assert erased(service, photo, DIFFUSION)[0]["state"] == "done"
        assert device.peak(0) > 0 and device.peak(1) == 0
        assert best_device() == "cuda"


# --- Apple's device ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.gpu("mps")
def test_the_way_on_apples_device(service: Service, gpu: Emulation) -> None:
    """Click, erase and judge there; what the program keeps off it goes to the CPU."""
    photo = opened(service)
    click(service, photo)
    assert gpu.in_use() > 10 * 2**20
    cards = erased(service, photo, DIFFUSION, "lama")
    devices = {card["eraser"]: card["device"] for card in cards}
    assert devices == {DIFFUSION: "mps", "lama": "cpu"}
    wait_until(lambda: not service.erasing.running())
    forget_networks()
    gc.collect()
    assert gpu.in_use() == 0
