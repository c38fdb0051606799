/* Results that were made elsewhere, beside the rows: folders of whoever runs this page, ticked as erasers are.
 *
 * The server is asked for one row and one folder at a time, when the row is drawn and its pictures are here.
 */

import { h } from "../base/dom.js";
import { errorText, t, translated } from "../base/languages.js";
import { remember } from "../base/memory.js";
import { ask } from "../base/server.js";
import { longSentence } from "../base/widgets.js";
import { verdict } from "../results/card.js";
import { readingsOf } from "../results/readings.js";

/**
 * @typedef {import("../types.js").GivenCard} GivenCard
 * @typedef {import("../types.js").GivenFolder} GivenFolder
 * @typedef {import("../types.js").Row} Row
 */

/** @returns {string[]} the ids that begin ticked */
function firstTicks() {
  try {
    const stored = JSON.parse(remember("given") || "[]");
    return Array.isArray(stored) ? stored : [];
  } catch {
    return []; // a note of another version
  }
}

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {() => void} of.changed others are ticked, or they stand here in the other way
 * @param {(row: string) => void} of.onanswer something about this row is new
 */
export const makeGiven = ({ server, changed, onanswer }) => {
  /** @type {GivenFolder[]} */
  let folders = [];
  const ticked = new Set(firstTicks());
  let pasted = remember("given.pasted") === "true";
  /** @type {Map<string, GivenCard | null>} */
  const cards = new Map(); // what was answered; null while it is asked for
  /** @type {{ key: string, row: string, results: string, pasted: boolean }[]} */
  const waiting = [];
  let asking = false;

  async function next() {
    if (asking) return;
    const asked = waiting.shift();
    if (!asked) return;
    asking = true;
    const { key, ...request } = asked;
    const reply = await ask(server.given, request);
    asking = false;
    cards.set(key, reply.ok ? reply.card : { state: "failed", error: reply.error });
    onanswer(asked.row);
    next();
  }

  /** What is not asked for yet is not wanted any more; what is still seen asks again when it is drawn. */
  function forget() {
    for (const { key } of waiting) cards.delete(key);
    waiting.length = 0;
  }

  /**
   * What a folder has for a row, asked for where that is not known.
   * @param {Row} row
   * @param {GivenFolder} folder
   */
  function cardOf(row, folder) {
    const key = [row.id, folder.id, pasted].join(" ");
    const known = cards.get(key);
    if (known !== undefined) return known;
    if (!Object.values(row.pictures).every((picture) => picture.here)) return null;
    cards.set(key, null);
    waiting.push({ key, row: row.id, results: folder.id, pasted });
    setTimeout(next); // when all rows are drawn
    return null;
  }

  /**
   * A cell's picture and what is said of it.
   * @param {GivenFolder} folder
   * @param {GivenCard | null} card
   * @param {(address: string | undefined) => void} look
   */
  function drawn(folder, card, look) {
    const absence = t(card?.state === "absent" ? "tables.given.none" : card ? "tables.given.failed" : "tables.loading");
    const name = card?.small ? folder.name : `${folder.name}: ${absence}`; // whoever speaks what is seen must be heard
    const frame = h("button.lab-frame", { type: "button", "aria-label": name, disabled: !card?.large, onclick: () => look(card?.large) });
    if (card?.small) frame.append(h("img", { src: card.small, alt: folder.name, loading: "lazy" }));
    else frame.append(h("span.lab-absent", {}, h("span", {}, absence)));
    const caption = h("div.lab-cell-caption", {}, h("span.lab-cell-name", {}, folder.name),
      h("span.lab-hint", { "data-testid": "given" }, t(pasted ? "tables.given.pasted" : "tables.given.asgiven")), about(folder));
    if (card?.state === "done") {
      const shown = { ...card, state: /** @type {const} */ ("done"), index: 0, eraser: folder.id, name: folder.name, view: card.large };
      caption.append(verdict(shown), ...(card.result_notes ?? []).map((note) => h("p.lab-hint", {}, translated(note))), ...readingsOf(shown, false));
    } else if (card?.error) caption.append(card.state === "absent" ? h("p.lab-hint", {}, errorText(card.error)) : longSentence(errorText(card.error)));
    return [frame, caption];
  }

  /**
   * Whose they are, and under which licence.
   * @param {GivenFolder} folder
   */
  const about = ({ paper, license, non_commercial }) => h("span.lab-hint", {},
    paper ? h("a", { href: paper.url, target: "_blank", rel: "noopener noreferrer" }, paper.title) : "", paper ? " · " : "", license, non_commercial ? " · " + t("panel.noncommercial") : "");

  /**
   * @param {string} id
   * @param {boolean} on
   */
  function tick(id, on) {
    if (on) ticked.add(id);
    else ticked.delete(id);
    remember("given", JSON.stringify([...ticked]));
    forget();
    changed();
  }

  /**
   * @param {boolean} way
   * @param {Element} button
   */
  function choose(way, button) {
    pasted = way;
    for (const one of button.parentElement?.children ?? []) one.setAttribute("aria-pressed", String(one === button));
    remember("given.pasted", String(way));
    forget();
    changed();
  }

  /** @param {GivenFolder} folder */
  function line(folder) {
    const id = "lab-tick-given-" + folder.id;
    const said = folder.why ? translated(folder.why) : [translated(folder.summary), folder.license, ...folder.notes.map(translated)].filter(Boolean).join(" · ");
    return h("label.lab-tick", { for: id, title: said }, h("input", { type: "checkbox", id, "data-tick-given": folder.id, checked: ticked.has(folder.id) && !folder.why, disabled: Boolean(folder.why),
      onchange: (event) => tick(folder.id, event.target.checked) }), h("span", {}, folder.name, folder.why ? h("span.lab-hint.lab-given-why", {}, said) : null));
  }

  /** @param {boolean} way */
  const segment = (way) => h("button.lab-segment", { type: "button", "data-given-pasted": String(way), "aria-pressed": String(pasted === way), title: t(way ? "tables.given.pasted.hint" : "tables.given.asgiven.hint"), onclick: (event) => choose(way, event.currentTarget) },
    t(way ? "tables.given.way.pasted" : "tables.given.way.asgiven"));

  return { cardOf, drawn,
    /** @param {GivenFolder[]} found */
    learn(found) { folders = found; },
    /** Those that stand beside the rows. */
    shown: () => folders.filter((folder) => ticked.has(folder.id) && !folder.why),
    /** Which way they stand here; a cell is drawn anew in the other. */
    way: () => pasted,
    /** For a report's address. */
    address: () => {
      const ids = folders.filter((folder) => ticked.has(folder.id) && !folder.why).map((folder) => folder.id);
      return ids.length ? "&given=" + ids.join(",") + (pasted ? "&pasted=true" : "") : "";
    },
    /** Lines under the erasers', where there are such folders. */
    lines: () => (folders.length ? [h("p.lab-given-head", {}, t("tables.given.head")), ...folders.map(line),
      h("div.lab-segments.lab-given-way", { role: "group", "aria-label": t("tables.given.head") }, segment(false), segment(true))] : []),
  };
};
