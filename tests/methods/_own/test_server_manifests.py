"""The manifests of servers that we write and show are sound as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from comfy_lookalike import WORKFLOW
from methods import begin_own, get_eraser
from methods._engine import registry
from methods._own.manifest import KINDS
from own_tools import Own

pytest_plugins = ["own_fixtures"]

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "own-erasers.md").read_text("utf-8")
SERVERS = ("iopaint", "gradio", "comfyui", "openai", "http")
KSAMPLER = {**WORKFLOW["3"], "_meta": {"title": "KSampler"}}  # type: ignore[dict-item]
NODES: dict[str, Any] = {**WORKFLOW, "3": KSAMPLER, "12": WORKFLOW["2"]}


@pytest.mark.parametrize("kind", SERVERS)
def test_what_new_writes_is_sound(own: Own, kind: Any) -> None:
    begin_own(kind, "theirs")
    (own.folder / "theirs.json").write_text(json.dumps(NODES), encoding="utf-8")
    registry._kept.clear()
    spec = get_eraser("theirs").spec
    assert (spec.name, spec.unavailable) == ("Theirs", None)


@pytest.mark.parametrize("kind", SERVERS)
def test_what_the_page_shows_is_sound(own: Own, kind: str) -> None:
    shown = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (text,) = [each for each in shown if each.startswith(f'kind = "{kind}"')]
    (own.folder / "my_workflow.json").write_text(json.dumps(NODES), encoding="utf-8")
    own.put("theirs.toml", text)
    assert get_eraser("theirs").spec.unavailable is None


def test_the_schema_knows_every_kind() -> None:
    schema = json.loads((DOCS / "own-eraser.schema.json").read_text("utf-8"))
    assert set(schema["discriminator"]["mapping"]) == set(KINDS)
    for kind, model in KINDS.items():
        assert get_args(model.model_fields["kind"].annotation) == (kind,)
