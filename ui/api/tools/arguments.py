"""What the tools take, described for a model to read: each argument says all there is to know."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from methods import WantedFormat

_PICTURE = (
    " Give one of: a data: URL (data:image/png;base64,...); an address that this server has"
    " answered with (of a photo, a mask or a result); the path that POST /gradio_api/upload"
    " answers for an uploaded file. Addresses of other servers are not fetched."
)

KEPT = ("type", "required", "additionalProperties")
"""What a schema has beside its properties."""

PictureText = Annotated[str, Field(min_length=1)]


class Arguments(BaseModel):
    """Frozen, and an unknown name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """What was said. Models fill in what they leave open: "", [] and null say nothing."""
        said = self.model_dump(exclude_unset=True).items()
        return {name: value for name, value in said if value not in (None, "", [], {})}


class SelectArguments(Arguments):
    """What an object is found by."""

    text: str | None = Field(
        default=None,
        description='Names of what to select, in English, such as "red car, dog". Everything that'
        " is found is selected. Needs a detector's weights; without them the answer says so, and"
        " points or box do without.",
    )
    points: list[list[float]] | None = Field(
        default=None,
        description="Clicks in pixels of the photo, from its upper left corner: [[x, y], ...], or"
        " [x, y, 0] for a place that does not belong to the object. One click in the middle of an"
        " object is often enough. A click outside what is selected so far selects another object;"
        " inside it says more of the one that is there.",
    )
    box: list[float] | None = Field(
        default=None,
        description="A box around an object, [x0, y0, x1, y1] in pixels of the photo from its"
        " upper left corner. May be given with points, which mean the same object where they lie"
        " in it.",
    )
    level: int | None = Field(
        default=None,
        description="How much of what was clicked: 0 = a part, 1 = more, 2 = the whole object."
        " Leave out for the likeliest one.",
    )
    mask: str | None = Field(
        default=None,
        description="A mask that joins the selection or is all of it: a black and white picture"
        " of the photo, white = selected." + _PICTURE,
    )
    dilate: int | None = Field(
        default=None,
        description="Pixels by which the selection grows on all sides; 0 = exact. Leave out for a"
        " few pixels by the photo's size (0 for a mask that comes alone). More takes a shadow or"
        " a soft edge along.",
    )
    segmenter: str | None = Field(
        default=None, description="Id of the segmenter. Leave out for the best one that is ready."
    )


class _Photo(Arguments):
    image: PictureText = Field(description="The photo." + _PICTURE)


class SegmentArguments(SelectArguments, _Photo):
    """A photo, and what is looked for on it."""


class _PhotoOrResult(Arguments):
    image: str | None = Field(
        default=None, description="The photo; leave out with continue_from." + _PICTURE
    )
    continue_from: str | None = Field(
        default=None,
        description="To erase one thing after another: a result of an earlier erase in the place of"
        " image, as that answered it under continue_from, RUN:CARD. Unlike its picture it still"
        " knows the first photo, its depth and its metadata: beyond the masks of all runs"
        " together, what comes of it is the first photo, bit by bit.",
    )
    continue_secret: str | None = Field(
        default=None,
        description="The secret that erase answered with that run; only where it is private.",
    )


class EraseArguments(SelectArguments, _PhotoOrResult):
    """What to erase, and how."""

    erasers: list[str] | None = Field(
        default=None,
        description="Ids of the erasers to run one after the other, from list_erasers, such as"
        ' ["lama", "telea"]. Leave out for the default ones. Each gives a picture of its own.',
    )
    settings: dict[str, dict[str, Any]] | None = Field(
        default=None,
        description="Settings by the eraser's id, which must be among erasers, such as"
        ' {"telea": {"radius": 5}}. list_erasers with an eraser\'s id says what it has.',
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**32 - 1,
        description="For erasers that depend on chance, 0 to 4294967295: another seed gives"
        " another picture, the same seed the same one.",
    )
    format: WantedFormat | None = Field(
        default=None,
        description="Also save each result as a file with the photo's own depth, colours and"
        ' metadata: "auto" is a file like the photo (a JPEG stays one, untouched outside the'
        " blocks that the mask reaches). Its address is answered. What cannot hold the photo is"
        " not taken, and the answer says so.",
    )
    keep_location: bool | None = Field(
        default=None,
        description="Whether that file may tell where the photo was taken, and the serial numbers"
        " of camera and lens. Leave out for no.",
    )
    agree: list[str] | None = Field(
        default=None,
        description="Hosts of other companies' machines to which the photo may be sent, where an"
        " eraser runs at one: ask the user before you name any. Leave out for none; an eraser that"
        " needs one is then refused with its name.",
    )


class ListArguments(Arguments):
    """All erasers, or one."""

    eraser: str | None = Field(
        default=None,
        description="Id of one eraser, to get its settings as well. Leave out for a line on each.",
    )


class JudgeArguments(Arguments):
    """A result and what it was made of."""

    image: PictureText = Field(description="The photo before anything was erased." + _PICTURE)
    mask: PictureText = Field(
        description="What was to be erased: a black and white picture of the photo, white ="
        " erased." + _PICTURE
    )
    result: PictureText = Field(
        description="The picture to judge, of the photo's size; any program may have made it."
        + _PICTURE
    )
    truth: str | None = Field(
        default=None,
        description="The same place photographed without the object, of the photo's size, where"
        " there is such a picture; adds numbers against it." + _PICTURE,
    )


def schema_of(arguments: type[Arguments]) -> dict[str, Any]:
    """The JSON schema of a tool's arguments, in the plain form that every client knows."""
    schema: dict[str, Any] = arguments.model_json_schema()
    properties = {name: _plain(each) for name, each in schema["properties"].items()}
    kept = {name: each for name, each in schema.items() if name in KEPT}
    return {**kept, "properties": properties}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """Without titles, and without the null of what may be left out."""
    choices: list[dict[str, Any]] = field.get("anyOf", [])
    inner = next((each for each in choices if each.get("type") != "null"), {})
    dropped = {"title", "anyOf"} | ({"default"} if field.get("default", 0) is None else set())
    return {**inner, **{name: value for name, value in field.items() if name not in dropped}}
