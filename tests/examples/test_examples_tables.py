"""Tables: cases found, every cell once, failures in their cells, three reports."""

from __future__ import annotations

import errno
import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from _weight_server import closed_port
from examples import tables
from examples.remote import place_of
from examples.report.data import Report
from examples.report.html import page
from examples.report.markdown import markdown
from examples.report.markdown import plain as in_markdown
from examples.report.shapes import PlainReport
from examples.rows import PhotoRef
from examples.running import numbers, work
from examples.running.cases import Case, CaseTable, documents, of_folder, stand_ins
from examples.running.jobs import Choice, jobs_of
from examples.running.records import Folder, read_remarks, safe, write_remark
from examples.running.run import Step, run_table
from examples.running.work import RowResult
from examples.tables import main
from methods import BadInput, InProcess, StopToken, Verbatim, load_image, png_bytes
from methods._weights.transport.http import _dead
from segmentation import mask_png
from table_fixtures import hole, huge_png, put_case, scene, small_jpeg
from worker_fixtures import pool_of

ROOT = Path(__file__).resolve().parents[2]
TELEA = Choice(("telea",), features=False)


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights are here, and none are fetched."""
    for name in list(os.environ):
        if name.startswith("ERASER_LAB_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ERASER_LAB_WORKERS", "0")
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(tables, "fetch", lambda weight: weight)
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "photos"))
    _dead.clear()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, name in enumerate(("one", "two")):
        put_case(tmp_path / "mine", name, seed=number)
    return tmp_path / "mine"


def ran(table: CaseTable, out: Path, choice: Choice = TELEA) -> list[RowResult]:
    return list(run_table(table, choice, Folder(out), StopToken(), lambda step: None))


def report_of(table: CaseTable, rows: list[RowResult], **more: Any) -> PlainReport:
    return Report(table=table, choice=TELEA, rows=rows, remarks={}, **more).plain()


# --- which cases there are ---------------------------------------------------------------


def test_a_folders_files_are_paired_by_name(photos: Path) -> None:
    put_case(photos, "three", truth=True)
    (photos / "three-mask-2.png").write_bytes(mask_png(hole(shift=20)))
    (photos / "three-object.png").write_bytes(mask_png(hole()))
    (photos / "notes.txt").write_text("no photo")
    cases = {case.id: case for case in of_folder(photos).cases}
    assert list(cases) == ["one", "three", "three-2", "two"]
    assert cases["three"].truth and cases["three-2"].truth and not cases["one"].truth
    assert cases["three"].photo == cases["three-2"].photo
    assert cases["three"].mask != cases["three-2"].mask


def test_what_is_missing_is_named_in_its_row(photos: Path, tmp_path: Path) -> None:
    (photos / "alone.png").write_bytes(png_bytes(scene()))
    (photos / "lost-mask.png").write_bytes(mask_png(hole()))
    rows = {row.case.id: row for row in ran(of_folder(photos), tmp_path / "out")}
    assert "alone-mask.png" in str(rows["alone"].failure)
    assert "lost.jpg" in str(rows["lost-mask"].failure)
    assert rows["one"].cells[0].state == "done"


def test_two_formats_of_one_name_are_two_cases(photos: Path) -> None:
    (photos / "one.jpg").write_bytes(small_jpeg())
    assert {case.id for case in of_folder(photos).cases} == {"one.jpg", "one.png", "two"}


def test_an_empty_or_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(BadInput):
            of_folder(folder)


def test_the_tables_that_come_with_the_program_are_whole() -> None:
    assert len(documents().cases) == 17 and len(documents().notes) == 4
    assert all(case.shown and case.eraser for case in documents().cases)
    assert all(not case.eraser for case in stand_ins().cases)


def test_names_of_files_are_safe_and_differ() -> None:
    names = ["a", "a/b", "a\\b", "a_b", "..", ".a", "<img src=x>", "名字", "x" * 200, "x" * 201]
    assert len({safe(name) for name in names}) == len(names)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", safe(name))


# --- every cell once ---------------------------------------------------------------------


class Counted:
    """Counts what is really erased."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jobs: list[str] = []
        real = InProcess.run

        def counted(executor: InProcess, jobs: Any, *args: Any, **named: Any) -> Any:
            self.jobs += [job.eraser for job in jobs]
            return real(executor, jobs, *args, **named)

        monkeypatch.setattr(InProcess, "run", counted)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def test_finished_cells_are_kept(photos: Path, tmp_path: Path, counted: Counted) -> None:
    table, choice = of_folder(photos), Choice(("telea", "navier_stokes"), features=False)
    first = ran(table, tmp_path / "out", choice)
    assert len(counted.jobs) == 4
    second = ran(table, tmp_path / "out", choice)
    assert len(counted.jobs) == 4
    for before, after in zip(first, second, strict=True):
        for old, new in zip(before.cells, after.cells, strict=True):
            assert new.kept and not old.kept
            assert new.model_copy(update={"kept": False}) == old


@pytest.mark.parametrize("what", ["photo", "mask", "settings", "picture", "record"])
def test_what_has_changed_is_run_again(
    photos: Path, tmp_path: Path, counted: Counted, what: str
) -> None:
    out = tmp_path / "out"
    ran(of_folder(photos), out)
    choice = TELEA
    if what == "photo":
        put_case(photos, "one", seed=7)
    elif what == "mask":
        (photos / "one-mask.png").write_bytes(mask_png(hole(shift=9)))
    elif what == "settings":
        choice = Choice(("telea",), {"telea": {"radius": 9}}, features=False)
    elif what == "picture":
        (out / "results/one/telea.png").unlink()
    else:
        (out / "results/one/telea.json").write_text("{broken")
    ran(of_folder(photos), out, choice)
    assert len(counted.jobs) == 2 + (2 if what == "settings" else 1)


@pytest.mark.slow
def test_another_seed_matters_only_to_those_that_throw_dice(
    photos: Path, tmp_path: Path, counted: Counted
) -> None:
    choices = [Choice(("telea", "patchmatch"), seeds=(seed,), features=False) for seed in (0, 1)]
    for choice in choices:
        ran(of_folder(photos), tmp_path / "out", choice)
    assert sorted(counted.jobs) == ["patchmatch"] * 4 + ["telea"] * 2


def test_a_new_truth_changes_the_numbers_alone(
    photos: Path, tmp_path: Path, counted: Counted
) -> None:
    first = ran(of_folder(photos), tmp_path / "out")[0].cells[0]
    assert "psnr_mask" not in {reading.id for reading in first.readings}
    put_case(photos, "one", seed=0, truth=True)
    second = ran(of_folder(photos), tmp_path / "out")[0].cells[0]
    assert len(counted.jobs) == 2 and second.kept
    assert "psnr_mask" in {reading.id for reading in second.readings}


def test_numbers_missing_after_a_kill_are_made_up_for(
    photos: Path, tmp_path: Path, counted: Counted
) -> None:
    out = tmp_path / "out"
    whole = ran(of_folder(photos), out)[0].cells[0]
    file = out / "results/one/telea.json"
    record = json.loads(file.read_text()) | {"readings": [], "judged": ""}
    file.write_text(json.dumps(record))
    again = ran(of_folder(photos), out)[0].cells[0]
    assert again.readings == whole.readings and len(counted.jobs) == 2


def test_numbers_of_a_network_come_when_its_weights_do(
    photos: Path, tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice, table = Choice(("telea",)), of_folder(photos)
    plain = ran(table, tmp_path / "out", choice)[0].cells[0]
    monkeypatch.setattr(work, "are_features_ready", lambda: True)
    monkeypatch.setattr(numbers, "features_of", lambda image: image[::8, ::8].astype(np.float32))
    more = ran(table, tmp_path / "out", choice)[0].cells[0]
    quick = ran(table, tmp_path / "out", TELEA)[0].cells[0]
    assert len(counted.jobs) == 2
    ids = [{reading.id for reading in cell.readings} for cell in (plain, more, quick)]
    assert ids[0] == ids[2] < ids[1]


@pytest.mark.slow
def test_beside_workers_numbers_come_from_a_process_of_their_own(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same ones; there, nothing in this process is asked."""
    table = of_folder(photos)
    here = [row.cells[0].readings for row in ran(table, tmp_path / "here")]
    monkeypatch.setattr(numbers, "judge", lambda *args, **more: 1 / 0)
    with pool_of((("lane1", "lane"),)) as pool:
        rows = run_table(
            table, TELEA, Folder(tmp_path / "out"), StopToken(), lambda step: None, executor=pool
        )
        assert [row.cells[0].readings for row in rows] == here and all(here)


def test_a_stopped_run_ends_and_goes_on_later(
    photos: Path, tmp_path: Path, counted: Counted
) -> None:
    token = StopToken()

    def stop_after_one(step: Step) -> None:
        if step.cell is not None:
            token.stop()

    rows = list(
        run_table(of_folder(photos), TELEA, Folder(tmp_path / "out"), token, stop_after_one)
    )
    assert [row.case.id for row in rows] == ["one"]
    assert len(ran(of_folder(photos), tmp_path / "out")) == 2
    assert len(counted.jobs) == 2


KILLED = ("small", "wide", "long", "other", "more", "last")


@pytest.mark.slow
def test_a_killed_run_goes_on_without_doing_anything_twice(tmp_path: Path) -> None:
    """A real process, killed without warning as soon as it has finished two cells."""
    for number, name in enumerate(KILLED):
        put_case(tmp_path / "mine", name, seed=number, size=(480, 640))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "examples.tables", str(tmp_path / "mine")]
    command += ["--erasers", "patchmatch,telea", "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while len(judged(out)) < 2 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert process.poll() is None, "it was done before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait(60)
    before = {path: path.stat().st_mtime_ns for path in judged(out)}
    assert 2 <= len(before) < 2 * len(KILLED)
    assert not (out / "table.html").exists()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert again.returncode == 0, again.stderr
    for path, time_before in before.items():
        assert path.stat().st_mtime_ns == time_before
        assert path.with_suffix(".png").stat().st_mtime_ns <= time_before
    assert len(judged(out)) == 2 * len(KILLED)
    assert again.stdout.count(", kept") >= len(before)
    assert len(json.loads((out / "table.json").read_text())["cases"]) == len(KILLED)
    assert list(out.rglob("*.part")) == [] or not any(
        path.suffix == ".png" for path in out.rglob(".*.part")
    )


def judged(out: Path) -> list[Path]:
    """The records of finished cells whose numbers are there too."""
    found = []
    for path in out.rglob("results/*/*.json"):
        try:
            if json.loads(path.read_text())["judged"]:
                found.append(path)
        except (OSError, ValueError):
            continue  # just being replaced
    return found


# --- failures stay in their cells --------------------------------------------------------


def test_bad_photos_and_masks_fill_their_rows_and_the_run_goes_on(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "huge.png").write_bytes(huge_png(10_000, 10_000))
    (photos / "huge-mask.png").write_bytes(mask_png(hole()))
    put_case(photos, "misfit")
    (photos / "misfit-mask.png").write_bytes(mask_png(hole((100, 300))))
    put_case(photos, "empty")
    (photos / "empty-mask.png").write_bytes(mask_png(np.zeros((120, 160), bool)))
    put_case(photos, "crooked", truth=True)
    (photos / "crooked-truth.png").write_bytes(png_bytes(scene(size=(100, 100))))
    (photos / "text.png").write_text("not a picture")
    (photos / "text-mask.png").write_bytes(mask_png(hole()))
    out = tmp_path / "out"
    assert main([str(photos), "--erasers", "telea", "--out", str(out)]) == 1
    found = json.loads((out / "table.json").read_text())
    failures = {case["id"]: case["failure"] for case in found["cases"]}
    codes = {case: failure and failure["code"] for case, failure in failures.items()}
    assert codes == {
        "one": None,
        "two": None,
        "huge": "file_pixels",
        "misfit": "mask_shape",
        "empty": "mask_empty",
        "crooked": "truth_size",
        "text": "file_format",
    }
    said, shown = (out / "table.html").read_text("utf-8"), capsys.readouterr().out
    for case, failure in failures.items():
        if failure is not None:
            assert str(tmp_path) not in failure["en"]
            assert html.escape(failure["en"]) in said and failure["zh"] in said
            assert failure["zh"] != failure["en"], case
            assert failure["en"] in shown
    assert in_markdown(failures["huge"]["en"]) in (out / "table.md").read_text("utf-8")


def test_a_broken_link_fills_its_row_and_the_run_goes_on(photos: Path, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}/photo.webp"
    broken = Case(id="broken", photo=PhotoRef("photo.webp", url=url), mask=PhotoRef("m", url=url))
    table = CaseTable(Verbatim({"en": "t", "zh": "t"}), (broken, *of_folder(photos).cases))
    rows = ran(table, tmp_path / "out")
    assert rows[0].failure is not None and rows[0].failure.code == "photo_unreachable"
    assert [row.cells[0].state for row in rows[1:]] == ["done", "done"]
    assert "photo.webp could not be fetched" in page(report_of(table, rows), {})


def test_an_unknown_eraser_of_a_row_fills_its_cell(photos: Path, tmp_path: Path) -> None:
    case = of_folder(photos).cases[0]
    wished = Case(id="x", photo=case.photo, mask=case.mask, eraser="no_such_eraser")
    rows = ran(CaseTable(Verbatim({"en": "t", "zh": "t"}), (wished,)), tmp_path / "out")
    assert [(cell.eraser, cell.state) for cell in rows[0].cells] == [
        ("no_such_eraser", "failed"),
        ("telea", "done"),
    ]
    assert "no_such_eraser" in rows[0].cells[0].text


def test_without_network_the_documents_name_their_stand_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    out = tmp_path / "out"
    call = ["documents", "--erasers", "telea", "--out", str(out)]
    assert main([*call, "--no-stand-ins"]) == 1
    found = json.loads((out / "table.json").read_text())
    assert len(found["cases"]) == 17
    assert {case["failure"]["code"] for case in found["cases"]} == {"photo_offline"}
    assert main([*call, "--cases", "pixelhacker-2", "--quick"]) == 1
    cases = json.loads((out / "table.json").read_text())["cases"]
    assert [case["id"] for case in cases] == ["pixelhacker-2", "person-beside"]
    assert cases[1]["cells"][0]["state"] == "done"
    said = (out / "table.html").read_text()
    (target,) = re.findall(r'<a href="#(case-\w+)">person-beside</a>', said)
    assert f'id="{target}"' in said


def test_a_documents_row_is_run_with_its_settings_beside_the_others(tmp_path: Path) -> None:
    """With pictures of our own in the place of the document's."""
    case = next(case for case in documents().cases if case.id == "omnieraser-4")
    size = (90, 120)
    pictures = [png_bytes(scene(1, size)), mask_png(hole(size)), png_bytes(scene(2, (60, 80)))]
    refs = [case.photo, case.mask, case.shown[0][1], case.shown[1][1]]
    for ref, data in zip(refs, [*pictures, small_jpeg()], strict=True):
        assert ref is not None
        place = place_of(ref)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    out = tmp_path / "out"
    arguments = ["documents", "--cases", case.id, "--erasers", "telea", "--out", str(out)]
    main(arguments)
    cells = json.loads((out / "table.json").read_text())["cases"][0]["cells"]
    assert [cell["id"] for cell in cells] == ["omnieraser--document", "telea"]
    assert cells[0]["state"] == "failed" and cells[0]["failure"]["en"]  # no weights here
    assert cells[1]["state"] == "done"
    said = (out / "table.html").read_text("utf-8")
    assert "the document&#x27;s result" in said and "文档中的结果" in said
    assert "the document&#x27;s enlargement" in said


def test_a_rows_own_eraser_with_the_chosen_settings_runs_once(photos: Path) -> None:
    case = of_folder(photos).cases[0]
    own = Case(id="x", photo=case.photo, mask=case.mask, eraser="telea")
    assert [cell for cell, _ in jobs_of(own, TELEA)] == ["telea--document"]
    other = Choice(("telea",), {"telea": {"radius": 9}}, features=False)
    assert [cell for cell, _ in jobs_of(own, other)] == ["telea--document", "telea"]


# --- remarks -----------------------------------------------------------------------------


def test_remarks_stay_beside_the_run_and_in_every_report(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = [str(photos), "--erasers", "telea", "--out", str(out)]
    said = ["--remark", "one/telea=A smear, like <b>fog</b>.", "--remark", "two=Too easy."]
    assert main([*call, *said]) == 0
    assert main(call) == 0  # and again, without saying it again
    cases = json.loads((out / "table.json").read_text())["cases"]
    assert cases[0]["cells"][0]["remark"] == "A smear, like <b>fog</b>."
    assert cases[1]["remark"] == "Too easy."
    assert "like &lt;b&gt;fog&lt;/b&gt;." in (out / "table.html").read_text()
    assert "Too easy" in (out / "table.md").read_text()
    assert main([*call, "--remark", "two="]) == 0
    assert read_remarks(out) == {"one": {"telea": "A smear, like <b>fog</b>."}}


def test_a_broken_file_of_remarks_is_never_written_over(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "remarks.json").write_text('{"one": "no')
    call = [str(photos), "--erasers", "telea", "--out", str(out)]
    assert main([*call, "--remark", "one/telea=x"]) == 2
    assert (out / "remarks.json").read_text() == '{"one": "no'
    with pytest.raises(BadInput):
        write_remark(out, "one", "telea", "x")


# --- the reports -------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)>\"'&|`[x](javascript:alert(1))"


def test_how_a_mask_was_read_stands_on_the_screen_and_in_every_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_case(tmp_path / "mine", "one")
    put_case(tmp_path / "mine", "two")
    dim = np.where(hole(), 100, 0).astype(np.uint8)
    PillowImage.fromarray(dim).save(tmp_path / "mine" / "two-mask.png")
    words = ["--erasers", "telea", "--quick", "--out", str(tmp_path / "out")]
    assert main([str(tmp_path / "mine"), *words]) == 0
    said = "The mask has two levels, 0 and 100: the higher one is erased."
    assert f"[2/2] two: {said}" in capsys.readouterr().out
    cases = json.loads((tmp_path / "out" / "table.json").read_text("utf-8"))["cases"]
    assert [[note["en"] for note in case["mask_notes"]] for case in cases] == [[], [said]]
    for name in ("table.html", "table.md"):
        assert (tmp_path / "out" / name).read_text("utf-8").count(said) == 1


def test_nothing_that_a_user_says_becomes_markup(tmp_path: Path) -> None:
    put_case(tmp_path / "mine", HOSTILE.replace("/", "-"))
    table = of_folder(tmp_path / "mine")
    (case,) = table.cases
    out = tmp_path / "out"
    write_remark(out, case.id, "telea", f"</script><script>alert(2)</script>{HOSTILE}")
    assert main([str(tmp_path / "mine"), "--erasers", "telea", "--out", str(out)]) == 0
    said = (out / "table.html").read_text("utf-8")
    assert "<img src=x" not in said and "<script>alert" not in said
    assert said.count("</script>") == said.count("<script") == 2
    assert html.escape(HOSTILE) in said
    read = (out / "table.md").read_text("utf-8")
    assert "<img" not in read and "[x](java" not in read
    assert all(line.count(" | ") == 5 for line in read.splitlines() if line.startswith("| Telea"))


def test_the_html_is_one_file_that_asks_nobody(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    main([str(photos), "--erasers", "telea", "--out", str(out)])
    said = (out / "table.html").read_text("utf-8")
    assert not re.search(r"""(src|href|url\()\s*=?\s*["'(]?(https?:|//|\.|/)""", said)
    assert "default-src 'none'" in said


def test_the_figures_are_those_of_the_cells(photos: Path, tmp_path: Path) -> None:
    put_case(photos, "one", truth=True)
    out = tmp_path / "out"
    main([str(photos), "--erasers", "telea,navier_stokes", "--out", str(out)])
    found = json.loads((out / "table.json").read_text())
    for case in found["cases"]:
        for cell in case["cells"]:
            photo = load_image(photos / f"{case['id']}.png").rgb
            result = load_image(out / cell["file"]).rgb
            assert np.array_equal(result[~hole()], photo[~hole()])
            assert cell["changed_outside"] == 0 and len(cell["key"]) == 64
            assert cell["settings"]["radius"] and cell["changed_settings"] == {}
    summary = {line["id"]: line for line in found["summary"]}
    assert summary["telea"]["done"] == 2 and summary["telea"]["truth_cases"] == 1
    only = found["cases"][0]["cells"][0]
    psnr = next(r["value"] for r in only["readings"] if r["id"] == "psnr_mask")
    assert summary["telea"]["means"]["psnr_mask"] == psnr
    assert f"{psnr:.1f} dB" in (out / "table.html").read_text("utf-8")
    assert f"{psnr:.1f} dB" in (out / "table.md").read_text("utf-8")


def test_means_are_over_the_cases_that_all_have_finished(photos: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        put_case(photos, name, seed=len(name), truth=True)
    choice = Choice(("telea", "navier_stokes"), features=False)
    rows = ran(of_folder(photos), tmp_path / "out", choice)
    rows[1].cells[1].state = "failed"
    table = of_folder(photos)
    lines = Report(table=table, choice=choice, rows=rows, remarks={}).plain()["summary"]
    assert [line["truth_cases"] for line in lines] == [1, 1]
    assert [line["failed"] for line in lines] == [0, 1]


def test_settings_are_said_and_a_bad_one_ends_the_call(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = [str(photos), "--out", str(tmp_path / "out"), "--erasers", "telea"]
    assert main([*call, "--set", "telea.radius=9"]) == 0
    cell = json.loads((tmp_path / "out/table.json").read_text())["cases"][0]["cells"][0]
    assert cell["changed_settings"] == {"radius": 9.0}
    for wrong in ("telea.radius=nine", "telea.no=1", "migan.seed=1"):
        assert main([*call, "--set", wrong]) == 2
    assert main([*call, "--cases", "three"]) == 2
    assert main([*call, "--remark", "three/telea=x"]) == 2
    assert "one, two" in capsys.readouterr().err


def test_only_the_report_erases_nothing(photos: Path, tmp_path: Path, counted: Counted) -> None:
    call = [str(photos), "--out", str(tmp_path / "out"), "--erasers", "telea"]
    main([*call, "--cases", "one"])
    main([*call, "--report-only"])
    assert counted.jobs == ["telea"]
    found = json.loads((tmp_path / "out/table.json").read_text())
    assert [len(case["cells"]) for case in found["cases"]] == [1, 0]


def test_the_montage_is_a_picture_of_all_results(photos: Path, tmp_path: Path) -> None:
    put_case(photos, "one", truth=True)
    sheet = tmp_path / "sheet.jpg"
    call = [str(photos), "--erasers", "telea,navier_stokes", "--out", str(tmp_path / "out")]
    assert main([*call, "--montage", str(sheet)]) == 0
    with PillowImage.open(BytesIO(sheet.read_bytes())) as picture:
        assert picture.width > 4 * 200 and picture.height > 2 * 150


def test_markdown_of_a_report_is_a_table_for_each_case(photos: Path, tmp_path: Path) -> None:
    table = of_folder(photos)
    lines = markdown(report_of(table, ran(table, tmp_path / "out"))).splitlines()
    assert lines[0] == "# mine"
    assert sum(line.startswith("| Telea") for line in lines) == 3
    assert "[telea.png](<results/one/telea.png>)" in "\n".join(lines)


def test_what_the_disk_refuses_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a_file").write_bytes(b"")
    monkeypatch.setenv("ERASER_LAB_PHOTOS", str(tmp_path / "a_file" / "photos"))
    call = ["documents", "--erasers", "telea", "--cases", "pixelhacker-1"]
    assert main([*call, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ") and said.endswith(f": {os.strerror(errno.ENOTDIR)}.\n")
    assert str(tmp_path) not in said


# --- what else lies in a folder ----------------------------------------------------------


def test_a_folder_as_it_comes_from_a_mac(tmp_path: Path) -> None:
    """Files of the system are no cases, endings may be capitals, LaMa names masks its own way."""
    ours = "IMG_1.JPG IMG_1-mask.PNG two.jpeg two_mask.png a.png a_mask001.png a_mask002.png"
    ours += " b_mask.png b_mask-mask.png c.png c_MASK.png c_truth.png d_mask.png e_object.png"
    names = [*ours.split(), "._IMG_1.JPG", "._IMG_1-mask.PNG", ".DS_Store", "._a.png"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "previews.jpg").mkdir()
    cases = {case.id: case for case in of_folder(tmp_path).cases}
    masks = {name: case.mask.name if case.mask else None for name, case in cases.items()}
    assert masks == {
        "IMG_1": "IMG_1-mask.PNG",
        "two": "two_mask.png",
        "a-001": "a_mask001.png",
        "a-002": "a_mask002.png",
        "b_mask": "b_mask-mask.png",
        "c": "c_MASK.png",
        "d_mask": None,
    }
    assert cases["c"].truth is not None and cases["c"].truth.name == "c_truth.png"
    assert str(cases["d_mask"].missing) and "d" in str(cases["d_mask"].missing)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the system takes text only")
def test_a_folder_may_hold_names_of_any_bytes(tmp_path: Path) -> None:
    for name in (b"f\xf3.png", b"f\xf3-mask.png", b"g\xf3.png"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    fine, alone = of_folder(tmp_path).cases
    assert fine.id == "f\ufffd" and fine.missing is None
    assert fine.photo.path.encode("utf-8", "surrogateescape").endswith(b"f\xf3.png")
    assert "g\ufffd.png" in str(alone.missing)
