/* The bar over the results: how far the run is, what holds for all, and what can be done with it. */

import { h } from "../base/dom.js";
import { formatSeconds } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { copyWords } from "../base/widgets.js";
import { judged } from "./numbers.js";
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
 * That nothing has changed outside the mask, once for all; a card speaks only where it is otherwise.
 * @param {Grid} grid
 */
const promiseOf = ({ cards }) => {
  const done = cards.filter((card) => card.state === "done");
  const kept = done.length > 0 && done.every((card) => card.changed_outside === 0);
  return kept ? [icon("check"), t("grid.kept", { count: done.length })] : [];
};

/**
 * @param {object} of
 * @param {import("./looking.js").Looking} of.looking
 * @param {ReturnType<typeof import("./ownership.js").makeOwnership>} of.ownership
 * @param {() => void} of.openNumbers
 * @param {() => void} of.openFigure
 * @param {() => void} of.compare two results
 * @param {Node} of.unfold shows the editor again, where it is folded away
 */
export const makeBar = ({ looking, ownership, openNumbers, openFigure, compare, unfold }) => {
  let run = ""; // that is shown
  const heading = h("h2", { tabindex: "-1", "data-t": "grid.title", "data-t-title": "grid.keys" });
  const summary = h("span.lab-hint", { role: "status", "data-testid": "summary" });
  const promise = h("span.lab-verdict.ok", { "data-testid": "kept", "data-t-title": "grid.outside.hint" });
  /** @type {HTMLInputElement} */
  const slider = h("input.lab-split", { type: "range", min: "0", max: "100", step: "0.1", value: "0", "data-t-label": "grid.split",
    "data-testid": "split", oninput: () => looking.setSplit(Number(slider.value)) });
  const splitter = h("div.lab-splitter", {}, h("span", { "aria-hidden": "true", "data-t": "grid.before" }), slider, h("span", { "aria-hidden": "true", "data-t": "grid.after" }));
  const closeUp = h("button.lab-tool.wide", { type: "button", "aria-pressed": "false", "data-t-title": "grid.closeup.hint", "data-testid": "closeup",
    onclick: () => looking.toggleClose() }, icon("fit"), h("span", { "data-t": "grid.closeup" }));
  const pair = h("button.lab-tool.wide", { type: "button", "data-testid": "compare", "data-t-title": "pair.open.hint", onclick: compare }, icon("pair"), h("span", { "data-t": "pair.open" }));
  const numbers = h("button.lab-tool.wide.is-brief", { type: "button", "data-testid": "numbers", "data-t-title": "numbers.title", onclick: openNumbers }, icon("numbers"), h("span", { "data-t": "numbers.open" }));
  const figure = h("button.lab-tool.wide.is-brief", { type: "button", "data-testid": "figure", "data-t-title": "figure.title", onclick: openFigure }, icon("figure"), h("span", { "data-t": "figure.open" }));
  const link = h("button.lab-tool.wide.is-brief", { type: "button", "data-t-title": "grid.link", onclick: () => copyWords(runLink(run), t("grid.copied")) }, icon("link"), h("span", { "data-t": "grid.link" }));
  const zip = h("a.lab-tool.wide.is-brief", { "data-t-title": "grid.zip", download: true, "data-testid": "zip" }, icon("download"), h("span", { "data-t": "grid.zip" }));
  const report = h("a.lab-tool.wide.is-brief", { download: true, "data-testid": "report", "data-t-title": "grid.report.hint" }, icon("report"), h("span", { "data-t": "grid.report" }));
  const node = h("div.lab-grid-bar", {}, heading, summary, promise, ownership.linked, h("div.lab-group", {}, closeUp, pair, numbers, figure, link, report, zip, ownership.menu, unfold), splitter);
  return { node, heading,
    /** The window or the divider is another. */
    follow() {
      slider.value = String(looking.split);
      closeUp.hidden = !looking.offersClose;
      closeUp.setAttribute("aria-pressed", String(looking.isClose));
    },
    /** @param {Grid} grid */
    show(grid) {
      run = grid.run;
      node.hidden = !grid.photo;
      const said = summaryOf(grid);
      if (summary.textContent !== said) summary.textContent = said; // else it would be read out anew each time
      promise.replaceChildren(...promiseOf(grid));
      ownership.show(grid);
      numbers.disabled = judged(grid).length < 1;
      figure.disabled = grid.state === "running" || !grid.cards.some((card) => card.full);
      pair.disabled = !grid.cards.some((card) => card.view);
      // They keep their places from the beginning, so that nothing moves away under a finger.
      for (const [one, address] of /** @type {const} */ ([[zip, grid.zip && grid.zip + (grid.zip.includes("?") ? "" : "?download=1")], [report, grid.zip && "lab/report.html?runs=" + (grid.shown ?? grid.run)]])) {
        one.toggleAttribute("aria-disabled", !address);
        if (address) one.href = address;
        else one.removeAttribute("href");
      }
    } };
};
