"""What `gpu_bench` measures, in which order, and what a row holds afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from methods import EraserSpec, WeightFile, get_eraser, list_erasers
from segmentation import SegmenterSpec, list_segmenters

Kind = Literal["eraser", "clicks"]

ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what everybody meets first: the erasers that run by default", ("lama", "migan")),
    (
        "the first click: what answers without a large download, then what a GPU answers with",
        ("mobile_sam", "sam2_1_large", "sam_vit_h"),
    ),
    (
        "the two base models: most erasers after them cost what these cost",
        ("sd_inpainting", "sdxl_inpainting"),
    ),
    (
        "networks of their own kind, whose cost follows from nothing above",
        ("pixelhacker", "mat", "erase_diffusion"),
    ),
    (
        "additions to Stable Diffusion 1.5, quick and mostly written already",
        ("powerpaint v1", "clipaway", "magic_eraser", "smarteraser"),
    ),
    ("of SDXL's size: slower, and mostly foretold by it", ("rorem", "osor", "attentive_eraser")),
    ("as those, with the largest files of their own", ("objectclear",)),
    ("a second network beside the first, in float32 files", ("powerpaint v2", "catdiffusion")),
    (
        "the other segmenters, by their size",
        ("sam2_1_tiny", "sam2_1_small", "sam2_1_base_plus", "sam_vit_b", "sam_vit_l", "sam3"),
    ),
)
"""Rows with the reason for their place; those not named come last, erasers first, by rank."""

USUAL_STEPS = 50

LAST = "not in the list: in the registry's order"

VERSIONS: dict[str, dict[str, dict[str, Any]]] = {
    "powerpaint": {"v1": {"version": "v1"}, "v2": {"version": "v2"}}
}
"""Erasers with a row for each of several settings."""


@dataclass(frozen=True)
class Job:
    """A row that is to be measured. id: of the eraser or segmenter; label: the row's own, with the
    version. chosen: the version's settings. steps: 0 = one pass. reason: why it stands here."""

    kind: Kind
    id: str
    label: str
    name: str
    weights: tuple[WeightFile, ...]
    chosen: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 0
    reason: str = LAST

    @property
    def repositories(self) -> set[str]:
        """What it reads: the folders of its files, and files without one."""
        return {weight.name.split("/")[0] for weight in self.weights}

    @property
    def gigabytes(self) -> float:
        """Of all its published files."""
        return sum(weight.size for weight in self.weights) / 1e9


@dataclass(frozen=True)
class Moved:
    """Bytes that went up to the device and came down from it."""

    up: int = 0
    down: int = 0


@dataclass(frozen=True)
class Figures:
    """What was measured. picture: (H, W). seconds: of each thing done, all rounds, by its name.
    weights: bytes on the device once all is there; peak: the most in a counted round.
    moved: bytes while loading, and in the first round, which is not counted."""

    picture: tuple[int, int]
    load_seconds: float
    first_seconds: float
    seconds: Mapping[str, Sequence[float]]
    steps: int = 0
    weights: int = 0
    peak: int = 0
    moved: Mapping[str, Moved] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A job's figures, or why there are none. write_seconds: for the random weights; wall: all."""

    job: Job
    why: str = ""
    figures: Figures | None = None
    write_seconds: float = 0.0
    wall_seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        job = self.job
        told: dict[str, Any] = {
            "kind": job.kind,
            "id": job.id,
            "row": job.label,
            "name": job.name,
            "settings": dict(job.chosen),
            "reason": job.reason,
            "published_gb": round(job.gigabytes, 3),
            "not_timed": self.why,
            "write_seconds": self.write_seconds,
            "wall_seconds": self.wall_seconds,
        }
        return told | (asdict(self.figures) if self.figures else {})


# --- the list ------------------------------------------------------------------------------


def jobs(erasers: Sequence[str] | None, segmenters: Sequence[str] | None) -> list[Job]:
    """Those of these ids (None = all), the most telling first."""
    found = [job for job in (*_eraser_jobs(), *_click_jobs()) if _wanted(job, erasers, segmenters)]
    places = {label: place for place, label in enumerate(_labels())}
    return sorted(found, key=lambda job: places.get(job.label, len(places)))


def _wanted(job: Job, erasers: Sequence[str] | None, segmenters: Sequence[str] | None) -> bool:
    ids = erasers if job.kind == "eraser" else segmenters
    return ids is None or job.id in ids or job.label in ids


def _labels() -> Iterator[str]:
    for _, labels in ORDER:
        yield from labels


def _reason(label: str) -> str:
    return next((reason for reason, labels in ORDER if label in labels), LAST)


def _eraser_jobs() -> Iterator[Job]:
    for spec in list_erasers():
        if spec.learned:
            versions = VERSIONS.get(spec.id, {"": {}})
            yield from (_eraser_job(spec, version, chosen) for version, chosen in versions.items())


def _eraser_job(spec: EraserSpec, version: str, chosen: Mapping[str, Any]) -> Job:
    label, name = (f"{text} {version}".rstrip() for text in (spec.id, spec.name))
    settings = settings_for(spec.id, chosen)
    weights = get_eraser(spec.id).weights_for(settings)
    steps = getattr(settings, "num_inference_steps", 0)
    if "num_inference_steps" in type(settings).model_fields:
        steps = steps or USUAL_STEPS  # 0: as the chosen weights want it
    return Job("eraser", spec.id, label, name, weights, chosen, steps, _reason(label))


def settings_for(eraser_id: str, wanted: Mapping[str, Any]) -> Any:
    """The eraser's defaults with those of `wanted` that it has; the first fill of one that begins
    with a fill is Telea's."""
    kind = get_eraser(eraser_id).Settings
    known = {"init": "telea", **wanted}
    return kind.model_validate({k: v for k, v in known.items() if k in kind.model_fields})


def _click_jobs() -> Iterator[Job]:
    return (_click_job(spec) for spec in list_segmenters() if spec.weights)


def _click_job(spec: SegmenterSpec) -> Job:
    return Job("clicks", spec.id, spec.id, spec.name, spec.weights, reason=_reason(spec.id))
