"""What a photo says beside its pixels: what comes along, what is left, what is broken. Written and
read by Pillow, tifffile and plain searching for bytes."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil
from PIL import IptcImagePlugin, PngImagePlugin

from methods import Change, MadeBy, SavedFile, SavingWish, load_image, save_result
from methods._saving.metadata.carried import describe_metadata

BY = MadeBy("Eraser Lab 1.2", ("telea, radius 5", "lama, seed 3"))
FORMATS = "jpeg", "png", "tiff", "webp"
PERSON = b"\xff\xd8\xff\xe0THE-ERASED-PERSON"
XMP = """<?xpacket begin="" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"
 exif:GPSLatitude="52,31.2N" photoshop:City="Potsdam" aux:SerialNumber="SERIAL-77"
 tiff:Orientation="6"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">Überfahrt</rdf:li></rdf:Alt>
 </dc:title><xmp:Thumbnails><rdf:Alt><rdf:li xmpGImg:image="/9j/THE-ERASED-PERSON"/></rdf:Alt>
 </xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def exif() -> Pil.Exif:
    said = Pil.Exif()
    said[0x010E], said[0x013B], said[0x0110] = "Über den See".encode(), "A. Author", "Camera 5"
    said[0x0112], said[0x011A], said[0x011B], said[0x0128] = 6, 240.0, 240.0, 2
    inner = said.get_ifd(0x8769)
    inner[0x9003], inner[0x829A], inner[0x9204] = "2026:01:02 03:04:05", 0.008, -0.33
    inner[0xA431], inner[0x927C], inner[0x9286] = "SERIAL-77", b"Maker SERIAL-77", b"ASCII\0\0\0hi"
    place = said.get_ifd(0x8825)
    place[1], place[2] = "N", (52.0, 31.0, 12.5)
    return said


def with_thumbnail(block: bytes) -> bytes:
    """EXIF with a second directory behind it, which points at a JPEG."""
    block = block.removeprefix(b"Exif\0\0")
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    following = first + 2 + 12 * count
    place = len(block)
    entries = struct.pack(
        order + "HHHIIHHII", 2, 0x0201, 4, 1, place + 30, 0x0202, 4, 1, len(PERSON)
    )
    changed = block[:following] + struct.pack(order + "I", place) + block[following + 4 :]
    return b"Exif\0\0" + changed + entries + struct.pack(order + "I", 0) + PERSON


def iptc() -> bytes:
    records = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value
        for number, value in ((5, b"A title"), (25, b"lake"), (25, b"boat"), (90, b"Potsdam"))
    )
    parts = ((0x0404, records), (0x040C, bytes(28) + PERSON))
    resources = b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)
        for number, body in parts
    )
    return segment(0xED, b"Photoshop 3.0\0" + resources)


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def a_photo(**more: Any) -> bytes:
    """A JPEG that says all there is."""
    noise = np.random.default_rng(4).integers(0, 256, (24, 40, 3), np.uint8)
    file = io.BytesIO()
    said = with_thumbnail(exif().tobytes())
    options = {"exif": said, "xmp": XMP, "comment": b"By hand", "quality": 90, **more}
    Pil.fromarray(noise).save(file, "JPEG", **options)
    data = file.getvalue()
    return data[:2] + iptc() + data[2:]


def saved(data: bytes, wanted: Any = "auto", *, keep: bool = True) -> SavedFile:
    photo = load_image(data)
    mask = np.zeros(photo.size, np.bool_)
    mask[4:9, 5:11] = True
    result = photo.rgb.copy()
    result[mask] = 99
    return save_result(data, Change(result, photo.alpha, mask), BY, SavingWish(wanted, keep))


def opened(file: SavedFile) -> Any:
    picture = Pil.open(io.BytesIO(file.data))
    picture.load()
    return picture


def xmp_of(picture: Any) -> bytes:
    said = picture.info.get("xmp") or picture.getexif().get(700)
    return said if isinstance(said, bytes) else said.encode()


# --- what comes along --------------------------------------------------------------------


@pytest.mark.parametrize("wanted", FORMATS)
def test_it_comes_along_into_every_format(wanted: str) -> None:
    source = saved(as_webp(a_photo()), "webp") if wanted == "webp" else saved(a_photo(), wanted)
    assert source.format == wanted
    picture = opened(source)
    first, inner = picture.getexif(), picture.getexif().get_ifd(0x8769)
    assert first[0x010E].encode("latin-1") == "Über den See".encode()
    assert first[0x013B] == "A. Author" and first[0x0131] == "Eraser Lab 1.2"
    assert inner[0x9003] == "2026:01:02 03:04:05" and inner[0xA431] == "SERIAL-77"
    assert inner[0x829A] == pytest.approx(0.008) and inner[0x9204] == pytest.approx(-0.33)
    assert picture.getexif().get_ifd(0x8825)[2] == (52.0, 31.0, 12.5)
    told = xmp_of(picture).decode()
    assert "Überfahrt" in told and "Potsdam" in told and "52,31.2N" in told
    assert all(step in told for step in BY.steps) and told.count("Eraser Lab 1.2") == 2


def as_webp(data: bytes) -> bytes:
    picture, file = Pil.open(io.BytesIO(data)), io.BytesIO()
    picture.save(file, "WEBP", exif=picture.info["exif"], xmp=picture.info["xmp"], lossless=True)
    return file.getvalue()


@pytest.mark.parametrize("wanted", ["jpeg", "tiff"])
def test_captions_come_along(wanted: str) -> None:
    picture = opened(saved(a_photo(), wanted))
    told = IptcImagePlugin.getiptcinfo(picture) or {}
    assert told[(2, 5)] == b"A title" and told[(2, 25)] == [b"lake", b"boat"]
    assert told[(2, 90)] == b"Potsdam"


def test_what_has_no_place_is_named() -> None:
    assert "iptc" in saved(a_photo(), "png").removed
    assert {"text"} <= {*saved(a_png(), "tiff").removed}


@pytest.mark.parametrize("wanted", FORMATS[:3])
def test_orientation_is_that_of_the_pixels(wanted: str) -> None:
    """A JPEG stays as it is stored; other formats have the picture upright."""
    picture = opened(saved(a_photo(), wanted))
    turned = wanted == "jpeg"
    assert picture.size == ((40, 24) if turned else (24, 40))
    assert picture.getexif()[0x0112] == (6 if turned else 1)
    assert f'tiff:Orientation="{6 if turned else 1}"'.encode() in xmp_of(picture)


def a_png() -> bytes:
    info, file = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("parameters", "a lake, steps: 20")
    info.add_itxt("Title", "Überfahrt", "de", "Titel", zip=True)
    info.add_text("Raw profile type exif", "\nexif\n 4\nffd8ff\n")
    Pil.new("RGB", (20, 30), (9, 99, 200)).save(file, "PNG", pnginfo=info, dpi=(240, 240))
    return file.getvalue()


def test_text_and_resolution_of_a_png_come_along() -> None:
    assert describe_metadata(a_png()) == ("text",)
    picture = opened(saved(a_png()))
    assert (
        picture.text["parameters"] == "a lake, steps: 20" and picture.text["Title"] == "Überfahrt"
    )
    assert (
        picture.text["Software"] == "Eraser Lab 1.2" and "Raw profile type exif" not in picture.text
    )
    assert picture.info["dpi"] == pytest.approx((240, 240), abs=0.1)


# --- what is left ------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", FORMATS[:3])
@pytest.mark.parametrize("keep", [True, False])
def test_no_thumbnail_shows_who_was_erased(wanted: str, keep: bool) -> None:
    data = a_photo()
    assert data.count(b"THE-ERASED-PERSON") == 3, "in EXIF, in XMP and in Photoshop's resources"
    file = saved(data, wanted, keep=keep)
    assert b"THE-ERASED-PERSON" not in file.data and "thumbnail" in file.removed
    assert not opened(file).getexif().get_ifd(1)


@pytest.mark.parametrize("wanted", FORMATS[:3])
def test_places_and_serial_numbers_are_left_where_that_is_wished(wanted: str) -> None:
    data = a_photo()
    assert describe_metadata(data)[:2] == ("location", "serial")
    file = saved(data, wanted, keep=False)
    picture = opened(file)
    assert {"location", "serial", "maker_note"} <= {*file.removed}
    assert not picture.getexif().get_ifd(0x8825)
    for word in (b"SERIAL-77", b"Potsdam", b"52,31.2N", b"GPS"):
        assert word not in file.data and word not in xmp_of(picture)
    assert picture.getexif()[0x013B] == "A. Author", "what else is said stays"
    assert not {"location", "serial"} & {*describe_metadata(file.data)}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (b"....ftypmp42" + PERSON, "motion"),
        (b'<x hdrgm:a="1" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>', "gain_map"),
        (PERSON + b"http://ns.google.com/photos/1.0/depthmap/", "depth_map"),
        (PERSON, "thumbnail"),
        (b"nobody knows", "trailer"),
    ],
)
def test_what_follows_a_picture_is_left_and_named(more: bytes, kind: str) -> None:
    data = a_photo(exif=b"", xmp=b"") + more
    assert kind in describe_metadata(data)
    file = saved(data)
    assert kind in file.removed and more not in file.data and b"PERSON" not in file.data


def test_credentials_and_further_xmp_are_left_and_named() -> None:
    data = a_photo()
    more = segment(0xEB, b"JP\0\0jumbxxxxc2pa") + segment(
        0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40)
    )
    file = saved(data[:2] + more + data[2:])
    assert {"credentials", "xmp_more"} <= {*file.removed}
    assert b"c2pa" not in file.data and b"xmp/extension" not in file.data


# --- hostile and broken ------------------------------------------------------------------


def bomb() -> bytes:
    """Thousands of entries that all point at the same kilobytes."""
    count = 4000
    entries = b"".join(struct.pack("<HHII", 0x9000 + n, 7, 50_000, 8) for n in range(count))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4 + 12_000)


CYCLE = b"II*\0\x08\0\0\0" + struct.pack("<HHHIIHHIII", 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8, 8)
LAUGH = XMP.replace(b"<x:xmpmeta", b'<!DOCTYPE x [<!ENTITY a "ha">]><x:xmpmeta')
DEEP = XMP.replace(b"<rdf:Description", b"<a>" * 15_000 + b"</a>" * 15_000 + b"<rdf:Description")


@pytest.mark.parametrize("wanted", FORMATS[:3])
@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"exif": b"Exif\0\0" + bomb()}, "exif"),
        ({"exif": b"Exif\0\0II*\0" + b"\xff" * 40}, "exif"),
        ({"exif": b"Exif\0\0junk"}, "exif"),
        ({"xmp": LAUGH}, "xmp"),
        ({"xmp": b"<x:xmpmeta><rdf"}, "xmp"),
        ({"xmp": b"\xfe\xff\0<\0?"}, "xmp"),
    ],
)
def test_broken_metadata_costs_a_sentence(more: dict[str, bytes], kind: str, wanted: str) -> None:
    file = saved(a_photo(**more), wanted)
    named = [note for note in file.notes if note.id == "note.saving.broken"]
    assert [note.values["what"].id for note in named] == [f"metadata.kind.{kind}"]  # type: ignore[union-attr]
    assert opened(file).getexif()[0x0131] == "Eraser Lab 1.2"


def test_directories_in_a_circle_and_tags_without_end_do_no_harm() -> None:
    assert opened(saved(a_photo(exif=b"Exif\0\0" + CYCLE))).getexif()[0x0131] == "Eraser Lab 1.2"
    assert saved(a_photo(xmp=DEEP[:60_000])).format == "jpeg"


@pytest.mark.slow
def test_what_was_torn_anywhere_does_no_harm(tmp_path: Path) -> None:
    """Blocks with bytes of noise in them, into each format."""
    noise = np.random.default_rng(11)
    block = with_thumbnail(exif().tobytes())
    for turn in range(30):
        torn = np.frombuffer(block, np.uint8).copy()
        torn[noise.integers(8, len(torn), 6)] = noise.integers(0, 256, 6)
        assert saved(a_photo(exif=torn.tobytes()), FORMATS[turn % 3]).data
