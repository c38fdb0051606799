"""A command of another environment, with another major version of numpy, beside ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PilImage

from own_tools import Own
from ui.cli.__main__ import main
from ui.service.service import Service
from ui_tools import last, order, picture, png_file

pytest_plugins = ["own_fixtures", "ui_fixtures"]
pytestmark = pytest.mark.slow

OLD = "numpy==1.26.4"
"""The last of its major version; it has wheels for Python 3.9 to 3.12."""

ONCE = """
    import sys
    import numpy as np
    from PIL import Image
    assert np.__version__.startswith("1.26."), np.__version__
    pixels = np.array(Image.open(sys.argv[1]).convert("RGB"))
    hole = np.array(Image.open(sys.argv[2]).convert("L")) > 127
    pixels[hole] = 300  # 44 in numpy 1; numpy 2 refuses
    print("made by numpy", np.__version__, "of", sys.prefix, file=sys.stderr)
    if int(sys.argv[4]) == 13:
        sys.exit(5)
    Image.fromarray(pixels).save(sys.argv[3])
"""
KEPT = """
    import sys
    import numpy as np
    from eraser_lab_client import serve

    def load(device):
        print("numpy", np.__version__, "of", sys.prefix)

    def erase(model, image, mask, seed, settings, progress):
        progress(1, 2)
        if seed == 13:
            raise RuntimeError("numpy " + np.__version__)
        out = image.copy()
        out[mask] = [int(part) for part in np.__version__.split(".")]
        return out

    serve(load, erase)
"""


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of another environment."""
    if int(np.__version__.split(".")[0]) < 2 or sys.version_info >= (3, 13):
        pytest.skip(f"needs a Python for which there is {OLD}, and another numpy of ours")
    folder = tmp_path_factory.mktemp("other") / "venv"
    _made([sys.executable, "-m", "venv", str(folder)])
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    _made([*install, "--disable-pip-version-check", OLD, "pillow"])
    return python


def _made(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    if done.returncode:
        why = (done.stderr or done.stdout).strip().splitlines()[-1:]
        pytest.skip(f"the other environment cannot be made: {why}")


@pytest.fixture
def old(own: Own, other_python: Path) -> Own:
    own.command("once", ONCE, words='"{seed}"')
    own.kept("stays")
    own.put("stays.py", KEPT)
    for name in ("once", "stays"):
        manifest = own.folder / f"{name}.toml"
        own.put(
            manifest.name, manifest.read_text("utf-8").replace(sys.executable, str(other_python))
        )
    return own


def test_the_page_erases_with_both(old: Own, service: Service, photo: str) -> None:
    grid = last(service.erase(_ordered(photo, seed=1)))
    mask = np.asarray(PilImage.open(service.runs.folder / grid["run"] / "mask.png"))
    wanted = {"once": (44, 44, 44), "stays": (1, 26, 4)}
    for card in grid["cards"]:
        assert (card["state"], card["changed_outside"]) == ("done", 0), card
        file = service.runs.folder / grid["run"] / Path(card["full"]).name
        pixels = np.asarray(PilImage.open(file).convert("RGB"))
        assert np.array_equal(pixels[~mask], picture()[~mask])
        assert (pixels[mask] == wanted[card["eraser"]]).all()


def test_the_details_say_which_one_it_was(old: Own, service: Service, photo: str) -> None:
    grid = last(service.erase(_ordered(photo, seed=13)))
    cards = {card["eraser"]: card["error"] for card in grid["cards"]}
    assert cards["once"]["code"] == "own_failed" and "exit code 5" in cards["once"]["text"]
    assert f"made by {OLD.replace('==', ' ')} of " in cards["once"]["details"]["printed"]
    assert cards["stays"]["code"] == "own_said" and "numpy 1.26.4" in cards["stays"]["text"]


def _ordered(photo: str, seed: int) -> dict[str, Any]:
    names = ("once", "stays")
    jobs = [{"eraser": n, "settings": {"seamless": False}, "seed": seed} for n in names]
    return order(photo, *names, jobs=jobs)


def test_the_command_line_erases_and_checks_with_both(
    old: Own, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, out = tmp_path / "photo.png", tmp_path / "out"
    photo.write_bytes(png_file())
    plain = ["--set", "once.seamless=false", "--set", "stays.seamless=false"]
    words = ["erase", str(photo), "--box=38,23,82,67", "--segmenter", "grabcut", *plain]
    assert main([*words, "--erasers", "once,stays", "--out", str(out), "--offline"]) == 0
    mask = np.asarray(PilImage.open(out / "mask.png").convert("L")) > 0
    for name, level in (("once", (44, 44, 44)), ("stays", (1, 26, 4))):
        pixels = np.asarray(PilImage.open(out / f"{name}.png").convert("RGB"))
        assert np.array_equal(pixels[~mask], picture()[~mask])
        assert (pixels[mask] == level).all()
    report = json.loads((out / "settings.json").read_text("utf-8"))
    assert [each["changed_outside"] for each in report["results"]] == [0, 0]
    assert main(["check", "stays"]) == 1  # another seed gives the same picture
    assert "say seeded = false" in capsys.readouterr().out
