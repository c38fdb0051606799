"""A case: everything that was pointed at on a photo and what was run on it, as JSON.

The same file repeats the case in the page, on the command line and through the API. It
holds no picture: the photo is named by its hash. Uploaded masks are inline, as COCO's run
lengths. Everything in such a file comes from strangers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from methods import JSON, BadInput, Job, Mask
from segmentation._prompts.selection import Selection
from segmentation._prompts.sweep import Sweep

VERSION = 2
MAX_JOBS = 64

Side = Annotated[int, Field(strict=True, gt=0, le=10**6)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CasePhoto(_Part):
    """Which photo it was. sha256: of the file, hex; sizes in pixels as it is shown upright."""

    name: str = Field(max_length=400)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: Side
    height: Side


class Case(_Part):
    """One case. selection: with its uploaded mask inline. jobs: may be empty; their settings are
    checked by the eraser, where it is run. sweep: what is varied of them, see `cells_of`."""

    version: Literal[2]
    photo: CasePhoto
    selection: Selection
    jobs: tuple[Job, ...] = Field(default=(), max_length=MAX_JOBS)
    sweep: Sweep | None = None

    @field_validator("selection")
    @classmethod
    def _holds_its_mask(cls, selection: Selection) -> Selection:
        """An id means nothing where the photo's folder is not."""
        if isinstance(selection.upload, str):
            raise ValueError("upload must be run lengths")
        return selection

    def upload(self, size: tuple[int, int]) -> Mask | None:
        """The uploaded mask for a photo of size (H, W). Raises BadInput for one of another
        size, and for run lengths that are no mask."""
        self.check_size(size)
        return self.selection.mask(size)

    def check_size(self, size: tuple[int, int]) -> None:
        """Raise BadInput unless the case belongs to a photo of size (H, W): its coordinates
        would mean other places on any other one."""
        if (self.photo.height, self.photo.width) != tuple(size):
            raise BadInput(
                "case_size",
                case_width=self.photo.width,
                case_height=self.photo.height,
                photo_width=size[1],
                photo_height=size[0],
            )


def write_case(
    photo: CasePhoto, selection: Selection, jobs: Sequence[Job] = (), sweep: Sweep | None = None
) -> dict[str, JSON]:
    """The case as plain values for JSON. selection: with its mask inline, where it has one. Without
    a sweep it says nothing of one: earlier versions of the program know none."""
    fields: dict[str, object] = {
        "version": VERSION,
        "photo": photo.model_dump(),
        "selection": selection.plain(),
        "jobs": [job.plain() for job in jobs],
    }
    if sweep is not None:
        fields["sweep"] = sweep.model_dump(mode="json")
    whole = Case.model_validate(fields).model_dump(mode="json")
    return {name: value for name, value in whole.items() if name != "sweep" or value is not None}


def read_case(data: object) -> Case:
    """A case from untrusted plain values, or from a report that has one under "case".

    Raises BadInput: for another version, and for whatever else cannot be used.
    """
    if isinstance(data, dict) and isinstance(data.get("case"), dict):
        data = data["case"]
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise BadInput("case_version", known=VERSION, version=min(version, 9999))
    try:
        known = _upgraded(data) if isinstance(data, dict) and version == 1 else data
        return Case.model_validate(known)
    except ValidationError as error:
        raise _bad_case(error) from None


def _upgraded(data: dict[str, object]) -> dict[str, object]:
    """Version 1 called the selection `prompts`."""
    if "selection" in data or "prompts" not in data:
        return data  # no case of version 1: what is wrong with it is said as with any other
    rest = {name: value for name, value in data.items() if name != "prompts"}
    return {**rest, "selection": data["prompts"], "version": VERSION}


def _bad_case(error: ValidationError) -> BadInput:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part)[:40] for part in fault["loc"][:6]) or "file"
    reason = f"{field}: {fault['msg'][:120]}"
    return BadInput("bad_case", reason=reason)
