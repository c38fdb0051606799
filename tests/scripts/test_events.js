import assert from "node:assert/strict";
import { test } from "node:test";

import { emit, on } from "../../ui/static/scripts/base/events.js";

test("all who listen are told, in their order, each once", () => {
  /** @type {string[]} */
  const heard = [];
  const second = (/** @type {string} */ lang) => heard.push("second " + lang);
  on("lang", (lang) => heard.push("first " + lang));
  on("lang", second);
  on("lang", second);
  emit("lang", "aa");
  assert.deepEqual(heard, ["first aa", "second aa"]);
});

test("nobody needs to listen", () => emit("busy"));
