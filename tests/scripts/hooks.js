/* Puts two made-up languages in the place of given.js, which the server writes. */

const LANGUAGES = [
  { code: "aa", tag: "en", name: "Aa", plurals: { one: 0, other: 1 }, sentences: {
    title: "Title", named: "{name} and {name}, {unknown}", "error.lost": "Lost", "error.internal": "Inner", "error.known": "Known: {what}",
    things: { counted: "count", forms: ["{count} thing", "{count} things"] }, only: "Only here" } },
  { code: "bb", tag: "pl", name: "Bb", plurals: { one: 0, few: 1, many: 2, other: 2 }, sentences: {
    title: "Tytuł", things: { counted: "count", forms: ["{count} rzecz", "{count} rzeczy", "{count} wiele rzeczy"] } } },
];
const SOURCE = `export const LANGUAGES = ${JSON.stringify(LANGUAGES)}`;
const URL_OF_IT = "data:text/javascript," + encodeURIComponent(SOURCE);

/**
 * @param {string} specifier
 * @param {object} context
 * @param {(specifier: string, context: object) => Promise<object>} next
 */
export const resolve = async (specifier, context, next) =>
  specifier.endsWith("/given.js") ? { url: URL_OF_IT, format: "module", shortCircuit: true } : next(specifier, context);
