/* What lies on the tray of several photos, as it survives a reload; and what is taken over from one photo to others. */

/**
 * @typedef {{ photo: import("../types.js").Photo, work: import("../types.js").Work | null, words: string | null }} Item
 * @typedef {import("../types.js").Size} Size
 */

const KEY = "eraser-lab.tray";
const OURS = /^lab\/photos\/[\w/.-]+$/; // pictures of photos, and of nobody else
const BOX = 0.35, TEXT = 0.25; // scores from which a thing counts as found, as beside the words' field

/**
 * What a tab has kept; whatever is none is left out.
 * @param {string | null} text
 * @returns {Item[]}
 */
export function itemsIn(text) {
  try {
    const kept = JSON.parse(text || "[]");
    return Array.isArray(kept) ? kept.filter((item) => typeof item?.photo?.id === "string" && OURS.test(item.photo.view)) : [];
  } catch {
    return [];
  }
}

/** @param {Size} a @param {Size} b */
export const alike = (a, b) => a.width === b.width && a.height === b.height;

/**
 * A box for each thing that was found with certainty.
 * @param {import("../types.js").Detection[]} detections
 */
export const foundIn = (detections) => detections.filter(({ score, text_score }) => score >= BOX && (text_score ?? 1) >= TEXT).map(({ box }) => ({ box }));

export const storedTray = {
  read: () => {
    try {
      return itemsIn(sessionStorage.getItem(KEY));
    } catch {
      return [];
    }
  },
  /** @param {Item[]} items */
  write: (items) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(items));
    } catch {
      /* storage is switched off or full: a reload then keeps the open photo alone */
    }
  },
};
