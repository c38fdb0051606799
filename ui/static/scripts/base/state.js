/* What the parts of the page share: a few values, and what each part offers the others once it is mounted. */

/** @typedef {import("../types.js").Lab} Lab */

/** @returns {never} */
const early = () => { throw new Error("asked of a part of the page that is not mounted yet"); };

/** @type {(canvas: { resumed: Promise<boolean> }) => void} */
let canvasMounted = early;

/** @type {() => void} */
let resultsMounted = early;

/** @type {Lab} */
export const lab = {
  photo: null,
  catalogue: null,
  running: null,
  lang: "",
  segmenter: null,
  showMargin: false,
  phrase: null,
  place: { tab: "erase", view: "rows", set: null, row: null },
  canvas: new Promise((resolve) => { canvasMounted = resolve; }),
  canvasMounted,
  results: new Promise((resolve) => { resultsMounted = () => resolve(undefined); }),
  resultsMounted: () => resultsMounted(),
  showPhoto: early,
  openExample: early,
  continueWith: early,
  overlaySide: early,
  seenSide: early,
  hasMask: () => false,
  several: () => [],
  jobOf: early,
  jobs: early,
  startRun: early,
  adoptJobs: early,
  fetchWeights: early,
  showEraser: early,
  saveRemark: early,
  offerDownload: early,
};

/** The open photo, where one must be open; an error else. */
export const openPhoto = () => lab.photo ?? early();

/** The catalogue, where it must be here; an error else. */
export const catalogue = () => lab.catalogue ?? early();

/**
 * What the catalogue says of an eraser; nothing before it is here, or where it has none such.
 * @param {string | null | undefined} id
 */
export const eraserOf = (id) => lab.catalogue?.erasers.find((eraser) => eraser.id === id);
