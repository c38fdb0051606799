"""The tools there are, as they are offered to a model.

Apart from what they do, so that docs/mcp.md can be written without Gradio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ui.api.tools.arguments import (
    Arguments,
    EraseArguments,
    JudgeArguments,
    ListArguments,
    SegmentArguments,
    schema_of,
)

SERVER = (
    "Eraser Lab removes objects from photos with several erasers and shows what each has made of"
    " it. Usual order: segment (look at the tinted picture whether the selection is right; if not,"
    " ask again with other points or a box), then erase with the photo's and the mask's address"
    " that segment has answered. Everything outside the mask stays the photo, bit by bit."
)

SEGMENT = (
    "Select objects on a photo, by words, clicks or a box, and get their mask. Answers with the"
    " photo on which the selection is tinted magenta, the mask (white = selected), their addresses"
    " to be given to erase and judge, the selected share of the photo, and each object's box."
    " Changes nothing on the photo. Give at least one of text, points, box or mask."
)

ERASE = (
    "Remove what is selected from a photo and fill the place with background. Select by mask (best:"
    " the address that segment has answered) or directly by text, points or box. Runs each of the"
    " erasers on the whole photo and answers with one picture each, its seconds, how many pixels"
    " outside the mask were changed (always 0), remarks on visible faults, and the address of the"
    " lossless PNG. To erase more from a result, give its continue_from to the next call; with"
    " format, a file like the photo is saved as well. Takes from less than a second to minutes;"
    " missing weights of an eraser are downloaded first."
)

LIST = (
    "List the erasers: id, what each is good at, licence, and whether it can run on this machine"
    " now. With an eraser's id, also its settings with their ranges and defaults. Use it before"
    " choosing erasers or settings for erase."
)

JUDGE = (
    "Judge a picture from which something was erased, by any program: counts the pixels outside"
    " the mask that are not the photo's, and measures faults such as seams, blur, repeated patterns"
    " and remains of the object, with a remark for each that an eye would notice. No remark means"
    " that no fault was found. The results of erase have been judged already."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One tool. about: for a model to read; changes: whether a call keeps something here."""

    name: str
    title: str
    about: str
    arguments: type[Arguments]
    changes: bool

    def described(self) -> dict[str, Any]:
        """As the protocol writes it."""
        hints = {"readOnlyHint": not self.changes, "destructiveHint": False, "openWorldHint": False}
        return {
            "name": self.name,
            "title": self.title,
            "description": self.about,
            "inputSchema": schema_of(self.arguments),
            "annotations": hints,
        }


OFFERS = (
    Offer("segment", "Select objects", SEGMENT, SegmentArguments, True),
    Offer("erase", "Erase objects", ERASE, EraseArguments, True),
    Offer("list_erasers", "List erasers", LIST, ListArguments, False),
    Offer("judge", "Judge a result", JUDGE, JudgeArguments, False),
)
"""Nothing else of the program is to be had over the protocol."""
