/* Light and dark. */

import { setLang } from "./languages.js";
import { remember } from "./memory.js";
import { lab } from "./state.js";

/** @param {string} theme */
const applyTheme = (theme) => document.body.classList.toggle("dark", theme === "dark");

export const toggleTheme = () => {
  const next = document.body.classList.contains("dark") ? "light" : "dark";
  remember("theme", next);
  applyTheme(next);
};

/** Give the page its theme and its language: those asked for, remembered, or the system's. */
export const start = () => {
  const asked = new URLSearchParams(location.search).get("__theme");
  const stored = remember("theme");
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  applyTheme(asked === "dark" || asked === "light" ? asked : stored || system);
  setLang(lab.lang, false);
};
