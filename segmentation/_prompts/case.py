"""A case: everything that was pointed at on a photo and what was run on it, as JSON.

The same file repeats the case in the page, on the command line and through the API. It
holds no picture: the photo is named by its hash. Uploaded masks are inline, as COCO's run
lengths. Everything in such a file comes from strangers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from methods import BadInput, Job, Mask
from segmentation._prompts.prompts import Objects, PromptedObject
from segmentation._prompts.rle import Rle, decode_rle, encode_rle
from segmentation._prompts.shape import Shape
from segmentation._prompts.strokes import Stroke, Strokes

VERSION = 1
MAX_JOBS = 24

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Side = Annotated[int, Field(strict=True, gt=0, le=10**6)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CasePhoto(_Part):
    """Which photo it was. sha256: of the file, hex; sizes in pixels as it is shown upright."""

    name: str = Field(max_length=400)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: Side
    height: Side


class CasePrompts(_Part):
    """As the page sends them, but with an uploaded mask inline."""

    objects: Objects = ()
    strokes: Strokes = ()
    upload: dict[Literal["size", "counts"], Any] | None = None
    shape: Shape = Shape()
    segmenter: Identifier | None = None


class Case(_Part):
    """One case. jobs: may be empty; their settings are checked by the eraser, where it is run."""

    version: Literal[1]
    photo: CasePhoto
    prompts: CasePrompts
    jobs: tuple[Job, ...] = Field(default=(), max_length=MAX_JOBS)

    def upload(self, size: tuple[int, int]) -> Mask | None:
        """The uploaded mask for a photo of size (H, W). Raises BadInput for one of another
        size, and for run lengths that are no mask."""
        self.check_size(size)
        upload = self.prompts.upload
        return None if upload is None else decode_rle(upload, size)

    def check_size(self, size: tuple[int, int]) -> None:
        """Raise BadInput unless the case belongs to a photo of size (H, W): its coordinates
        would mean other places on any other one."""
        if (self.photo.height, self.photo.width) != tuple(size):
            raise BadInput(
                f"The case belongs to a photo of {self.photo.width} x {self.photo.height} pixels,"
                f" but this one has {size[1]} x {size[0]}. Open the photo that it was made on.",
                "case_size",
                case_width=self.photo.width,
                case_height=self.photo.height,
                photo_width=size[1],
                photo_height=size[0],
            )


def write_case(
    photo: CasePhoto,
    objects: Sequence[PromptedObject],
    *,
    strokes: Sequence[Stroke] = (),
    upload: Mask | None = None,
    shape: Shape | None = None,
    segmenter: str | None = None,
    jobs: Sequence[Job] = (),
) -> dict[str, Any]:
    """The case as plain values for JSON. Raises BadInput for an upload that is like noise."""
    inline: Rle | None = None if upload is None else encode_rle(upload)
    prompts = {
        "objects": tuple(objects),
        "strokes": tuple(strokes),
        "upload": inline,
        "shape": shape or Shape(),
        "segmenter": segmenter,
    }
    case = Case(
        version=1, photo=photo, prompts=CasePrompts.model_validate(prompts), jobs=tuple(jobs)
    )
    return case.model_dump(mode="json")


def read_case(data: Any) -> Case:
    """A case from untrusted plain values, or from a report that has one under "case".

    Raises BadInput: for another version, and for whatever else cannot be used.
    """
    if isinstance(data, dict) and isinstance(data.get("case"), dict):
        data = data["case"]
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise BadInput(
            f"The case was written by a newer program (version {min(version, 9999)} of the"
            f" format; this one reads {VERSION}). Update this program.",
            "case_version",
            known=VERSION,
        )
    try:
        return Case.model_validate(data)
    except ValidationError as error:
        raise _bad_case(error) from None


def _bad_case(error: ValidationError) -> BadInput:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part)[:40] for part in fault["loc"][:6]) or "file"
    reason = f"{field}: {fault['msg'][:120]}"
    return BadInput(
        f"This is not a case file that can be used ({reason}). Export it again.",
        "bad_case",
        reason=reason,
    )
