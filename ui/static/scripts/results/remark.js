/* What the owner of a run sees in a result, in their own words; others read it. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";
import { isOwn } from "../base/owned.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").EarlierRemark} EarlierRemark */
/** @typedef {{ text: string, earlier: EarlierRemark[] }} Written as it is kept */

const LONGEST = 500;

/** @type {Map<string, Written>} */
const written = new Map(); // the result's address -> what is kept of it
/** @type {Map<string, ReturnType<typeof remarkNode>>} */
const nodes = new Map(); // the result's address -> {node, show}

/**
 * A line in which a person writes what they see; one node for each result, so that nothing
 * being written is lost when the card is drawn again.
 * @param {{ run: string, card: Card }} result
 */
export const humanRemark = ({ run, card }) => {
  const key = card.view ?? "";
  if (!written.has(key)) written.set(key, { text: card.remark || "", earlier: card.remarks ?? [] });
  const known = nodes.get(key) ?? remarkNode(key, run, card);
  nodes.set(key, known);
  known.show();
  return known.node;
};

/**
 * What stood there before, folded away.
 * @param {EarlierRemark[]} earlier
 */
const before = (earlier) => {
  const when = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: "medium", timeStyle: "short" });
  /** @param {EarlierRemark} one */
  const line = ({ text, at }) => h("li", {}, at === null ? null : h("time", {}, when.format(1000 * at)), h("q", {}, text));
  return h("details.lab-earlier", {}, h("summary", {}, t("remark.earlier", { count: earlier.length })), h("ul", {}, ...earlier.map(line)));
};

/**
 * @param {string} key
 * @param {string} run
 * @param {Card} card
 */
function remarkNode(key, run, card) {
  const node = h("div.lab-own", { "data-testid": "remark" });
  let writing = false;
  let drawn = "";

  /**
   * @param {string} words
   * @param {Record<string, string>} [extra] attributes
   */
  const button = (words, extra) => h("button.lab-own-write", { type: "button", onclick: () => open(), ...extra }, icon("pen"), words ? h("span", {}, words) : null);
  const known = () => written.get(key) ?? { text: "", earlier: [] };

  function rest() {
    const { text, earlier } = known();
    const words = text ? h("q", {}, text) : null;
    const write = !isOwn(run) ? null : words ? button("", { "aria-label": t("remark.change"), title: t("remark.change") }) : button(t("remark.write"));
    node.replaceChildren(...[words, write, earlier.length ? before(earlier) : null].filter((part) => part !== null));
  }

  function open() {
    writing = true;
    /** @type {HTMLTextAreaElement} */
    const field = h("textarea", { rows: "2", maxlength: String(LONGEST), "aria-label": t("remark.label", { eraser: card.name }), placeholder: t("remark.placeholder"),
      onkeydown: (event) => {
        if (event.key === "Escape") close(true);
        else if (event.key === "Enter" && !event.isComposing) keep(field);
        else return;
        event.preventDefault();
        event.stopPropagation();
      } });
    field.value = known().text;
    node.replaceChildren(field, h("button.lab-link", { type: "button", onclick: () => keep(field) }, t("remark.save")));
    field.focus();
  }

  /** @param {HTMLTextAreaElement} field */
  async function keep(field) {
    const words = field.value.trim();
    if (words === known().text) { close(true); return; }
    const reply = await lab.saveRemark(run, card.index, words);
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    written.set(key, { text: reply.remark, earlier: reply.remarks });
    close(true);
  }

  /** @param {boolean} focus */
  function close(focus) {
    writing = false;
    rest();
    if (focus) node.querySelector("button")?.focus();
  }

  const show = () => {
    const now = lab.lang + isOwn(run) + JSON.stringify(known());
    if (writing || drawn === now) return;
    drawn = now;
    rest();
  };
  return { node, show };
}
