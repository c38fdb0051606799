/* Small memory in this browser; a private window may refuse it, and the page works without. */

/** @typedef {import("../types.js").Work} Work */

/**
 * Keep a value under a key, or read what was kept before.
 * @param {string} key
 * @param {string} [value]
 * @returns {string | null} what was kept, when it is asked for
 */
export function remember(key, value) {
  try {
    if (value === undefined) return localStorage.getItem("eraser-lab." + key);
    localStorage.setItem("eraser-lab." + key, value);
  } catch {
    /* storage is switched off: the page works without memory */
  }
  return null;
}

/** Prompts belong to one tab: they survive a reload and never meet another tab's. */
export const session = {
  /** @returns {{ photo: string, work: Work } | null} */
  read: () => {
    try {
      return JSON.parse(sessionStorage.getItem("eraser-lab.work") || "null");
    } catch {
      return null;
    }
  },
  /** @param {{ photo: string, work: Work }} work */
  write: (work) => {
    try {
      sessionStorage.setItem("eraser-lab.work", JSON.stringify(work));
    } catch {
      /* storage is switched off or full: a reload then starts afresh */
    }
  },
};

/** Whether this tab comes back to what it showed before, rather than follows a link. */
export const comesBack = () => {
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  return ["reload", "back_forward"].includes(navigation?.type);
};
