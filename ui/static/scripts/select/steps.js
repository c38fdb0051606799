/* The steps of a photo, from the file that was opened to what the last erase made of it, as plain values. */

/**
 * eraser: the name of the one by whose result the step came; null for the photo that was opened.
 * @typedef {{ photo: string, eraser: string | null }} Step
 * place: the step that is open.
 * @typedef {{ steps: Step[], place: number }} Line
 */

const KEY = "eraser-lab.steps";
const MOST = 51;

/** @type {Line} */
export const NO_LINE = { steps: [], place: 0 };

/**
 * What the server knows of a photo's steps: they end with it.
 * @param {import("../types.js").Photo} photo
 * @returns {Line}
 */
export function lineOf({ id, chain = [] }) {
  const ids = [...chain.map((step) => step.photo), id];
  return { steps: ids.map((photo, place) => ({ photo, eraser: place ? chain[place - 1].name : null })), place: chain.length };
}

/**
 * The line when a photo is opened: one of its steps leaves it as it is, so that the way forward stays; a result of the
 * step that was open cuts off what came after that; any other photo begins one of its own.
 * @param {Line} line
 * @param {import("../types.js").Photo} photo
 * @returns {Line}
 */
export function opened(line, photo) {
  const place = line.steps.findIndex((step) => step.photo === photo.id);
  return place < 0 ? lineOf(photo) : { steps: line.steps, place };
}

/**
 * A line as a tab has kept it; none where it makes no sense.
 * @param {string | null} text
 * @returns {Line}
 */
export function lineIn(text) {
  try {
    const { steps, place } = JSON.parse(text || "{}");
    /** @param {any} step */
    const isStep = (step) => typeof step?.photo === "string" && (step.eraser === null || typeof step.eraser === "string");
    const sound = Array.isArray(steps) && steps.length <= MOST && steps.every(isStep) && Number.isInteger(place) && place >= 0 && place < steps.length;
    return sound ? { steps, place } : NO_LINE;
  } catch {
    return NO_LINE;
  }
}

export const keptLine = {
  read: () => {
    try {
      return lineIn(sessionStorage.getItem(KEY));
    } catch {
      return NO_LINE;
    }
  },
  /** @param {Line} line */
  write: (line) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(line));
    } catch {
      /* storage is switched off or full: a reload then knows the steps that the server knows */
    }
  },
};
