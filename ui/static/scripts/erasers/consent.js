/* Before a photo goes to another machine: whoever presses Erase agrees once to each host. */

import { h } from "../base/dom.js";
import { t } from "../base/languages.js";
import { lab } from "../base/state.js";

/** @typedef {import("../types.js").Eraser} Eraser */

const KEPT = "eraser-lab-hosts";

/** Hosts that this browser's user has agreed to, also where nothing can be stored: for this page then. @type {Set<string>} */
const given = new Set(stored());

/** @returns {string[]} */
function stored() {
  try {
    const known = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(known) ? known.filter((host) => typeof host === "string").slice(0, 64) : [];
  } catch {
    return [];
  }
}

/** @param {string[]} hosts */
function keep(hosts) {
  for (const host of hosts) given.add(host);
  try { localStorage.setItem(KEPT, JSON.stringify([...given])); } catch { /* it is asked again on the next page */ }
}

/**
 * What a run says of the hosts of its erasers.
 * @param {string[]} erasers ids
 * @returns {{ agree?: string[] }}
 */
export function agreedFor(erasers) {
  const hosts = hostsOf((lab.catalogue?.erasers ?? []).filter(({ id }) => erasers.includes(id))).filter((host) => given.has(host));
  return hosts.length ? { agree: hosts } : {};
}

/** @param {Eraser[]} erasers */
const hostsOf = (erasers) => [...new Set(erasers.map((one) => one.sends_to).filter(Boolean))].map(String);

/**
 * Whether photos may go where these erasers run: asks for hosts that are new.
 * @param {Eraser[]} erasers
 * @returns {Promise<boolean>}
 */
export async function consented(erasers) {
  const asking = erasers.filter((one) => one.sends_to && !given.has(one.sends_to));
  if (!asking.length) return true;
  const yes = await new Promise((resolve) => ask(asking, resolve));
  if (yes) keep(hostsOf(asking));
  return Boolean(yes);
}

/**
 * @param {Eraser[]} erasers
 * @param {(yes: boolean) => void} answer
 */
function ask(erasers, answer) {
  const yes = h("button.lab-primary.small", { type: "button", "data-testid": "consent", onclick: () => { dialog.close("yes"); } }, t("consent.yes"));
  const no = h("button.lab-tool.lab-quiet", { type: "button", onclick: () => { dialog.close(); } }, t("consent.no"));
  /** @type {HTMLDialogElement} */
  const dialog = h("dialog.lab-sheet.lab-confirm", { "aria-labelledby": "lab-consent-title" },
    h("div.lab-sheet-body", {}, h("h2", { id: "lab-consent-title" }, t("consent")),
      erasers.map((one) => h("p", {}, t("consent.what", { title: one.name, host: one.sends_to ?? "" }))),
      h("p.lab-hint", {}, t("consent.once")),
      h("div.lab-confirm-buttons", {}, no, yes)));
  dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
  const seen = [...document.querySelectorAll(".lab-slot")].find((slot) => slot.getClientRects().length); // of the tab that is open
  (seen ?? document.body).append(dialog);
  dialog.showModal();
}
