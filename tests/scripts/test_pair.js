/* Two results against each other: which two, how far apart, and where the link says one looks. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { differ } from "../../ui/static/scripts/results/difference.js";
import { lookIn, putLook } from "../../ui/static/scripts/results/look_link.js";
import { chosen, firstPair, isPair, sides, stepped } from "../../ui/static/scripts/results/pair.js";
import { partSeen, viewOf } from "../../ui/static/scripts/results/view_part.js";

const CARDS = [{ index: 0, name: "One", view: "1.jpg" }, { index: 1, name: "Failed" }, { index: 2, name: "Two", view: "2.jpg" }, { index: 3, name: "Three", view: "3.jpg" }];

test("what has no picture cannot be compared, the original can", () => {
  assert.deepEqual(sides(CARDS), [-1, 0, 2, 3]);
  assert.deepEqual(firstPair(sides(CARDS)), { a: 0, b: 2 });
  assert.deepEqual(firstPair([-1, 2]), { a: -1, b: 2 });
  assert.equal(firstPair([-1]), null);
  assert.ok(isPair({ a: 0, b: -1 }, [-1, 0]));
  for (const pair of [{ a: 0, b: 0 }, { a: 0, b: 1 }, { a: 7, b: 0 }, null]) assert.ok(!isPair(pair, sides(CARDS)));
});

test("stepping passes over the other side and comes round", () => {
  const all = sides(CARDS);
  let pair = { a: 0, b: 2 };
  const seen = [];
  for (let step = 0; step < 3; step += 1) seen.push((pair = stepped(pair, "b", 1, all)).b);
  assert.deepEqual(seen, [3, -1, 2]);
  assert.deepEqual(stepped({ a: 0, b: 2 }, "a", -1, all), { a: -1, b: 2 });
  assert.deepEqual(stepped({ a: 0, b: 2 }, "b", -1, all), { a: 0, b: -1 });
});

test("choosing what stands on the other side changes their places", () => {
  assert.deepEqual(chosen({ a: 0, b: 2 }, "a", 2), { a: 2, b: 0 });
  assert.deepEqual(chosen({ a: 0, b: 2 }, "b", 0), { a: 2, b: 0 });
  assert.deepEqual(chosen({ a: 0, b: 2 }, "b", 3), { a: 0, b: 3 });
});

test("alike is black, a difference is eight times itself, and one of opacity is seen", () => {
  const a = Uint8ClampedArray.of(10, 20, 30, 255, 100, 100, 100, 255, 0, 0, 0, 255, 7, 7, 7, 255);
  const b = Uint8ClampedArray.of(10, 20, 30, 255, 101, 97, 100, 255, 255, 0, 0, 255, 7, 7, 7, 245);
  const into = new Uint8ClampedArray(16);
  assert.equal(differ(a, b, into), 3);
  assert.deepEqual([...into], [0, 0, 0, 255, 8, 24, 0, 255, 255, 0, 0, 255, 80, 80, 80, 255]);
});

test("a link keeps what is looked at, and what makes no sense is nothing", () => {
  for (const look of [{ pair: { a: -1, b: 12 }, part: null }, { pair: null, part: [-10, 0, 400, 300] }, { pair: { a: 3, b: 0 }, part: [1, 2, 3, 4] }]) {
    const address = new URL("http://page.test/?run=abc&pair=9-9&part=1_1_9_9");
    putLook(address, /** @type {import("../../ui/static/scripts/results/look_link.js").Look} */ (look));
    assert.deepEqual(lookIn(address.search), look);
    assert.equal(address.searchParams.get("run"), "abc");
  }
  for (const search of ["", "?pair=o&part=1_2_3", "?pair=1-&part=5_5_5_9", "?pair=100-1&part=a_b_c_d", "?pair=<b>-1&part=9_9_1_1", "?part=1_1_9999999_9"])
    assert.deepEqual(lookIn(search), { pair: null, part: null });
});

test("a part of the photo is seen again in a window of another size", () => {
  const photo = { width: 900, height: 600 };
  const wide = { photo, fitted: { width: 600, height: 400 }, area: { width: 1000, height: 400 } };
  const phone = { photo, fitted: { width: 360, height: 240 }, area: { width: 360, height: 600 } };
  const part = partSeen({ scale: 4, shift: { x: 120, y: -80 } }, wide);
  const there = partSeen(viewOf(part, phone, 32), phone);
  assert.ok(there[0] <= part[0] + 1e-6 && there[1] <= part[1] + 1e-6 && there[2] >= part[2] - 1e-6 && there[3] >= part[3] - 1e-6);
  const back = partSeen(viewOf(part, wide, 32), wide);
  for (const side of [0, 1, 2, 3]) assert.ok(Math.abs(back[side] - part[side]) < 1e-6);
  assert.deepEqual(viewOf([0, 0, 900, 600], wide, 32), { scale: 1, shift: { x: 0, y: 0 } });
});
