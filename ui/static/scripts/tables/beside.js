/* Which erasers stand beside a row: its own, with the row's settings, and those that are ticked for all rows. */

import { h } from "../base/dom.js";
import { formatBytes } from "../base/figures.js";
import { inEveryLanguage, t } from "../base/languages.js";
import { remember } from "../base/memory.js";
import { catalogue, eraserOf, lab } from "../base/state.js";
import { popover } from "../base/widgets.js";
import { isReady, missingBytes } from "../erasers/weights.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("../types.js").Row} Row
 * @typedef {import("../types.js").RowEraser} RowEraser
 * @typedef {import("../types.js").NamedJob} NamedJob
 */

/** @returns {string[]} the ids that begin ticked */
function firstTicks() {
  try {
    const stored = JSON.parse(remember("beside") || "null");
    if (Array.isArray(stored)) return stored;
  } catch {
    /* a note of another version: begin afresh */
  }
  return catalogue().erasers.filter((eraser) => eraser.default).map((eraser) => eraser.id);
}

/**
 * @param {() => void} changed called when others are ticked
 * @param {ReturnType<typeof import("./given.js").makeGiven>} given
 */
export const makeBeside = (changed, given) => {
  /** @type {Set<string>} */
  const ticked = new Set();
  const node = popover("sliders", "tables.beside", h("div"));
  node.classList.add("down");

  /**
   * A row's own eraser, known here or not.
   * @param {Row} row
   * @returns {RowEraser[]}
   */
  function ownOf(row) {
    if (!row.eraser) return [];
    const known = eraserOf(row.eraser) || { id: row.eraser, name: row.method, weights: [], available: false, why: inEveryLanguage("tables.noeraser") };
    return [{ ...known, ours: true }];
  }

  /**
   * The erasers of a row's cells: its own with the row's settings first, then the ticked ones.
   * @param {Row} row
   * @returns {RowEraser[]}
   */
  function erasers(row) {
    const others = [...ticked].map(eraserOf).filter((eraser) => eraser !== undefined);
    return [...ownOf(row), ...others.filter((eraser) => eraser.id !== row.eraser)];
  }

  /**
   * A row's own eraser runs unasked only when it is ready: nobody fetches gigabytes by running a row.
   * @param {Row} row
   * @returns {NamedJob[]}
   */
  const jobs = (row) => erasers(row).filter((eraser) => eraser.available && (!eraser.ours || isReady(eraser) || ticked.has(eraser.id)))
    .map((eraser) => ({ ...lab.jobOf(eraser.id), name: eraser.name, ...(eraser.ours ? { settings: row.settings } : {}) }));

  /**
   * @param {string} id
   * @param {boolean} on
   */
  function tick(id, on) {
    if (on) ticked.add(id);
    else ticked.delete(id);
    remember("beside", JSON.stringify([...ticked]));
    changed();
  }

  /** @param {Eraser} eraser */
  function line(eraser) {
    const id = "lab-tick-" + eraser.id;
    const size = isReady(eraser) ? "" : formatBytes(missingBytes(eraser));
    return h("label.lab-tick", { for: id }, h("input", { type: "checkbox", id, "data-tick": eraser.id, checked: ticked.has(eraser.id),
      onchange: (event) => tick(eraser.id, event.target.checked) }), h("span", {}, eraser.name), size ? h("span.lab-hint", {}, size) : null);
  }

  return { node, ticked, erasers, jobs,
    /** Tick what was ticked the last time, or what begins ticked; the catalogue must be here. */
    begin() {
      for (const id of firstTicks()) if (eraserOf(id)?.available) ticked.add(id);
    },
    draw() {
      const lines = catalogue().erasers.filter((one) => one.available).map(line);
      node.querySelector(".lab-popover")?.replaceChildren(h("div.lab-ticks", { role: "group", "data-t-label": "tables.beside" }, lines, given.lines()));
    },
    drawCount() {
      const words = node.querySelector("button span");
      if (words) words.textContent = t("tables.beside.count", { count: ticked.size + given.shown().length });
    } };
};
