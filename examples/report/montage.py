"""A table of results as one picture: a row for each case, a column for each eraser.

Every place is filled: what is too tall or too wide for it is cut alike in the whole row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont, ImageOps

from examples.report.labels import label_of
from examples.report.pictures import RowPictures
from examples.running.records import Cell
from examples.running.work import RowResult
from segmentation import DILATE, cell_name

TILE = (236, 190)
"""Width and height of each picture's place."""

GAP = 8
HEAD = 26
INK, PAPER = (29, 27, 26), (250, 249, 248)
QUALITY = 78


def montage(rows: Sequence[RowResult], pictures: Mapping[str, RowPictures]) -> bytes:
    """A JPEG: photo with the mask, every eraser, and the truth where any row has one."""
    shown = [row for row in rows if row.case.id in pictures]
    names = {_column(cell): label_of(_ungrown(cell)).en for row in shown for cell in row.cells}
    has_truth = any(pictures[row.case.id].truth for row in shown)
    columns = ["photo and mask", *names.values(), *(["truth"] if has_truth else [])]
    width = len(columns) * (TILE[0] + GAP) + GAP
    sheet = PilImage.new("RGB", (width, HEAD + len(shown) * (TILE[1] + GAP) + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for column, name in enumerate(columns):
        x = GAP + column * (TILE[0] + GAP) + TILE[0] // 2
        draw.text((x, HEAD // 2 + 3), name, INK, font, anchor="mm")
    for number, row in enumerate(shown):
        y = HEAD + GAP + number * (TILE[1] + GAP)
        for column, data in enumerate(_line(row, pictures[row.case.id], list(names), has_truth)):
            if data is not None:
                filled = ImageOps.fit(data, TILE, PilImage.Resampling.LANCZOS)
                sheet.paste(filled, (GAP + column * (TILE[0] + GAP), y))
    buffer = BytesIO()
    sheet.save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return buffer.getvalue()


def _line(
    row: RowResult, pictures: RowPictures, cells: Sequence[str], has_truth: bool
) -> list[PilImage.Image | None]:
    masked = PilImage.open(BytesIO(pictures.before)).convert("RGB")
    overlay = PilImage.open(BytesIO(pictures.before_overlay)).convert("RGBA").resize(masked.size)
    masked.paste(overlay, mask=overlay)
    line: list[PilImage.Image | None] = [masked]
    results = {_column(cell): pictures.results.get(cell.id) for cell in row.cells}
    line += [_opened(results.get(cell)) for cell in cells]
    return [*line, _opened(pictures.truth)] if has_truth else line


def _ungrown(cell: Cell) -> Cell:
    """Without the dilation, for which each case has a line of its own."""
    return cell.model_copy(update={"axes": {n: v for n, v in cell.axes.items() if n != DILATE}})


def _column(cell: Cell) -> str:
    axes = cell_name({DILATE: cell.axes[DILATE]}) if DILATE in cell.axes else ""
    return cell.id.replace(axes, "", 1) if axes else cell.id


def _opened(data: bytes | None) -> PilImage.Image | None:
    return None if data is None else PilImage.open(BytesIO(data)).convert("RGB")
