"""Everything of a run in one zip, streamed: the upload, the mask, the results, the settings."""

from __future__ import annotations

import json
import logging
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Literal

from methods import UserError
from ui.common.errors import run_damaged, run_gone
from ui.common.files import own_file
from ui.common.grid import Card
from ui.common.names import safe_file_name, safe_stem
from ui.service.erasing.cards import FIGURES
from ui.service.reports.reports import kept_case, kept_report
from ui.stores.chain import FIRST, REACHED
from ui.stores.photos import PhotoRecord
from ui.stores.runs import RunStore, SavedRun, result_name

log = logging.getLogger(__name__)

CHUNK = 2**20

OF_JOB: tuple[Literal["eraser", "name", "settings", "seed", "state"], ...] = (
    "eraser",
    "name",
    "settings",
    "seed",
    "state",
)
"""What settings.json says of a job that is not about its result."""

OWN_NAMES = frozenset({"mask.png", "settings.json", "report.html", "before.png", "masks.png"})


class _Outbox:
    """A file to write to that only collects; it cannot be sought, so the zip streams."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def stream_zip(
    runs: RunStore, run_id: str, like_photo: Callable[[int], Path | None] = lambda index: None
) -> Iterator[bytes]:
    """The zip, piece by piece; no more than a few MB are in memory, and no picture is opened where
    the run's report is as the run is.

    Nothing is packed twice: PNG and JPEG are stored as they are. Results whose files are gone are
    left out. like_photo: the file of a card's result in the photo's own format, made when its turn
    comes; None where the PNG is that. Raises UserError ("run_gone", "run_damaged") before the first
    piece: what else goes into it is looked up, and made if need be, at once.
    """
    saved = _whole(runs, run_id)
    members = [(name, _there(source)) for name, source in _members(runs, run_id, saved)]
    cards = [card["index"] for card in saved["grid"]["cards"] if "full" in card]
    more = _like_photo(saved, cards, like_photo)
    return _streamed(chain(members, more), time.localtime(saved["created"]))


def stream_zips(runs: RunStore, run_ids: Sequence[str]) -> Iterator[bytes]:
    """Several runs in one zip, each in a folder of its own, named by its place and its photo; those
    that are gone are left out. Raises UserError as `stream_zip`, where none is left."""
    members: list[tuple[str, Path | bytes]] = []
    created = 0.0
    for place, run_id in enumerate(run_ids, 1):
        try:
            saved = _whole(runs, run_id)
            own = [(name, _there(source)) for name, source in _members(runs, run_id, saved)]
        except (UserError, FileNotFoundError):
            continue
        folder = f"{place:02d}-{safe_stem(str(saved['photo']['name']))}"
        members += [(f"{folder}/{name}", source) for name, source in own]
        created = max(created, saved["created"])
    if not members:
        raise run_gone()
    return _streamed(members, time.localtime(created))


def _there(source: Path | bytes) -> Path | bytes:
    """What goes into a zip. Raises FileNotFoundError."""
    if isinstance(source, Path):
        source.stat()
    return source


def _streamed(
    members: Iterable[tuple[str, Path | bytes]], created: time.struct_time
) -> Iterator[bytes]:
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w") as archive:  # type: ignore[call-overload]
        for name, source in members:
            entry = zipfile.ZipInfo(name, created[:6])
            entry.external_attr = 0o644 << 16
            if isinstance(source, bytes):
                archive.writestr(entry, source)
            else:
                yield from _copy(archive, entry, source, outbox)
            yield outbox.take()
    yield outbox.take()


def _whole(runs: RunStore, run_id: str) -> SavedRun:
    """The run as far as its files are there: once a zip has begun it can refuse nothing."""
    saved = runs.load(run_id)
    chained = (FIRST, REACHED) if "chain" in saved["photo"] else ()
    for name in ("original", "mask.png", *chained):
        if own_file(runs.folder / run_id / name) is None:
            raise run_damaged()
    for card in saved["grid"]["cards"]:
        file = result_name(card["index"], card["eraser"], "png")
        if "full" in card and runs.file(run_id, file) is None:
            del card["full"]
    runs.with_remarks(run_id, saved["grid"])
    return saved


def settings_json(run_id: str, saved: SavedRun, folder: Path) -> dict[str, object]:
    """What is needed to judge the run's results and, under "case", to repeat it anywhere.

    folder: the run's.
    """
    photo = saved["photo"]
    told: dict[str, object] = {
        "run": run_id,
        "created": datetime.fromtimestamp(saved["created"], UTC).isoformat(timespec="seconds"),
        "photo": {
            "name": photo["name"],
            "format": photo["format"],
            "width": photo["width"],
            "height": photo["height"],
            "file_sha256": photo["sha256"],
            "pixels_sha256": photo["key"],
        },
        "row": saved.get("row"),
        "phrase": saved.get("phrase"),
        "selection": saved["selection"],
        "case": kept_case(saved, folder),
        "mask": {"area": saved["grid"]["mask"]["area"], "packed_sha256": saved["mask_sha256"]},
        "seconds": saved["grid"]["seconds"],
        "jobs": [_job(card) for card in saved["grid"]["cards"]],
        "versions": saved["versions"],
    }
    if "chain" in photo:
        told["chain"] = photo["chain"]
    return told


def _job(card: Card) -> dict[str, object]:
    job: dict[str, object] = {name: card[name] for name in OF_JOB}
    if "full" in card:
        job["file"] = f"results/{result_name(card['index'], card['eraser'], 'png')}"
    if "axes" in card:
        job["axes"] = card["axes"]
    return {**job, **{name: card[name] for name in FIGURES if name in card}}


def _members(runs: RunStore, run_id: str, saved: SavedRun) -> Iterator[tuple[str, Path | bytes]]:
    """Name in the zip and what it holds."""
    folder = runs.folder / run_id
    yield from _photos(saved, folder)
    yield "mask.png", folder / "mask.png"
    for card in saved["grid"]["cards"]:
        file = result_name(card["index"], card["eraser"], "png")
        if "full" in card:
            yield f"results/{file}", folder / file
    settings = settings_json(run_id, saved, folder)
    report = _report(runs, run_id)
    if report is not None:
        yield "report.html", report
    yield "settings.json", json.dumps(settings, ensure_ascii=False, indent=2).encode()


def _like_photo(
    saved: SavedRun, indices: Sequence[int], made: Callable[[int], Path | None]
) -> Iterator[tuple[str, Path]]:
    for index in indices:
        path = made(index)
        if path is not None:
            name = result_name(index, saved["grid"]["cards"][index]["eraser"], path.suffix[1:])
            yield f"like-photo/{name}", path


def _photos(saved: SavedRun, folder: Path) -> Iterator[tuple[str, Path]]:
    """The photo; of a result that was gone on with, the one that was opened in the beginning, what
    this run began with, and what lay under the masks before it."""
    photo = PhotoRecord.from_json(saved["photo"])
    first = photo.name if photo.chain is None else photo.chain.first.name
    name = safe_file_name(first)
    name = f"original-{name}" if name.lower() in OWN_NAMES else name
    if photo.chain is None:
        yield name, folder / "original"
        return
    yield name, folder / FIRST
    yield "before.png", folder / "original"
    yield "masks.png", folder / REACHED


def _report(runs: RunStore, run_id: str) -> Path | bytes | None:
    """The run as a page to look at; the zip is not lost with it."""
    try:
        return kept_report(runs, run_id)
    except Exception:
        log.exception("the report of a run could not be made")
        return None


def _copy(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: Path, outbox: _Outbox
) -> Iterator[bytes]:
    with source.open("rb") as file, archive.open(entry, "w") as target:
        while chunk := file.read(CHUNK):
            target.write(chunk)
            yield outbox.take()
