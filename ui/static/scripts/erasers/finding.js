/* Finding an eraser in the list: words, and chips for how each stands on this machine. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { t, translated } from "../base/languages.js";
import { rove } from "../base/roving.js";

/** @typedef {import("../types.js").Eraser} Eraser */

export const STANDINGS = /** @type {const} */ (["ready", "to_fetch", "too_large", "no_weights", "cannot"]);
/** What a chip asks for; in words that are short, and said in full on the rows. @type {Record<string, (eraser: Eraser) => boolean>} */
const CHIPS = {
  ready: ({ standing }) => standing === "ready",
  to_fetch: ({ standing }) => standing === "to_fetch",
  too_large: ({ standing }) => standing === "too_large",
  cannot: ({ standing }) => standing === "no_weights" || standing === "cannot",
  non_commercial: (eraser) => Boolean(eraser.non_commercial),
};
const LICENCE = "non_commercial"; // holds beside the others

/**
 * What is looked for. chips: what must hold; of the standings, any of them.
 * @typedef {{ words: string, chips: Set<string> }} Wanted
 */

/** @param {Eraser} eraser */
const wordsOf = (eraser) => [eraser.id, eraser.name, translated(eraser.summary), eraser.license ?? "", t("panel.family." + eraser.family), eraser.paper.title]
  .join(" ").toLocaleLowerCase();

/**
 * @param {Eraser} eraser
 * @param {Wanted} wanted
 */
export function isWanted(eraser, { words, chips }) {
  const standings = [...chips].filter((one) => one !== LICENCE);
  if (standings.length && !standings.some((one) => CHIPS[one](eraser))) return false;
  if (chips.has(LICENCE) && !CHIPS[LICENCE](eraser)) return false;
  const all = wordsOf(eraser);
  return words.toLocaleLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/**
 * @param {() => void} changed called when something else is looked for
 * @param {HTMLElement} all a button that stands beside the chips
 */
export function makeFinding(changed, all) {
  /** @type {Wanted} */
  const wanted = { words: "", chips: new Set() };
  const search = h("input.lab-text.lab-search", { type: "search", "data-testid": "search", "data-t-label": "panel.search",
    oninput: () => { wanted.words = search.value.trim(); changed(); } });
  const chips = h("div.lab-filters", { role: "group", "data-t-label": "panel.chips" }, all);
  const nothing = h("p.lab-hint.lab-nothing", { hidden: true }, h("span", { "data-t": "panel.nothing" }), " ",
    h("button.lab-link", { type: "button", "data-t": "panel.clear", onclick: () => { clear(); search.focus(); } }));

  /** @param {string} name */
  function turn(name) {
    if (!wanted.chips.delete(name)) wanted.chips.add(name);
    changed();
  }

  function clear() {
    wanted.chips.clear();
    wanted.words = search.value = "";
    changed();
  }

  /**
   * @param {string} name
   * @param {number} many erasers it holds for
   */
  const chip = (name, many) => many ? h("button.lab-filter", { type: "button", "data-chip": name, "aria-pressed": String(wanted.chips.has(name)),
    onclick: () => turn(name) }, t("panel.chip." + name), h("span", {}, String(many))) : null;

  rove(chips);

  return { node: h("div.lab-finding", {}, h("div.lab-searching", {}, icon("search"), search), chips), nothing, clear,
    /** @param {Eraser[]} erasers all there are */
    show(erasers) {
      search.placeholder = t("panel.search");
      const held = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.chip;
      chips.replaceChildren(...Object.entries(CHIPS).map(([name, holds]) => chip(name, erasers.filter(holds).length)).filter((one) => one !== null), all);
      if (held) /** @type {HTMLElement | null} */ (chips.querySelector(`[data-chip="${held}"]`))?.focus();
    },
    /** @param {Eraser[]} erasers */
    found(erasers) {
      const ids = new Set(erasers.filter((eraser) => isWanted(eraser, wanted)).map((eraser) => eraser.id));
      nothing.hidden = ids.size > 0;
      return ids;
    } };
}
