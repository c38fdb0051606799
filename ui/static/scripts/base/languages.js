/* What the page says, in the language of whoever looks at it. */

import { LANGUAGES, OPTIONS } from "../given.js";
import { emit } from "./events.js";
import { remember } from "./memory.js";
import { lab } from "./state.js";

/**
 * @typedef {import("../types.js").Language} Language
 * @typedef {import("../types.js").Details} Details
 * @typedef {import("../types.js").Said} Said
 * @typedef {import("../types.js").Problem} Problem
 */

const [FIRST] = LANGUAGES; // speaks for what others lack

/**
 * @param {string} sentence
 * @param {Details} [details]
 */
const fill = (sentence, details = {}) =>
  sentence.replace(/\{(\w+)\}/g, (whole, key) => (key in details ? String(details[key]) : whole));

/** @param {string | null} code */
const languageOf = (code) => LANGUAGES.find((one) => one.code === code);

/**
 * The sentence, in the plural form for its count where it has several.
 * @param {Language} language
 * @param {string} key
 * @param {Details} [details]
 */
const formOf = (language, key, details) => {
  const sentence = language.sentences[key];
  if (!sentence || typeof sentence === "string") return sentence;
  const category = new Intl.PluralRules(language.tag).select(Number(details?.[sentence.counted]));
  return sentence.forms[language.plurals[category] ?? language.plurals.other];
};

/**
 * A sentence in a language; its key where no language has it.
 * @param {Language} language
 * @param {string} key
 * @param {Details} [details]
 */
export const saidIn = (language, key, details) => {
  const sentence = formOf(language, key, details) ?? formOf(FIRST, key, details);
  return sentence === undefined ? key : fill(sentence, details);
};

/**
 * The page's sentence of that key, in the chosen language.
 * @param {string} key
 * @param {Details} [details] what stands in its braces
 */
export const t = (key, details) => saidIn(languageOf(lab.lang) ?? FIRST, key, details);

/** @param {string} key */
export const hasSentence = (key) => key in FIRST.sentences;

/**
 * What an eraser's setting, or another axis of a sweep, is called.
 * @param {string} name
 */
export const settingName = (name) => (hasSentence("setting." + name) ? t("setting." + name) : name.replaceAll("_", " "));

/**
 * The page's sentence of that key as the server sends sentences: in every language.
 * @param {string} key
 * @returns {Said}
 */
export const inEveryLanguage = (key) => Object.fromEntries(LANGUAGES.map((one) => [one.code, saidIn(one, key)]));

/**
 * A sentence that came in every language, in the chosen one.
 * @param {Said | null | undefined} text
 */
export const translated = (text) => (text ? text[lab.lang] || text[FIRST.code] || "" : "");

/**
 * The sentence for an error: ours where we have one, else the server's.
 * @param {Problem | null | undefined} error null: the connection was lost
 */
export const errorText = (error) => {
  if (!error) return t("error.lost");
  const own = "error." + error.code;
  return hasSentence(own) ? t(own, error.details) : translated(error.said) || error.text || t("error.internal");
};

/** The code of the language to begin with: asked for, remembered, the browser's, or the first. */
export const preferred = () => {
  if (OPTIONS.lang) return OPTIONS.lang;
  const stored = languageOf(remember("lang"));
  if (stored) return stored.code;
  const wanted = (navigator.language || "").toLowerCase();
  /** @param {string} name */
  const fits = (name) => wanted === name || wanted.startsWith(name + "-");
  const found = LANGUAGES.find((one) => fits(one.tag.toLowerCase())) || LANGUAGES.find((one) => fits(one.code));
  return (found || FIRST).code;
};

/**
 * @param {string} lang
 * @param {boolean} keep whether it is remembered
 */
export const setLang = (lang, keep = true) => {
  lab.lang = lang;
  if (keep) remember("lang", lang);
  document.documentElement.lang = (languageOf(lang) ?? FIRST).tag;
  document.title = t("title");
  translate(document);
  emit("lang", lang);
};

/**
 * Write the texts of one element that names them: data-t (text), data-t-label, data-t-title.
 * @param {HTMLElement} node
 */
export const translateOne = (node) => {
  if (node.dataset.t) node.textContent = t(node.dataset.t);
  if (node.dataset.tLabel) node.setAttribute("aria-label", t(node.dataset.tLabel));
  if (node.dataset.tTitle) node.title = t(node.dataset.tTitle);
};

/**
 * The same of everything within.
 * @param {ParentNode} root
 */
export const translate = (root) => {
  for (const node of root.querySelectorAll("[data-t], [data-t-label], [data-t-title]"))
    translateOne(/** @type {HTMLElement} */ (node));
};

lab.lang = preferred();
