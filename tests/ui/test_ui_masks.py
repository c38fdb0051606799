"""Objects, strokes, shapes and uploaded masks, as the page sends them; what is refused."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image as Pil

from methods import BadInput, Canvas, Image, Mask
from methods._geometry.paste import erase_in_patches
from segmentation import decode_rle
from soft_discs import soft_disc, texture
from ui.common.requests import MOST_OVERLAY_SIDE
from ui.service.service import Service
from ui.stores.masks import notes_of
from ui_mask_tools import SIZE, SWIPE, Answer, asked, code, downloaded, overlay, shaped, uploaded
from ui_tools import Upload, box, last, new_run, order, picture, png_file, prompts, run_id

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")


# --- objects -----------------------------------------------------------------------------


def test_the_answer_tells_of_every_object(service: Service, photo: str) -> None:
    first, second = (asked(photo)["objects"][0] for _ in range(2))
    answer = service.segment({**asked(photo), "objects": [first, {**second, "on": False}]})
    assert answer["ok"] and len(answer["levels"]) == 2 and len(answer["levels"][1]) >= 1
    assert answer["chosen"][0] is not None and answer["chosen"][1] is None
    told, off = answer["objects"]
    assert told is not None
    x0, y0, x1, y1 = told["box"]
    assert off is None and abs(told["area"] - answer["area"]) < 1e-9
    assert 30 <= x0 < 60 < x1 <= 90 and 20 <= y0 < 45 < y1 <= 70


def test_an_object_that_is_off_is_not_in_the_mask(service: Service, photo: str) -> None:
    off = {**asked(photo)["objects"][0], "on": False}
    answer = service.segment({**asked(photo), "objects": [off]})
    assert answer["ok"] and answer["area"] == 0 and answer["hints"] == []


def test_a_negative_box_is_cut_off(service: Service, photo: str) -> None:
    corners = {"x0": 60, "y0": 0, "x1": 120, "y1": 90}
    cut = {**asked(photo)["objects"][0], "negative_boxes": [corners]}
    answer = service.segment({**asked(photo), "objects": [cut]})
    shown = overlay(answer)
    assert shown[45, 55] and not shown[:, 60:].any()
    (left,) = answer["objects"]
    assert left is not None and left["box"][2] == 60


# --- strokes and shape -------------------------------------------------------------------


def test_strokes_alone_need_no_segmenter(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.service.selections.select.get_segmenter", lambda *args, **more: 1 / 0)
    answer = service.segment({**asked(photo), "objects": [], "strokes": [SWIPE]})
    shown = overlay(answer)
    assert shown[80, 12:108].all() and not shown[:70].any()
    assert answer["segmenter"] is None and answer["approximate"] is False
    assert (answer["levels"], answer["chosen"], answer["objects"]) == ([], [], [])


def test_strokes_add_and_erase_in_their_order(service: Service, photo: str) -> None:
    wipe = {"points": [[60, 45]], "width": 10, "erase": True}
    shown = overlay(service.segment({**asked(photo), "strokes": [SWIPE, wipe]}))
    assert shown[80, 60] and not shown[45, 60] and shown[35, 60]
    again = {**wipe, "erase": False}
    assert overlay(service.segment({**asked(photo), "strokes": [wipe, again]}))[45, 60]


def test_the_shape_shapes(service: Service, photo: str) -> None:
    plain = service.segment(asked(photo))["area"]
    assert service.segment(shaped(photo, dilate=5))["area"] > plain
    assert service.segment(shaped(photo, dilate=20, dilate_unit="%"))["area"] > plain
    assert service.segment(shaped(photo, precision=1))["area"] > 1.15 * plain
    inverted = service.segment(shaped(photo, invert=True))
    assert abs(inverted["area"] - (1 - plain)) < 1e-9 and inverted["hints"] == []


def test_the_old_dilate_is_a_shape_that_grows(service: Service, photo: str) -> None:
    old = service.segment({**prompts(photo), "dilate": 5})
    assert old["area"] == service.segment(shaped(photo, dilate=5))["area"]
    both = {**shaped(photo, dilate=5), "dilate": 5}
    assert code(service.segment(both)) == "two_kinds_of_shape"
    assert service.segment({**shaped(photo, dilate=5), "dilate": 0})["area"] == old["area"]


def test_the_margin_is_shown_on_request(service: Service, photo: str) -> None:
    plain, wide = (service.segment({**asked(photo), "show": s}) for s in ("mask", "margin"))
    data = base64.b64decode(wide["overlay"].partition(",")[2])
    opacity = np.asarray(Pil.open(io.BytesIO(data)).convert("RGBA"))[..., 3]
    assert np.array_equal(opacity == 255, overlay(plain))
    assert overlay(wide).sum() >= overlay(plain).sum() and wide["margin"] is not None
    assert plain["margin"] is None and code(service.segment({**asked(photo), "show": "all"}))


@pytest.mark.parametrize("edge", [0, 8])
def test_the_margin_that_is_shown_is_the_one_that_erasers_get(
    service: Service, upload: Upload, edge: int
) -> None:
    disc = soft_disc(texture((500, 700)), edge, 0, radius=120)
    opened = service.open_photo({"path": upload(png_file(disc.photo)), "name": "w.png"})
    photo = opened["photo"]["id"]
    drawn = uploaded(service, upload, photo, disc.mask)["upload"]
    answer = service.segment({**asked(photo, objects=[], upload=drawn), "show": "margin"})
    margins = []

    def eraser(image: Image, hole: Mask, *_: int) -> Image:
        margins.append(int(hole.any(axis=0).sum() - disc.mask.any(axis=0).sum()) // 2)
        return image

    erase_in_patches(disc.photo, disc.mask, Canvas(), eraser)
    shown = answer["margin"]
    assert shown is not None and shown["width"] == margins[0]
    assert margins[0] == 0 if edge == 0 else margins[0] > 4


def test_the_overlay_is_as_fine_as_was_asked(service: Service, photo: str) -> None:
    answers: list[Answer] = [service.segment({**asked(photo), "side": side}) for side in (1600, 64)]
    fine, coarse = answers
    assert overlay(fine).shape == SIZE and overlay(coarse).shape == (48, 64)
    assert abs(coarse["area"] - fine["area"]) < 0.02
    first, second = (answer["objects"][0]["box"] for answer in (fine, coarse))
    assert np.allclose(first, second, atol=3)  # in pixels of the photo, both
    for side in (63, MOST_OVERLAY_SIDE + 1, 800.5, "800", None):
        assert code(service.segment({**asked(photo), "side": side})) == "bad_request"


def test_the_mask_at_full_size_is_what_was_shown(service: Service, photo: str) -> None:
    request = {**shaped(photo, dilate=3), "strokes": [SWIPE]}
    answer = service.mask(request)
    mask = downloaded(service, answer)
    assert mask.shape == SIZE and np.array_equal(mask, overlay(service.segment(request)))
    assert np.array_equal(decode_rle(answer["rle"], SIZE), mask)


def test_a_rim_is_hinted_and_goes_when_the_mask_grows(service: Service, upload: Upload) -> None:
    image = picture(450, 600)
    opened = service.open_photo({"path": upload(png_file(image)), "name": "x.png"})
    small = {"points": [[300, 225]], "width": 172, "erase": False}  # the disc is 180 across
    request = asked(opened["photo"]["id"], objects=[], strokes=[small])
    hints = service.segment(request)["hints"]
    assert [hint["code"] for hint in hints] == ["rim"] and hints[0]["strength"] > 0.5
    request["shape"] = {**request["shape"], "dilate": 10}
    assert service.segment(request)["hints"] == []


def test_an_inverted_mask_is_not_judged(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.stores.views.find_hints", lambda *args: 1 / 0)
    assert code(service.segment(asked(photo))) == "internal"
    answer = service.segment(shaped(photo, invert=True))
    assert answer["ok"] and answer["hints"] == []


def test_a_view_that_is_gone_costs_only_the_hints(service: Service, photo: str) -> None:
    service.photos.view(photo).unlink()
    answer = service.segment(asked(photo))
    assert answer["ok"] and answer["hints"] == []


# --- uploaded masks ----------------------------------------------------------------------

NOISE: Mask = np.random.default_rng(0).random(SIZE) < 0.3


def test_a_mask_goes_in_and_comes_out_bit_by_bit(
    service: Service, upload: Upload, photo: str
) -> None:
    answer = uploaded(service, upload, photo, NOISE)
    assert answer["ok"] and abs(answer["area"] - NOISE.mean()) < 1e-9 and answer["notes"] == []
    request = asked(photo, objects=[], upload=answer["upload"])
    out = service.mask(request)
    assert np.array_equal(downloaded(service, out), NOISE)
    again = uploaded(service, upload, photo, downloaded(service, out))
    request["upload"] = again["upload"]
    assert np.array_equal(downloaded(service, service.mask(request)), NOISE)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P"])
def test_masks_of_any_mode(service: Service, upload: Upload, photo: str, mode: str) -> None:
    mask = np.zeros(SIZE, np.bool_)
    mask[20:50, 30:90] = True
    answer = uploaded(service, upload, photo, mask, mode=mode)
    request = asked(photo, objects=[], upload=answer["upload"])
    assert np.array_equal(overlay(service.segment(request)), mask)


def test_a_mask_of_the_same_aspect_is_resized(service: Service, upload: Upload, photo: str) -> None:
    mask = np.zeros((180, 240), np.bool_)
    mask[40:100, 60:180] = True
    answer = uploaded(service, upload, photo, mask)
    assert len(answer["notes"]) == 1 and "240 × 180" in answer["notes"][0]["en"]
    shown = overlay(service.segment(asked(photo, objects=[], upload=answer["upload"])))
    assert np.array_equal(shown, mask[::2, ::2])


def test_a_mask_of_another_aspect_is_refused(service: Service, upload: Upload, photo: str) -> None:
    answer = uploaded(service, upload, photo, np.ones((90, 90), np.bool_))
    assert code(answer) == "mask_shape"
    assert "90 x 90" in answer["error"]["text"] and "120 x 90" in answer["error"]["text"]


def test_an_empty_mask_is_remarked_on(service: Service, upload: Upload, photo: str) -> None:
    answer = uploaded(service, upload, photo, np.zeros(SIZE, np.bool_))
    assert answer["ok"] and answer["area"] == 0 and "white" in answer["notes"][0]["en"].lower()


def test_each_reading_is_kept_with_its_own_notes(
    service: Service, upload: Upload, photo: str
) -> None:
    labels = np.zeros(NOISE.shape, np.uint8)
    labels[30:50, 40:70], labels[60:70, 80:90] = 3, 7
    path = upload(png_file(labels, "L"), "mask.png")
    answer = service.upload_mask({"photo": photo, "path": path, "name": "mask.png"})
    files = [service.masks.file(photo, each["upload"]) for each in answer["readings"]]
    assert [notes_of(file) for file in files[:1]] == [answer["notes"]]
    assert [note["en"] for note in notes_of(files[2])] == ["Label 7 alone is erased."]
    assert notes_of(None) == [] == notes_of(service.masks.file(photo, _plain(service, photo)))


def _plain(service: Service, photo: str) -> str:
    return service.masks.put(photo, NOISE)


def test_a_mask_joins_the_objects(service: Service, upload: Upload, photo: str) -> None:
    corner = np.zeros(SIZE, np.bool_)
    corner[:20, :20] = True
    mask_id = uploaded(service, upload, photo, corner)["upload"]
    shown = overlay(service.segment(asked(photo, upload=mask_id)))
    assert shown[:20, :20].all() and shown[45, 60] and not shown[85, 115]


def test_a_large_mask_is_shown_reduced(service: Service, upload: Upload) -> None:
    opened = service.open_photo({"path": upload(png_file(picture(900, 2000))), "name": "w.png"})
    mask = np.zeros((900, 2000), np.bool_)
    mask[300:600, 500:1500] = True
    mask_id = uploaded(service, upload, opened["photo"]["id"], mask)["upload"]
    request = asked(opened["photo"]["id"], objects=[], upload=mask_id)
    shown = overlay(service.segment(request))
    assert shown.shape == (720, 1600) and abs(shown.mean() - mask.mean()) < 0.002
    assert np.array_equal(downloaded(service, service.mask(request)), mask)


def test_a_mask_belongs_to_its_photo_alone(service: Service, upload: Upload, photo: str) -> None:
    mask_id = uploaded(service, upload, photo, NOISE)["upload"]
    other = service.open_photo({"path": upload(), "name": "same.png"})["photo"]["id"]
    assert code(service.segment(asked(other, upload=mask_id))) == "upload_gone"
    assert code(service.segment(asked(photo, upload=run_id()))) == "upload_gone"
    assert code(service.segment(asked(photo, upload="../photo"))) == "bad_request"
    (service.photos.folder / photo / "upload-short.png").write_bytes(b"")
    for name in ("short", "", f"../{photo}/upload-{mask_id}"):
        with pytest.raises(BadInput) as refused:
            service.masks.load(photo, name)
        assert refused.value.code == "upload_gone"
    path = service.photos.folder / photo / f"upload-{mask_id}.png"
    assert path.is_file() and service.photos.file(photo, path.name) is None  # never handed out
    path.unlink()
    assert code(service.mask(asked(photo, upload=mask_id))) == "upload_gone"


def test_uploads_do_not_pile_up(
    service: Service, upload: Upload, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.stores.masks.KEPT_UPLOADS", 3)
    ids = [service.masks.put(photo, NOISE) for _ in range(5)]
    assert len(list((service.photos.folder / photo).glob("upload-*"))) == 3
    assert code(service.segment(asked(photo, upload=ids[0]))) == "upload_gone"
    assert service.segment(asked(photo, upload=ids[-1]))["ok"]


@pytest.mark.parametrize(
    "request_",
    [
        {"path": "/etc/passwd", "name": "x"},
        {"path": "../../x", "name": "x"},
        {"path": "", "name": "x"},
        {"name": "x"},
        {"path": 5, "name": "x"},
        {"path": "x", "name": "x", "more": 1},
    ],
)
def test_only_uploaded_files_are_masks(service: Service, photo: str, request_: Answer) -> None:
    answer = service.upload_mask({"photo": photo, **request_})
    assert code(answer) in ("not_an_upload", "bad_request") and "passwd" not in str(answer)


def test_what_is_no_picture_is_no_mask(service: Service, upload: Upload, photo: str) -> None:
    for data, expected in (
        (b"", "file_empty"),
        (b"GIF89a\0\0", "file_damaged"),
        (b"x", "file_format"),
    ):
        answer = service.upload_mask({"photo": photo, "path": upload(data, "m.png"), "name": "m"})
        assert code(answer) == expected
    path = upload(png_file(NOISE.astype(np.uint8) * 255), "m.png")
    assert code(service.upload_mask({"photo": run_id(), "path": path, "name": "m"})) == "photo_gone"


# --- what is refused ---------------------------------------------------------------------

DOT = {"points": [[1, 2]], "width": 3, "erase": False}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"objects": [], "strokes": [], "upload": None}, "no_prompts"),
        ({"objects": box() * 500}, "too_many_objects"),
        ({"strokes": [DOT] * 10_000}, "too_many_strokes"),
        ({"strokes": [{**DOT, "points": [[1, 2]] * 10_000}]}, "too_many_stroke_points"),
        ({"strokes": [{**DOT, "width": float("nan")}]}, "bad_prompt"),
        ({"strokes": [{**DOT, "points": [[float("inf"), 2]]}]}, "bad_prompt"),
        ({"strokes": [{**DOT, "points": []}]}, "bad_prompt"),
        ({"strokes": "x"}, "bad_request"),
        ({"upload": 5}, "bad_request"),
        ({"shape": {"dilate": 9999}}, "dilate_out_of_range"),
        ({"shape": {"dilate": 300, "dilate_unit": "%"}}, "dilate_percent_out_of_range"),
        ({"shape": {"precision": float("nan")}}, "bad_prompt"),
        ({"shape": {"smooth": 1e9}}, "bad_prompt"),
        ({"shape": {"unknown": 1}}, "bad_prompt"),
        ({"shape": None}, "bad_prompt"),
        ({"objects": [{**box()[0], "on": "yes"}]}, "bad_prompt"),
        ({"objects": [{**box()[0], "negative_boxes": [box()[0]["box"]] * 99}]}, "bad_prompt"),
        (
            {"objects": [{**box()[0], "negative_boxes": [{"x0": 1, "y0": 1, "x1": 1, "y1": 9}]}]},
            "empty_box",
        ),
        (
            {
                "objects": [
                    {**box()[0], "negative_boxes": [{"x0": 500, "y0": 1, "x1": 501, "y1": 9}]}
                ]
            },
            "box_outside",
        ),
        ({"objects": [{"points": [{"x": 500, "y": 5, "label": 1}]}]}, "point_outside"),
    ],
)
def test_what_cannot_be_used_is_said(
    service: Service, photo: str, changes: Answer, expected: str
) -> None:
    answer = service.segment({**asked(photo), "n": 4, **changes})
    assert answer["ok"] is False and answer["n"] == 4 and code(answer) == expected
    assert answer["error"]["text"].endswith(".") and len(str(answer)) < 1000
    jobs = order(photo, "paint")["jobs"]
    final = last(service.erase({**asked(photo), **new_run(), "jobs": jobs, **changes}))
    assert code(final) == expected and final["cards"] == []
    assert code(service.mask({**asked(photo), **changes})) == expected
    assert code(service.export_case({**asked(photo), "jobs": [], **changes})) in (expected, "")


def test_uploads_and_cases_are_limited_too(service: Service, photo: str) -> None:
    codes = [code(service.import_case({"photo": photo, "case": 1}, "eve")) for _ in range(60)]
    assert codes[0] == "bad_case" and codes[-1] == "too_fast"
    codes = [
        code(service.upload_mask({"photo": photo, "path": "nowhere", "name": "x"}, "eva"))
        for _ in range(60)
    ]
    assert codes[0] == "not_an_upload" and codes[-1] == "too_fast"
