"""What ZeroGPU says when it lends no GPU, or takes one back, as sentences with a way out.

Its package tells by a title and an English sentence alone (`spaces.zero.client`, 0.51), so they are
read here, and nowhere else. What cannot be read becomes "gpu_unavailable" with the title.
"""

from __future__ import annotations

import re

from methods._base import EraserSpec, Text, Unavailable

_LEFT = re.compile(r"\((\d+)s requested vs\. (-?\d+)s left\)")
_WAIT = re.compile(r"Try again in (?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")
_REQUESTED = re.compile(r"\((\d+)s\)")

_SHORTEST_WAIT = 60


def refused(title: str, message: str, spec: EraserSpec) -> Unavailable:
    """The error for what the platform has said. title, message: of its exception."""
    said = {"eraser": spec.id, "title": spec.name}
    if "No GPU was available" in message or title == "ZeroGPU queue timeout":
        return Unavailable("gpu_busy", **said)
    match title:
        case "ZeroGPU quota exceeded":
            return _quota(message, said)
        case "ZeroGPU illegal duration":
            found = _REQUESTED.search(message)
            return Unavailable("gpu_too_long", requested=int(found[1]) if found else 0, **said)
        case "ZeroGPU pending credits exceeded":
            return Unavailable("gpu_quota.pending", **said)
        case "ZeroGPU worker error" if message == "GPU task aborted":
            return Unavailable("gpu_aborted", **said)
        case "ZeroGPU client error" if "Expired" in message:
            return Unavailable("gpu_login", **said)
    return Unavailable("gpu_unavailable", reason=f"{title}: {message}"[:200], **said)


def _quota(message: str, said: dict[str, str]) -> Unavailable:
    if message.startswith("Space app"):  # it was nobody's request
        return Unavailable("gpu_quota.nobody", **said)
    amounts = _LEFT.search(message)
    if amounts is None:
        return Unavailable("gpu_quota.runs", **said)
    requested, left, wait = int(amounts[1]), max(0, int(amounts[2])), _seconds(message)
    return Unavailable(
        _whose(message),
        requested=requested,
        left=left,
        wait=wait,
        time=in_time(wait),
        **said,
    )


def _whose(message: str) -> str:
    """The sentence for whose share it was: the words before "quota" tell."""
    if "Pro ZeroGPU quota" in message:
        return "gpu_quota.pro"
    return "gpu_quota.free" if "free ZeroGPU quota" in message else "gpu_quota.anonymous"


def _seconds(message: str) -> int:
    found = _WAIT.search(message)
    if found is None:
        return _SHORTEST_WAIT
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def in_time(seconds: int) -> Text:
    """A length of time in hours and minutes, rounded up to a minute."""
    minutes = max(1, -(-seconds // 60))
    hours, rest = divmod(minutes, 60)
    return Text("time.hours" if hours else "time.minutes", hours=hours, minutes=rest)
