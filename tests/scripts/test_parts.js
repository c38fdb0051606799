/* Several runs as one table: photos and dilations. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { waitingGrid } from "../../ui/static/scripts/erasers/queue.js";
import { makeLens, placesOf } from "../../ui/static/scripts/results/lens.js";
import { bestOf, byPhoto } from "../../ui/static/scripts/results/numbers.js";
import { idsOf, isSeries, joined, makeParts } from "../../ui/static/scripts/results/parts.js";
import { layoutOf } from "../../ui/static/scripts/results/sweep_layout.js";
import { foundIn, itemsIn } from "../../ui/static/scripts/select/tray_items.js";

/**
 * @typedef {import("../../ui/static/scripts/types.js").Grid} Grid
 * @typedef {import("../../ui/static/scripts/types.js").Photo} Photo
 */

/** @param {string} id @returns {Photo} */
const photoOf = (id, name = id + ".jpg") => ({ id, name, view: `lab/photos/${id}/view.jpg`, width: 400, height: 300, growth: 0, tiles: { url: "", side: 1, levels: 1 } });
/** @param {string} run @param {Photo} photo @param {Partial<Grid>} [more] @returns {Grid} */
const runOf = (run, photo, more) => ({ run, state: "done", photo, mask: { area: 0.1, box: [10, 10, 60, 60] }, seconds: 1, zip: `lab/runs/${run}/all.zip`,
  cards: ["a", "b"].map((eraser, index) => ({ index, eraser, name: eraser, state: "done", view: `lab/runs/${run}/${index}.jpg` })), ...more });
const nameOf = (/** @type {import("../../ui/static/scripts/types.js").Card} */ card) => card.eraser.toUpperCase();

test("photos are rows and erasers columns; each card knows its own run", () => {
  const grid = joined([runOf("r1", photoOf("p1")), runOf("r2", photoOf("p2")), runOf("r3", photoOf("p3", "p1.jpg"))]);
  assert.equal(grid.run, "r1,r2,r3");
  assert.equal(grid.seconds, 3);
  assert.deepEqual(grid.cards.map(({ index, of }) => [index, of?.run, of?.index]), [[0, "r1", 0], [1, "r1", 1], [2, "r2", 0], [3, "r2", 1], [4, "r3", 0], [5, "r3", 1]]);
  const layout = layoutOf(grid.cards, nameOf);
  assert.deepEqual(layout?.rows.map(({ name }) => name), ["p1.jpg", "p2.jpg", "p1.jpg (2)"]);
  assert.deepEqual(layout?.columns, ["A", "B"]);
  assert.deepEqual(layout?.places.get(5), { row: 2, column: 1 });
  assert.equal(grid.zip, "lab/all.zip?runs=r1,r2,r3");
});

test("dilations of one photo are an axis beside the others", () => {
  const photo = photoOf("p1");
  const grids = [0, 8, 16].map((dilate) => { const run = runOf("r" + dilate, photo); return { ...run, cards: run.cards.map((card) => ({ ...card, axes: { dilate } })) }; });
  const layout = layoutOf(joined(grids).cards, nameOf);
  assert.deepEqual([layout?.axis, layout?.columns, layout?.rows.length], ["dilate", ["0", "8", "16"], 2]);
});

test("what has not begun goes on after a run, not after a stop", () => {
  const cells = [{ eraser: "a", settings: {}, seed: 0 }, { eraser: "b", settings: {}, seed: 0 }];
  const ahead = ["r1", "r2", "r3"].map((run) => waitingGrid({ photo: photoOf("p" + run), selection: { photo: "p" + run }, jobs: cells, cells }, run));
  const parts = makeParts();
  const name = parts.begin(ahead).run;
  const after = parts.with(runOf("r1", photoOf("pr1")), name);
  assert.deepEqual([after.state, after.zip, after.cards.length], ["running", null, 6]);
  assert.equal(parts.with(runOf("r9", photoOf("p9")), name).run, "r9", "another run is itself");
  assert.equal(parts.with(runOf("r1", photoOf("pr1")), "r1").run, "r1", "one that is looked at alone, too");
  const refused = parts.with({ run: "r2", state: "failed", photo: null, mask: null, cards: [], error: { code: "x", text: "no" } }, name);
  assert.deepEqual(refused.cards.map(({ state }) => state), ["done", "done", "failed", "failed", "queued", "queued"]);
  const stopped = parts.with(runOf("r2", photoOf("pr2"), { state: "stopped" }), name);
  assert.deepEqual([stopped.state, stopped.cards[5].state], ["stopped", "stopped"]);
  assert.ok(parts.holds("pr2", name) && !parts.holds("p9", name));
});

test("a run's name says whether it is several", () => {
  assert.deepEqual(idsOf("a,b,"), ["a", "b"]);
  assert.ok(isSeries("a,b") && !isSeries("a"));
});

test("numbers are compared within a photo", () => {
  /** @param {string} photo @param {number} value @returns {import("../../ui/static/scripts/types.js").Card} */
  const card = (photo, value) => ({ index: 0, eraser: "a", name: "A", state: "done", axes: { photo }, readings: [{ id: "m", value }] });
  const cards = [card("one", 1), card("one", 2), card("two", 8), card("two", 9)];
  const metric = /** @type {import("../../ui/static/scripts/types.js").Metric} */ ({ id: "m", better: "lower" });
  assert.deepEqual(byPhoto(cards).flatMap((alike) => bestOf(alike, metric)), [cards[0], cards[2]]);
});

test("a picture finds its place in the window on its own photo", () => {
  const lens = makeLens(photoOf("p1"), { area: 0.01, box: [100, 100, 140, 140] });
  assert.notDeepEqual(lens.window, lens.whole);
  const styles = placesOf({ ...lens, window: [100, 75, 300, 225] }, [100, 75, 200, 150]);
  assert.deepEqual([styles["--photo-left"], styles["--photo-width"], styles["--near-left"], styles["--near-width"]], ["-50%", "200%", "0%", "50%"]);
});

test("the tray keeps photos of ours alone, and takes what was found with certainty", () => {
  const item = { photo: photoOf("p1"), work: null, words: null };
  assert.deepEqual(itemsIn(JSON.stringify([item, { photo: { id: "x", view: "https://elsewhere.test/a.jpg" } }, null])), [item]);
  assert.deepEqual(itemsIn("{"), []);
  const box = { x0: 0, y0: 0, x1: 9, y1: 9 };
  const found = foundIn([{ label: "dog", score: 0.9, box, ticked: true }, { label: "dog", score: 0.2, box, ticked: true }, { label: "dog", score: 0.9, text_score: 0.1, box, ticked: true }]);
  assert.deepEqual(found, [{ box }]);
});
