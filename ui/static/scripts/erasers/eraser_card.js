/* One eraser's card: what it is, in what state its weights are, with which settings it would run. */

import { h } from "../base/dom.js";
import { emit } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t, translated } from "../base/languages.js";
import { gpuChip } from "./gpu_cost.js";
import { settingRow } from "./settings.js";
import { fetchAnew, hindrances, weightLine } from "./weight_line.js";
import { fetchedPercent, isReady } from "./weights.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("./choice.js").Mine} Mine
 */

/**
 * What is to be fetched names its licence beside its size.
 * @param {Eraser} eraser
 */
const namesLicense = (eraser) => isReady(eraser) || !eraser.available || Boolean(eraser.no_fetch) || fetchedPercent(eraser) !== null;

/**
 * @param {Eraser} eraser
 * @param {Mine} mine
 */
const chips = (eraser, mine) => [
  gpuChip(eraser, mine.settings),
  eraser.non_commercial ? h("span.lab-chip.warn", { "data-t": "panel.noncommercial", "data-t-title": "panel.noncommercial.hint" }) : null,
  namesLicense(eraser) ? h("span.lab-chip", { title: t("panel.license") }, eraser.license) : null,
  h("a.lab-chip", { href: eraser.paper.url, target: "_blank", rel: "noopener noreferrer", title: eraser.paper.title },
    t("panel.paper") + " " + eraser.paper.year)];

/**
 * @param {Eraser} eraser
 * @param {Mine} mine
 * @param {() => void} reset
 */
const settingsOf = (eraser, mine, reset) => h("details.lab-settings", { open: mine.open, ontoggle: (event) => { mine.open = event.target.open; } },
  h("summary", { title: t("panel.settings") }, icon("sliders"), h("span.lab-sr", { "data-t": "panel.settings" })),
  h("div.lab-settings-body", {}, eraser.notes.map((note) => h("p.lab-note", {}, translated(note))),
    eraser.settings.map((setting) => settingRow(eraser, setting, mine.settings, () => emit("jobs"))),
    h("button.lab-link", { type: "button", "data-t": "panel.reset", onclick: reset }),
    eraser.available && eraser.weights.length && !eraser.no_fetch ? fetchAnew(eraser) : null));

/**
 * @param {Eraser} eraser
 * @param {Mine} mine what is chosen of it
 * @param {object} acts
 * @param {() => void} acts.ticked called when it was ticked or no longer is
 * @param {() => void} acts.reset
 */
export function eraserCard(eraser, mine, { ticked, reset }) {
  const usable = Boolean(eraser.available);
  const tick = h("input", { type: "checkbox", id: "lab-use-" + eraser.id, checked: mine.ticked && usable, disabled: !usable,
    "data-eraser": eraser.id, onchange: (event) => { mine.ticked = event.target.checked; ticked(); } });
  return h("article.lab-eraser" + (usable ? "" : ".is-off"), { "data-card": eraser.id },
    tick, h("div.lab-eraser-main", {},
      h("label.lab-eraser-name", { for: "lab-use-" + eraser.id }, eraser.name),
      h("p.lab-eraser-line", {}, translated(eraser.summary)),
      h("div.lab-chips", {}, ...chips(eraser, mine), usable ? h("span.lab-weights", { "data-weights": eraser.id }, ...weightLine(eraser)) : null),
      ...(usable ? hindrances(eraser, ["memory"]) : [h("p.lab-state.bad", {}, translated(eraser.why))])),
    settingsOf(eraser, mine, reset));
}
