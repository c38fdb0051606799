"""Joined modules do what modules do; what would not is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ui.page.joining import Module, Unjoinable, in_order, joined, parsed

SOURCES = {
    "base/a.js": """
const hidden = 1;
export const list = [];
export const note = (word) => { list.push(word + hidden); };
export async function later() { return "later"; }
note("a");
""",
    "base/b.js": """
import { list, note as tell } from "./a.js";
const hidden = 2;
export class Counter { static many = 0; }
export function say() { tell(`b${hidden}`); return this === undefined; }
export { list as_it_is, hidden };
tell("b");
""".replace("list as_it_is, ", ""),
    "main.js": """
import { later, list } from "./base/a.js";
import {
  Counter,
  say,
} from "./base/b.js";
export const strict = say();
Counter.many += 1;
const many = Counter.many;
export { later, list, many };
""",
    "more/extra.js": """
import { list, note } from "../base/a.js";
import { own } from "./own.js";
note(own);
export const seen = () => list;
""",
    "more/own.js": """
export const own = "own";
""",
}
RUN = """
const main = await import("./main.js");
const extra = await import("./more/extra.js");
console.log(JSON.stringify([main.list, main.strict, main.many, await main.later(),
  extra.seen() === main.list, extra.seen()]));
"""


def modules(sources: dict[str, str]) -> dict[str, Module]:
    return {path: parsed(path, source) for path, source in sources.items()}


@pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("node") is None, reason="Node.js is not here"
)
@pytest.mark.parametrize("are_joined", [False, True])
def test_joined_or_not_they_run_once_and_say_the_same(tmp_path: Path, are_joined: bool) -> None:
    found, files = modules(SOURCES), dict(SOURCES)
    if are_joined:
        after = {"../main.js": in_order("main.js", found)}
        extra = joined("more/extra.js", found, after=after)
        files = {"main.js": joined("main.js", found), "more/extra.js": extra}
    for path, source in {**files, "run.js": RUN, "package.json": '{"type": "module"}'}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(source, encoding="utf-8")
    run = subprocess.run(["node", "run.js"], cwd=tmp_path, text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    words = ["a1", "b1", "b21", "own1"]
    assert json.loads(run.stdout) == [words, True, 1, "later", True, words]


@pytest.mark.parametrize(
    "line",
    [
        "export let x = 1;",
        "export default 1;",
        'export * from "./a.js";',
        'export { a } from "./a.js";',
        "export { a as b };",
        'import * as a from "./a.js";',
        'import a from "./a.js";',
        'import "./a.js";',
        'import { a } from "package";',
        "const where = import.meta.url;",
    ],
)
def test_what_cannot_be_joined_is_refused(line: str) -> None:
    with pytest.raises(Unjoinable):
        parsed("x.js", line + "\n")


def test_modules_that_import_each_other_are_refused() -> None:
    circle = {
        "a.js": 'import { b } from "./b.js";\n',
        "b.js": 'import { a } from "./a.js";\n',
    }
    with pytest.raises(Unjoinable, match=r"a\.js imports b\.js imports a\.js"):
        in_order("a.js", modules(circle))
