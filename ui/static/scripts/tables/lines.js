/* The pictures of a row of a table, in lines of about the same length: none stands alone under the others. */

const LEAST = 192; // pixels that a picture is wide
const GAP = 16;

/**
 * What fits side by side; fewer where that would leave the last line almost empty.
 * @param {number} width of the row
 * @param {number} cells
 */
export function columnsOf(width, cells) {
  const fit = Math.max(2, Math.floor((width + GAP) / (LEAST + GAP)));
  const lines = Math.ceil(cells / fit);
  return lines > 1 ? Math.ceil(cells / lines) : fit;
}

/** @param {HTMLElement} strip of a row @returns {() => void} to be called when it has other cells */
export function keepLines(strip) {
  let width = 0;
  const settle = () => { if (width) strip.style.setProperty("--columns", String(columnsOf(width, strip.childElementCount))); };
  new ResizeObserver(([{ contentRect }]) => { width = contentRect.width; settle(); }).observe(strip);
  return settle;
}
