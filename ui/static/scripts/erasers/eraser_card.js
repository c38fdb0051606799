/* One eraser in the list: a row of one line, and what is known of it under that, on a press. */

import { h } from "../base/dom.js";
import { emit } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t, translated } from "../base/languages.js";
import { timeAhead } from "./ahead.js";
import { gpuChip } from "./gpu_cost.js";
import { settingRow } from "./settings.js";
import { shortState } from "./short_state.js";
import { fetchAnew, hindrances, weightLine } from "./weight_line.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("./choice.js").Mine} Mine
 */

/** @param {Eraser} eraser */
export const isUsable = (eraser) => Boolean(eraser.available) && eraser.standing !== "no_weights";

/**
 * @param {Eraser} eraser
 * @param {Mine} mine
 */
const chips = (eraser, mine) => [
  gpuChip(eraser, mine.settings),
  eraser.non_commercial ? h("span.lab-chip.warn", { "data-t": "panel.noncommercial", "data-t-title": "panel.noncommercial.hint" }) : null,
  ...(eraser.license ? [h("span.lab-chip", { title: t("panel.license") }, eraser.license)] : []), // a file that is wrong has none
  ...(eraser.paper.url ? [h("a.lab-chip", { href: eraser.paper.url, target: "_blank", rel: "noopener noreferrer", title: eraser.paper.title },
    t("panel.paper") + " " + eraser.paper.year)] : [])]; // an owner's may be nowhere published

/**
 * What is in its way, and how its weights stand; where one of them says why it does not run, that once.
 * @param {Eraser} eraser
 */
const standing = (eraser) => eraser.available
  ? [h("div.lab-weights", { "data-weights": eraser.id }, ...weightLine(eraser)), ...hindrances(eraser, ["memory"])]
  : [h("p.lab-state.bad", {}, translated(eraser.why))];

/**
 * @param {Eraser} eraser
 * @param {Mine} mine
 * @param {() => void} reset
 */
const settingsOf = (eraser, mine, reset) => !eraser.available ? [] : [ // where it cannot run, they would change nothing
  ...eraser.settings.map((setting) => settingRow(eraser, setting, mine.settings, () => emit("jobs"))),
  ...(eraser.settings.length ? [h("button.lab-link", { type: "button", "data-t": "panel.reset", onclick: reset })] : []),
  ...(eraser.weights.length && !eraser.no_fetch ? [fetchAnew(eraser)] : [])];

/**
 * @param {Eraser} eraser
 * @param {Mine} mine
 * @param {() => void} reset
 */
const details = (eraser, mine, reset) => h("details.lab-settings", { open: mine.open, ontoggle: (event) => { mine.open = event.target.open; } },
  h("summary", { title: t("panel.about", { eraser: eraser.name }) }, icon("right"), h("span.lab-sr", {}, t("panel.about", { eraser: eraser.name }))),
  h("div.lab-settings-body", {}, h("p.lab-eraser-line", {}, translated(eraser.summary)),
    h("div.lab-chips", {}, ...chips(eraser, mine)), ...standing(eraser),
    eraser.notes.map((note) => h("p.lab-note", {}, translated(note))), ...settingsOf(eraser, mine, reset)));

/**
 * What stands on the right of the row: how long it takes here.
 * @param {Eraser} eraser
 * @param {Mine} mine
 */
export const timeOf = (eraser, mine) => {
  const known = isUsable(eraser) && eraser.standing !== "too_large";
  return h("span.lab-eraser-time", { "data-time": eraser.id, title: known ? t(eraser.pace.measured ? "panel.time.measured" : "panel.time.guessed") : null },
    known ? timeAhead(eraser, mine.settings) : "");
};

/**
 * @param {Eraser} eraser
 * @param {Mine} mine what is chosen of it
 * @param {object} acts
 * @param {() => void} acts.ticked called when it was ticked or no longer is
 * @param {() => void} acts.reset
 */
export function eraserCard(eraser, mine, { ticked, reset }) {
  const usable = isUsable(eraser);
  const tick = h("input", { type: "checkbox", id: "lab-use-" + eraser.id, checked: mine.ticked && usable, disabled: !usable,
    "data-eraser": eraser.id, onchange: (event) => { mine.ticked = event.target.checked; ticked(); } });
  return h("article.lab-eraser" + (usable ? "" : ".is-off"), { "data-card": eraser.id, "data-standing": eraser.standing },
    tick, h("label.lab-eraser-name", { for: "lab-use-" + eraser.id }, h("span", {}, eraser.name),
      h("small", { title: t("panel.family.hint") }, t("panel.family." + eraser.family))),
    timeOf(eraser, mine), h("span.lab-short", { "data-short": eraser.id }, ...shortState(eraser)),
    details(eraser, mine, reset));
}
