"""The model hub: addresses, login, and the cache that its own client keeps on this machine.

Other programs may have filled that cache already. It is read, never written and never cleared:

    <hub cache>/models--owner--name/refs/main                    the commit of a branch
    <hub cache>/models--owner--name/snapshots/<commit>/unet/…    links to ../../blobs/<ETag>

The layout is the client's documented one, and a test holds that both agree on it. It is read
here without the client, whose import takes longer than the start of this program may.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from methods._base import HubFile, WeightFile
from methods._weights.cache import known_sha256
from methods._weights.sources.record import revision_of
from methods._weights.transport.content import begins_well
from methods._weights.transport.refusals import Door

_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIT = re.compile(r"[0-9a-f]{40}")
_NO = ("", "0", "false", "no")


def network_forbidden() -> bool:
    """True when ERASER_LAB_OFFLINE asks for no network at all."""
    return os.environ.get("ERASER_LAB_OFFLINE", "").lower() not in _NO


def hub_forbidden() -> str:
    """The variable that asks to leave the model hub alone, "" = none."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE"
    return "ERASER_LAB_OFFLINE" if network_forbidden() else ""


def login() -> dict[str, str]:
    """The user's login, if any. The library's own headers would ask the hub first, and wait."""
    from huggingface_hub import constants, get_token

    token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
    return {"Authorization": f"Bearer {token}"} if token else {}


def address(source: HubFile, revision: str) -> str:
    """Where the hub hands the file out."""
    from huggingface_hub import constants

    at = f"{quote(revision, safe='')}/{quote(source.path)}"
    return f"{constants.ENDPOINT}/{source.repo}/resolve/{at}"


def door_of(source: HubFile, headers: dict[str, str]) -> Door:
    """Where to knock for a file, with these headers."""
    from huggingface_hub import constants

    return Door(constants.ENDPOINT, source.repo, token="Authorization" in headers)


# --- what another program has fetched ------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A file in the hub's cache: the bytes themselves, and what the cache knows of them.

    etag: the SHA-256 of a large file, git's SHA-1 of a small one, "" = not known.
    """

    path: Path
    commit: str
    etag: str


def hub_cache() -> Path:
    """The folder that the hub's client uses; may not exist."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if given := os.environ.get(name):
            return _expanded(given)
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or os.path.join(base, "huggingface")
    return _expanded(home) / "hub"


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(path)))


def kept_file(weight: WeightFile) -> Kept | None:
    """The file in the hub's cache, from any of its sources; its bytes are not looked at.

    A pinned file has the right size there.
    """
    for source in weight.sources:
        if isinstance(source, HubFile) and (kept := _kept(weight, source)) is not None:
            return kept
    return None


def _kept(weight: WeightFile, source: HubFile) -> Kept | None:
    folder = hub_cache() / ("models--" + source.repo.replace("/", "--"))
    revision = revision_of(weight, source)
    commit = _ref(folder, revision) or revision
    file = folder / "snapshots" / commit / source.path
    try:
        blob = file.resolve(strict=True)
        fits = weight.sha256 is None or blob.stat().st_size == weight.size
        if not blob.is_file() or not fits:
            return None
    except OSError:
        return None
    linked = blob.parent.name == "blobs"
    return Kept(blob, commit, blob.name if linked else "")


def _ref(folder: Path, revision: str) -> str:
    try:
        return (folder / "refs" / revision).read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""


def is_whole(weight: WeightFile, kept: Kept, digest: str) -> bool:
    """Whether the bytes are those that the cache's own name for them promises, and can be such
    a file. digest: their hex SHA-256. Raises OSError."""
    if _SHA256.fullmatch(kept.etag):
        return kept.etag == digest
    if _GIT.fullmatch(kept.etag) and weight.sha256 is None:
        body = kept.path.read_bytes()
        if hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest() != kept.etag:
            return False
    return weight.sha256 is not None or begins_well(weight.name, kept.path)


def digest_of(kept: Kept) -> str:
    """Hex SHA-256 of its bytes, read once for each path, size and times."""
    return known_sha256(kept.path)
