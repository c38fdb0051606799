"""The tools for agents, from what a model is told of them."""

from __future__ import annotations

from typing import Any

from _generated.tables import code, table
from ui.api.tools.offers import OFFERS, Offer

HEAD = ("Argument", "Type", "What a model is told")


def tools_as_markdown() -> str:
    """A section for each tool."""
    return "\n\n".join(map(_section, OFFERS))


def _section(offer: Offer) -> str:
    schema = offer.described()["inputSchema"]
    required = schema.get("required", [])
    rows = [
        (
            code(name),
            _type(field) + (", required" if name in required else ""),
            field["description"],
        )
        for name, field in schema["properties"].items()
    ]
    return f"## {offer.name}\n\n{offer.about}\n\n{table(HEAD, rows)}"


def _type(field: dict[str, Any]) -> str:
    inner = field.get("items")
    return f"{field['type']} of {_type(inner)}" if inner else str(field["type"])
