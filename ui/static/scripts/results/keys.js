/* The keyboard on the results: what pointers do, without one. */

/** @typedef {import("./looking.js").Looking} Looking */

const STEP = 0.1; // of a picture, a press of an arrow
const MIDDLE = { x: 0.5, y: 0.5 };

/** @param {EventTarget | null} target */
const writes = (target) => target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");

/**
 * @param {HTMLElement} root of the results
 * @param {Looking} looking
 * @param {import("./picking.js").Picking} picking
 * @param {() => void} compare the result that has the keyboard, or any two
 * @param {() => void} next the result that has the keyboard becomes the photo
 * @param {() => number} width pixels that a picture has
 */
export function watchKeys(root, looking, picking, compare, next, width) {
  /** @type {Record<string, () => void>} */
  const keys = {
    o: () => looking.hold(true), O: () => looking.hold(true),
    0: () => looking.showWhole(), 1: () => looking.showOwnPixels(width()),
    z: () => looking.toggleClose(), Z: () => looking.toggleClose(),
    c: compare, C: compare, n: next, N: next, Escape: picking.clear,
    "+": () => looking.zoom(1.25, MIDDLE), "=": () => looking.zoom(1.25, MIDDLE), "-": () => looking.zoom(0.8, MIDDLE),
  };
  /** @type {Record<string, { x: number, y: number }>} */
  const arrows = { ArrowLeft: { x: -STEP, y: 0 }, ArrowRight: { x: STEP, y: 0 }, ArrowUp: { x: 0, y: -STEP }, ArrowDown: { x: 0, y: STEP } };

  root.addEventListener("keydown", (event) => {
    if (writes(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const by = looking.isZoomed && event.shiftKey ? arrows[event.key] : undefined; // plain arrows scroll the page
    if (!by && (!keys[event.key] || (event.key === "Escape" && picking.first === null))) return;
    event.preventDefault();
    event.stopPropagation();
    if (by) looking.move(by);
    else keys[event.key]();
  });
  document.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "o") looking.hold(false); });
  globalThis.addEventListener("blur", () => looking.hold(false));
}
