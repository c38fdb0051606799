"""XMP (ISO 16684-1) by the standard library's DOM, which leaves alone what is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from xml.dom import Node, expatbuilder
from xml.dom.minidom import Attr, Document, Element
from xml.sax.saxutils import quoteattr

from methods._saving.contract import MadeBy
from methods._saving.metadata.kinds import Kind
from methods._saving.metadata.way import Way

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MM = "http://ns.adobe.com/xap/1.0/mm/"
_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_EXIF, _TIFF = "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/tiff/1.0/"
_EXIF_EX, _AUX = "http://cipa.jp/exif/1.0/", "http://ns.adobe.com/exif/1.0/aux/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_CAMERA = "http://ns.google.com/photos/1.0/camera/"

_SPACES: tuple[tuple[str, Kind], ...] = (
    ("http://ns.adobe.com/xap/1.0/g/img/", "thumbnail"),
    ("http://ns.adobe.com/hdr-gain-map/", "gain_map"),
    ("http://ns.apple.com/HDRGainMap/", "gain_map"),
    ("http://ns.apple.com/depthData/", "depth_map"),
    ("http://ns.google.com/photos/1.0/depthmap/", "depth_map"),
    ("http://ns.google.com/photos/1.0/image/", "depth_map"),
    ("http://ns.google.com/photos/dd/1.0/", "depth_map"),
    ("http://ns.google.com/photos/1.0/audio/", "motion"),
    ("http://ns.google.com/photos/1.0/container/", "pictures"),
)
"""Beginnings of namespaces that describe what does not come along."""

_NAMES: dict[tuple[str, str], Kind] = {
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"): "thumbnail",
    ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"): "xmp_more",
    (_PHOTOSHOP, "City"): "location",
    (_PHOTOSHOP, "State"): "location",
    (_PHOTOSHOP, "Country"): "location",
    (_IPTC, "Location"): "location",
    (_IPTC, "CountryCode"): "location",
    (_IPTC_EXT, "LocationShown"): "location",
    (_IPTC_EXT, "LocationCreated"): "location",
    (_AUX, "SerialNumber"): "serial",
    (_AUX, "LensSerialNumber"): "serial",
    (_AUX, "OwnerName"): "serial",
    (_AUX, "ImageNumber"): "serial",
    (_EXIF_EX, "BodySerialNumber"): "serial",
    (_EXIF_EX, "LensSerialNumber"): "serial",
    (_EXIF_EX, "CameraOwnerName"): "serial",
    (_EXIF, "ImageUniqueID"): "serial",
    (_EXIF, "MakerNote"): "serial",
}
_SELDOM: set[Kind] = {"location", "serial"}
"""What is removed only where it is wished."""

_SIZES = {(_EXIF, "PixelXDimension"): 0, (_EXIF, "PixelYDimension"): 1,
          (_TIFF, "ImageWidth"): 0, (_TIFF, "ImageLength"): 1}  # fmt: skip
_MOST_BYTES, _MOST_TAGS, _MOST_ATTRIBUTES = 4 << 20, 40_000, 80_000
_BASE64_JPEG, _PICTURE_LETTERS = "/9j/", 400


def read(packet: bytes) -> Document:
    """Raises ValueError, ExpatError or LookupError for what is no XMP, or more than one reads.

    Entities are refused: they can make a few bytes fill the memory. Read as UTF-8 alone, so that no
    other encoding hides them.
    """
    text = packet.strip(b"\0 \t\r\n").decode("utf-8").removeprefix("\ufeff")
    if len(packet) > _MOST_BYTES or text.count("<") > _MOST_TAGS:
        raise ValueError("too large")
    if "<!DOCTYPE" in text or "<!ENTITY" in text or text.count("=") > _MOST_ATTRIBUTES:
        raise ValueError("more than XMP is")
    document = expatbuilder.parseString(text)
    if not document.getElementsByTagNameNS(_RDF, "RDF"):
        raise ValueError("no RDF")
    return document


def kinds_of(document: Document) -> set[Kind]:
    """What it tells, and "xmp"."""
    return {"xmp", *(kind for _, kind in _told(document))}


def written(document: Document, way: Way) -> bytes:
    """The packet with what may come along. Raises RecursionError where it is nested too deep."""
    for node, kind in list(_told(document)):
        if not (way.location and kind in _SELDOM):
            _remove(node)
    _describe(document, way)
    _add_history(document, way.made_by)
    return _packet(_root(document).toxml())


def new(way: Way) -> bytes:
    """A packet that says who changed the photo, and nothing else."""
    empty = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'
    return written(read(empty.encode()), way)


def _packet(root: str) -> bytes:
    begin = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{begin}\n{root}\n<?xpacket end="w"?>'.encode()


# --- what is told, and removed -----------------------------------------------------------


def _nodes(document: Document) -> Iterator[Element | Attr]:
    for element in document.getElementsByTagName("*"):
        yield element
        yield from list(element.attributes.values())


def _told(document: Document) -> Iterator[tuple[Element | Attr, Kind]]:
    for node in _nodes(document):
        kind = _kind(node)
        if kind is not None:
            yield node, kind


def _kind(node: Element | Attr) -> Kind | None:
    space, name = node.namespaceURI or "", node.localName or ""
    if space == _EXIF and name.startswith("GPS"):
        return "location"
    if space == _CAMERA and name.startswith(("Motion", "Micro")):
        return "motion"
    for beginning, kind in _SPACES:
        if space.startswith(beginning):
            return kind
    return "thumbnail" if _is_picture(node) else _NAMES.get((space, name))


def _is_picture(node: Element | Attr) -> bool:
    """A JPEG in letters, whatever its property is called."""
    if isinstance(node, Attr):
        text = node.value
    else:
        text = "".join(each.data for each in node.childNodes if each.nodeType == Node.TEXT_NODE)
    return len(text) > _PICTURE_LETTERS and text.lstrip().startswith(_BASE64_JPEG)


def _remove(node: Element | Attr) -> None:
    if isinstance(node, Attr):
        if node.ownerElement is not None:
            node.ownerElement.removeAttributeNode(node)
    elif node.parentNode is not None:
        node.parentNode.removeChild(node)


# --- what is said anew -------------------------------------------------------------------


def _describe(document: Document, way: Way) -> None:
    """Size and orientation, where they are told."""
    for node in _nodes(document):
        key = (node.namespaceURI or "", node.localName or "")
        if key in _SIZES:
            _set(document, node, way.size[_SIZES[key]])
        elif key == (_TIFF, "Orientation"):
            _set(document, node, way.orientation)


def _set(document: Document, node: Element | Attr, value: int) -> None:
    if isinstance(node, Attr):
        node.value = str(value)
        return
    while node.firstChild is not None:
        node.removeChild(node.firstChild)
    node.appendChild(document.createTextNode(str(value)))


def _add_history(document: Document, made_by: MadeBy) -> None:
    events = _events(document)
    for step in made_by.steps or ("",):
        events.appendChild(document.importNode(_event(made_by.program, step), True))


def _events(document: Document) -> Element:
    """The list in xmpMM:History, made where it is absent."""
    for history in document.getElementsByTagNameNS(_MM, "History"):
        for listed in history.getElementsByTagNameNS(_RDF, "Seq"):
            return listed
    described = _parsed(
        f'<rdf:Description xmlns:rdf="{_RDF}" rdf:about="" xmlns:xmpMM="{_MM}">'
        "<xmpMM:History><rdf:Seq/></xmpMM:History></rdf:Description>"
    )
    added = document.importNode(described, True)
    document.getElementsByTagNameNS(_RDF, "RDF")[0].appendChild(added)
    return added.getElementsByTagNameNS(_RDF, "Seq")[0]


def _event(program: str, step: str) -> Element:
    parameters = f" stEvt:parameters={quoteattr(_plain(step))}" if step else ""
    return _parsed(
        f'<rdf:li xmlns:rdf="{_RDF}" xmlns:stEvt="{_EVENT}" stEvt:action="edited"'
        f" stEvt:softwareAgent={quoteattr(_plain(program))}{parameters}/>"
    )


def _plain(text: str) -> str:
    """XML has no control characters."""
    return "".join(letter if letter >= " " else " " for letter in text)


def _parsed(text: str) -> Element:
    return _root(expatbuilder.parseString(text))


def _root(document: Document) -> Element:
    root = document.documentElement
    if root is None:
        raise ValueError("no XML")
    return root
