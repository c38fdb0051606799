"""Whose a run is: what its folder says of its owner.

Whoever has a run's link sees it. What else may be done with it takes a second secret, which the
server gives to whoever begins the run. The disk has the secret's SHA-256 alone: 128 random bits
cannot be found from it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ui.common.files import write_json

FILE = "owner.json"


class Ownership(BaseModel):
    """owner: SHA-256 of the owner's secret, in hex; "" = nobody, as of runs from before there were
    owners. private: whether the owner alone is shown the run."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    owner: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    private: bool = False

    def is_of(self, secret: str) -> bool:
        return bool(self.owner) and compare_digest(self.owner, hashed(secret))

    @property
    def view_key(self) -> str:
        """What the addresses of a private run's files have in them, since a picture's address is
        all that a browser sends for it. Whoever has it may look, and nothing else."""
        key = sha256(b"view\0" + self.owner.encode("ascii")).digest()[:16]
        return urlsafe_b64encode(key).decode("ascii").rstrip("=")


NOBODYS = Ownership()
CLOSED = Ownership(private=True)
"""What is taken for one that cannot be read: shown to nobody, and nobody's."""


def hashed(secret: str) -> str:
    """In hex. A secret is random, so a quick hash without a salt is enough."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def read_ownership(folder: Path) -> Ownership:
    """Of the run in that folder."""
    try:
        return Ownership.model_validate_json((folder / FILE).read_bytes())
    except FileNotFoundError:
        return NOBODYS
    except (OSError, ValidationError):
        return CLOSED


def write_ownership(folder: Path, ownership: Ownership) -> None:
    write_json(folder / FILE, ownership.model_dump())
