/* The bar over the results: how far the run is, and what can be done with it. */

import { h } from "../base/dom.js";
import { formatSeconds } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { copyWords } from "../base/widgets.js";
import { runLink } from "./run_link.js";

/** @typedef {import("../types.js").Grid} Grid */

/**
 * How far a run is, in words.
 * @param {Grid} grid
 */
const summaryOf = ({ cards, state, seconds }) => {
  const done = cards.filter((card) => card.state === "done").length;
  if (state === "running") return t("grid.progress", { done, total: cards.length });
  return t(state === "stopped" ? "grid.stopped" : "grid.finished", { done, total: cards.length, seconds: formatSeconds(seconds || 0) });
};

/**
 * @param {object} of
 * @param {Node} of.splitter
 * @param {() => void} of.toggleCloseUp
 */
export const makeBar = ({ splitter, toggleCloseUp }) => {
  let run = ""; // that is shown
  const heading = h("h2", { "data-t": "grid.title" });
  const summary = h("span.lab-hint", { "data-testid": "summary" });
  const closeUp = h("button.lab-tool.wide", { type: "button", "aria-pressed": "false", "data-t-title": "grid.closeup.hint",
    onclick: toggleCloseUp }, icon("fit"), h("span", { "data-t": "grid.closeup" }));
  const link = h("button.lab-tool.wide", { type: "button", onclick: () => copyWords(runLink(run), t("grid.copied")) }, icon("link"), h("span", { "data-t": "grid.link" }));
  const zip = h("a.lab-tool.wide", { download: true, "data-testid": "zip" }, icon("download"), h("span", { "data-t": "grid.zip" }));
  const report = h("a.lab-tool.wide", { download: true, "data-testid": "report", "data-t-title": "grid.report.hint" }, icon("report"), h("span", { "data-t": "grid.report" }));
  const node = h("div.lab-grid-bar", {}, heading, summary, splitter, h("div.lab-group", {}, closeUp, link, report, zip));
  return { node, closeUp,
    /** @param {Grid} grid */
    show(grid) {
      run = grid.run;
      node.hidden = !grid.photo;
      link.hidden = !grid.photo;
      summary.textContent = summaryOf(grid);
      zip.hidden = report.hidden = !grid.zip;
      if (!grid.zip) return;
      zip.href = grid.zip + "?download=1";
      report.href = "lab/report.html?runs=" + grid.run;
    } };
};
