/* The editor above the results, folded away for who has come by a link to see them. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";

/** A button, and what it undoes. */
export function makeFold() {
  const editor = () => document.querySelector(".lab-main");
  const button = h("button.lab-tool.wide", { type: "button", hidden: true, "data-testid": "unfold", "data-t-title": "grid.edit.hint", onclick: () => {
    unfold();
    editor()?.scrollIntoView({ block: "start" });
  } }, icon("point"), h("span", { "data-t": "grid.edit" }));

  function fold() {
    editor()?.classList.add("is-folded");
    button.hidden = false;
  }

  function unfold() {
    editor()?.classList.remove("is-folded");
    button.hidden = true;
  }

  return { button, fold, unfold };
}
