"""The endpoints for programs: segment, detect, erase and what is around them, for gradio_client.

    from gradio_client import Client, handle_file

    client = Client("http://127.0.0.1:7860")
    photo = handle_file("photo.jpg")
    found = client.predict(photo, [[320, 165]], api_name="/segment")
    erased = client.predict(
        photo, handle_file(found["mask"]), ["migan", "telea"], api_name="/erase"
    )

They do what the page does, through the same service. Gradio does not enforce types, so
every argument is validated here, and what is wrong comes back as one sentence.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from segmentation import BOX_THRESHOLD, TEXT_THRESHOLD
from ui.api import figures as api_figures
from ui.api import reports as api_reports
from ui.api import results as api_results
from ui.api import sweeps
from ui.api.answers import Detected, Erased, Segmented
from ui.api.errors import spoken, spoken_soon
from ui.api.requests import ApiDetect, ApiErase, ApiSegment
from ui.api.work import Api
from ui.common.caller import caller_of
from ui.service.choices import catalog
from ui.service.choices.entries import EraserEntry
from ui.service.service import Service

VALUES = {"segment": 16, "detect": 5, "erase": 25, "figure": 15, "plan_sweep": 5}
"""How many values a call of each endpoint has; all but the first may be left out."""


def register(service: Service) -> None:
    """Add the endpoints; to be called inside `with gr.Blocks()`."""
    api, lanes = Api(service), service.visits.lanes

    # `Any` in an argument: Gradio and docs/api.md tell callers these types, and all of it is
    # validated by the models of `ui.api.requests`.
    @spoken
    def list_erasers() -> list[EraserEntry]:
        """All erasers with their papers, licenses, settings and the state of their weights."""
        return catalog.describe_erasers()

    @spoken_soon
    async def segment(
        image: gr.FileData | None = None,
        points: list[list[float]] | None = None,
        box: list[float] | None = None,
        level: int | None = None,
        objects: list[dict[str, Any]] | None = None,
        dilate: int | None = None,
        segmenter: str | None = None,
        strokes: list[dict[str, Any]] | None = None,
        shape: dict[str, Any] | None = None,
        mask: gr.FileData | None = None,
        case: dict[str, Any] | None = None,
        text: str | None = None,
        box_threshold: float = BOX_THRESHOLD,
        text_threshold: float = TEXT_THRESHOLD,
        detector: str | None = None,
        mask_reading: int | None = None,
        request: gr.Request | None = None,
    ) -> Segmented:
        """Find objects from words, clicks, boxes and brush strokes.

        Args:
            image: The photo: an uploaded file or its path or address, a data: URL, or base64.
            points: Clicks, one after the other, each [x, y] or [x, y, label]; label 0 = does not
                belong to it. They mean what they mean on the page: outside what is selected so far
                another object, inside more of the one that is there, and one that would let go of
                an earlier click, or make the object more than four times as large, an object of
                its own. clicks in the answer says which; objects decides it otherwise.
            box: A box around an object, [x0, y0, x1, y1] in pixels of the photo; points in it are
                of the same object.
            level: 0 = a part, 1 = more, 2 = the whole; None = the segmenter's choice.
            objects: Several objects instead; each has points, such as {"x": 3, "y": 4, "label": 1},
                a box with x0, y0, x1, y1, negative_boxes that are cut off it, a level, on
                (false keeps it out of the mask), and view (pixels of the photo: the longer side of
                the part that was looked at, for a finer answer within it).
            dilate: Pixels by which the mask grows; None = a few, by the photo's size, and 0 for a
                mask that comes alone; 0 = exact.
            segmenter: A segmenter's id; None = the best one that is ready.
            strokes: Brush strokes, each {"points": [[x, y], ...], "width": 20, "erase": false}.
            shape: The mask's shape instead of dilate: any of dilate, dilate_unit ("px" or "%"),
                fill_holes, drop_speckles, smooth, precision (0 = exact, 1 = box) and invert.
            mask: A black and white picture, white = erase, given as image is, or COCO's run lengths
                ({"size": [h, w], "counts": ...}); joins the others.
            case: A case file's content, exported by the page, instead of all other prompts.
            text: Names of objects, such as "red car, dog"; all that are found join the others.
            box_threshold: The least score of a box that the text finds, 0 to 1.
            text_threshold: The least score of its words, 0 to 1.
            detector: A detector's id; None = the first that is ready.
            mask_reading: Which of the mask's readings to take, from 1, where it can be read in
                several ways; None = the first. mask_readings in the answer says which there are.

        Returns:
            mask (a PNG of the photo's size, white = object), rle (the same as COCO's compressed
            run lengths), area (0 to 1), levels, chosen, objects (area and box of each), clicks (of
            each of points: meant, which is "new", "refines", "excludes" or "apart", an object of
            its own because it would have spoilt the one numbered beside; and object, the number of
            the one that has it, from 0), prompts (all of them as objects takes them),
            looks (of each: "whole", or "closer" where a part of a large photo was looked at),
            everything (true where a mere click has selected nearly the whole photo), segmenter,
            approximate, width, height, detections (what the text found: label, score, text_score,
            words and box of each), mask_notes (how the mask was read, where that is not plain:
            code, text, details, and said by language), mask_reading (the one that was taken),
            mask_readings (all of them, where there are several: number, area, and what is erased,
            as in mask_notes).
        """
        asked = ApiSegment.model_validate(
            {
                "image": image,
                "points": points or (),
                "box": box,
                "level": level,
                "objects": objects or (),
                "dilate": dilate,
                "segmenter": segmenter,
                "strokes": strokes or (),
                "shape": shape,
                "mask": mask,
                "case": case,
                "text": text,
                "box_threshold": box_threshold,
                "text_threshold": text_threshold,
                "detector": detector,
                "mask_reading": mask_reading,
            }
        )
        caller = caller_of(request)
        return await lanes.full.run(caller, lambda: api.segment(asked, caller))

    @spoken_soon
    async def detect(
        image: gr.FileData | None = None,
        text: str = "",
        box_threshold: float = BOX_THRESHOLD,
        text_threshold: float = TEXT_THRESHOLD,
        detector: str | None = None,
        request: gr.Request | None = None,
    ) -> Detected:
        """Find boxes around what words name.

        Args:
            image: As in segment.
            text: Names of objects in English, such as "red car, dog".
            box_threshold: As in segment; a new threshold for the same photo and text is quick.
            text_threshold: As in segment.
            detector: As in segment.

        Returns:
            detections (label, score, text_score, words and box of each, best first), phrase (as
            it was read), translated, backend, notes, width, height.
        """
        asked = ApiDetect.model_validate(
            {
                "image": image,
                "text": text,
                "box_threshold": box_threshold,
                "text_threshold": text_threshold,
                "detector": detector,
            }
        )
        caller = caller_of(request)
        return await lanes.detecting.run(caller, lambda: api.detect(asked, caller))

    @spoken_soon
    async def erase(
        image: gr.FileData | None = None,
        mask: gr.FileData | None = None,
        erasers: list[str] | None = None,
        points: list[list[float]] | None = None,
        box: list[float] | None = None,
        level: int | None = None,
        objects: list[dict[str, Any]] | None = None,
        dilate: int | None = None,
        segmenter: str | None = None,
        settings: dict[str, dict[str, Any]] | None = None,
        seed: int = 0,
        strokes: list[dict[str, Any]] | None = None,
        shape: dict[str, Any] | None = None,
        case: dict[str, Any] | None = None,
        text: str | None = None,
        box_threshold: float = BOX_THRESHOLD,
        text_threshold: float = TEXT_THRESHOLD,
        detector: str | None = None,
        mask_reading: int | None = None,
        sweep: dict[str, Any] | None = None,
        continue_from: str | None = None,
        continue_secret: str | None = None,
        format: str | None = None,
        keep_location: bool | None = None,
        agree: list[str] | None = None,
        request: gr.Request | None = None,
    ) -> Erased:
        """Erase an object by several methods.

        Args:
            image: As in segment.
            mask: As in segment.
            erasers: Ids from list_erasers, in the order of the results; None = the default ones,
                or those of the case.
            points: As in segment.
            box: As in segment.
            level: As in segment.
            objects: As in segment.
            dilate: As in segment.
            segmenter: As in segment.
            settings: Settings by eraser's id, such as {"telea": {"radius": 5}}.
            seed: For the erasers that depend on one, 0 to 4294967295.
            strokes: As in segment.
            shape: As in segment.
            case: As in segment.
            text: As in segment.
            box_threshold: As in segment.
            text_threshold: As in segment.
            detector: As in segment.
            mask_reading: As in segment.
            sweep: Run with each of these values: by ERASER.SETTING, "dilate" or "seed" a list, such
                as {"telea.radius": [3, 9], "dilate": [0, 8]}; every combination, 64 at most. Other
                erasers than those in it run where erasers names them. plan_sweep says what it is.
            continue_from: A result of an earlier run, instead of image: RUN:CARD, the run and which
                of its results, from 0. Beyond the masks of all runs together, what comes of it is
                the first one's image, pixel for pixel.
            continue_secret: The secret of that run, where it is private.
            format: Save each result as a file with the photo's own samples and metadata, too:
                "auto" (like the photo), "png", "tiff", "jpeg", "webp", "avif"; None = no such file.
            keep_location: Whether that file may tell where the photo was taken, and the serial
                numbers of camera and lens; None = no.
            agree: Hosts to which the photo may be sent: those of the erasers' sends_to in
                list_erasers; None = it stays on the server.

        Returns:
            run (its link on the page is /?run=...), secret (whoever has it may stop, remark, delete
            and hide the runs), runs (all, one for each dilation that is swept), seconds, and
            results: one entry per eraser, in a sweep one for each combination,
            with run, axes (where it stands in the sweep), eraser, name, state ("done" or "failed"),
            image (a lossless PNG), error (a sentence), seed, settings, load_seconds, erase_seconds,
            pieces (parts of the photo that were erased one after the other), peak_memory,
            memory_kind, device, changed_outside, cached, weights, notes (what the eraser says of
            this result, by language), readings (numbers on the result, each with id, value and
            remark; list_metrics says what they are), saved (where format asks for it: file, format,
            size, samples_changed_outside, coefficients_changed_outside (of the blocks of a JPEG
            that the mask does not reach), holds and removed (kinds of metadata), notes);
            mask_notes, mask_reading, mask_readings as in segment, and so is clicks.
        """
        asked = ApiErase.model_validate(
            {
                "image": image,
                "erasers": erasers,
                "points": points or (),
                "box": box,
                "level": level,
                "objects": objects or (),
                "mask": mask,
                "dilate": dilate,
                "segmenter": segmenter,
                "settings": settings or {},
                "seed": 0 if seed is None else seed,
                "strokes": strokes or (),
                "shape": shape,
                "case": case,
                "text": text,
                "box_threshold": box_threshold,
                "text_threshold": text_threshold,
                "detector": detector,
                "mask_reading": mask_reading,
                "sweep": sweep,
                "continue_from": continue_from,
                "continue_secret": continue_secret,
                "format": format,
                "keep_location": keep_location,
                "agree": agree or (),
            }
        )
        return await api.follow(asked, caller_of(request))

    gr.api(list_erasers, queue=False)
    # Who waits, waits in `service.visits`: visitors in turn, and without a thread.
    gr.api(segment, concurrency_limit=None)
    gr.api(detect, concurrency_limit=None)
    gr.api(erase, concurrency_limit=None)
    api_results.register(service)
    api_figures.register(service)
    api_reports.register(service)
    sweeps.register(service)
