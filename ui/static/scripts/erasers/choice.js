/* Which erasers are ticked, with which settings, and the seed they share. */

import { emit } from "../base/events.js";
import { remember } from "../base/memory.js";
import { catalogue, lab } from "../base/state.js";
import { defaults } from "./settings.js";
import { isReady } from "./weights.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("../types.js").Job} Job
 *
 * What is chosen of an eraser; open: its settings are to be seen.
 * @typedef {{ ticked: boolean, open: boolean, settings: import("../types.js").Settings }} Mine
 * @typedef {ReturnType<typeof makeChoice>} Choice
 */

/** @returns {string[] | null} the erasers that were ticked the last time */
function storedTicks() {
  try {
    const stored = JSON.parse(remember("ticked") || "null");
    return Array.isArray(stored) ? stored : null;
  } catch {
    return null;
  }
}

export const makeChoice = () => {
  /** @type {Map<string, Mine>} */
  const chosen = new Map();
  let seed = 0;
  let isChosen = false; // what is ticked, by the visitor

  /** @param {string} id */
  function of(id) {
    const mine = chosen.get(id);
    if (!mine) throw new Error(`no eraser ${id}`);
    return mine;
  }

  const ticked = () => catalogue().erasers.filter((eraser) => eraser.available && eraser.standing !== "no_weights" && of(eraser.id).ticked);

  function keep() {
    isChosen = true;
    remember("ticked", JSON.stringify(ticked().map((eraser) => eraser.id)));
    emit("jobs");
  }

  const choice = {
    of, ticked, keep,
    get seed() { return seed; },
    set seed(value) { seed = value; },

    /** @param {Eraser[]} erasers of the catalogue, when it has come */
    begin(erasers) {
      const stored = storedTicks();
      isChosen = stored !== null;
      for (const eraser of erasers) chosen.set(eraser.id, {
        ticked: stored ? stored.includes(eraser.id) : Boolean(eraser.default), open: false, settings: defaults(eraser) });
    },
    /**
     * Untick what is ticked by default and what the visitor could not have done; returns it.
     * @param {(eraser: Eraser) => boolean} isTooMuch
     */
    spare(isTooMuch) {
      const spared = isChosen ? [] : ticked().filter(isTooMuch);
      for (const eraser of spared) of(eraser.id).ticked = false;
      if (spared.length) emit("jobs");
      return spared;
    },
    /** @param {Eraser} eraser */
    reset(eraser) {
      of(eraser.id).settings = defaults(eraser);
    },
    /** All that can start at once, or none; what would first fetch gigabytes is ticked by hand only. */
    tickAll() {
      const ready = catalogue().erasers.filter((eraser) => eraser.standing === "ready" && isReady(eraser));
      const all = !ready.every((eraser) => of(eraser.id).ticked);
      for (const eraser of catalogue().erasers) of(eraser.id).ticked = all && ready.includes(eraser);
      keep();
    },
    /**
     * Tick the erasers of an earlier run and give them its settings and seed.
     * @param {Job[]} jobs
     */
    adopt(jobs) {
      for (const [id, mine] of chosen) mine.ticked = jobs.some((job) => job.eraser === id);
      for (const job of jobs) Object.assign(chosen.get(job.eraser)?.settings ?? {}, job.settings);
      if (jobs.length) seed = jobs[0].seed;
      keep();
    },
  };

  /* An eraser's job with the settings that its card has now. */
  lab.jobOf = (id) => ({ eraser: id, settings: of(id).settings, seed });
  lab.jobs = () => ticked().map((eraser) => lab.jobOf(eraser.id));
  return choice;
};
