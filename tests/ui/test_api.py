"""The endpoints for programs, and the server functions, over a launched Gradio app."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image as Pil

from methods import list_erasers
from methods._engine.registry import found
from methods._engine.result_cache import ResultCache
from ports import own_port
from segmentation import decode_rle
from tiers import rest_is_slow
from ui.api import endpoints
from ui.common.caller import caller_of
from ui.page import routes
from ui.page.server_functions import NAMES, server_functions
from ui.service.service import Service
from ui_tools import SECRET, Broken, Paint, box, last, order, owned, picture, png_file, prompts

pytest_plugins = ["ui_fixtures"]

Answer = Mapping[str, Any]
POINT = [[60, 45], [3, 3, 0]]
BOX = [38, 23, 82, 67]


@pytest.fixture(scope="module")
def app() -> Iterator[tuple[str, Service]]:
    """The URL of a running app with the API and all server functions, and its service."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("GRADIO_TEMP_DIR", str(Path(folder, "uploads")))
        patch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
        patch.setattr("ui.service.helper.judge.are_features_ready", lambda: False)
        patch.setattr("methods._engine.worker.results", ResultCache())
        for eraser in (Paint, Broken):
            patch.setitem(found().erasers, eraser.spec.id, eraser)
        service = Service(Path(folder, "data"))
        with gr.Blocks(analytics_enabled=False) as demo:
            gr.HTML("", server_functions=server_functions(service))
            endpoints.register(service)
        _, url, _ = demo.queue().launch(
            server_port=own_port(),
            prevent_thread_lock=True,
            quiet=True,
            ssr_mode=False,
            app_kwargs=routes.app_kwargs(service),
        )
        yield url, service
        demo.close()
        service.close()


@pytest.fixture(scope="module")
def client(app: tuple[str, Service]) -> Client:
    return Client(app[0], verbose=False)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "Mein Föto.png"
    path.write_bytes(png_file())
    return path


def pixels(path: str) -> np.ndarray:
    with Pil.open(path) as opened:
        return np.asarray(opened)


# --- what works --------------------------------------------------------------------------


def test_segment_then_erase(client: Client, photo: Path) -> None:
    found = client.predict(handle_file(photo), None, BOX, api_name="/segment")
    mask = pixels(found["mask"])
    assert mask.shape == (90, 120) and mask.dtype == bool and mask[45, 60] and not mask[3, 3]
    assert abs(mask.mean() - found["area"]) < 1e-9 and found["approximate"] is True
    assert (found["width"], found["height"]) == (120, 90) and len(found["levels"][0]) >= 1
    erased = client.predict(
        handle_file(photo), handle_file(found["mask"]), ["paint", "telea"], api_name="/erase"
    )
    assert [one["eraser"] for one in erased["results"]] == ["paint", "telea"]
    for one in erased["results"]:
        result = pixels(one["image"])
        assert one["state"] == "done" and one["error"] is None and one["changed_outside"] == 0
        assert np.array_equal(result[~mask], picture()[~mask])
        assert not np.array_equal(result[mask], picture()[mask])
        assert one["image"].endswith(".png") and one["erase_seconds"] >= 0
        assert one["pieces"] == 1


def test_erase_from_prompts_with_settings_and_seed(
    client: Client, photo: Path, app: tuple[str, Service]
) -> None:
    erased = client.predict(
        image=handle_file(photo),
        erasers=["paint"],
        points=POINT,
        box=BOX,
        dilate=2,
        settings={"paint": {"level": 201}},
        seed=5,
        api_name="/erase",
    )
    (one,) = erased["results"]
    assert one["settings"]["level"] == 201 and one["seed"] == 5
    assert (pixels(one["image"])[45, 60] == 201).all()
    reopened: Answer = app[1].open_run({"run": erased["run"]})  # and the page can show it
    assert (
        reopened["prompt"]["shape"]["dilate"] == 2 and reopened["photo"]["name"] == "Mein Föto.png"
    )


def test_several_objects(client: Client, photo: Path) -> None:
    found = client.predict(handle_file(photo), objects=box() * 2, api_name="/segment")
    assert len(found["levels"]) == len(found["chosen"]) == 2


SWIPE = {"points": [[10, 80], [110, 80]], "width": 6}


def test_strokes_and_a_mask_need_no_clicks(client: Client, photo: Path, tmp_path: Path) -> None:
    corner = np.zeros((90, 120), np.uint8)
    corner[:9, :9] = 255
    (tmp_path / "corner.png").write_bytes(png_file(corner))
    found = client.predict(
        handle_file(photo),
        strokes=[SWIPE],
        mask=handle_file(tmp_path / "corner.png"),
        api_name="/segment",
    )
    mask = pixels(found["mask"])
    assert mask[80, 15:105].all() and mask[:9, :9].all() and not mask[20:70].any()
    assert found["segmenter"] is None and found["levels"] == []
    assert np.array_equal(decode_rle(found["rle"], (90, 120)), mask)


def test_the_shape_and_negative_boxes_are_obeyed(client: Client, photo: Path) -> None:
    cut = [{**box()[0], "negative_boxes": [{"x0": 60, "y0": 0, "x1": 120, "y1": 90}]}]
    found = client.predict(
        handle_file(photo), objects=cut, shape={"precision": 1, "dilate": 0}, api_name="/segment"
    )
    rows, columns = np.nonzero(pixels(found["mask"]))
    assert columns.max() == 59 and found["objects"][0]["box"][2] == 60
    assert pixels(found["mask"])[rows.min() : rows.max(), columns.min() : 60].all()


def test_a_case_of_the_page_is_repeated(
    client: Client, photo: Path, app: tuple[str, Service]
) -> None:
    service = app[1]
    record = service.photos.add_copy(photo, photo.name)
    asked = {"photo": record.id, "objects": box(), "strokes": [SWIPE], "segmenter": "grabcut"}
    job = {"eraser": "paint", "settings": {"level": 40}, "seed": 3}
    case = service.export_case({**asked, "shape": {"dilate": 2}, "jobs": [job]})["case"]
    shown = service.segment({**asked, "shape": {"dilate": 2}})
    found = client.predict(handle_file(photo), case=case, api_name="/segment")
    assert found["area"] == shown["area"]
    erased = client.predict(handle_file(photo), case=case, api_name="/erase")
    (one,) = erased["results"]
    assert (one["eraser"], one["seed"], one["settings"]["level"]) == ("paint", 3, 40)
    mask = pixels(found["mask"])
    assert np.array_equal(pixels(one["image"])[~mask], picture()[~mask])
    reopened: Answer = service.open_run({"run": erased["run"]})
    assert reopened["prompt"]["strokes"][0]["width"] == 6


def test_a_mask_given_for_erasing_comes_back_with_the_run(
    client: Client, photo: Path, app: tuple[str, Service], tmp_path: Path
) -> None:
    corner = np.zeros((90, 120), np.uint8)
    corner[:9, :9] = 255
    (tmp_path / "corner.png").write_bytes(png_file(corner))
    erased = client.predict(
        handle_file(photo), handle_file(tmp_path / "corner.png"), ["paint"], api_name="/erase"
    )
    reopened = app[1].open_run({"run": erased["run"]})
    again = app[1].segment({"photo": reopened["photo"]["id"], **reopened["prompt"]})
    assert abs(again["area"] - 81 / 10800) < 1e-9


def test_the_default_erasers_are_used_when_none_are_named(
    client: Client, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = [spec for spec in list_erasers() if spec.id == "telea"]
    monkeypatch.setattr("ui.api.work.default_erasers", lambda: specs)
    erased = client.predict(handle_file(photo), box=BOX, api_name="/erase")
    assert [one["eraser"] for one in erased["results"]] == ["telea"]


def test_one_eraser_fails_and_the_others_finish(client: Client, photo: Path) -> None:
    erased = client.predict(
        handle_file(photo), None, ["broken", "paint"], box=BOX, api_name="/erase"
    )
    broken, paint = erased["results"]
    assert broken["state"] == "failed" and broken["image"] is None
    assert "error" in broken["error"] and SECRET not in json.dumps(erased)
    assert paint["state"] == "done" and paint["image"]


def test_erasers_are_listed(client: Client) -> None:
    listed = client.predict(api_name="/list_erasers")
    by_id = {one["id"]: one for one in listed}
    assert {"telea", "patchmatch", "migan"} <= set(by_id)
    assert by_id["migan"]["weights"][0]["size"] > 1e6 and by_id["telea"]["settings"]


def test_the_endpoints_are_described(client: Client) -> None:
    described = client.view_api(return_format="dict")["named_endpoints"]
    assert {"/segment", "/erase", "/list_erasers"} <= set(described)
    names = [one["parameter_name"] for one in described["/erase"]["parameters"]]
    assert names[:4] == ["image", "mask", "erasers", "points"]


@pytest.mark.slow
def test_callers_at_the_same_time_get_their_own_results(client: Client, tmp_path: Path) -> None:
    def erase(shade: int) -> bool:
        image = picture()
        image[:5] = shade
        path = tmp_path / f"{shade}.png"
        path.write_bytes(png_file(image))
        answer = client.predict(handle_file(path), None, ["paint"], box=BOX, api_name="/erase")
        return bool((pixels(answer["results"][0]["image"])[:5] == shade).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(erase, [10, 60, 110, 160]))


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "arguments", "says"),
    rest_is_slow(
        [
            ("/segment", {}, "Nothing is pointed at"),
            ("/segment", {"points": [[1, 2, 7]]}, "label"),
            ("/segment", {"box": [9, 9, 3, 3]}, "no area"),
            ("/segment", {"box": BOX, "dilate": 10**7}, "grow by"),
            ("/segment", {"box": BOX, "objects": box()}, "not both"),
            ("/segment", {"strokes": [SWIPE] * 10_000}, "10000 brush strokes"),
            ("/segment", {"case": {"version": 99}}, "newer program"),
            ("/segment", {"box": BOX, "segmenter": "no_such"}, "segmenter"),
            ("/erase", {"box": BOX, "erasers": ["no_such"]}, "no eraser"),
            ("/erase", {"box": BOX, "erasers": ["paint"], "seed": -1}, "seed"),
            (
                "/erase",
                {"box": BOX, "erasers": ["paint"], "settings": {"paint": {"level": 999}}},
                "level",
            ),
            ("/segment", {"points": "zz"}, "points"),
            ("/segment", {"points": [[1]]}, "points"),
            ("/segment", {"points": [[1, 2, 3, 4]]}, "points"),
            ("/segment", {"points": [[9999, 2]]}, "outside the photo"),
            ("/segment", {"points": [[1, 2]] * 2000}, "points"),
            ("/segment", {"box": [1, 2, 3]}, "box"),
            ("/segment", {"box": BOX, "level": 5}, "level"),
            ("/segment", {"box": BOX, "dilate": 3, "shape": {"dilate": 3}}, "not both"),
            ("/segment", {"box": BOX, "shape": {"precision": 3}}, "precision"),
            ("/segment", {"strokes": [{"points": [[1, 2]]}]}, "width"),
            ("/segment", {"box": BOX, "case": {"version": 1}}, "all prompts itself"),
            ("/segment", {"case": {"version": 1}}, "case file"),
            ("/erase", {"box": BOX, "erasers": []}, "erasers"),
            ("/erase", {"box": BOX, "erasers": "paint"}, "erasers"),
            ("/erase", {"box": BOX, "erasers": ["paint"] * 65}, "erasers"),
            ("/erase", {"box": BOX, "erasers": ["paint"], "settings": {"paint": 4}}, "settings"),
            ("/erase", {"box": BOX, "erasers": ["paint"], "settings": {"telea": {}}}, "telea"),
            ("/erase", {"erasers": ["paint"]}, "Nothing is pointed at"),
        ],
        11,
        several=True,
    ),
)
def test_arguments_that_cannot_be_are_explained(
    client: Client, photo: Path, endpoint: str, arguments: Answer, says: str
) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(image=handle_file(photo), api_name=endpoint, **arguments)
    text = str(refused.value)
    assert says in text and "Traceback" not in text and "/uploads" not in text


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "x\0y", "/dev/zero"])
def test_only_uploaded_files_are_read(app: tuple[str, Service], path: str) -> None:
    """Past the client, which would upload the file first."""
    ours = segment_raw(app[0], {"path": path})
    assert "event: error" in ours and "just uploaded here" in ours
    gradios = segment_raw(app[0], {"path": path, "meta": {"_type": "gradio.FileData"}})
    assert "event: error" in gradios and "root:" not in gradios


@pytest.mark.parametrize("image", [5, None, "x", [], {"path": 5}, {"path": ["x"]}, {}])
def test_images_that_are_none_are_refused(app: tuple[str, Service], image: Any) -> None:
    answer = segment_raw(app[0], image)
    said = ("not understood: image", "Give a picture as the first value", "just uploaded here")
    assert "event: error" in answer and any(words in answer for words in said)


def segment_raw(url: str, image: Any) -> str:
    """What /segment answers to an image that no client would send."""
    base = f"{url}gradio_api/call/segment"
    started = httpx.post(base, json={"data": [image, None, BOX, *[None] * 12]})
    return httpx.get(f"{base}/{started.json()['event_id']}", timeout=60).text


def test_inner_errors_stay_inside(
    client: Client, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"cannot open {SECRET}")

    monkeypatch.setattr("ui.api.work.mask_png", fail)
    with pytest.raises(AppError) as refused:
        client.predict(handle_file(photo), None, BOX, api_name="/segment")
    assert "secret" not in str(refused.value) and "inside the program" in str(refused.value)


# --- the server functions, as the browser calls them -------------------------------------


class Browser:
    """Calls server functions and uploads files as Gradio's own JavaScript does."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)
        config = self._http.get("/config").json()
        parts = config["components"]
        self._component = next(part["id"] for part in parts if part["type"] == "html")
        self.functions = next(
            part["props"]["server_fns"] for part in parts if part["type"] == "html"
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, name: str, data: Any) -> Answer:
        body = {
            "data": data,
            "component_id": self._component,
            "fn_name": name,
            "session_hash": "session",
        }
        answer = self._http.post("/gradio_api/component_server/", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def upload(self, data: bytes, name: str) -> str:
        answer = self._http.post("/gradio_api/upload", files={"files": (name, data)})
        return str(answer.json()[0])

    def get(self, url: str) -> httpx.Response:
        return self._http.get(f"/{url}")


@pytest.fixture(scope="module")
def browser(app: tuple[str, Service]) -> Iterator[Browser]:
    made = Browser(app[0])
    yield made
    made.close()


def test_the_page_can_call_every_function(browser: Browser) -> None:
    assert set(NAMES) <= set(browser.functions)
    for name in NAMES:
        for nonsense in ("x", [1, 2], {"unknown": 1}, 7):
            answer = browser.ask(name, nonsense)
            assert answer["ok"] is False and answer["error"]["text"]


def test_upload_open_click(browser: Browser, app: tuple[str, Service]) -> None:
    path = browser.upload(png_file(), "vom Handy.png")
    opened = browser.ask("open_photo", {"path": path, "name": "vom Handy.png"})
    photo = opened["photo"]
    assert photo["name"] == "vom Handy.png" and not Path(path).exists()
    assert browser.get(photo["view"]).headers["content-type"] == "image/jpeg"
    clicked = browser.ask("segment", {**prompts(photo["id"]), "n": 7})
    assert clicked["ok"] and clicked["n"] == 7 and clicked["overlay"].startswith("data:image/png")
    mask = browser.get(browser.ask("mask", prompts(photo["id"]))["url"])
    assert Pil.open(io.BytesIO(mask.content)).size == (120, 90)
    gone = browser.get(f"gradio_api/file={app[1].photos.original(photo['id'])}")
    assert gone.status_code in (403, 404)  # Gradio itself hands out no photo


def test_a_run_over_http(browser: Browser, app: tuple[str, Service]) -> None:
    path = browser.upload(png_file(), "x.png")
    photo = browser.ask("open_photo", {"path": path, "name": "x.png"})["photo"]
    grid = last(app[1].erase(order(photo["id"], "paint"), "anna"))
    assert browser.get(grid["cards"][0]["full"]).status_code == 200
    assert browser.get(grid["zip"]).headers["content-type"] == "application/zip"
    reopened = browser.ask("open_run", {"run": grid["run"]})
    assert reopened["grid"] == grid
    assert browser.ask("stop", owned(grid)) == {"ok": True, "stopped": False}


def test_the_page_learns_what_there_is(browser: Browser) -> None:
    answer = browser.ask("erasers", {})
    assert answer["ok"] and answer["device"]["memory"] > 0 and answer["version"]
    assert {one["id"] for one in answer["segmenters"]} >= {"mobile_sam", "grabcut"}
    assert all(one["available"] == (one["why"] is None) for one in answer["erasers"])
    assert {one["id"] for one in answer["erasers"] if one["available"]} >= {"migan", "telea"}
    weights = browser.ask("weights", {})["weights"]
    assert weights["mobile_sam.pt"]["state"] in ("ready", "missing", "fetching", "failed")


def test_only_known_weights_are_fetched(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        "ui.service.choices.catalog.fetch_in_background",
        lambda *weights, again: fetched.extend((weight.name, again) for weight in weights),
    )
    assert browser.ask("fetch_weights", {"name": "mobile_sam.pt"}) == {"ok": True}
    assert browser.ask("fetch_weights", {"name": "mobile_sam"}) == {"ok": True}
    unknown = browser.ask("fetch_weights", {"name": "../../evil.bin"})
    assert unknown["error"]["code"] == "unknown_weights"
    assert browser.ask("fetch_weights", {"name": "mobile_sam", "again": True}) == {"ok": True}
    by_file, by_model, anew = fetched
    assert by_file == by_model == ("mobile_sam.pt", False) and anew == ("mobile_sam.pt", True)


def test_server_functions_know_who_asks(
    app: tuple[str, Service], browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    callers: list[str] = []

    def noting(request: Any) -> str:
        callers.append(caller_of(request))
        return callers[-1]

    monkeypatch.setattr("ui.page.server_functions.caller_of", noting)
    browser.ask("weights", {})
    assert callers == ["127.0.0.1"]


def test_a_body_of_many_megabytes_is_refused(app: tuple[str, Service]) -> None:
    body = json.dumps({"data": "x" * (5 * 2**20)})
    for path in ("component_server/", "queue/join", "call/segment"):
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(f"{app[0]}gradio_api/{path}", content=body, headers=headers)
        assert answer.json()["error"]["code"] == "body_too_large"
        assert answer.status_code == (200 if path == "component_server/" else 413)


# --- what is said of results -------------------------------------------------------------


def test_results_come_with_numbers_that_are_defined(client: Client, photo: Path) -> None:
    erased = client.predict(handle_file(photo), None, ["telea"], POINT, api_name="/erase")
    readings = erased["results"][0]["readings"]
    metrics = {metric["id"]: metric for metric in client.predict(api_name="/list_metrics")}
    assert readings and {reading["id"] for reading in readings} <= set(metrics)
    assert metrics["sharpness"]["better"] == "higher"
    assert metrics["sharpness"]["formula"]["en"] and metrics["sharpness"]["formula"]["zh"]
    assert metrics["ssim"]["source"]["year"] == 2004 and metrics["seam"]["source"] is None


def test_a_run_is_remarked_hidden_and_deleted_by_whoever_has_its_secret(
    app: tuple[str, Service], client: Client, photo: Path
) -> None:
    erased = client.predict(handle_file(photo), None, ["telea"], POINT, api_name="/erase")
    run, secret = erased["run"], erased["secret"]
    kept = client.predict(run, 0, "A smear,\nas ever.", secret, api_name="/remark")
    assert kept == "A smear, as ever."
    assert app[1].runs.remarks(erased["run"]) == {0: "A smear, as ever."}
    with pytest.raises(AppError, match="not on this server"):
        client.predict("x" * 22, 0, "Whose?", api_name="/remark")
    with pytest.raises(AppError, match="index"):
        client.predict(run, 99, "Which?", secret, api_name="/remark")
    with pytest.raises(AppError, match="needs the run's secret"):
        client.predict(run, 0, "Mine.", api_name="/remark")
    assert client.predict(run, secret, api_name="/stop") is False
    assert client.predict(run, secret, api_name="/keep_private") is True
    assert client.predict(run, secret, api_name="/delete_run") is True
    assert not app[1].runs.exists(run)


# --- figures -----------------------------------------------------------------------------


def test_a_figure_and_a_report_of_a_run(client: Client, photo: Path) -> None:
    erased = client.predict(
        image=handle_file(photo), erasers=["paint"], points=POINT, box=BOX, api_name="/erase"
    )
    figure = client.predict(
        [erased["run"]], ["pdf", "csv", "svg"], width=80, numbers=["seconds"], api_name="/figure"
    )
    assert figure["notes"] == [] and list(figure["files"]) == ["svg", "pdf", "csv"]
    svg = Path(figure["files"]["svg"]).read_text("utf-8")
    assert "Test paint" in svg and svg.count("<image") == 3
    assert Path(figure["files"]["pdf"]).read_bytes().startswith(b"%PDF")
    assert Path(figure["files"]["csv"]).read_text("utf-8").splitlines()[1].count("paint")
    report = client.predict([erased["run"]], api_name="/report")["file"]
    assert report.endswith("report.html") and "Test paint" in Path(report).read_text("utf-8")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"runs": []}, "run"),
        ({"runs": ["../../etc"]}, "run"),
        ({"runs": ["x" * 22], "forms": ["exe"]}, "png, svg, pdf, tex, csv"),
        ({"runs": ["x" * 22], "width": 5}, "width"),
        ({"runs": ["x" * 22], "zoom": "much"}, "zoom"),
        ({"runs": ["x" * 22] * 13}, "12"),
    ],
)
def test_a_figure_that_cannot_be_is_one_sentence(
    client: Client, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(**asked, api_name="/figure")
    assert said in str(refused.value) and SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("runs", "said"), [([], "run"), (["../../etc"], "run"), (["x" * 22], "run")]
)
def test_a_report_on_nothing_is_one_sentence(client: Client, runs: list[str], said: str) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(runs, api_name="/report")
    assert said in str(refused.value) and SECRET not in str(refused.value)


# --- sweeps ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_sweep_runs_every_combination_on_masks_of_its_own(
    client: Client, photo: Path, app: tuple[str, Service]
) -> None:
    sweep = {"paint.level": [10, 200], "dilate": [0, 6]}
    planned = client.predict(sweep, ["paint"], api_name="/plan_sweep")
    assert [cell["axes"] for cell in planned["cells"]] == [
        {"level": level, "dilate": by} for by in (0, 6) for level in (10, 200)
    ]
    assert planned["seconds"] > 0 and planned["measured"] in (True, False)
    erased = client.predict(
        image=handle_file(photo),
        erasers=["paint"],
        points=POINT,
        box=BOX,
        settings={"paint": {"seamless": False}},
        sweep=sweep,
        api_name="/erase",
    )
    assert [one["axes"] for one in erased["results"]] == [cell["axes"] for cell in planned["cells"]]
    assert len(erased["runs"]) == 2 and erased["runs"][0] == erased["run"]
    assert [one["run"] for one in erased["results"]] == [
        run for run in erased["runs"] for _ in range(2)
    ]
    areas = []
    for one in erased["results"]:
        result, level = pixels(one["image"]), one["axes"]["level"]
        changed = (result != picture()).any(2)
        assert (result[changed] == level).all() and one["changed_outside"] == 0
        areas.append(changed.sum())
    assert areas[0] == areas[1] < areas[2] == areas[3]
    svg = client.predict(erased["runs"], ["svg", "csv"], width=500, api_name="/figure")["files"]
    assert "Test paint, level 200, grown by 6\u00a0px" in Path(svg["svg"]).read_text("utf-8")
    head, *lines = Path(svg["csv"]).read_text("utf-8").splitlines()
    assert {"axis.level", "axis.dilate"} <= set(head.split(",")) and len(lines) == 4
    archive = httpx.get(f"{app[0]}lab/runs/{erased['runs'][1]}/all.zip").content
    settings = json.loads(zipfile.ZipFile(io.BytesIO(archive)).read("settings.json"))
    assert [job["axes"] for job in settings["jobs"]] == [
        {"level": level, "dilate": 6} for level in (10, 200)
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sweep": {"paint.colour": [1, 2]}}, "colour"),
        ({"sweep": {"paint.level": [1, 1.0]}}, "twice"),
        ({"sweep": {"paint.level": []}}, "paint.level"),
        ({"sweep": {"lama.tile": [1]}, "erasers": ["paint"]}, "lama"),
        ({"sweep": {"paint.level": list(range(33)), "dilate": [0, 1]}}, "66"),
        ({"sweep": {"paint.level": [1]}, "erasers": ["paint"],
          "settings": {"paint": {"level": 3}}}, "both set and swept"),
        ({"sweep": {"dilate": [1e9]}, "erasers": ["paint"]}, "256"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("endpoint", rest_is_slow(["/plan_sweep", "/erase"]))
def test_a_sweep_that_cannot_be_is_one_sentence(
    client: Client, photo: Path, endpoint: str, asked: dict[str, Any], said: str
) -> None:
    more = {"image": handle_file(photo), "box": BOX} if endpoint == "/erase" else {}
    with pytest.raises(AppError) as refused:
        client.predict(**more, **asked, api_name=endpoint)
    assert said in str(refused.value)
