/* Controls from the typed settings of an eraser, as the server describes them. */

import { h } from "../base/dom.js";
import { settingName, translated } from "../base/languages.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("../types.js").Setting} Setting
 * @typedef {import("../types.js").Settings} Settings
 * @typedef {import("../types.js").SettingValue} Value
 * @typedef {(value: Value) => void} Keep
 */

/**
 * @param {Setting} setting
 * @param {string} id
 * @param {Value} value
 * @param {Keep} keep
 */
const choiceControl = (setting, id, value, keep) => {
  const choices = setting.choices ?? [];
  return h("select", { id, onchange: (event) => keep(choices[event.target.selectedIndex]) },
    choices.map((choice) => h("option", { selected: choice === value }, String(choice))));
};

/**
 * @param {Setting} setting
 * @param {string} id
 * @param {Value} value
 * @param {Keep} keep
 */
const textControl = (setting, id, value, keep) =>
  h("input.lab-text", { type: "text", id, value: value ?? "", maxlength: setting.max_length ?? null,
    onchange: (event) => keep(event.target.value === "" && setting.optional ? null : event.target.value) });

/**
 * A number, with a slider beside it where it has both bounds.
 * @param {Setting} setting
 * @param {string} id
 * @param {Value} value
 * @param {Keep} keep
 */
function numberControl(setting, id, value, keep) {
  const step = setting.step || (setting.kind === "int" ? 1 : "any");
  const bounds = { step: String(step), min: setting.min ?? null, max: setting.max ?? null };
  /** @type {HTMLInputElement} */
  const number = h("input.lab-number", { type: "number", id, ...bounds, value: value === null ? "" : String(value), onchange: () => {
    if (number.value === "" && setting.optional) { keep(null); return; }
    if (number.value === "" || !number.checkValidity()) number.value = String(setting.default);
    keep(Number(number.value));
    if (range) range.value = number.value;
  } });
  const bounded = bounds.min !== null && bounds.max !== null;
  /** @type {HTMLInputElement | null} */
  const range = bounded ? h("input", { type: "range", ...bounds, value: String(value ?? setting.min), tabindex: "-1", "aria-hidden": "true",
    oninput: (event) => { number.value = event.target.value; keep(Number(event.target.value)); } }) : null;
  return h("span.lab-pair", {}, range, number);
}

/**
 * @param {Setting} setting
 * @param {string} id
 * @param {Value} value
 * @param {Keep} keep
 */
function control(setting, id, value, keep) {
  if (setting.kind === "bool") return h("input.lab-switch", { type: "checkbox", id, role: "switch", checked: value, onchange: (event) => keep(event.target.checked) });
  if (setting.kind === "choice") return choiceControl(setting, id, value, keep);
  if (setting.kind === "text") return textControl(setting, id, value, keep);
  return numberControl(setting, id, value, keep);
}

/**
 * A setting with its name, its control and its description.
 * @param {Eraser} eraser
 * @param {Setting} setting
 * @param {Settings} mine the values that are kept
 * @param {() => void} changed
 */
export function settingRow(eraser, setting, mine, changed) {
  const id = `lab-${eraser.id}-${setting.name}`;
  return h("div.lab-setting", {}, h("label", { for: id }, settingName(setting.name)),
    control(setting, id, mine[setting.name], (value) => { mine[setting.name] = value; changed(); }), h("p", {}, translated(setting.description)));
}

/**
 * @param {Eraser} eraser
 * @returns {Settings}
 */
export const defaults = (eraser) => Object.fromEntries(eraser.settings.map((setting) => [setting.name, setting.default]));
