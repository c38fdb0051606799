/* Runs of this tab that are still to begin, as they survive a reload. */

const KEY = "eraser-lab.queue";

/**
 * grid: the run before it begins.
 * @typedef {import("../types.js").Queued & { named: { run: string, secret: string }, grid: import("../types.js").Grid }} Waiting
 */

export const queued = {
  /** @returns {Waiting[]} */
  read: () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) || "[]");
      return Array.isArray(kept) ? kept.filter((one) => one?.named?.run && one?.grid?.run && one?.selection?.photo) : [];
    } catch {
      return [];
    }
  },
  /** @param {Waiting[]} waiting */
  write: (waiting) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(waiting));
    } catch {
      /* storage is switched off or full: a reload then ends what has not begun */
    }
  },
};
