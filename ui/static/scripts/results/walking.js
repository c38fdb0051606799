/* Runs that are opened: by their link, by Back and Forward and the shelf, and once more where they failed. */

import { emit, on } from "../base/events.js";
import { errorText, t } from "../base/languages.js";
import { disown, isOwn, ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { lookIn } from "./look_link.js";
import { idsOf, isSeries } from "./parts.js";
import { reopenSeries } from "./reopening.js";
import { linkedRun } from "./run_link.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("../types.js").Job} Job
 */

/**
 * take: show a value. land: go to the results. clean: as before there was a run.
 * @param {{ server: import("../types.js").Server, shown: import("./shown.js").Shown, parts: ReturnType<typeof import("./parts.js").makeParts>,
 *   following: ReturnType<typeof import("./following.js").makeFollowing>, take: (value: Grid) => void, openAsked: () => void,
 *   land: (behavior: ScrollBehavior) => void, fold: () => void, clean: () => void }} options
 */
export function makeWalking({ server, shown, parts, following, take, openAsked, land, fold, clean }) {
  /** The run that the address names, when the page begins. */
  async function reopen() {
    const run = linkedRun();
    if (!run) { shown.settled = true; return; }
    const reply = await openAll(run);
    if (!reply.ok) { shown.settled = true; notice(errorText(reply.error), "error"); return; }
    if (!reply.own && isOwn(run)) disown(run);
    if (lab.running) return; // the page was quicker
    show(run, reply);
    await showEditor(reply);
    shown.settled = true;
    adopt(reply.jobs);
    if (isSeries(run) && !lab.running) emit("finished", reply.grid); // what waits may begin
  }

  /**
   * What this tab had under way is what one came for; else the results, with the editor folded.
   * @param {import("../types.js").OpenedRun} reply
   */
  async function showEditor({ photo, prompt }) {
    const { resumed } = await lab.canvas;
    if (await resumed) return;
    fold();
    land("auto");
    await lab.showPhoto(photo, prompt);
  }

  /**
   * A run, or each of those that are one table; of these, the one that goes on, else the first, is answered.
   * @param {string} run
   */
  async function openAll(run) {
    if (!isSeries(run)) return ask(server.open_run, ofRun(run));
    const { first, grids } = await reopenSeries(server, idsOf(run));
    if (first.ok) parts.begin(grids);
    return first;
  }

  /**
   * @param {string} run
   * @param {import("../types.js").OpenedRun} reply
   */
  function show(run, { grid, own }) {
    shown.expected = run;
    if (grid.state === "running" && own && !lab.running) goOn(grid.run);
    take(grid);
    openAsked();
    following.watchOver(run);
  }

  /** @type {Job[] | null} */
  let due = null; // jobs to be adopted when there are erasers
  on("catalogue", () => { if (due) lab.adoptJobs(due); due = null; });

  /** @param {Job[]} jobs */
  function adopt(jobs) {
    if (lab.catalogue) lab.adoptJobs(jobs);
    else due = jobs;
  }

  /**
   * Another run of this tab: its results, and the editor as it was for them.
   * @param {string} run
   */
  async function walk(run) {
    shown.expected = run;
    const reply = await openAll(run);
    if (shown.expected !== run) return; // gone on meanwhile
    if (!reply.ok) { clean(); notice(errorText(reply.error), "error"); return; }
    show(run, reply);
    land("auto");
    await lab.showPhoto(reply.photo, reply.prompt);
    adopt(reply.jobs);
  }

  /** Back and Forward walk through runs. */
  addEventListener("popstate", () => {
    const run = linkedRun();
    shown.asked = lookIn(location.search);
    if (run === (shown.grid?.run ?? null)) return;
    if (run) walk(run);
    else clean();
  });

  /**
   * A run once more, as it was: what it has is at hand, so that only what failed is done.
   * @param {string} run
   */
  async function tryAgain(run) {
    if (lab.running) { notice(t("panel.running")); return; }
    const reply = await ask(server.open_run, ofRun(run));
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    if (lab.photo?.id !== reply.photo.id) await lab.showPhoto(reply.photo, reply.prompt);
    adopt(reply.jobs);
    lab.startRun({ jobs: reply.jobs, prompt: reply.prompt });
  }

  /**
   * A run that another page has begun, or this one before it was loaded again: Stop is in reach.
   * @param {string} run
   */
  function goOn(run) {
    lab.running = run;
    emit("jobs");
    notice(t("grid.still"));
  }

  /**
   * An interrupted run goes on: nothing of it comes by itself.
   * @param {Grid} value
   */
  function begunAgain(value) {
    following.loses();
    if (value.state === "running") goOn(value.run);
    take(value);
    following.watchOver(value.run);
  }

  return { reopen, walk, tryAgain, begunAgain };
}
