/* Two results against each other in the large view: which two, the divider between them, their difference. */

import { h } from "../base/dom.js";
import { clamp, formatPercent } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { drawDifference, TIMES } from "./difference.js";
import { chosen, ORIGINAL, sides, stepped } from "./pair.js";

/**
 * @typedef {import("../types.js").ViewerGrid} ViewerGrid
 * @typedef {import("./pair.js").Pair} Pair
 */

const NEAR = 24; // pixels beside the divider that still grasp it

/** @param {ViewerGrid} grid @param {number} index */
function sideOf(grid, index) {
  const card = grid.cards.find((one) => one.index === index);
  if (!card || index === ORIGINAL) return { name: t("grid.original"), view: grid.photo.view, full: grid.photo.full };
  return { name: card.name, view: card.view ?? "", full: card.full };
}

/**
 * @param {object} of
 * @param {HTMLElement} of.area
 * @param {HTMLImageElement} of.after B
 * @param {HTMLImageElement} of.before A, over B up to the divider
 * @param {HTMLCanvasElement} of.canvas
 * @param {() => void} of.changed which two is another
 */
export function makeViewerPair({ area, after, before, canvas, changed }) {
  /** @type {Pair | null} */
  let pair = null;
  /** @type {number[]} */
  let all = []; // sides that can be chosen
  let divide = 50; // percent of the area
  let differing = false;
  let turn = 0; // the newest picture counts

  const handle = h("div.lab-viewer-divider", { "aria-hidden": "true" }, icon("compare"));
  const note = h("p.lab-viewer-said", { role: "status", "data-testid": "pair-note", hidden: true });
  area.append(handle, note);
  /** @param {"a" | "b"} which @returns {HTMLSelectElement} */
  const menu = (which) => h(`select.lab-pair-side.is-${which}`, { "data-t-label": `pair.${which}`, "data-testid": `pair-${which}`,
    onchange: (event) => { if (pair) { pair = chosen(pair, which, Number(event.target.value)); changed(); } } });
  const menus = { a: menu("a"), b: menu("b") };
  /** @type {HTMLInputElement} */
  const split = h("input.lab-viewer-split", { type: "range", min: "0", max: "100", step: "0.5", "data-t-label": "pair.divider", "data-testid": "pair-divider",
    oninput: () => put(Number(split.value)) });
  const button = h("button.lab-tool.wide", { type: "button", "aria-pressed": "false", "data-testid": "differ", "data-t-title": "pair.difference.hint",
    onclick: () => differ(!differing) }, icon("differ"), h("span", { "data-t": "pair.difference" }));

  /** @param {number} percent */
  function put(percent) {
    divide = clamp(percent, 0, 100);
    split.value = String(divide);
    area.style.setProperty("--divide", divide + "%");
  }

  /** @param {boolean} on */
  function differ(on) {
    differing = on;
    button.setAttribute("aria-pressed", String(on));
    area.classList.toggle("is-difference", on);
    changed();
  }

  /** @param {HTMLSelectElement} select @param {ViewerGrid} grid @param {number} side @param {string} letter */
  function fill(select, grid, side, letter) {
    select.replaceChildren(...all.map((one) => h("option", { value: one, selected: one === side }, `${letter}  ${sideOf(grid, one).name}`)));
    select.value = String(side);
  }

  /** @param {boolean} on */
  function enable(on) {
    area.classList.toggle("is-pair", on);
    for (const node of [handle, split, button, menus.a, menus.b]) node.hidden = !on;
  }
  enable(false);

  return {
    tools: [split, button],
    corners: [menus.a, menus.b],
    get pair() { return pair; },

    /** @param {Pair} value */
    begin(value) {
      pair = value;
      before.hidden = false;
      enable(true);
      put(50);
    },

    end() {
      if (pair) before.hidden = true;
      pair = null;
      turn += 1;
      differing = false;
      button.setAttribute("aria-pressed", "false");
      area.classList.remove("is-difference");
      canvas.hidden = note.hidden = true;
      enable(false);
    },

    /**
     * The two sides, for who draws them.
     * @param {ViewerGrid} grid
     */
    show(grid) {
      const { a, b } = pair ?? { a: ORIGINAL, b: ORIGINAL };
      all = sides(grid.cards);
      fill(menus.a, grid, a, "A");
      fill(menus.b, grid, b, "B");
      turn += 1;
      canvas.hidden = true;
      note.hidden = !differing;
      if (differing) note.textContent = t("pair.difference.wait");
      return { a: sideOf(grid, a), b: sideOf(grid, b) };
    },

    /**
     * The pictures have come; their difference is of the lossless ones alone.
     * @param {boolean} lossless
     */
    async drawn(lossless) {
      if (!pair || !differing) return;
      const mine = ++turn;
      if (!lossless) return; // they are still being written: the run's next value shows them
      await Promise.all([after.decode(), before.decode()]).catch(() => {});
      if (mine !== turn) return;
      const same = after.naturalWidth === before.naturalWidth && after.naturalHeight === before.naturalHeight;
      const share = same ? drawDifference(canvas, before, after) : NaN;
      canvas.hidden = Number.isNaN(share);
      note.textContent = Number.isNaN(share) ? t("pair.difference.none") : t("pair.difference.said", { times: TIMES, share: formatPercent(share) });
    },

    /** @param {"a" | "b"} which @param {number} by */
    step(which, by) {
      if (!pair) return;
      pair = stepped(pair, which, by, all);
      changed();
    },

    /**
     * What keys do while two are compared.
     * @param {KeyboardEvent} event
     * @returns {Record<string, () => void>}
     */
    keys(event) {
      const which = event.shiftKey ? "a" : "b";
      const toggle = () => differ(!differing);
      return { ArrowLeft: () => this.step(which, -1), ArrowRight: () => this.step(which, 1), d: toggle, D: toggle,
        ",": () => put(divide - 5), ".": () => put(divide + 5), "<": () => put(0), ">": () => put(100) };
    },

    /** @param {PointerEvent} event @param {boolean} zoomed */
    grasps(event, zoomed) {
      if (!pair || differing) return false;
      const { left, width } = area.getBoundingClientRect();
      return !zoomed || Math.abs(event.clientX - left - (divide / 100) * width) < NEAR;
    },

    /** @param {PointerEvent} event */
    divideAt(event) {
      const { left, width } = area.getBoundingClientRect();
      put((100 * (event.clientX - left)) / width);
    },
  };
}
