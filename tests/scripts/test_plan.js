/* The plan that the model hub's page tells of its visitor, and what is said of it. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { isBeyond, sumOf } from "../../ui/static/scripts/erasers/gpu_cost.js";
import { askForPlan, planOf } from "../../ui/static/scripts/erasers/plan.js";

test("each plan has a share of its own, and what is unknown has none", () => {
  /** @type {(user: string, org?: string) => unknown} */
  const of = (user, org) => planOf({ user, org });
  assert.deepEqual(
    [of("anonymous"), of("free"), of("pro"), of("free", "team"), of("pro", "enterprise")],
    ["anonymous", "free", "pro", "pro", "enterprise"],
  );
  for (const answer of [undefined, null, "pro", {}, { user: "root" }, { user: "free", org: "plus" }])
    assert.equal(planOf(answer), null);
});

test("the sum says whose day it is, and when it is more than one", () => {
  // sentences are not loaded here: each is its id
  assert.equal(sumOf(30, "free"), "panel.gpu.day.free");
  assert.equal(sumOf(30, null), "panel.gpu.sum");
  assert.equal(sumOf(120, "anonymous"), "panel.gpu.day.anonymous");
  assert.equal(sumOf(121, "anonymous"), "panel.gpu.day.anonymous panel.gpu.over");
});

test("a job is beyond a plan that is known and gives less", () => {
  assert.deepEqual([isBeyond(121, "anonymous"), isBeyond(121, "free"), isBeyond(9999, null)], [true, false, false]);
});

/**
 * Stands for a browser's window until the test has ended.
 * @param {any} standIn
 */
const inWindow = (standIn) => { globalThis.window = standIn; };

test("only the hub's page is asked, and only its answer counts", () => {
  const asked = /** @type {unknown[]} */ ([]), told = /** @type {unknown[]} */ ([]);
  let hear = /** @type {(event: any) => void} */ (() => assert.fail());
  /** @type {(message: { type: string }, origin: string) => void} */
  const postMessage = ({ type }, origin) => { asked.push([type, origin]); };
  const parent = { postMessage };
  inWindow({ parent, addEventListener: (/** @type {string} */ _, /** @type {any} */ heard) => { hear = heard; } });
  askForPlan((plan) => { told.push(plan); });
  assert.deepEqual(asked, [["USER_PLAN_REQUEST", "https://huggingface.co"]]);
  const data = { type: "USER_PLAN", plan: { user: "pro" } };
  hear({ origin: "https://huggingface.co", source: parent, data });
  hear({ origin: "https://elsewhere.example", source: parent, data });
  hear({ origin: "https://huggingface.co", source: {}, data });
  hear({ origin: "https://huggingface.co", source: parent, data: { ...data, type: "OTHER" } });
  assert.deepEqual(told, ["pro"]);
});

test("a page that stands alone asks nobody", () => {
  const alone = /** @type {any} */ ({ addEventListener: () => assert.fail() });
  alone.parent = alone;
  inWindow(alone);
  askForPlan(() => assert.fail());
});

const before = globalThis.window;
afterEach(() => inWindow(before));
