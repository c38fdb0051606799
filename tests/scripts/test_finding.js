import assert from "node:assert/strict";
import { test } from "node:test";

import { formatAbout } from "../../ui/static/scripts/base/figures.js";
import { secondsAhead, timeAhead } from "../../ui/static/scripts/erasers/ahead.js";
import { bytesOf } from "../../ui/static/scripts/erasers/confirming.js";
import { isWanted } from "../../ui/static/scripts/erasers/finding.js";

/** @returns {any} */
const eraser = (more = {}) => ({ id: "lama", name: "LaMa", summary: { aa: "Sound structures." }, license: "Apache-2.0", family: "network", standing: "ready",
  paper: { title: "Fourier Convolutions" }, weights: [], ...more });

/**
 * @param {string} words
 * @param {string[]} chips
 */
const wanted = (words, ...chips) => ({ words, chips: new Set(chips) });

test("all words must be somewhere in what is known of an eraser, in whatever case", () => {
  for (const words of ["", "LAMA", "apache structures", "fourier"]) assert.equal(isWanted(eraser(), wanted(words)), true, words);
  assert.equal(isWanted(eraser(), wanted("lama flux")), false);
});

test("chips of how it stands hold one or the other, the licence's beside them", () => {
  const large = eraser({ standing: "too_large", non_commercial: true }), none = eraser({ standing: "no_weights" });
  assert.equal(isWanted(large, wanted("", "ready")), false);
  assert.equal(isWanted(large, wanted("", "ready", "too_large")), true);
  assert.equal(isWanted(large, wanted("", "too_large", "non_commercial")), true);
  assert.equal(isWanted(eraser(), wanted("", "ready", "non_commercial")), false);
  assert.equal(isWanted(none, wanted("", "cannot")), true);
});

test("the time ahead grows with the steps that are set, and a guess says that it is one", () => {
  const pace = { load: 2, step: 0.5, steps: 20, measured: false };
  const one = eraser({ pace });
  assert.equal(secondsAhead(one, {}), 12);
  assert.equal(secondsAhead(one, { num_inference_steps: 4 }), 4);
  assert.equal(timeAhead(one, {}), "≈ 12 s");
  assert.equal(timeAhead(eraser({ pace: { ...pace, measured: true } }), {}), "12 s");
  assert.equal(formatAbout(7300), "2 h");
});

test("a file that two of them share is fetched once, one that is here not at all", () => {
  const shared = { name: "unet", state: "missing", size: 3e9 }, here = { name: "vae", state: "found", size: 1e9 };
  assert.equal(bytesOf([eraser({ weights: [shared, here] }), eraser({ weights: [shared] })]), 3e9);
});
