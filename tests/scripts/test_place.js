import assert from "node:assert/strict";
import { test } from "node:test";

import { askedIn } from "../../ui/static/scripts/base/place.js";
import { linkedRun, runLink, runUrl } from "../../ui/static/scripts/results/run_link.js";

test("an address names a tab, a view, whose rows, and a row", () => {
  assert.deepEqual(askedIn("?tab=tables&show=papers&row=a.1"), { tab: "tables", view: "papers", set: null, row: "a.1" });
  assert.equal(askedIn("?tab=tables&rows=ours").set, "ours");
});

test("what it does not name, or names wrongly, is where the page begins", () => {
  assert.deepEqual(askedIn("?tab=elsewhere&show=<b>&rows=<i>"), { tab: "erase", view: "rows", set: null, row: null });
});

test("a run's address keeps what else it says; the link to it leads away from the tables", () => {
  globalThis.location = /** @type {any} */ (new URL("http://page.test/lab/?lang=aa&tab=tables&show=rows&row=1&run=old"));
  assert.equal(linkedRun(), "old");
  assert.equal(runUrl("new").href, "http://page.test/lab/?lang=aa&tab=tables&show=rows&row=1&run=new");
  assert.equal(runLink("new"), "http://page.test/lab/?lang=aa&run=new");
});
