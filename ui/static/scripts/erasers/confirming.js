/* Before much is fetched: how much, how much room there is, and under which licence. */

import { h } from "../base/dom.js";
import { formatBytes } from "../base/figures.js";
import { t } from "../base/languages.js";
import { missingBytes } from "./weights.js";

/** @typedef {import("../types.js").Model} Model */

const MUCH = 1e9; // bytes that nobody should fetch by one press

/** @param {Model[]} models */
export const bytesOf = (models) => {
  const files = new Map(models.flatMap((one) => one.weights.map((weight) => /** @type {const} */ ([weight.name, weight]))));
  return missingBytes({ weights: [...files.values()] }); // what two of them share comes once
};

/**
 * Whether they are to be fetched: asks where that is much.
 * @param {Model[]} models
 * @param {() => Promise<number | null>} room bytes that are free for them; null: not known
 * @returns {Promise<boolean>}
 */
export async function confirmed(models, room) {
  const bytes = bytesOf(models);
  if (bytes <= MUCH) return true;
  const free = await room();
  return new Promise((resolve) => ask(models, bytes, free, resolve));
}

/**
 * @param {Model[]} models
 * @param {number} bytes
 * @param {number | null} free
 * @param {(yes: boolean) => void} answer
 */
function ask(models, bytes, free, answer) {
  const size = formatBytes(bytes), lacks = free !== null && free < bytes;
  const yes = h("button.lab-primary.small", { type: "button", "data-testid": "confirm-fetch", disabled: lacks, onclick: () => { dialog.close("yes"); } }, t("panel.confirm.fetch", { size }));
  const no = h("button.lab-tool.lab-quiet", { type: "button", onclick: () => { dialog.close(); } }, t("panel.confirm.cancel"));
  /** @type {HTMLDialogElement} */
  const dialog = h("dialog.lab-sheet.lab-confirm", { "aria-labelledby": "lab-confirm-title" },
    h("div.lab-sheet-body", {}, h("h2", { id: "lab-confirm-title" }, t("panel.confirm", { size })),
      models.map((one) => h("p", {}, h("strong", {}, one.name), one.license ? ` · ${t("panel.license")}: ${one.license}` : "")),
      free === null ? null : h("p" + (lacks ? ".lab-state.bad" : ""), {}, t(lacks ? "panel.confirm.lacking" : "panel.confirm.room", { room: formatBytes(free) })),
      h("div.lab-confirm-buttons", {}, no, yes)));
  dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
  (document.querySelector(".lab-panel") ?? document.body).append(dialog);
  dialog.showModal();
}
