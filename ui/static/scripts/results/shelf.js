/* The shelf over the results: this tab's runs, to be opened again or taken away. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t, translate } from "../base/languages.js";
import { notice } from "../base/widgets.js";
import { entryOf, storedShelf, withRun } from "./shelf_store.js";

/** @typedef {import("./shelf_store.js").Entry} Entry */

const FEWEST = 2; // runs: a single one is seen below

/** @param {Entry} entry */
const whatOf = ({ names, done, state }) => {
  const what = names.length === 1 ? names[0] : t("shelf.erasers", { count: names.length });
  return state === "running" ? `${what} · ${done}/${names.length}` : what;
};

/**
 * @param {object} of
 * @param {(run: string) => void} of.open
 */
export function makeShelf({ open }) {
  let entries = storedShelf.read();
  let shown = ""; // the run below
  let drawn = "";
  const row = h("div.lab-shelf-row");
  const node = h("nav.lab-shelf", { "data-t-label": "shelf.title", "data-testid": "shelf", hidden: true }, row);

  /** @param {Entry[]} next */
  function keep(next) {
    entries = next;
    storedShelf.write(entries);
    draw();
  }

  /** @param {Entry} entry */
  function takeAway(entry) {
    const before = entries;
    keep(entries.filter((one) => one.run !== entry.run));
    row.querySelector("button")?.focus();
    notice(t("shelf.gone", { photo: entry.photo }), "info", { words: t("shelf.undo"), act: () => {
      const place = before.indexOf(entry);
      keep([...entries.slice(0, place), entry, ...entries.slice(place)]);
    } });
  }

  /** @param {Entry} entry */
  const item = (entry) => h("div.lab-shelf-item", { "data-run": entry.run },
    h("button.lab-shelf-open", { type: "button", "aria-current": entry.run === shown ? "true" : null, title: entry.names.join(", "), onclick: () => open(entry.run) },
      entry.thumb ? h("img", { src: entry.thumb, alt: "", loading: "lazy", draggable: "false" }) : h("i.lab-spin"),
      h("span", {}, h("strong", {}, entry.photo), h("span", {}, whatOf(entry)))),
    h("button.lab-shelf-gone", { type: "button", "aria-label": t("shelf.remove", { photo: entry.photo }), title: t("shelf.remove", { photo: entry.photo }), onclick: () => takeAway(entry) }, icon("clear")));

  function draw() {
    const print = document.documentElement.lang + shown + JSON.stringify(entries);
    node.hidden = entries.length < FEWEST && !(entries.length && !shown);
    if (print === drawn) return;
    drawn = print;
    const held = document.activeElement?.closest(".lab-shelf-item");
    const run = held instanceof HTMLElement && node.contains(held) ? held.dataset.run : "";
    row.replaceChildren(...entries.map(item));
    if (run) /** @type {HTMLElement | null} */ (row.querySelector(`[data-run="${CSS.escape(run)}"] button`))?.focus({ preventScroll: true });
  }

  on("lang", draw);
  translate(node);
  draw();

  return { node,
    /**
     * A run is as it is now.
     * @param {import("../types.js").Grid} grid
     */
    note(grid) {
      if (grid.photo && grid.cards.length) keep(withRun(entries, entryOf(grid)));
    },
    /** @param {string} run that is gone for good */
    forget(run) { keep(entries.filter((one) => one.run !== run)); },
    /** @param {string} run that is seen below; "" for none */
    show(run) { shown = run; draw(); },
  };
}
