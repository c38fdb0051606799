/* How results share the window. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, GAP } from "../../ui/static/scripts/results/arrange.js";

const LAPTOP = { width: 1306, height: 700, caption: 58 };
const PHONE = { width: 370, height: 680, caption: 90 };

/** @param {import("../../ui/static/scripts/results/arrange.js").Room} room @param {import("../../ui/static/scripts/results/arrange.js").Arrangement} found */
const heightOf = ({ count, ratio, caption }, { columns, width }) => {
  const rows = Math.ceil(count / columns);
  return rows * (width / ratio + caption) + (rows - 1) * GAP;
};

test("four are always wholly in view", () => {
  for (const ratio of [5, 3, 1.5, 1, 0.8, 2 / 3]) for (const count of [1, 2, 3, 4]) {
    const found = arrange({ ...LAPTOP, count, ratio });
    assert.ok(heightOf({ ...LAPTOP, count, ratio }, found) <= LAPTOP.height + 1, `${count} of ${ratio}`);
    assert.ok(found.columns * found.width + (found.columns - 1) * GAP <= LAPTOP.width + 1);
  }
});

test("a panorama has few columns and a portrait many", () => {
  const columns = (/** @type {number} */ ratio) => arrange({ ...LAPTOP, count: 4, ratio }).columns;
  assert.ok(columns(5) <= 2);
  assert.equal(columns(2 / 3), 4);
  assert.equal(columns(1), 4);
});

test("a phone shows two beside each other, whatever they are", () => {
  for (const ratio of [1.5, 1, 2 / 3]) for (const count of [2, 4, 8, 25]) assert.equal(arrange({ ...PHONE, count, ratio }).columns, 2);
  assert.equal(arrange({ ...PHONE, count: 1, ratio: 1 }).columns, 1);
});

test("no result stands alone under full rows where that can be helped", () => {
  for (const count of [5, 7, 8, 9, 12, 13, 25]) {
    const { columns } = arrange({ ...LAPTOP, count, ratio: 1.5 });
    const last = count % columns || columns;
    assert.ok(last > 1 || columns === 1, `${count} in ${columns}`);
  }
});

test("a wide screen is filled", () => {
  const found = arrange({ width: 3800, height: 1900, caption: 58, count: 12, ratio: 1.5 });
  assert.ok(found.columns * found.width > 0.8 * 3800);
});
