/* The runs of this tab, newest first, as they survive a reload. */

/**
 * A run on the shelf; thumb: the address of a picture of it.
 * @typedef {{ run: string, photo: string, names: string[], thumb: string, state: string, done: number }} Entry
 */

const MOST = 24;
const KEY = "eraser-lab.shelf";
const OURS = /^lab\/runs\/[\w/.-]+$/; // pictures of runs, and of nobody else

/**
 * @param {unknown} value
 * @returns {value is Entry}
 */
const isEntry = (value) => {
  const { run, photo, names, thumb, state, done } = /** @type {Record<string, unknown>} */ (value ?? {});
  return [run, photo, state].every((one) => typeof one === "string") && typeof done === "number"
    && typeof thumb === "string" && (thumb === "" || OURS.test(thumb)) && Array.isArray(names) && names.every((name) => typeof name === "string");
};

/**
 * What a tab has kept; whatever is none is left out.
 * @param {string | null} text
 * @returns {Entry[]}
 */
export function entriesIn(text) {
  try {
    const kept = JSON.parse(text || "[]");
    return Array.isArray(kept) ? kept.filter(isEntry).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/**
 * With a run as it is now: in its place, or in front.
 * @param {Entry[]} entries
 * @param {Entry} entry
 */
export function withRun(entries, entry) {
  const known = entries.some((one) => one.run === entry.run);
  return known ? entries.map((one) => (one.run === entry.run ? entry : one)) : [entry, ...entries].slice(0, MOST);
}

/**
 * What the shelf says of a run.
 * @param {import("../types.js").Grid} grid
 * @returns {Entry}
 */
export function entryOf({ run, photo, state, cards }) {
  const seen = cards.filter((card) => card.view);
  const thumb = seen[0]?.close ?? seen[0]?.view ?? photo?.view ?? "";
  return { run, photo: photo?.name ?? "", names: cards.map((card) => card.name), thumb: OURS.test(thumb) ? thumb : "", state, done: seen.length };
}

export const storedShelf = {
  read: () => {
    try {
      return entriesIn(sessionStorage.getItem(KEY));
    } catch {
      return [];
    }
  },
  /** @param {Entry[]} entries */
  write: (entries) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(entries));
    } catch {
      /* storage is switched off or full: a reload then has no shelf */
    }
  },
};
