/* A figure for a paper, of the run that is seen: how it is to look, and in which form one keeps it. */

import { h } from "../base/dom.js";
import { t, translated } from "../base/languages.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { makeDialog } from "./dialogs.js";
import { figureAddress, FORMS, ZOOMS } from "./figure_address.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("./figure_address.js").Wishes} Wishes
 */

const CACHED = "default"; // a figure that was made is the browser's to keep

/** What stands under the results, where it has been measured. @param {Grid} grid */
const numbersOf = (grid) => [{ id: "seconds", words: t("figure.seconds") }, ...(lab.catalogue?.metrics ?? [])
  .filter((metric) => grid.cards.some((card) => card.readings?.some((reading) => reading.id === metric.id)))
  .map((metric) => ({ id: metric.id, words: translated(metric.name) }))];

/** @param {string} key @param {HTMLElement} control */
const row = (key, control) => h("div.lab-figure-row", {}, h("label", { for: control.id, "data-t": key }), control);

/**
 * @param {string} id
 * @param {Record<string, number>} bounds
 * @returns {HTMLInputElement}
 */
const number = (id, bounds) => h("input.lab-number", { type: "number", id: "lab-figure-" + id, ...bounds });

/** @param {string} id @param {string} key @param {boolean} checked */
const tick = (id, key, checked) => h("label.lab-figure-tick", {}, h("input", { type: "checkbox", "data-part": id, checked }), h("span", { "data-t": key }));

/** @param {HTMLElement} root */
export function makeFigure(root) {
  const dialog = makeDialog("lab-figure", root);
  let run = "";
  const width = number("width", { value: 174, min: 20, max: 1000, step: 1 });
  const font = number("font", { value: 8, min: 3, max: 40, step: 0.5 });
  const columns = number("columns", { value: 0, min: 0, max: 40, step: 1 });
  const dpi = number("dpi", { value: 300, min: 50, max: 1200, step: 50 });
  /** @type {HTMLSelectElement} */
  const zoom = h("select", { id: "lab-figure-zoom" }, ZOOMS.map((one) => h("option", { value: one, "data-t": "figure.zoom." + one })));
  const parts = h("div.lab-figure-ticks", {}, tick("labels", "figure.labels", true), tick("photo", "figure.photo", true), tick("mask", "figure.mask", true));
  const numbers = h("div.lab-figure-ticks");
  const forms = FORMS.map((form) => h("button.lab-tool.wide", { type: "button", "data-form": form, "data-t-title": "figure.form." + form, onclick: (event) => keep(form, event.currentTarget) }, form.toUpperCase()));
  const fields = h("form.lab-figure-form", { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    row("figure.width", width), row("figure.font", font), row("figure.columns", columns), row("figure.zoom", zoom), row("figure.dpi", dpi),
    h("fieldset", {}, h("legend", { "data-t": "figure.shown" }), parts), h("fieldset", {}, h("legend", { "data-t": "figure.numbers" }), numbers));

  /** @returns {Wishes} */
  const wishes = () => {
    /** @param {HTMLElement} holder */
    const ticked = (holder) => [...holder.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.dataset.part ?? "");
    const shown = ticked(parts);
    return { width: Number(width.value), font_size: Number(font.value), columns: Number(columns.value), dpi: Number(dpi.value), zoom: zoom.value,
      labels: shown.includes("labels"), photo: shown.includes("photo"), mask: shown.includes("mask"), numbers: ticked(numbers), language: lab.lang };
  };

  /**
   * Fetched here first: what cannot be drawn is said on the page, not kept as a file.
   * @param {string} form
   * @param {HTMLButtonElement} button
   */
  async function keep(form, button) {
    if (!fields.reportValidity()) return;
    button.disabled = true;
    button.classList.add("is-busy");
    try {
      const address = figureAddress(run, form, wishes());
      const answer = await fetch(address, { cache: CACHED });
      if (!answer.ok) notice(answer.status < 500 ? await answer.text() : t("error.internal"), "error");
      else save(await answer.blob(), form);
    } catch {
      notice(t("error.lost"), "error");
    } finally {
      button.disabled = false;
      button.classList.remove("is-busy");
    }
  }

  /** @param {Blob} file @param {string} form */
  function save(file, form) {
    const url = URL.createObjectURL(file);
    h("a", { href: url, download: "eraser-lab-figure." + form }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  dialog.body.append(fields, h("p.lab-hint", { "data-t": "figure.hint" }), h("div.lab-group.lab-figure-forms", { role: "group", "data-t-label": "figure.keep" }, forms));

  /** @param {Grid} grid */
  return (grid) => {
    run = grid.shown ?? grid.run;
    const before = new Set(wishes().numbers);
    numbers.replaceChildren(...numbersOf(grid).map(({ id, words }) => h("label.lab-figure-tick", {}, h("input", { type: "checkbox", "data-part": id, checked: before.has(id) }), h("span", {}, words))));
    dialog.open(t("figure.title"));
  };
}
