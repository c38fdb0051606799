/* Icons: one path each, drawn as lines. */

import { h } from "./dom.js";

/** @typedef {keyof typeof PATHS} Icon */

const PATHS = {
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  box: "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  clear: "M18 6 6 18M6 6l12 12",
  eye: "M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  download: "M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.6 1.6M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.6-1.6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  warn: "M12 8v5m0 3.5h.01M10.3 4.2 2.6 17.6A2 2 0 0 0 4.3 20.6h15.4a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0z",
  sliders: "M5 6h8m4 0h2M5 12h2m4 0h8M5 18h9m4 0h1M15 4v4M9 10v4M16 16v4",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
  stop: "M7 7h10v10H7z",
  report: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  pen: "m4 20 .8-4L16.5 4.3a1.4 1.4 0 0 1 2 0l1.2 1.2a1.4 1.4 0 0 1 0 2L8 19.2z",
  play: "M8 5.5v13l10.5-6.5z",
  fit: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  left: "m14 6-6 6 6 6",
  right: "m10 6 6 6-6 6",
  compare: "M12 3v18M8 8l-4 4 4 4M16 8l4 4-4 4",
  dice: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01",
  point: "m5 3 6.5 16 2.3-6.7L20.5 10z",
  brush: "M4 20c3 0 5-1.5 5-4a3 3 0 0 1 3-3l8-9-9 8a3 3 0 0 1-3 3c-2.5 0-4 2-4 5z",
  shape: "M12 4c5 0 8 3 8 8s-3 8-8 8-8-3-8-8 3-8 8-8zM12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  mask: "M4 5h16v14H4zM12 9a3.2 3.2 0 1 0 0 6.4A3.2 3.2 0 0 0 12 9z",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.9-4.9",
  next: "M4 12h15m0 0-6-6m6 6-6 6",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  figure: "M3 6h8v8H3zM13 6h8v8h-8zM3 18h8M13 18h8",
  sweep: "M4 4h4v4H4zM10 4h4v4h-4zM16 4h4v4h-4zM4 10h4v4H4zM10 10h4v4h-4zM16 10h4v4h-4zM4 16h4v4H4zM10 16h4v4h-4zM16 16h4v4h-4z",
  pair: "M4 5h6.5v14H4zM13.5 5H20v14h-6.5z",
  differ: "M4 4h11v11H4zM9 9h11v11H9z",
  numbers: "M5 5h14v14H5zM5 10h14M10 10v9",
  keys: "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM7 10h.01M11 10h.01M15 10h.01M17 14H7",
};

/**
 * @param {Icon} name
 * @returns {SVGSVGElement}
 */
export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "lab-icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
};

/**
 * A button with an icon, an accessible name and a tooltip from the texts.
 * @param {Icon} image
 * @param {string} key of its text
 * @param {(event: MouseEvent) => unknown} onclick
 * @param {Record<string, unknown>} [extra] further attributes
 */
export const iconButton = (image, key, onclick, extra) =>
  h("button.lab-tool", { type: "button", "data-t-label": key, "data-t-title": key, onclick, ...extra }, icon(image));
