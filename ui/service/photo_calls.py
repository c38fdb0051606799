"""What the page may ask of photos and of selections on them."""

from __future__ import annotations

import time
from collections.abc import Callable

from methods import SELECTING, Image, full_size
from segmentation import SegmenterSpec, Selected, Settled, mask_png, overlay_png
from ui.common.errors import answered
from ui.common.requests import (
    Detect,
    ExportCase,
    ImportCase,
    OnePhoto,
    OpenExample,
    OpenPhoto,
    Prompts,
    Segment,
    UploadMask,
)
from ui.service.answers import (
    DetectAnswer,
    ExportAnswer,
    ImportAnswer,
    MaskAnswer,
    PhotoAnswer,
    PromptedAnswer,
    SegmentAnswer,
    UploadAnswer,
)
from ui.service.erasing.order import question
from ui.service.parts import Parts
from ui.service.reports import cases
from ui.service.selections.closer import MOST_LOOKS, doubts
from ui.service.selections.detect import describe_detections
from ui.service.selections.drawn import data_url, overlay_side, upload_answer
from ui.service.selections.margin import margin
from ui.service.told import described_settled, figures, rle_of, seen_objects
from ui.stores.photos import PhotoRecord
from ui.stores.views import PlainHint


class PhotoCalls(Parts):
    """Photos are opened, and selected on."""

    @answered
    def open_photo(self, request: object, caller: str = "") -> PhotoAnswer:
        """Take an uploaded file: {path, name, segmenter?}."""
        asked = OpenPhoto.model_validate(request)
        self._opens.take(caller)
        return self._opened(self.uploads.open(asked.path, asked.name), asked.segmenter)

    @answered
    def open_example(self, request: object, caller: str = "") -> PromptedAnswer:
        """Open one of the program's own photos: {id, segmenter?}; the answer has a prompt."""
        asked = OpenExample.model_validate(request)
        self._opens.take(caller)
        example, path = self.examples.get(asked.id), self.examples.path(asked.id)
        opened = self._opened(self.photos.add_copy(path, path.name), asked.segmenter)
        return {**opened, "prompt": example.prompt}

    @answered
    def reopen_photo(self, request: object, caller: str = "") -> PhotoAnswer:
        """A photo that is on the server, for a reloaded page: {photo, segmenter?}."""
        asked = OnePhoto.model_validate(request)
        self._opens.take(caller)
        return self._opened(self.photos.record(asked.photo), asked.segmenter)

    def _opened(self, record: PhotoRecord, segmenter: str | None) -> PhotoAnswer:
        self.selecting.encode_soon(record.key, self._pixels(record.id), segmenter)
        return {"photo": record.public()}

    def _pixels(self, photo_id: str) -> Callable[[], Image]:
        return lambda: self.photos.load(photo_id).seen

    # --- selections ----------------------------------------------------------------------

    @answered
    def segment(self, request: object, caller: str = "") -> SegmentAnswer:
        """The overlay for the prompts: {photo, n, objects, strokes, …, show, side}."""
        asked = Segment.model_validate(request)
        self.clicks.take(caller)
        start = time.perf_counter()
        record = self.photos.record(asked.photo)
        side = overlay_side(asked.side, (record.height, record.width))
        most = 0 if asked.preview else MOST_LOOKS
        settled = self._settle(asked, record, caller, most) if asked.clicks else None
        if settled is not None:
            asked = asked.model_copy(update={"objects": seen_objects(settled, asked.preview)})
        selection, spec = self._select(asked, record, caller, side, most)
        scale = max(selection.mask.shape) / max(record.width, record.height)
        wanted = asked.show == "margin"
        beyond = margin(self._views, asked.photo, selection.mask, scale) if wanted else None
        return {
            "overlay": data_url(beyond.png if beyond else overlay_png(selection.mask)),
            "margin": beyond.described() if beyond else None,
            "settled": None if settled is None else described_settled(settled),
            **figures(selection, spec),
            "hints": doubts(selection) + self._hints(asked, selection),
            "milliseconds": 1000 * (time.perf_counter() - start),
        }

    @answered
    def mask(self, request: object, caller: str = "") -> MaskAnswer:
        """The same selection at the photo's full size: a file to download, and run lengths.

        rle: None where the mask has too many small pieces for it.
        """
        asked = Prompts.model_validate(request)
        self.clicks.take(caller)
        record = self.photos.record(asked.photo)
        with full_size.work(SELECTING * record.width * record.height, caller):
            mask = self._select(asked, record, caller)[0].mask
            return {"url": self.photos.put_mask(asked.photo, mask_png(mask)), "rle": rle_of(mask)}

    @answered
    def detect(self, request: object, caller: str = "") -> DetectAnswer:
        """All that a phrase may mean, for the page to filter: {photo, phrase, backend?}."""
        asked = Detect.model_validate(request)
        record = self.photos.record(asked.photo)
        pixels = self._pixels(record.id)
        found = self.detecting.detect(record.key, pixels, asked.phrase, asked.backend, caller)
        return describe_detections(found)

    @answered
    def upload_mask(self, request: object, caller: str = "") -> UploadAnswer:
        """Take an uploaded mask for a photo: {photo, path, name}."""
        asked = UploadMask.model_validate(request)
        self._opens.take(caller)
        file = self.uploads.existing(asked.path)
        record = self.photos.record(asked.photo)
        with full_size.work(SELECTING * record.width * record.height, caller):
            return upload_answer(self.masks.take(asked.photo, file, asked.name))

    @answered
    def export_case(self, request: object, caller: str = "") -> ExportAnswer:
        """The prompts and jobs as a file: {photo, …prompts, jobs}."""
        asked = ExportCase.model_validate(request)
        self.clicks.take(caller)
        record = self.photos.record(asked.photo)
        if asked.upload is None:
            return {"case": cases.export_case(record, asked, asked.jobs, None)}
        with full_size.work(SELECTING * record.width * record.height, caller):
            upload = self.masks.load(asked.photo, asked.upload)
            return {"case": cases.export_case(record, asked, asked.jobs, upload)}

    @answered
    def import_case(self, request: object, caller: str = "") -> ImportAnswer:
        """The prompts and jobs in such a file, or a mask's run lengths: {photo, case}."""
        asked = ImportCase.model_validate(request)
        self._opens.take(caller)
        record = self.photos.record(asked.photo)
        with full_size.work(SELECTING * record.width * record.height, caller):
            return cases.import_case(asked.case, record, self.masks)

    def _select(
        self,
        asked: Prompts,
        record: PhotoRecord,
        caller: str,
        longest_side: int | None = None,
        most_looks: int | None = None,
    ) -> tuple[Selected, SegmenterSpec | None]:
        size, pixels = (record.height, record.width), self._pixels(record.id)
        put = question(asked, record.key, size, pixels, self.masks, caller)
        return self.selecting.select(put, longest_side, most_looks)

    def _settle(self, asked: Segment, record: PhotoRecord, caller: str, most_looks: int) -> Settled:
        size, pixels = (record.height, record.width), self._pixels(record.id)
        put = question(asked, record.key, size, pixels, self.masks, caller)
        return self.selecting.settle(put, asked.clicks, most_looks)

    def _hints(self, asked: Segment, selection: Selected) -> list[PlainHint]:
        return [] if asked.shape.invert else self._views.hints(asked.photo, selection)
