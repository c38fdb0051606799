"""Write what the pages in docs/ say of the program itself, from the program.

python docs/generate.py            fill every generated part anew
python docs/generate.py --check    write nothing; name the pages that are stale, exit code 1
python docs/generate.py --all      also what needs torch: the large models are built without weights

A generated part stands between `<!-- NAME: … -->` and `<!-- /NAME -->`; everything around it is
written by hand. No model, no network and no page is needed for it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS)]

from _generated import api, cli, settings, tools, weights  # noqa: E402
from examples.report.markdown import summary_table  # noqa: E402
from examples.systems import as_markdown as systems  # noqa: E402
from methods import own_schema  # noqa: E402
from ui.cli.fits import fits_as_markdown  # noqa: E402
from ui.cli.weights.markdown import erasers_as_markdown, numbers_as_markdown  # noqa: E402

PART = re.compile(r"(<!-- (\w+):[^>]*-->\n)(.*?)(<!-- /\2 -->)", re.DOTALL)


def _results() -> str:
    """The table of a real run, whose figures are kept in table.json."""
    kept = json.loads((DOCS / "table.json").read_text("utf-8"))
    return "\n".join(summary_table(kept["summary"]))


PARTS: Mapping[str, Callable[[], str]] = {
    "api": api.endpoints_as_markdown,
    "commands": cli.commands_as_markdown,
    "erasers": erasers_as_markdown,
    "notes": settings.notes_as_markdown,
    "numbers": numbers_as_markdown,
    "settings": settings.settings_as_markdown,
    "table": _results,
    "tools": tools.tools_as_markdown,
    "weights": weights.weights_as_markdown,
}
"""What makes each part; the keys are the names in the markers."""

SLOW: Mapping[str, Callable[[], str]] = {"fits": fits_as_markdown}
"""What `--all` adds; a test of its own holds it."""


def _schema() -> str:
    """Of an owner's NAME.toml, for editors."""
    return json.dumps(own_schema(), indent=2, ensure_ascii=False) + "\n"


WHOLE: Mapping[str, Callable[[], str]] = {
    "systems.md": systems,
    "own-eraser.schema.json": _schema,
}
"""Pages of which no line is written by hand."""


def filled(page: str, parts: Mapping[str, Callable[[], str]] = PARTS) -> str:
    """A page with those of its generated parts as they should be."""

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}{parts[found[2]]()}\n{found[4]}" if found[2] in parts else found[0]

    return PART.sub(part, page)


def stale(folder: Path, parts: Mapping[str, Callable[[], str]] = PARTS) -> dict[Path, str]:
    """The pages that are not as they should be, and what they should be."""
    pages = sorted(folder.glob("*.md"))
    wanted = {page: filled(page.read_text("utf-8"), parts) for page in pages}
    wanted |= {folder / name: make() for name, make in WHOLE.items()}
    return {
        page: text
        for page, text in wanted.items()
        if not page.exists() or page.read_text("utf-8") != text
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages or check them; the exit code."""
    parser = argparse.ArgumentParser(description="Generate what docs/ says of the program.")
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale")
    parser.add_argument("--all", action="store_true", help="also what needs torch")
    args = parser.parse_args(argv)
    os.environ["ERASER_LAB_ERASERS_DIR"] = os.devnull  # this machine's owner's are no part of it
    found = stale(DOCS, {**PARTS, **SLOW} if args.all else PARTS)
    for page, text in found.items():
        if args.check:
            print(f"{page.name} is stale: run python docs/generate.py")
        else:
            page.write_text(text, encoding="utf-8")
            print(f"{page.name} written")
    return 1 if args.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
