/* The bar over the rows: whose rows are shown, and what is done with all of them at once. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";

/**
 * @typedef {import("../types.js").RowSet} RowSet
 *
 * How the rows stand.
 * @typedef {object} Standing
 * @property {Record<RowSet, number>} counts of rows
 * @property {RowSet} set that is shown
 * @property {number} absent rows whose pictures are not here
 * @property {boolean} bringing whether pictures are being fetched
 * @property {string} held why nothing can be run now, as the key of a sentence
 * @property {boolean} busy whether rows are being run
 * @property {number} left rows that are being run or wait
 * @property {string[]} done runs that can be reported
 * @property {string} given folders of results that stand in the report, too, for its address
 */

/** @type {RowSet[]} */
const SETS = ["documents", "ours"];

/**
 * @param {object} of
 * @param {Node} of.beside
 * @param {(set: RowSet) => void} of.choose
 * @param {() => void} of.fetchAll
 * @param {() => void} of.runAll
 * @param {() => void} of.stop
 */
export const makeRowsBar = ({ beside, choose, fetchAll, runAll, stop }) => {
  const sets = h("div.lab-segments", { role: "group", "data-t-label": "tables.sets" });
  const fetchButton = h("button.lab-tool.wide", { type: "button", "data-testid": "fetch-rows", onclick: () => fetchAll() });
  const runButton = h("button.lab-tool.wide", { type: "button", "data-testid": "run-rows", onclick: () => runAll() },
    icon("play"), h("span", { "data-t": "tables.runall" }));
  const stopButton = h("button.lab-tool.wide", { type: "button", "data-testid": "stop-rows", onclick: () => stop() }, icon("stop"), h("span", { "data-t": "panel.stop" }));
  const report = h("a.lab-tool.wide", { download: true, "data-testid": "report-rows", "data-t-title": "tables.report.hint" }, icon("report"), h("span", { "data-t": "grid.report" }));
  const state = h("span.lab-hint", { role: "status" });
  const node = h("div.lab-tables-bar", {}, sets, beside, fetchButton, runButton, stopButton, report, state);

  /** @param {Standing} standing */
  function draw({ counts, set, absent, bringing, held, busy, left, done, given }) {
    sets.hidden = !counts.ours;
    sets.replaceChildren(...SETS.map((which) => h("button.lab-segment", { type: "button", "data-set": which, "aria-pressed": String(which === set), onclick: () => choose(which) },
      t("tables.set." + which, { count: counts[which] }))));
    fetchButton.hidden = !absent;
    fetchButton.disabled = bringing;
    fetchButton.replaceChildren(bringing ? h("i.lab-spin.tiny") : icon("download"), h("span", {}, t(bringing ? "tables.fetching" : "tables.fetchall", { count: absent })));
    runButton.disabled = Boolean(held);
    stopButton.hidden = !busy && !bringing;
    report.hidden = !done.length;
    report.href = "lab/report.html?runs=" + done.join(",") + given;
    state.textContent = left ? t("tables.left", { count: left }) : held ? t(held) : "";
  }

  return { node, draw };
};
