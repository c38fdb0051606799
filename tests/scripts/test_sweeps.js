/* Several values: what is sent, and where the cells stand. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { wordsOf } from "../../ui/static/scripts/erasers/sweep_words.js";
import { entriesIn, entryOf, withRun } from "../../ui/static/scripts/results/shelf_store.js";
import { axesWords, layoutOf } from "../../ui/static/scripts/results/sweep_layout.js";

/** @typedef {import("../../ui/static/scripts/types.js").Card} Card */

/** @param {[string, Record<string, number>][]} cells @returns {Card[]} */
const cardsOf = (cells) => cells.map(([eraser, axes], index) => ({ index, eraser, name: eraser, state: "done", axes }));
const nameOf = (/** @type {Card} */ card) => card.eraser.toUpperCase();

test("fields become the command line's words, empty ones nothing", () => {
  const texts = new Map([["telea.radius", " 3, 9, "], ["dilate", "0，8"], ["seed", " 0 - 3, 7"], ["migan.size", "  "]]);
  assert.deepEqual(wordsOf(texts), { words: ["telea.radius=3, 9", "dilate=0,8"], seeds: "0-3,7" });
});

test("the longest axis makes the columns, the others the rows", () => {
  const layout = layoutOf(cardsOf([
    ["a", { steps: 4, seed: 0 }], ["a", { steps: 4, seed: 1 }], ["a", { steps: 4, seed: 2 }],
    ["a", { steps: 8, seed: 0 }], ["a", { steps: 8, seed: 1 }], ["a", { steps: 8, seed: 2 }], ["b", {}]]), nameOf);
  assert.ok(layout);
  assert.equal(layout.axis, "seed");
  assert.deepEqual(layout.columns, ["", "0", "1", "2"]);
  assert.deepEqual(layout.rows, [{ name: "A", words: "steps 4" }, { name: "A", words: "steps 8" }, { name: "B", words: "" }]);
  assert.deepEqual(layout.places.get(4), { row: 1, column: 2 });
  assert.deepEqual(layout.places.get(6), { row: 2, column: 0 });
});

test("where nothing has several values, or one row of them, there is no table", () => {
  assert.equal(layoutOf(cardsOf([["a", { radius: 2 }], ["a", { radius: 3 }], ["a", { radius: 4 }]]), nameOf), null);
  assert.equal(layoutOf(cardsOf([["a", {}], ["b", {}]]), nameOf), null);
  assert.equal(layoutOf(cardsOf([["a", { dilate: 8 }], ["b", { dilate: 8 }]]), nameOf), null);
  assert.equal(axesWords({ guidance_scale: 7.5, seed: 0 }), "guidance scale 7.5, seed 0");
});

test("the shelf keeps its order, its bound, and nothing that is no run of ours", () => {
  /** @param {string} run */
  const entry = (run) => ({ run, photo: "a.jpg", names: ["One"], thumb: "lab/runs/x/0-one.jpg", state: "done", done: 1 });
  /** @type {ReturnType<typeof entry>[]} */
  let entries = [];
  for (let run = 0; run < 30; run += 1) entries = withRun(entries, entry("r" + run));
  assert.equal(entries.length, 24);
  assert.equal(entries[0].run, "r29");
  assert.deepEqual(withRun(entries, { ...entry("r28"), done: 0 }).map(({ run }) => run), entries.map(({ run }) => run));
  assert.deepEqual(entriesIn(JSON.stringify([entry("r1"), { ...entry("r2"), thumb: "https://elsewhere.test/p.jpg" }, { run: 3 }, null])), [entry("r1")]);
  assert.deepEqual(entriesIn("{"), []);
});

test("a run is named by its photo and erasers, and shown by its first result", () => {
  const photo = /** @type {import("../../ui/static/scripts/types.js").Photo} */ ({ id: "p", name: "tree.jpg", view: "lab/runs/x/original.jpg", width: 4, height: 3, growth: 0, tiles: { url: "", side: 1, levels: 1 } });
  const grid = /** @type {import("../../ui/static/scripts/types.js").Grid} */ ({ run: "x", state: "running", photo, mask: null, cards: [
    { index: 0, eraser: "a", name: "A", state: "queued" }, { index: 1, eraser: "b", name: "B", state: "done", view: "lab/runs/x/1-b.jpg" }] });
  assert.deepEqual(entryOf(grid), { run: "x", photo: "tree.jpg", names: ["A", "B"], thumb: "lab/runs/x/1-b.jpg", state: "running", done: 1 });
  assert.equal(entryOf({ ...grid, cards: [] }).thumb, "lab/runs/x/original.jpg");
});
