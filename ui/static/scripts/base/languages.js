/* What the page says, in the language of whoever looks at it. */

import { LANGUAGES } from "../given.js";
import { emit } from "./events.js";
import { remember } from "./memory.js";
import { lab } from "./state.js";

/**
 * @typedef {import("../types.js").Language} Language
 * @typedef {import("../types.js").Sentences} Sentences
 * @typedef {import("../types.js").Details} Details
 * @typedef {import("../types.js").Said} Said
 * @typedef {import("../types.js").Problem} Problem
 */

const [FIRST] = LANGUAGES;

/** @type {Map<string, Sentences>} */
const learned = new Map(LANGUAGES.flatMap(({ code, sentences }) => (sentences ? [[code, sentences]] : []))); // by the language's code
/** @type {(code: string) => Promise<{ SENTENCES: Sentences }>} */
let fetchSentences = () => Promise.reject(new Error("no sentences"));

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
  const sentence = learned.get(language.code)?.[key];
  if (!sentence || typeof sentence === "string") return sentence;
  const { tag, plurals } = languageOf(sentence.of ?? null) ?? language;
  const category = new Intl.PluralRules(tag).select(Number(details?.[sentence.counted]));
  return sentence.forms[plurals[category] ?? plurals.other];
};

/**
 * A sentence in a language; its key where no language has it.
 * @param {Language} language
 * @param {string} key
 * @param {Details} [details]
 */
export const saidIn = (language, key, details) => {
  const sentence = formOf(language, key, details) ?? formOf(FIRST, key, details) ?? formOf(languageOf(lab.lang) ?? FIRST, key, details);
  return sentence === undefined ? key : fill(sentence, details);
};

/**
 * The page's sentence of that key, in the chosen language.
 * @param {string} key
 * @param {Details} [details] what stands in its braces
 */
export const t = (key, details) => saidIn(languageOf(lab.lang) ?? FIRST, key, details);

/** @param {string} key */
export const hasSentence = (key) => [...learned.values()].some((sentences) => key in sentences);

/**
 * What an eraser's setting, or another axis of a sweep, is called.
 * @param {string} name
 */
export const settingName = (name) => (hasSentence("setting." + name) ? t("setting." + name) : name.replaceAll("_", " "));

/**
 * The page's sentence of that key as the server sends sentences: in every language, each when it is asked for.
 * @param {string} key
 * @returns {Said}
 */
export const inEveryLanguage = (key) => Object.defineProperties(/** @type {Said} */ ({}),
  Object.fromEntries(LANGUAGES.map((one) => [one.code, { enumerable: true, get: () => saidIn(one, key) }])));

/**
 * A sentence of the server in the chosen language; else in the first, or in the one that it came in.
 * @param {Said | null | undefined} text
 */
export const translated = (text) => (text ? text[lab.lang] || text[FIRST.code] || Object.values(text)[0] || "" : "");

/**
 * The sentence for an error: ours where we have one, else the server's.
 * @param {Problem | null | undefined} error null: the connection was lost
 */
export const errorText = (error) => {
  if (!error) return t("error.lost");
  const own = "error." + error.code;
  return hasSentence(own) ? t(own, error.details) : translated(error.said) || error.text || t("error.internal");
};

/**
 * The language to begin with, which the page's head has chosen, and where those of others come from: only what is shown travels.
 * @param {string} code
 * @param {{ SENTENCES: Sentences }} words
 * @param {typeof fetchSentences} fetched
 */
export const speak = (code, words, fetched) => {
  learned.set(code, words.SENTENCES);
  fetchSentences = fetched;
  lab.lang = code;
};

/** Whether its sentences are here now. @param {string} lang */
const learn = async (lang) => {
  const words = await fetchSentences(lang).catch(() => null);
  if (words) learned.set(lang, words.SENTENCES);
  return words !== null;
};

/**
 * False where the language's sentences could not be fetched: all stays as it was.
 * @param {string} lang
 * @param {boolean} keep whether it is remembered
 */
export const setLang = async (lang, keep = true) => {
  if (!learned.has(lang) && !(await learn(lang))) return false;
  lab.lang = lang;
  if (keep) remember("lang", lang);
  document.documentElement.lang = (languageOf(lang) ?? FIRST).tag;
  document.title = t("title");
  translate(document);
  emit("lang", lang);
  return true;
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
