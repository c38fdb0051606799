import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { errorText, inEveryLanguage, t, translated } from "../../ui/static/scripts/base/languages.js";
import { lab } from "../../ui/static/scripts/base/state.js";

beforeEach(() => { lab.lang = "aa"; });

test("a value stands wherever it is named, and what has none stays", () => {
  assert.equal(t("named", { name: "x" }), "x and x, {unknown}");
});

test("sentences that count take the language's own plural form", () => {
  assert.deepEqual([1, 2, 5].map((count) => t("things", { count })), ["1 thing", "2 things", "5 things"]);
  lab.lang = "bb";
  assert.deepEqual([1, 2, 5].map((count) => t("things", { count })), ["1 rzecz", "2 rzeczy", "5 wiele rzeczy"]);
});

test("the first language speaks for what another lacks, and a key for what none has", () => {
  lab.lang = "bb";
  assert.deepEqual([t("title"), t("only"), t("nowhere")], ["Tytuł", "Only here", "nowhere"]);
});

test("an unknown language is the first", () => {
  lab.lang = "cc";
  assert.equal(t("title"), "Title");
});

test("what the server says is said in the chosen language, else in the first", () => {
  lab.lang = "bb";
  assert.deepEqual([translated({ aa: "one", bb: "jeden" }), translated({ aa: "one" }), translated(null)], ["jeden", "one", ""]);
});

test("a sentence of the page in every language", () => {
  assert.deepEqual(inEveryLanguage("only"), { aa: "Only here", bb: "Only here" });
});

test("an error is said by the page where it knows it, else by the server, else in general", () => {
  assert.equal(errorText(null), "Lost");
  assert.equal(errorText({ code: "known", details: { what: "it" }, text: "server" }), "Known: it");
  assert.equal(errorText({ code: "new", said: { aa: "said" }, text: "server" }), "said");
  assert.equal(errorText({ code: "new", text: "server" }), "server");
  assert.equal(errorText({ code: "new" }), "Inner");
});
