/* Runs of rows: one after the other, their results kept by row and eraser.
 *
 * A row is opened on the server once in a page's life; its runs are remembered in this browser
 * by their ids, so that a reload shows them again as long as the server keeps them.
 */

import { emit, on } from "../base/events.js";
import { remember } from "../base/memory.js";
import { newRun, ofRun, secretOf } from "../base/owned.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { agreedFor } from "../erasers/consent.js";

const KEPT_OF_A_ROW = 6;
const KEPT_IN_ALL = 150;
const UNREACHABLE = ["photo_unreachable", "photo_offline"];
const GONE = ["photo_gone", "upload_gone"];

/**
 * @typedef {import("../types.js").NamedJob} NamedJob
 * @typedef {import("../types.js").OpenedRow} OpenedRow
 * @typedef {import("../types.js").Problem} Problem
 * @typedef {import("../types.js").RowGrid} RowGrid
 * @typedef {import("../types.js").RowResult} RowResult
 * @typedef {{ row: string, jobs: NamedJob[] }} Asked
 * @typedef {ReturnType<typeof makeTableRuns>} TableRuns
 */

/** @returns {Record<string, string[]>} row id -> run ids */
function remembered() {
  try {
    const value = JSON.parse(remember("tables") || "{}");
    return Object.fromEntries(Object.entries(value).filter(([, runs]) => Array.isArray(runs)));
  } catch {
    return {};
  }
}

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {import("../types.js").Erasing["erase"]} of.erase
 * @param {(row: string) => void} of.onchange something about this row is new
 */
export const makeTableRuns = ({ server, erase, onchange }) => {
  /** @type {Map<string, Map<string, RowResult>>} */
  const results = new Map(); // row id -> Map(eraser id -> {grid, card})
  /** @type {Map<string, { ok: true } & OpenedRow>} */
  const opened = new Map(); // row id -> the server's answer to open_row
  /** @type {Map<string, Problem | null>} */
  const problems = new Map(); // row id -> what kept its last run from starting
  let known = remembered(); // row id -> run ids, the newest last
  /** @type {Asked[]} */
  let queue = []; // {row, jobs} that wait
  /** @type {(Asked & { run: string | null }) | null} */
  let current = null; // {row, run, jobs}; run is null until it has been opened
  /** @type {Set<string>} */
  const over = new Set(); // runs of this page that have ended
  /** @type {Map<string, string>} */
  const begun = new Map(); // run id -> its row, of this page's runs: numbers come after the end

  /**
   * @param {string} row
   * @param {string} run
   */
  function keep(row, run) {
    const { [row]: runs = [], ...others } = known;
    known = { ...others, [row]: [...runs, run].slice(-KEPT_OF_A_ROW) };
    let many = Object.values(known).flat().length;
    for (const id of Object.keys(known)) {
      if (many <= KEPT_IN_ALL) break;
      if (id === row) continue;
      many -= known[id].length;
      delete known[id];
    }
    remember("tables", JSON.stringify(known));
  }

  /**
   * @param {string} row
   * @returns {Map<string, RowResult>} by the erasers
   */
  const resultsOf = (row) => results.get(row) ?? new Map();

  /**
   * The results of a grid take the place of older ones by the same erasers; the last values of
   * an older run do not take the place of a newer one.
   * @param {string} row
   * @param {RowGrid} grid
   */
  function learn(row, grid) {
    const mine = resultsOf(row);
    results.set(row, mine);
    /** @param {string} id */
    const older = (id) => mine.has(id) && mine.get(id)?.grid.run !== grid.run && over.has(grid.run);
    for (const card of grid.cards || []) if (!older(card.eraser)) mine.set(card.eraser, { grid, card });
  }

  const free = () => !current && !lab.running;

  async function next() {
    if (!free()) return;
    const asked = queue.shift();
    if (!asked) return;
    current = { ...asked, run: null };
    const { row, jobs } = asked;
    problems.delete(row);
    onchange(row);
    const reply = await open(row);
    if (!current || current.row !== row) return; // stopped meanwhile
    if (!reply.ok) { fail(row, reply.error); return; }
    if (lab.running) { queue.unshift({ row, jobs }); current = null; onchange(row); return; } // the editor was quicker
    const made = await newRun(server);
    if (!current || current.row !== row) return; // stopped meanwhile
    if (!made.ok) { fail(row, made.error); return; }
    if (lab.running) { queue.unshift({ row, jobs }); current = null; onchange(row); return; }
    const { run, secret } = made;
    current.run = lab.running = run;
    begun.set(run, row);
    emit("busy");
    learn(row, { run, cards: jobs.map((job, index) => ({ index, eraser: job.eraser, name: job.name, state: "queued" })) });
    onchange(row);
    const { objects, upload } = reply.prompt;
    erase({ run, secret, photo: reply.photo.id, objects, upload, row, jobs: jobs.map(({ eraser, settings, seed }) => ({ eraser, settings, seed })), ...agreedFor(jobs.map(({ eraser }) => eraser)) });
  }

  /** @param {string} row */
  async function open(row) {
    const before = opened.get(row);
    if (before) return before;
    const reply = await ask(server.open_row, { row });
    if (reply.ok) opened.set(row, reply);
    return reply;
  }

  /**
   * @param {string} row
   * @param {Problem | null} error
   */
  function fail(row, error) {
    problems.set(row, error);
    if (error && UNREACHABLE.includes(error.code)) queue = []; // the others would fail alike
    current = null;
    onchange(row);
    next();
  }

  /**
   * A value of the grid of one of this page's runs; the last ones bring files and numbers.
   * @param {import("../types.js").Grid | null} grid
   */
  function take(grid) {
    const row = grid && begun.get(grid.run);
    if (!grid || !row) return;
    if (grid.cards && grid.cards.length) learn(row, grid);
    if (current && grid.run === current.run && grid.state !== "running") ended(row, grid);
    onchange(row);
    next();
  }

  /**
   * @param {string} row
   * @param {import("../types.js").Grid} grid
   */
  function ended(row, grid) {
    if (grid.cards.length) keep(row, grid.run);
    else {
      for (const job of current?.jobs ?? []) resultsOf(row).delete(job.eraser);
      problems.set(row, grid.error ?? null);
    }
    if (grid.error && GONE.includes(grid.error.code)) opened.delete(row);
    over.add(grid.run);
    lab.running = current = null;
    emit("busy");
  }

  /** Nothing more is begun. */
  function forget() {
    const waiting = queue.map((one) => one.row);
    queue = [];
    for (const row of waiting) onchange(row);
  }

  async function stop() {
    forget();
    if (!current) return;
    if (current.run) { await ask(server.stop, ofRun(current.run)); return; }
    const { row } = current;
    current = null;
    onchange(row);
  }

  /** Bring back the results that this browser remembers. */
  async function restore() {
    const runs = Object.values(known).flat();
    if (!runs.length) return;
    const secrets = Object.fromEntries(runs.flatMap((run) => { const secret = secretOf(run); return secret ? [[run, secret]] : []; }));
    const reply = await ask(server.grids, { runs, secrets });
    if (!reply.ok) return;
    for (const [row, ids] of Object.entries(known)) {
      for (const id of ids) if (reply.grids[id]) learn(row, reply.grids[id]);
      onchange(row);
    }
  }

  on("finished", () => next()); // of the editor's run
  on("stopping", forget); // Stop was pressed in the editor: it means all that runs
  return {
    take, stop, restore, open, results: resultsOf,
    /** @param {string} row */
    problem: (row) => problems.get(row),
    /**
     * Run these jobs on a row, after those that were asked for before.
     * @param {string} row
     * @param {NamedJob[]} jobs
     */
    add(row, jobs) { queue.push({ row, jobs }); onchange(row); next(); },
    /** @param {string} row */
    state: (row) => (current && current.row === row ? "running" : queue.some((one) => one.row === row) ? "queued" : "idle"),
    /**
     * How the row's mask was read: said by the answer that opened it, or by the newest run.
     * @param {string} row
     */
    maskNotes(row) {
      const opening = opened.get(row);
      if (opening) return opening.notes || [];
      return [...resultsOf(row).values()].map(({ grid }) => grid.mask?.notes ?? []).findLast((notes) => notes.length) ?? [];
    },
    /**
     * The runs that hold a row's results, oldest first.
     * @param {string} row
     */
    runsOf: (row) => [...new Set([...resultsOf(row).values()].filter(({ card }) => card.state === "done").map(({ grid }) => grid.shown ?? grid.run))],
    get busy() { return Boolean(current || queue.length); },
    get left() { return queue.length + (current ? 1 : 0); },
  };
};
