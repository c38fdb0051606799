/* Columns of the results: found anew when the window, their number or their shape is another. */

import { windowHeight } from "../base/frame.js";
import { arrange } from "./arrange.js";

const MARGIN = 24; // pixels over and under the results
const CAPTION = 58; // pixels under a picture, while there is none to measure

/** Pixels that are seen at once; a frame that grows with its content must not grow by itself. */
const viewHeight = () => Math.min(windowHeight(), screen.availHeight || innerHeight);

/**
 * @param {HTMLElement} root of the results
 * @param {HTMLElement} bar over them
 * @param {HTMLElement} shelf over both
 * @param {HTMLElement} body that holds the cards
 * @param {() => number} shape of a picture, width over height
 */
export function keepColumns(root, bar, shelf, body, shape) {
  function settle() {
    const count = body.querySelectorAll(".lab-result").length;
    if (!count || !body.clientWidth) return;
    const caption = body.querySelector(".lab-caption")?.getBoundingClientRect().height || CAPTION;
    const { columns, width } = arrange({ count, ratio: shape(), width: body.clientWidth, caption: Math.min(caption, 2 * CAPTION),
      height: viewHeight() - bar.offsetHeight - shelf.offsetHeight - MARGIN });
    root.style.setProperty("--columns", String(columns));
    root.style.setProperty("--tile", Math.floor(width) + "px");
  }
  let asked = 0;
  // So that one can land on them; a frame that grows with its content would grow by itself.
  if (window.parent === window) root.classList.add("is-landing-place");
  const ask = () => { cancelAnimationFrame(asked); asked = requestAnimationFrame(settle); };
  new ResizeObserver(ask).observe(body);
  addEventListener("resize", ask);
  return settle;
}
