"""What stands on the page until its scripts have come: its name, and the outlines of its parts.

While it stands, what Gradio builds below is not shown (ui/static/styles/skeleton.css), so that
nothing jumps while it grows; ui/static/scripts/base/skeleton.js takes it away.
"""

from __future__ import annotations

LONGEST = 15_000
"""Milliseconds after which it goes whatever has become of the scripts."""

LOGO = (
    '<svg class="lab-logo" viewBox="0 0 34 34" aria-hidden="true">'
    '<path class="b" d="M3 28h28v2.4H3z"/>'
    '<path class="a" d="M19.6 4.2 29.8 14.4a2 2 0 0 1 0 2.8l-5 5L11.8 9.2l5-5a2 2 0 0 1 2.8 0z"/>'
    '<path class="b" d="m10.4 10.6 13 13-1.6 1.6a2 2 0 0 1-1.4.6h-5.9a2 2 0 0 1-1.4-.6l-6.3-6.3'
    'a2 2 0 0 1 0-2.8z" opacity=".86"/></svg>'
)

SKELETON = f"""<div id="lab-skeleton" aria-hidden="true"><div class="lab-skeleton-page">
<div class="lab-head">{LOGO}<div class="lab-skeleton-name">Eraser Lab</div></div>
<div class="lab-skeleton-parts"><div class="lab-card"><div class="lab-skeleton-stage"></div></div>
<div class="lab-card"></div></div></div>
<script>
{{
  const query = new URLSearchParams(location.search);
  let theme = query.get("__theme");
  try {{ theme ||= localStorage.getItem("eraser-lab.theme"); }} catch {{ /* no memory */ }}
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.classList.toggle("dark", dark);
  document.documentElement.dataset.tab = query.get("tab") === "tables" ? "tables" : "erase";
  const skeleton = document.currentScript.parentElement;
  const remove = () => skeleton.remove();
  setTimeout(remove, {LONGEST});
  window.eraserLabScripts?.catch(remove);
}}
</script></div>"""
