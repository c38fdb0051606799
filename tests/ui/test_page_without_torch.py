"""A page whose networks are in processes of their own needs no torch itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segmentation import is_segmenter_ready, list_segmenters

HEAVY = {
    *("torch", "torchvision", "diffusers", "transformers", "accelerate", "peft", "timm", "lpips"),
    *("segment_anything", "onnxruntime", "safetensors", "patchmatch", "pillow_heif", "skimage"),
    *("scipy", "matplotlib", "ray", "spaces"),
}
"""What the page's process has not imported when it has begun: whoever needs it brings it. What is
there is Gradio's for nine tenths of the time, pandas included, which it imports by itself."""

PROGRAM = """
import json, sys

import app

found = {}
service = app.make_service()
from ui.page.layout import build_page

build_page(service)
service.start(fetch=False)
service.erasers({})
found["start"] = sorted({name.partition(".")[0] for name in sys.modules})
photo = service.open_example({"id": "rocket"})["photo"]["id"]
prompts = {"photo": photo, "objects": [{"points": [{"x": 320, "y": 165}]}]}
clicked = service.segment(prompts)
found["click"] = "torch" in sys.modules
jobs = [{"eraser": "telea"}]
begun = service.new_run({})
new = {"run": begun["run"], "secret": begun["secret"]}
for grid in service.erase({**prompts, **new, "jobs": jobs}):
    pass
found["erase"] = "torch" in sys.modules
found["segmenter"] = clicked["segmenter"]
found["readings"] = [[each["id"] for each in card["readings"]] for card in grid["cards"]]
service.close()
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["none", pytest.param("real", marks=pytest.mark.slow)])
def test_the_page_needs_no_torch(weights: str, tmp_path: Path) -> None:
    """After its start, a click, an erase and its numbers, by networks where they are here."""
    mobile_sam = next(spec for spec in list_segmenters() if spec.id == "mobile_sam")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"ERASER_LAB_WORKERS": "2", "ERASER_LAB_DATA": str(tmp_path / "data")}
    kept = tmp_path / "embeddings"
    kept.mkdir()
    (kept / "of-an-earlier-run.safetensors").write_bytes(b"")
    environment["ERASER_LAB_EMBEDDINGS"] = str(kept)
    if weights == "none":
        environment["ERASER_LAB_WEIGHTS"] = str(tmp_path / "weights")
    elif not is_segmenter_ready(mobile_sam):
        pytest.skip("MobileSAM's weights are not on this machine")
    command = [sys.executable, "-c", PROGRAM]
    program = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert program.returncode == 0, program.stderr
    found = json.loads(program.stdout.splitlines()[-1])
    assert not HEAVY & set(found["start"])
    assert not (found["click"] or found["erase"])
    by_network = weights == "real"
    assert found["segmenter"] == ("mobile_sam" if by_network else "grabcut")
    for readings in found["readings"]:
        assert ("remove" in readings) == by_network and "sharpness" in readings
