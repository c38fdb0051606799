/* What a person sees in a result, in their own words. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";

/** @typedef {import("../types.js").Card} Card */

const LONGEST = 500;

/** @type {Map<string, string>} */
const written = new Map(); // the result's address -> the text, as it is kept
/** @type {Map<string, ReturnType<typeof remarkNode>>} */
const nodes = new Map(); // the result's address -> {node, show}

/**
 * A line in which a person writes what they see; one node for each result, so that nothing
 * being written is lost when the card is drawn again.
 * @param {{ run: string, card: Card }} result
 */
export const humanRemark = ({ run, card }) => {
  const key = card.view ?? "";
  if (!written.has(key)) written.set(key, card.remark || "");
  const known = nodes.get(key) ?? remarkNode(key, run, card);
  nodes.set(key, known);
  known.show();
  return known.node;
};

/**
 * @param {string} key
 * @param {string} run
 * @param {Card} card
 */
function remarkNode(key, run, card) {
  const node = h("div.lab-own", { "data-testid": "remark" });
  let writing = false;
  let language = "";

  /**
   * @param {string} words
   * @param {Record<string, string>} [extra] attributes
   */
  const button = (words, extra) => h("button.lab-own-write", { type: "button", onclick: () => open(), ...extra }, icon("pen"), words ? h("span", {}, words) : null);

  function rest() {
    const words = written.get(key);
    node.replaceChildren(...(words ? [h("q", {}, words), button("", { "aria-label": t("remark.change"), title: t("remark.change") })] : [button(t("remark.write"))]));
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
    field.value = written.get(key) ?? "";
    node.replaceChildren(field, h("button.lab-link", { type: "button", onclick: () => keep(field) }, t("remark.save")));
    field.focus();
  }

  /** @param {HTMLTextAreaElement} field */
  async function keep(field) {
    const words = field.value.trim();
    if (words === written.get(key)) { close(true); return; }
    const reply = await lab.saveRemark(run, card.index, words);
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    written.set(key, reply.remark);
    close(true);
  }

  /** @param {boolean} focus */
  function close(focus) {
    writing = false;
    rest();
    if (focus) node.querySelector("button")?.focus();
  }

  const show = () => { if (!writing && language !== lab.lang + written.get(key)) { language = lab.lang + written.get(key); rest(); } };
  return { node, show };
}
