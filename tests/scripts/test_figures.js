import assert from "node:assert/strict";
import { test } from "node:test";

import { formatAbout, formatBytes, formatPercent, formatSeconds } from "../../ui/static/scripts/base/figures.js";

/**
 * @param {(value: number) => string} format
 * @param {[number, string][]} cases
 */
const says = (format, cases) => assert.deepEqual(cases.map(([value]) => format(value)), cases.map(([, said]) => said));

test("bytes", () => says(formatBytes, [[0, "1 kB"], [1499, "1 kB"], [2.5e6, "3 MB"], [1.25e9, "1.3 GB"], [33.7e9, "34 GB"]]));

test("seconds", () => says(formatSeconds, [[0.123, "0.12 s"], [9.994, "9.99 s"], [12.34, "12.3 s"], [125, "2 min 5 s"]]));

test("about how long", () => says(formatAbout, [[0.2, "1 s"], [89, "89 s"], [90, "2 min"]]));

test("shares", () => says(formatPercent, [[0, "0 %"], [0.0004, "<0.1 %"], [0.005, "0.5 %"], [0.0999, "10.0 %"], [0.5, "50 %"]]));
