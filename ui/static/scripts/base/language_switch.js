/* The switch of languages: a button for the other one, or a menu where there are more. */

import { LANGUAGES } from "../given.js";
import { h } from "./dom.js";
import { on } from "./events.js";
import { errorText, setLang } from "./languages.js";
import { lab } from "./state.js";
import { notice } from "./widgets.js";

/** @param {string} code */
const change = async (code) => { if (!await setLang(code)) notice(errorText(null), "error"); };

/** @param {HTMLElement} button its place */
export const mountLanguages = (button) => {
  /** @type {HTMLSelectElement} */
  const menu = h("select.lab-tool", { id: button.id, "data-t-label": "head.language.menu", onchange: () => change(menu.value) },
    LANGUAGES.map((one) => h("option", { value: one.code, lang: one.tag }, one.name)));
  const other = () => LANGUAGES.find((one) => one.code !== lab.lang) || LANGUAGES[0];
  const show = () => {
    menu.value = lab.lang;
    button.textContent = other().name;
    button.title = other().hint ?? "";
  };
  button.addEventListener("click", () => change(other().code));
  if (LANGUAGES.length > 2) button.replaceWith(menu);
  on("lang", show);
  show();
};
