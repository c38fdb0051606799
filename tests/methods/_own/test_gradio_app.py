"""A real Gradio app in a process of its own, asked by an owner's eraser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from methods import Failed, Finished, Image, Mask, StopToken
from own_tools import Own
from ports import own_port
from server_fixtures import serve, stop_when
from troubled_server import until

pytest_plugins = ["own_fixtures"]
pytestmark = pytest.mark.slow

Erase = Callable[..., Finished | Failed]

APP = """
    import os, time
    from pathlib import Path
    import gradio as gr
    import numpy as np

    here = Path(__file__).parent

    def filled(image, mask, level):
        found = image.copy()
        found[mask[:, :, 0] > 127] = level
        return found

    def plain(image, mask, level, progress=gr.Progress()):
        for step in range(3):
            progress((step + 1, 3))
            time.sleep(0.3)
        return filled(image, mask, level)

    def painted(editor, seed):
        mask = editor["layers"][0][:, :, 3:]
        return "done", [(filled(editor["background"][:, :, :3], mask, seed), "it")]

    def slowly(image, mask):
        for step in range(600):
            (here / "step").write_text(str(step))
            time.sleep(0.1)
            yield None

    def failing(image, mask):
        raise gr.Error("the app has no GPU today")

    with gr.Blocks() as app:
        image, mask = gr.Image(), gr.Image()
        level, editor, text = gr.Number(), gr.ImageEditor(), gr.Textbox()
        out, gallery = gr.Image(format="png"), gr.Gallery(format="png")
        for function, inputs, outputs in (
            (plain, [image, mask, level], [out]),
            (painted, [editor, level], [text, gallery]),
            (slowly, [image, mask], [out]),
            (failing, [image, mask], [out]),
        ):
            gr.Button().click(function, inputs, outputs, api_name=function.__name__)
    app.launch(server_name="127.0.0.1", server_port=int(os.environ["PORT"]), quiet=True)
"""
WHOLE = "[canvas]\nwhole = true"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder, port = tmp_path_factory.mktemp("app"), own_port()
    (folder / "app.py").write_text(dedent(APP), encoding="utf-8")
    more = {"PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(folder)}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=folder, env=os.environ | more)
    try:
        url = f"http://127.0.0.1:{port}"
        assert until(lambda: answers(url) or process.poll() is not None, 120)
        assert process.poll() is None
        yield url, folder
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/config", timeout=5).is_success
    except httpx.HTTPError:
        return False


def test_by_names(own: Own, erase: Erase, app: tuple[str, Path], image: Image, mask: Mask) -> None:
    table = """
        api_name = "/plain"
        arguments = { image = "{image}", mask = "{mask}", level = "{settings.level}" }
    """
    level = '[settings.level]\ntype = "int"\ndefault = 5\nmin = 0\nmax = 255\nhelp = "h"'
    serve(own, "gradio", app[0], table, f"{WHOLE}\n{level}")
    last = erase("theirs", {"seamless": False, "level": 70})
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    assert (last.image[mask] == 70).all()


def test_an_editor_and_a_gallery(own: Own, erase: Erase, app: tuple[str, Path], mask: Mask) -> None:
    table = 'api_name = "/painted"\narguments = ["{editor}", "{seed}"]\nresult = "1.0.image"'
    serve(own, "gradio", app[0], table, WHOLE)
    last = erase("theirs", {"seamless": False}, seed=33)
    assert isinstance(last, Finished), last
    assert (last.image[mask] == 33).all()


def test_stop_ends_it_there(own: Own, erase: Erase, app: tuple[str, Path]) -> None:
    serve(own, "gradio", app[0], 'api_name = "/slowly"\narguments = ["{image}", "{mask}"]')
    token, step = StopToken(), app[1] / "step"
    asked = stop_when(step.exists, token)
    last = erase("theirs", token=token)
    asked.join()
    assert isinstance(last, Failed) and last.code == "stopped"
    assert until(lambda: stands_still(step), 20)


def stands_still(file: Path) -> bool:
    """The app's function takes no further step: ten of its steps long."""
    before = file.read_text()
    time.sleep(1)
    return file.read_text() == before


def test_its_error_is_told(own: Own, erase: Erase, app: tuple[str, Path]) -> None:
    serve(own, "gradio", app[0], 'api_name = "/failing"\narguments = ["{image}", "{mask}"]')
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "says: the app has no GPU today" in last.text


def test_there_is_no_such_endpoint(own: Own, erase: Erase, app: tuple[str, Path]) -> None:
    serve(own, "gradio", app[0], 'api_name = "/plane"\narguments = ["{image}", "{mask}"]')
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "/plane (/plain, /painted, /slowly, /failing)" in last.text
