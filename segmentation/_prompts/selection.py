"""What a person has selected on a photo, in the one form in which it travels and is kept.

Page, API, command line, case files, runs and reports all hold this and nothing else. Everything
in it comes from strangers. `upgraded` is the one place that knows older forms.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from methods import JSON, BadInput, Mask
from segmentation._prompts.prompts import Objects
from segmentation._prompts.rle import decode_rle, encode_rle
from segmentation._prompts.shape import Shape
from segmentation._prompts.strokes import Strokes

VERSION = 2

ModelId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""Of a segmenter."""

MaskId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
"""Of a mask that was uploaded for the photo and lies beside it."""

InlineMask = dict[Literal["size", "counts"], object]
"""A mask as COCO's run lengths; looked into by `Selection.mask`."""


class Selection(BaseModel):
    """Objects, strokes and an uploaded mask, joined and brought into a shape.

    All in pixels of the photo. upload: beside the photo or inline. shape: with its growth.
    segmenter: None = the best one that is ready. words: by which the objects were found; the
    objects themselves are what is selected.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[2] = 2
    objects: Objects = ()
    strokes: Strokes = ()
    upload: MaskId | InlineMask | None = None
    shape: Shape = Shape()
    segmenter: ModelId | None = None
    words: Annotated[str, Field(strict=True, max_length=400)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _takes_older_forms(cls, data: object) -> object:
        return upgraded(data)

    def mask(self, size: tuple[int, int]) -> Mask | None:
        """The inline mask for a photo of size (H, W); None where there is none. Raises BadInput
        for one of another size, and for run lengths that are no mask."""
        return decode_rle(self.upload, size) if isinstance(self.upload, dict) else None

    def with_mask(self, mask: Mask | None) -> Selection:
        """The same with this mask inline, and nothing that a subclass adds. Raises BadInput for
        one that is like noise."""
        fields = {name: getattr(self, name) for name in Selection.model_fields}
        fields["upload"] = None if mask is None else encode_rle(mask)
        return Selection.model_construct(**fields)  # all of it has been checked

    def plain(self) -> dict[str, JSON]:
        """For JSON: what stands here, and nothing that a subclass adds."""
        return self.model_dump(mode="json", include=set(Selection.model_fields))


def upgraded(data: object) -> object:
    """Untrusted plain values in today's form, whatever wrote them.

    Version 1 had none written down: the same fields without words, and, before there were
    shapes, `dilate` for one that only grows. A version that is not known is left as it is.
    """
    if not isinstance(data, dict) or data.get("version", 1) not in (1, VERSION):
        return data
    named = {name: value for name, value in data.items() if name != "dilate"}
    if "dilate" in data:
        named["shape"] = shape_of(data["dilate"], data.get("shape"))
    return named | {"version": VERSION}


def shape_of(dilate: object, shape: object) -> object:
    """The shape where `dilate` may be given instead. Raises BadInput for both."""
    if shape is not None and dilate in (None, 0):
        return shape
    if shape is not None:
        raise BadInput("two_kinds_of_shape")
    whole = isinstance(dilate, int) and not isinstance(dilate, bool)
    if not whole and dilate is not None:
        raise BadInput("bad_dilate")
    return {} if dilate is None else {"dilate": dilate}
