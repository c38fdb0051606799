import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { on } from "../../ui/static/scripts/base/events.js";
import { lab } from "../../ui/static/scripts/base/state.js";
import { makeAsking } from "../../ui/static/scripts/select/asking.js";
import { work } from "../../ui/static/scripts/select/work.js";

/** @typedef {(answer: object | null) => void} Settle */

/** A stage, a server that answers when it is told to, and what came of it. */
function setUp() {
  /** @type {{ request: any, answer: Settle, fail: () => void }[]} */
  const asked = [];
  /** @type {(string | null)[]} */
  const drawn = [];
  /** @type {string[]} */
  const told = [];
  /** @param {object} request */
  const segment = (request) => new Promise((resolve, reject) => asked.push({ request, answer: resolve, fail: () => reject(new Error("gone")) }));
  const stage = { classList: new Set(), dataset: {} };
  const asking = makeAsking({ server: /** @type {any} */ ({ segment }), stage: /** @type {any} */ ({ ...stage,
    classList: { add: (/** @type {string} */ name) => stage.classList.add(name), remove: (/** @type {string} */ name) => stage.classList.delete(name) } }),
    draw: (answer) => drawn.push(answer && answer.overlay), failed: (error) => told.push(error?.code ?? "lost"), rested: () => told.push("rested") });
  return { asking, asked, drawn, told, stage };
}

/** @param {string} overlay */
const mask = (overlay, looks = ["taken"]) => ({ ok: true, overlay, looks });
const settled = () => new Promise((resolve) => setTimeout(resolve));
/** @param {number} x */
const point = (x) => work.changeActive({ points: [{ x, y: 0, label: 1 }] });

beforeEach(() => {
  lab.photo = /** @type {any} */ ({ id: "p", growth: 0 });
  lab.overlaySide = () => 800;
  work.reset();
});

test("one request is in flight, and the latest wish follows it", async () => {
  const { asking, asked, drawn, told, stage } = setUp();
  for (const x of [1, 2, 3]) { point(x); asking.request(); }
  assert.equal(asked.length, 1);
  asked[0].answer(mask("first"));
  await settled();
  assert.equal(asked.length, 2);
  assert.equal(asked[1].request.objects[0].points[0].x, 3);
  asked[1].answer(mask("last"));
  await settled();
  assert.deepEqual([drawn, told, stage.classList.size], [["first", "last"], ["rested"], 0]);
});

test("an answer for what has been cleared, or for another photo, is not drawn", async () => {
  const { asking, asked, drawn } = setUp();
  point(1);
  asking.request();
  work.clear();
  asking.request();
  asked[0].answer(mask("late"));
  await settled();
  assert.deepEqual(drawn, [null]);
  point(2);
  asking.request();
  lab.photo = /** @type {any} */ ({ id: "q", growth: 0 });
  asked[1].answer(mask("of another photo"));
  await settled();
  assert.deepEqual(drawn, [null]);
});

test("what fails is told, a lost connection too, unless something newer is wanted", async () => {
  globalThis.fetch = async () => Response.json({ staying: true }); // the program has not ended
  const { asking, asked, told } = setUp();
  point(1);
  asking.request();
  asking.request();
  asked[0].fail();
  await settled();
  asked[1].answer({ ok: false, error: { code: "busy" } });
  await settled();
  asking.request();
  asked[2].fail();
  await settled();
  assert.deepEqual(told, ["busy", "rested", "lost", "rested"]);
});

test("a closer look is asked for as long as it comes further", async () => {
  const { asking, asked, drawn } = setUp();
  point(1);
  asking.request();
  asked[0].answer(mask("a", ["waiting", "waiting"]));
  await settled();
  asked[1].answer(mask("b", ["waiting", "taken"]));
  await settled();
  asked[2].answer(mask("c", ["waiting", "taken"]));
  await settled();
  assert.deepEqual([drawn, asked.length], [["a", "b", "c"], 3]);
});

test("clicks become the objects that the server makes of them, without another request or step", async () => {
  const { asking, asked, drawn } = setUp();
  on("work", () => asking.request());
  /** @type {string[]} */
  const meant = [];
  on("understood", (clicks) => meant.push(...clicks.map((click) => click.meant)));
  work.gesture({ x: 1, y: 0, label: 1, how: "meant", near: null, view: null });
  work.gesture({ x: 9, y: 0, label: 1, how: "meant", near: null, view: null });
  assert.equal(asked.length, 1);
  asked[0].answer({ ...mask("one"), settled: { objects: [{ points: [{ x: 1, y: 0, label: 1 }] }], clicks: [{ meant: "new", object: 0, beside: null }] } });
  await settled();
  assert.deepEqual([work.value.objects.length, work.value.clicks.length, asked.length], [1, 1, 2]);
  assert.deepEqual([asked[1].request.objects[0].points[0].x, asked[1].request.clicks.length], [1, 1]);
  asked[1].answer({ ...mask("two"), settled: { objects: [{ points: [{ x: 1, y: 0, label: 1 }] }, { points: [{ x: 9, y: 0, label: 1 }] }],
    clicks: [{ meant: "apart", object: 1, beside: 0 }] } });
  await settled();
  assert.deepEqual([work.value.active, work.value.clicks.length, asked.length, drawn, meant], [1, 0, 2, ["one", "two"], ["new", "apart"]]);
  work.undo();
  assert.deepEqual([work.value.objects.length, work.value.clicks.length], [1, 1]);
});

test("a click that the server refuses is taken back, and what changes meanwhile is asked about anew", async () => {
  const { asking, asked, drawn, told } = setUp();
  on("work", () => asking.request());
  work.gesture({ x: 1, y: 0, label: 1, how: "meant", near: null, view: null });
  asked[0].answer({ ok: false, error: { code: "too_many_objects" } });
  await settled();
  assert.deepEqual([told[0], work.value.clicks, work.canUndo], ["too_many_objects", [], false]);
  work.gesture({ x: 1, y: 0, label: 1, how: "meant", near: null, view: null });
  work.undo();
  asked[1].answer({ ...mask("late"), settled: { objects: [{ points: [] }], clicks: [{ meant: "new", object: 0, beside: null }] } });
  await settled();
  assert.deepEqual([work.empty, drawn.filter(Boolean)], [true, []]);
});
