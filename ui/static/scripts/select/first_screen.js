/* What stands on the stage before a photo is open: what the erasers made of an example, in an earlier run, and how to begin. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t, translated } from "../base/languages.js";
import { eraserOf, lab } from "../base/state.js";

/**
 * @typedef {import("../types.js").Example} Example
 * @typedef {import("../types.js").Prepared} Prepared
 */

/** @param {string} src */
const picture = (src, kind = "") => h("img" + kind, { src, alt: "", width: "480", height: "360", draggable: "false" });

/**
 * The place before, what is selected, and after, one over the other; the style lets them follow each other.
 * @param {Prepared} prepared
 * @param {Prepared["results"][number]} result
 */
const tile = (prepared, result) => h("figure.lab-first-tile", { "data-prepared": result.eraser },
  picture(prepared.before), picture(prepared.mask, ".is-mask"), picture(result.view, ".is-after"),
  h("figcaption", {}, eraserOf(result.eraser)?.name ?? result.eraser));

/** @param {() => void} choose a file */
export const makeFirstScreen = (choose) => {
  let shown = ""; // the example whose results are to be seen

  const tiles = h("div.lab-first-tiles", { role: "img" });
  const cards = h("div.lab-first-cards", { role: "group", "data-t-label": "first.examples" });
  const begin = h("div.lab-first-begin", {},
    h("button.lab-choose", { type: "button", onclick: () => choose() }, icon("image"), h("span", { "data-t": "canvas.choose" })),
    h("p.lab-hint", { "data-t": "canvas.drop" }));
  const node = h("div.lab-empty", {},
    h("p.lab-first-title", { "data-t": "first.title" }),
    tiles, h("p.lab-hint.lab-first-note", { "data-t": "first.note" }), h("div.lab-first-foot", {}, begin, cards));

  /** @param {Example} example */
  const card = (example) => h("div.lab-first-card" + (example.id === shown ? ".is-shown" : ""), {},
    h("button", { type: "button", "aria-pressed": String(example.id === shown), "data-first": example.id, onclick: () => { shown = example.id; render(); } },
      h("img", { src: example.thumb, alt: "", loading: "lazy" }), h("b", {}, translated(example.title)), h("span.lab-hint", {}, t("first.see"))),
    h("button.lab-link", { type: "button", "data-first-open": example.id, onclick: () => lab.openExample(example.id) }, t("first.open")));

  function render() {
    if (!lab.catalogue || lab.photo) return;
    const offered = lab.catalogue.examples.filter((example) => example.prepared);
    const now = offered.find((example) => example.id === shown) ?? offered[0];
    node.classList.toggle("is-plain", !now);
    if (!now?.prepared) return;
    shown = now.id;
    const { prepared } = now;
    tiles.replaceChildren(...prepared.results.map((result) => tile(prepared, result)));
    tiles.setAttribute("aria-label", t("first.tiles", { title: translated(now.title) }));
    const focused = cards.contains(document.activeElement);
    cards.replaceChildren(...offered.map(card));
    if (focused) /** @type {HTMLElement | null} */ (cards.querySelector(`[data-first="${CSS.escape(shown)}"]`))?.focus();
  }
  for (const event of /** @type {const} */ (["catalogue", "lang"])) on(event, render);
  return node;
};
