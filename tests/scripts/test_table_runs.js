import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { emit } from "../../ui/static/scripts/base/events.js";
import { lab } from "../../ui/static/scripts/base/state.js";
import { makeTableRuns } from "../../ui/static/scripts/tables/table_runs.js";

const JOB = { eraser: "one", name: "One", settings: {}, seed: 0 };
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** @param {(row: string) => object} [opened] the server's answer to open_row */
function setUp(opened = () => ({ ok: true, photo: { id: "p" }, prompt: { objects: [], upload: null }, jobs: [] })) {
  /** @type {any[]} */
  const begun = [];
  let made = 0;
  /** @type {any} */
  const server = { open_row: async (/** @type {{ row: string }} */ { row }) => opened(row), stop: async () => ({ ok: true }),
    new_run: async () => ({ ok: true, run: `run-${++made}`, secret: `secret-${made}` }) };
  const runs = makeTableRuns({ server, erase: (request) => begun.push(request), onchange: () => {} });
  /** @param {string} state */
  const answer = (state, cards = [{ index: 0, eraser: "one", name: "One", state: "done" }]) =>
    runs.take(/** @type {any} */ ({ run: begun[begun.length - 1].run, state, cards }));
  return { runs, begun, answer };
}

beforeEach(() => { lab.running = null; });

test("rows run one after the other", async () => {
  const { runs, begun, answer } = setUp();
  runs.add("a", [JOB]);
  runs.add("b", [JOB]);
  await settled();
  assert.deepEqual([begun.map(({ row }) => row), runs.state("a"), runs.state("b"), runs.left], [["a"], "running", "queued", 2]);
  answer("done");
  await settled();
  assert.deepEqual([begun.map(({ row }) => row), runs.state("a")], [["a", "b"], "idle"]);
  assert.deepEqual(runs.runsOf("a"), [begun[0].run]);
});

test("a row waits for the editor's run", async () => {
  const { runs, begun } = setUp();
  lab.running = "of the editor";
  runs.add("a", [JOB]);
  await settled();
  assert.equal(begun.length, 0);
  lab.running = null;
  emit("finished", /** @type {any} */ ({}));
  await settled();
  assert.equal(begun.length, 1);
});

test("a photo that cannot be had ends the queue; another trouble only its own row", async () => {
  const refused = (/** @type {string} */ code) => setUp((row) => row === "a" ? { ok: false, error: { code } } : { ok: true, photo: { id: "p" }, prompt: {}, jobs: [] });
  const offline = refused("photo_offline");
  offline.runs.add("a", [JOB]);
  offline.runs.add("b", [JOB]);
  await settled();
  assert.deepEqual([offline.begun.length, offline.runs.busy, offline.runs.problem("a")?.code], [0, false, "photo_offline"]);
  const odd = refused("photo_odd");
  odd.runs.add("a", [JOB]);
  odd.runs.add("b", [JOB]);
  await settled();
  assert.deepEqual(odd.begun.map(({ row }) => row), ["b"]);
});

test("the last values of an older run do not take the place of a newer one", async () => {
  const { runs, begun, answer } = setUp();
  runs.add("a", [JOB]);
  await settled();
  answer("done");
  const [older] = begun;
  runs.add("a", [JOB]);
  await settled();
  answer("done");
  runs.take(/** @type {any} */ ({ run: older.run, state: "done", cards: [{ index: 0, eraser: "one", name: "late", state: "done" }] }));
  assert.equal(runs.results("a").get("one")?.grid.run, begun[1].run);
});

test("Stop in the editor means what waits here, too", async () => {
  const { runs, answer } = setUp();
  runs.add("a", [JOB]);
  runs.add("b", [JOB]);
  await settled();
  emit("stopping");
  answer("stopped");
  await settled();
  assert.equal(runs.busy, false);
});
