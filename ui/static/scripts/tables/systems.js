/* Every system that the documents name, and what has become of it on this machine. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { errorText, t, translated } from "../base/languages.js";
import { goTo } from "../base/place.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";

/**
 * @typedef {import("../types.js").System} System
 * @typedef {import("../types.js").Systems} Systems
 */

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {HTMLElement} of.into
 */
export const systemsView = ({ server, into }) => {
  /** @type {Systems | null} */
  let found = null; // the server's answer
  let only = ""; // a state; "" = all
  const choice = h("div.lab-segments.lab-states", { role: "group", "data-t-label": "systems.filter" });
  const body = h("div.lab-systems", {}, h("p.lab-hint", { "data-t": "tables.loading" }));
  into.replaceChildren(h("p.lab-aside", { "data-t": "systems.lead" }), h("div.lab-tables-bar", {}, choice), body);

  async function open() {
    if (found) return;
    const reply = await ask(server.systems, {});
    if (!reply.ok) { body.replaceChildren(h("p.lab-state.bad", {}, errorText(reply.error))); return; }
    found = reply;
    draw(found);
  }

  /**
   * @param {Systems} all
   * @param {string} state "" = all
   */
  const stateButton = (all, state) => h("button.lab-segment", { type: "button", "data-state": state, "aria-pressed": String(state === only),
    onclick: () => {
      only = state;
      draw(all);
      /** @type {HTMLElement | null} */ (choice.querySelector('[aria-pressed="true"]'))?.focus();
    } },
    state ? h("i.lab-standing." + state) : null,
    h("span", {}, (state ? translated(all.states[state]) : t("systems.all")) + " " + all.systems.filter((system) => !state || system.state === state).length));

  /** @param {Systems} all */
  function draw(all) {
    choice.replaceChildren(...["", ...Object.keys(all.states)].map((state) => stateButton(all, state)));
    const parts = Object.keys(all.documents).map((key) => part(all, key)).filter((one) => one !== null);
    body.replaceChildren(...parts, h("p.lab-hint", {}, t("systems.unchecked")));
  }

  /**
   * What one document names, or null where the filter leaves nothing of it.
   * @param {Systems} all
   * @param {string} key
   */
  function part(all, key) {
    const document_ = all.documents[key];
    const mine = all.systems.filter((system) => system.document === key && (!only || system.state === only));
    if (!mine.length) return null;
    const title = translated(document_.title);
    return h("section.lab-card.lab-system-list", {}, h("h3", {}, document_.url ? h("a", { href: document_.url, target: "_blank", rel: "noopener noreferrer" }, title) : title),
      h("ul", {}, mine.map((system) => line(all, system))));
  }

  /**
   * @param {Systems} all
   * @param {System} system
   */
  function line(all, system) {
    return h("li.lab-system", { "data-system": system.name, "data-state": system.state },
      h("div", {}, h("a.lab-system-name", { href: system.url, target: "_blank", rel: "noopener noreferrer" }, system.name), system.checked ? null : h("span.lab-hint", { title: t("systems.unchecked") }, " °"),
        h("p", {}, translated(system.what))),
      h("div.lab-system-state", {}, h("p", {}, h("i.lab-standing." + system.state), translated(all.states[system.state])),
        system.eraser ? h("button.lab-link", { type: "button", onclick: () => showCard(system.eraser ?? "") }, t("systems.card", { eraser: system.runs_as })) : null),
      h("p.lab-system-why.lab-hint", {}, system.why ? translated(system.why) : ""));
  }

  /** @param {string} id of an eraser */
  function showCard(id) {
    goTo({ tab: "erase" });
    lab.showEraser(id);
  }

  on("lang", () => { if (found) draw(found); });
  return { open };
};
