"""What the tests of access ask a page: axe-core's findings, and what axe cannot see."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LEAST_TARGET = 43.5  # pixels; 44 less what rounding takes

FOUND = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.flatMap(one =>
    one.nodes.map(node => one.id + ": " + node.html.slice(0, 120)));
}"""

BEYOND = """() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  const out = [...document.querySelectorAll("dialog[open] :is(button, a)")].filter(one => {
    const box = one.getBoundingClientRect();
    return one.checkVisibility() && (box.right > innerWidth + 0.5 || box.left < -0.5); });
  const wide = over > 0 ? [`the page is ${over} pixels too wide`] : [];
  return [...wide, ...out.map(one => one.outerHTML.slice(0, 100))];
}"""

# A control and its label are one target. Links in a line of text may be as high as the line.
SMALL = """least => {
  const controls = "button, a[href], summary, select, textarea, [role=tab], "
    + "input:not([type=hidden], [type=file])";
  const lines = "p a, li a, .lab-foot a, h3 a", others = "[aria-hidden=true], gradio-app > footer";
  const span = (boxes, low, high) =>
    Math.max(...boxes.map(box => box[high])) - Math.min(...boxes.map(box => box[low]));
  return [...document.querySelectorAll(controls)]
    .filter(one => one.checkVisibility({ visibilityProperty: true }))
    .filter(one => !one.matches(lines) && !one.closest(others))
    .map(one => {
      const boxes = [one, ...(one.labels ?? [])].map(each => each.getBoundingClientRect());
      return [one, span(boxes, "left", "right"), span(boxes, "top", "bottom")]; })
    .filter(([, width, height]) => width > 0 && (width < least || height < least))
    .map(([one, ...sides]) => `${sides.map(Math.round)}: ${one.outerHTML.slice(0, 100)}`); }"""


def require_axe() -> None:
    """Skip where nobody has asked npm for it; `.ci/run` has."""
    if not AXE.exists() and not os.environ.get("CI"):
        pytest.skip("axe-core is not here: npm ci")


def violations(page: Any) -> list[str]:
    """What axe-core finds wrong with the page as it stands."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return list(page.evaluate(FOUND))


def beyond_the_edge(page: Any) -> list[str]:
    """What is wider than the screen, or lies outside of it in an open dialog."""
    return list(page.evaluate(BEYOND))


def small_targets(page: Any) -> list[str]:
    """What is to be seen and too small for a finger."""
    return list(page.evaluate(SMALL, LEAST_TARGET))
