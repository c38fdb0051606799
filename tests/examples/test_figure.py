"""Figures: what is drawn where, as SVG, PDF and PNG; and what is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pypdfium2
import pytest
from PIL import Image as PilImage

from examples.figure import content, drawing, fonts
from examples.figure.__main__ import main
from examples.figure.content import strips_of
from examples.figure.drawing import draw
from examples.figure.files import make_figure
from examples.figure.layout import Outline, Rect, Words, columns_of, inset_of, lay_out
from examples.figure.of_run import case_of_run, unpack
from examples.figure.options import FigureOptions
from figure_tools import COLORS, GREY, job, put_run, zip_of
from methods import BadInput, Image
from tiers import rest_is_slow

SVG = "{http://www.w3.org/2000/svg}"
MM = 72 / 25.4
"""Points of a PDF in a millimetre."""

ERASERS = ("telea", "migan", "patchmatch")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "tree"
    return put_run(folder, [job(eraser) for eraser in ERASERS])


def drawn(run: Path, form: Any, **options: Any) -> bytes:
    asked = FigureOptions(**{"dpi": 72, **options})
    return draw(strips_of([case_of_run(run)], asked), asked, form).data


def texts(svg: bytes) -> list[str]:
    tree = ElementTree.fromstring(svg)
    return [(node.text or "").strip() for node in tree.iter(f"{SVG}text")]


def page_of(data: bytes) -> pypdfium2.PdfPage:
    return pypdfium2.PdfDocument(data)[0]


def is_near(pixel: np.ndarray, color: Sequence[int]) -> bool:
    return bool(np.abs(pixel[:3].astype(int) - color).max() <= 12)


# --- where everything lies ---------------------------------------------------------------


@pytest.mark.parametrize("zoom", ["inset", "below", "alone", "none"])
@pytest.mark.parametrize("columns", [0, 1, 3])
def test_nothing_overlaps_and_all_lies_within_the_width(zoom: Any, columns: int) -> None:
    words = tuple(Words(("a rather long label of an eraser", "24.1 dB")) for _ in range(7))
    outlines = [
        Outline(1.5, words, (0.1, 0.1, 0.4, 0.3), 1.2, "one"),
        Outline(0.6, words[:4], (0.5, 0.5, 0.9, 0.7), 2.0, "two"),
    ]
    options = FigureOptions(width=120, zoom=zoom, columns=columns, gap=2)
    layout = lay_out(outlines, options)
    places = [placed.at for placed in layout.placed]
    assert len(places) == 11 * (2 if zoom == "below" else 1)
    for number, one in enumerate(places):
        assert one.x >= -1e-9 and one.x + one.width <= 120 + 1e-9
        assert one.y + one.height <= layout.height + 1e-9
        for other in places[number + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert across < 1e-6 or down < 1e-6
    assert max(at.x + at.width for at in places) == pytest.approx(120)


@pytest.mark.parametrize(
    ("counts", "wanted", "columns"),
    [((4,), 0, 4), ((8,), 0, 4), ((13,), 0, 5), ((5, 3), 0, 5), ((5,), 3, 3), ((2,), 9, 2)],
)
def test_lines_are_about_equally_long(counts: Sequence[int], wanted: int, columns: int) -> None:
    assert columns_of(counts, wanted) == columns


def test_an_inset_lies_where_the_mask_is_not() -> None:
    panel = Rect(10, 20, 40, 30)
    for window, right, bottom in (
        ((0.0, 0.0, 0.2, 0.2), True, True),
        ((0.7, 0.7, 0.9, 0.9), False, True),
        ((0.1, 0.7, 0.3, 0.9), True, True),
        ((0.45, 0.6, 0.7, 0.9), False, True),
    ):
        at = inset_of(panel, window, 1.0)
        assert at is not None
        assert at.x == pytest.approx(50 - at.width if right else 10)
        assert at.y == pytest.approx(50 - at.height if bottom else 20)
    assert inset_of(panel, (0.1, 0.1, 0.9, 0.9), 1.0) is None, "it would be smaller"


# --- SVG ---------------------------------------------------------------------------------


def test_svg_has_its_words_as_text_and_a_picture_for_each_panel(run: Path) -> None:
    svg = drawn(run, "svg", numbers=("psnr_mask", "seconds"), zoom="none")
    assert texts(svg) == ["Photo", "Mask", *(
        line for eraser in ERASERS for line in (eraser.title(), "PSNR 20.2\u00a0dB", "1.50\u00a0s")
    )]  # fmt: skip
    tree = ElementTree.fromstring(svg)
    assert len(list(tree.iter(f"{SVG}image"))) == 5
    assert float((tree.get("width") or "").removesuffix("pt")) == pytest.approx(174 * MM, abs=0.1)
    assert not list(tree.iter(f"{SVG}use")), "letters as outlines"


def test_insets_have_frames_and_pictures_of_their_own(run: Path) -> None:
    tree = ElementTree.fromstring(drawn(run, "svg", zoom="inset"))
    assert len(list(tree.iter(f"{SVG}image"))) == 10
    frames = [node for node in tree.iter() if drawing.FRAME in (node.get("style") or "")]
    assert len(frames) == 10, "around the place and around the inset, in each picture"


def test_what_anyone_calls_a_photo_stays_text(run: Path, tmp_path: Path) -> None:
    evil = "$\\frac{</text><script>alert(1)</script>\u0007\ud800 & _x_"
    folder = put_run(tmp_path / "evil", [job("telea", name=evil)])
    svg = drawn(folder, "svg", zoom="none", font_size=3, width=900)
    (label,) = [one for one in texts(svg) if "frac" in one]
    assert label == "$\\frac{</text><script>alert(1)</script>\ufffd & _x_"
    assert not list(ElementTree.fromstring(svg).iter(f"{SVG}script"))


@pytest.mark.parametrize("form", rest_is_slow(["svg", "pdf", "png"]))
def test_the_same_figure_is_the_same_bytes(run: Path, form: Any) -> None:
    small = {"width": 60, "dpi": 60}
    assert drawn(run, form, **small) == drawn(run, form, **small)


# --- PDF ---------------------------------------------------------------------------------


def test_pdf_has_its_size_its_words_and_each_result_in_its_place(run: Path) -> None:
    page = page_of(drawn(run, "pdf", zoom="none", gap=2, width=200))
    width = page.get_size()[0]
    assert width == pytest.approx(200 * MM, abs=0.1)
    words = page.get_textpage().get_text_range().split()
    assert words == ["Photo", "Mask", "Telea", "Migan", "Patchmatch"]
    pixels = page.render(scale=2).to_numpy()[..., ::-1]
    cell = (200 - 4 * 2) / 5
    for number, eraser in enumerate(ERASERS, 2):
        x = (number * (cell + 2) + cell * 65 / 400) * MM * 2
        y = cell * 0.75 * 80 / 300 * MM * 2
        assert is_near(pixels[round(y), round(x)], COLORS[eraser])
        assert is_near(pixels[round(y), round(x + cell / 2 * MM * 2)], (GREY,) * 3)
    assert is_near(pixels[-3, round(width)], (255,) * 3), "below the pictures there is paper"


def test_chinese_labels_are_drawn_where_there_is_a_font(run: Path) -> None:
    strips = strips_of([case_of_run(run)], FigureOptions(language="zh"))
    figure = draw(strips, FigureOptions(language="zh"), "pdf")
    page = page_of(figure.data)
    words = page.get_textpage().get_text_range()
    if figure.notes:
        assert "照" in figure.notes[0].en
        pytest.skip("no font on this machine has Chinese letters")
    assert "照片" in words and "蒙版" in words
    paper = page.render(scale=4).to_numpy()
    assert _ink_of("照片", page, paper) > 2 * _ink_of("l", page, paper) > 0


def _ink_of(word: str, page: pypdfium2.PdfPage, pixels: np.ndarray) -> int:
    """Dark pixels in the box of the word's first letter."""
    text = page.get_textpage()
    index, _ = text.search(word, match_case=True).get_next()
    left, bottom, right, top = text.get_charbox(index)
    height = page.get_size()[1]
    rows = slice(int((height - top) * 4) - 1, int((height - bottom) * 4) + 2)
    columns = slice(int(left * 4) - 1, int(right * 4) + 2)
    return int((pixels[rows, columns, :3].max(2) < 128).sum())


def test_letters_that_no_font_has_are_said(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_candidates", lambda: (fonts.BASE,))
    options = FigureOptions(language="zh")
    made = draw(strips_of([case_of_run(run)], options), options, "svg")
    assert "照" in made.notes[0].en and "Noto Sans CJK" in made.notes[0].en
    assert texts(made.data)[:3] == ["??", "??", "Telea"], "and no empty boxes"


# --- PNG ---------------------------------------------------------------------------------


def opened(data: bytes) -> PilImage.Image:
    return PilImage.open(io.BytesIO(data))


@pytest.mark.parametrize("size", rest_is_slow([(50, 72), (84, 600), (174, 300)]))
def test_png_has_the_pixels_of_its_width(run: Path, size: tuple[int, int]) -> None:
    width, dpi = size
    picture = opened(drawn(run, "png", width=width, dpi=dpi, font_size=5))
    assert picture.width == pytest.approx(width / 25.4 * dpi, abs=1)
    assert picture.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)


def in_panel(pixels: Image, number: int, x: float, y: float) -> np.ndarray:
    """Of five panels without gaps; x, y: shares of a panel."""
    side = pixels.shape[1] / 5
    return pixels[round(y * side * 0.75), round((number + x) * side)]


def test_the_inset_shows_the_mask_enlarged_in_the_far_corner(run: Path) -> None:
    data = drawn(run, "png", gap=0, labels=False, dpi=200)
    pixels = np.asarray(opened(data).convert("RGB"))
    for number, eraser in enumerate(ERASERS, 2):
        assert is_near(in_panel(pixels, number, 65 / 400, 80 / 300), COLORS[eraser])
        assert is_near(in_panel(pixels, number, 0.77, 0.79), COLORS[eraser]), "enlarged"
    without = np.asarray(opened(drawn(run, "png", gap=0, labels=False, zoom="none", dpi=200)))
    assert is_near(in_panel(without, 2, 0.77, 0.79), (GREY,) * 3)


def test_a_failed_eraser_is_left_out_and_stays_in_the_numbers(tmp_path: Path) -> None:
    failed = {"eraser": "lama", "state": "failed", "code": "out_of_memory", "text": "Too large."}
    folder = put_run(tmp_path / "run", [job("telea"), failed])
    case = case_of_run(folder)
    made = make_figure([case], FigureOptions(), ["svg", "csv"], "figure")
    assert texts(made.files["svg"]) == ["Photo", "Mask", "Telea"]
    lines = made.files["csv"].decode().splitlines()
    assert lines[2].startswith("tree.png,lama,lama,") and lines[2].endswith("Too large.")


def test_one_eraser_with_other_settings_is_told_apart(tmp_path: Path) -> None:
    jobs = [
        job("telea", settings={"radius": radius, "seamless": True}, file=f"results/{radius}.png")
        for radius in (3, 9)
    ]
    case = case_of_run(put_run(tmp_path / "run", jobs))
    made = make_figure([case], FigureOptions(width=400), ["svg", "csv", "tex"], "figure")
    assert texts(made.files["svg"])[2:] == ["Telea, radius 3", "Telea, radius 9"]
    head, first, _ = made.files["csv"].decode().splitlines()
    place = head.split(",").index("axis.radius")
    assert first.split(",")[place] == "3"
    assert r"Telea, radius 9 & \textbf{20.2 dB}" in made.files["tex"].decode()


# --- LaTeX -------------------------------------------------------------------------------


def test_latex_is_whole_and_names_the_best(tmp_path: Path) -> None:
    jobs = [
        job("telea", name="T_e{l}a & 50 % #1 $x^2$ \\input{/etc/passwd}"),
        job("migan", readings=[{"id": "psnr_mask", "value": 31.0, "remark": None}]),
    ]
    case = case_of_run(put_run(tmp_path / "run", jobs))
    tex = make_figure([case], FigureOptions(), ["tex"], "my_figure").files["tex"].decode()
    assert r"\includegraphics[width=174mm]{\detokenize{my_figure}}" in tex
    assert r"T\_e\{l\}a \& 50 \% \#1 \$x\textasciicircum{}2\$ \textbackslash{}input\{" in tex
    assert r"Migan & \textbf{31.0 dB} &" in tex and r"\textbf{20.2 dB}" not in tex
    plain = re.sub(r"\\[{}]", "", tex)
    assert plain.count("{") == plain.count("}")
    begun, ended = (re.findall(rf"\\{word}{{(\w+\*?)}}", tex) for word in ("begin", "end"))
    assert sorted(begun) == sorted(ended) and len(begun) == 3


def test_a_name_that_would_be_a_formula_is_text_in_a_spreadsheet(tmp_path: Path) -> None:
    folder = put_run(tmp_path / "run", [job("telea")], name="=HYPERLINK(1).png")
    csv = make_figure([case_of_run(folder)], FigureOptions(), ["csv"], "x").files["csv"].decode()
    assert csv.splitlines()[1].startswith("'=HYPERLINK(1).png,")


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"width": 1000, "dpi": 1200}, "figure_too_large"),
        ({"width": 20, "columns": 5, "gap": 3}, "figure_too_narrow"),
        ({"cells": ("nobody",)}, "figure_cells_unknown"),
    ],
)
def test_what_cannot_be_drawn_is_said(run: Path, options: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        drawn(run, "png", **options)
    assert refused.value.code == code


def test_too_much_is_said_before_it_is_held(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "MOST_PIXELS", 200_000)
    with pytest.raises(BadInput, match="megapixels"):
        strips_of([case_of_run(run)], FigureOptions(width=1000))
    assert strips_of([case_of_run(run)], FigureOptions(width=50))


def test_no_result_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no finished result"):
        strips_of([case_of_run(put_run(tmp_path / "run", []))], FigureOptions())


def test_a_result_of_another_photo_is_refused(tmp_path: Path) -> None:
    folder = put_run(tmp_path / "run", [job("telea")])
    PilImage.new("RGB", (40, 30)).save(folder / "results" / "telea.png")
    with pytest.raises(BadInput, match="not the size"):
        drawn(folder, "png")


@pytest.mark.parametrize("file", ["../secret.png", "/etc/passwd", "a\\..\\b.png", "C:x.png"])
def test_no_file_outside_the_folder_is_opened(tmp_path: Path, file: str) -> None:
    (tmp_path / "secret.png").write_bytes(b"")
    folder = put_run(tmp_path / "run", [{**job("telea"), "state": "failed", "file": file}])
    with pytest.raises(BadInput, match="is no run"):
        case_of_run(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"jobs": [{"eraser": 3}]}'])
def test_settings_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    folder = put_run(tmp_path / "run", [job("telea")])
    (folder / "settings.json").write_text(text)
    with pytest.raises(BadInput):
        drawn(folder, "png")


def test_a_zip_is_unpacked_into_its_folder_alone(run: Path, tmp_path: Path) -> None:
    file = zip_of(run, tmp_path / "run.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../../evil.png", b"x")
        archive.writestr("report.html", b"<p>")
    target = tmp_path / "deep" / "into"
    unpack(file, target)
    assert not list(tmp_path.glob("evil.png")) and not (target / "report.html").exists()
    assert (target / "results" / "telea.png").is_file()


def test_a_zip_that_would_fill_the_disk_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = zip_of(run, tmp_path / "run.zip")
    for limit in ("MOST_MEMBER", "MOST_UNPACKED", "MOST_MEMBERS"):
        with monkeypatch.context() as patch:
            patch.setattr(f"examples.figure.of_run.{limit}", 3)
            with pytest.raises(BadInput, match="is no run"):
                unpack(file, tmp_path / limit)
        assert not (tmp_path / limit).exists()


# --- the command -------------------------------------------------------------------------


def test_the_command_writes_every_form_from_a_zip(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = zip_of(run, tmp_path / "run.zip")
    out = tmp_path / "paper" / "fig1"
    assert main([str(file), "--out", str(out), "--width", "84", "--dpi", "100"]) == 0
    written = {path.name for path in out.parent.iterdir()}
    assert written == {f"fig1.{form}" for form in ("png", "svg", "pdf", "tex", "csv")}
    assert len(capsys.readouterr().out.splitlines()) == 5


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--width", "5"], "--width"),
        (["--columns", "-1"], "--columns"),
        (["--numbers", "beauty"], "beauty"),
        (["--cells", "nobody"], "There are: telea, migan, patchmatch."),
    ],
)
def test_the_command_says_what_is_wrong(
    run: Path, more: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run), "--out", str(tmp_path / "figure"), *more]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_asks_for_what_it_cannot_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put_run(tmp_path / "run", [job("telea")])
    (folder / "tree.png").unlink()
    assert main([str(folder)]) == 2
    assert "--photo FILE" in capsys.readouterr().err
    assert main([str(tmp_path / "nowhere")]) == 2
    (tmp_path / "words.zip").write_text("no zip")
    assert main([str(tmp_path / "words.zip")]) == 2
