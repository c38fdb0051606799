import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsFor } from "../../ui/static/scripts/results/columns.js";

test("cards in one row keep the size that as many as fit would have", () => assert.equal(columnsFor(1300, 3), 4));

test("of several rows none holds a card alone", () => {
  assert.deepEqual([5, 6, 7, 9].map((many) => columnsFor(1300, many)), [3, 3, 4, 3]);
});

test("a narrow page has one column", () => assert.equal(columnsFor(200, 5), 1));
