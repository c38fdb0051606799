"""A table of results as one picture: a row for each case, a column for each eraser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from examples.report_data import label_of
from examples.report_pictures import RowPictures
from examples.running import RowResult

TILE = (236, 196)
"""Width and height of each picture's place."""

GAP = 8
HEAD = 26
INK, PAPER, MUTED = (29, 27, 26), (250, 249, 248), (108, 103, 100)
QUALITY = 84


def montage(rows: Sequence[RowResult], pictures: Mapping[str, RowPictures]) -> bytes:
    """A JPEG: photo with the mask, every eraser, and the truth where any row has one."""
    shown = [row for row in rows if row.case.id in pictures]
    names = {cell.id: label_of(cell).en for row in shown for cell in row.cells}
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
            place = GAP + column * (TILE[0] + GAP), y
            if data is None:
                middle = place[0] + TILE[0] // 2, y + TILE[1] // 2
                draw.text(middle, "–", MUTED, font, anchor="mm")
            else:
                _put(sheet, data, place)
    buffer = BytesIO()
    sheet.save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return buffer.getvalue()


def _line(
    row: RowResult, pictures: RowPictures, cells: Sequence[str], has_truth: bool
) -> list[PilImage.Image | None]:
    masked = PilImage.open(BytesIO(pictures.photo)).convert("RGB")
    overlay = PilImage.open(BytesIO(pictures.overlay)).convert("RGBA").resize(masked.size)
    masked.paste(overlay, mask=overlay)
    line: list[PilImage.Image | None] = [masked]
    line += [_opened(pictures.results.get(cell)) for cell in cells]
    return [*line, _opened(pictures.truth)] if has_truth else line


def _opened(data: bytes | None) -> PilImage.Image | None:
    return None if data is None else PilImage.open(BytesIO(data)).convert("RGB")


def _put(sheet: PilImage.Image, picture: PilImage.Image, place: tuple[int, int]) -> None:
    """The picture, as large as its place allows, in its middle."""
    scale = min(TILE[0] / picture.width, TILE[1] / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    x, y = place[0] + (TILE[0] - size[0]) // 2, place[1] + (TILE[1] - size[1]) // 2
    sheet.paste(picture.resize(size, PilImage.Resampling.LANCZOS), (x, y))
