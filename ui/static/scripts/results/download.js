/* Taking a result away: in which format, and what is to be known of the file before it is taken. */

import { h } from "../base/dom.js";
import { formatBytes } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, t, translated } from "../base/languages.js";
import { ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { makeDialog } from "./dialogs.js";
import { fileAddress, fileName, keepWish, storedWish } from "./download_choice.js";

/**
 * @typedef {import("../types.js").Saving} Saving
 * @typedef {import("../types.js").ViewerCard} Result
 */

/**
 * A card's link: a press opens the sheet, and a browser's own "save" gets the file.
 * @param {{ run: string, shown?: string }} grid
 * @param {Result} card
 */
export const downloadLink = (grid, card) => {
  const words = t("grid.download", { eraser: card.name });
  return h("a.lab-tool.small", { href: fileAddress(grid.shown ?? grid.run, fileName(card.index, storedWish())), download: true, "aria-haspopup": "dialog",
    "aria-label": words, title: words, onclick: (event) => { event.preventDefault(); lab.offerDownload(grid, card); } }, icon("download"));
};

/** @param {Saving["facts"]} facts */
function countOf({ coefficients_changed_outside: coefficients, samples_changed_outside: samples }) {
  const count = coefficients ?? samples;
  const words = t(coefficients === null ? "save.samples" : "save.coefficients", { count });
  return [h("p.lab-verdict." + (count ? "bad" : "ok"), { "data-testid": "save-changed", "data-changed": String(count) }, icon(count ? "warn" : "check"), words)];
}

/** @param {string[]} words */
const listed = (words) => new Intl.ListFormat(document.documentElement.lang || undefined, { type: "unit" }).format(words);

/**
 * @param {string} key of what is said of them
 * @param {import("../types.js").Said[]} kinds of metadata
 */
const kindsLine = (key, kinds) => h("p.lab-hint", { "data-testid": key.replace(".", "-") }, h("strong", {}, t(key)), " ",
  kinds.length ? listed(kinds.map((kind) => translated(kind))) : t("save.nothing"));

/** @param {Saving} saving */
const factsOf = ({ facts, holds, removed }) => [...countOf(facts), kindsLine("save.holds", holds), kindsLine("save.removed", removed),
  ...facts.notes.map((note) => h("p.lab-hint", {}, translated(note)))];

/**
 * @param {object} of
 * @param {HTMLElement} of.root
 * @param {import("../types.js").Server} of.server
 */
export function makeDownload({ root, server }) {
  const dialog = makeDialog("lab-save", root);
  let run = ""; // its id
  let shown = ""; // what stands for it in addresses
  let index = -1; // of the card
  let asking = 0; // the newest question counts
  /** @type {Saving | null} */
  let answer = null;
  const forms = h("div.lab-segments.lab-save-forms", { role: "group", "data-t-label": "save.format" });
  /** @type {HTMLInputElement} */
  const place = h("input.lab-switch", { type: "checkbox", role: "switch", id: "lab-save-place", "data-testid": "save-place",
    onchange: () => { keepWish({ keep_location: place.checked }); prepare(); } });
  const about = h("div.lab-save-facts", { role: "status" });
  const link = h("a.lab-primary.lab-save-link", { download: true, "data-testid": "save" });
  dialog.body.append(forms, h("label.lab-save-place", { for: "lab-save-place" }, place, h("span", { "data-t": "save.place" })),
    h("p.lab-hint", { "data-t": "save.place.hint" }), about, link);

  /** @param {string} format */
  const form = (format) => h("button.lab-segment", { type: "button", "data-format": format, "aria-pressed": String(format === answer?.facts.format),
    onclick: () => { keepWish({ format }); prepare(); } }, format.toUpperCase());

  function draw() {
    link.classList.toggle("is-off", !answer);
    link.toggleAttribute("aria-disabled", !answer);
    if (!answer) { link.removeAttribute("href"); return; }
    link.dataset.format = answer.facts.format;
    link.href = fileAddress(shown, answer.file);
    link.textContent = t("save.take", { format: answer.facts.format.toUpperCase(), size: formatBytes(answer.facts.size) });
    about.replaceChildren(...factsOf(answer));
    forms.replaceChildren(...answer.offered.map(form));
  }

  function wait() {
    answer = null;
    link.textContent = t("save.preparing");
    about.replaceChildren(h("p.lab-hint", {}, h("i.lab-spin.small"), " ", t("save.preparing.hint")));
    draw();
  }

  /** The file is made, so that all that is said of it is true of it. */
  async function prepare() {
    const mine = ++asking;
    wait();
    for (const one of forms.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one.dataset.format === storedWish().format));
    const reply = await ask(server.saving, ofRun(run, { index, ...storedWish() }));
    if (mine !== asking) return;
    if (reply.ok) { answer = reply; draw(); return; }
    link.textContent = t("save.failed");
    about.replaceChildren(h("p.lab-problem", { role: "alert" }, errorText(reply.error)));
  }

  lab.offerDownload = (grid, card) => {
    ({ run } = grid);
    shown = grid.shown ?? run;
    index = card.index;
    place.checked = storedWish().keep_location;
    forms.replaceChildren();
    dialog.open(t("save.title", { eraser: card.name }));
    prepare();
  };
}
