/* The objects that make up the mask: one chip each, with its colour, a switch and a cross.
 * Beside them stand the levels of the one that is being worked on. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { refine } from "./prompting.js";
import { pointed, work } from "./work.js";

// The mask's own colour first; the others only tell the marks of several objects apart.
const COLORS = ["#d81e5b", "#0a7ea4", "#8a5a00", "#5b4bd6", "#1f7a3f", "#a3386c", "#40606f", "#9c4221"];

/** @param {number} place of the object */
export const objectColor = (place) => COLORS[place % COLORS.length];

/** @param {HTMLElement} levels stand beside the objects */
export const objectBar = (levels) => {
  const list = h("div.lab-objects", { role: "list", "data-t-label": "objects.list" });
  const add = h("button.lab-tool.wide", { type: "button", "data-t-title": "objects.new.hint", "data-testid": "new-object", onclick: () => work.addObject() },
    icon("plus"), h("span", { "data-t": "objects.new" }));
  const more = h("button.lab-tool.wide", { type: "button", "aria-pressed": "false", "data-t-title": "objects.refine.hint", "data-testid": "refine", onclick: refine.toggle },
    icon("point"), h("span", { "data-t": "objects.refine" }));
  const bar = h("div.lab-objectbar", {}, list, more, add, levels);

  /** @param {import("../types.js").ObjectPrompt} object */
  const words = (object) => {
    const parts = [];
    if (object.box) parts.push(t("objects.box"));
    if (object.points.length) parts.push(t("objects.points", { count: object.points.length }));
    return parts.join(" + ") || t("objects.empty");
  };

  /**
   * @param {import("../types.js").ObjectPrompt} object
   * @param {number} place
   */
  const chip = (object, place) => h("div.lab-object" + (place === work.value.active ? ".is-active" : "") + (object.on ? "" : ".is-off"),
    { role: "listitem", "data-object": String(place), style: `--object:${objectColor(place)}` },
    h("button.lab-object-name", { type: "button", "aria-pressed": String(place === work.value.active), title: words(object), onclick: () => work.activate(place) },
      h("i"), object.label || t("objects.name", { number: place + 1 })),
    h("button", { type: "button", "aria-label": t("objects.switch", { number: place + 1 }), title: t("objects.switch", { number: place + 1 }), "aria-pressed": String(object.on),
      onclick: () => work.toggleObject(place) }, icon("eye")),
    h("button", { type: "button", "aria-label": t("objects.remove", { number: place + 1 }), title: t("objects.remove", { number: place + 1 }), onclick: () => work.removeObject(place) }, icon("clear")));

  /**
   * What is no object, and can be taken away.
   * @param {string} key of its text
   * @param {() => void} remove
   */
  const extra = (key, remove) => h("div.lab-object", { role: "listitem" }, h("span.lab-object-name", {}, t(key)),
    h("button", { type: "button", "aria-label": t("objects.drop", { what: t(key) }), title: t("objects.drop", { what: t(key) }), onclick: remove }, icon("clear")));

  const render = () => {
    const { objects, strokes, upload } = work.value;
    const shown = objects.filter(pointed).length;
    const waits = shown > 0 || objects.length > 1; // an object without points is worth a chip beside others only
    const extras = [];
    if (upload) extras.push(extra("objects.upload", () => work.commit({ ...work.value, upload: null })));
    if (strokes.length) extras.push(extra("objects.strokes", () => work.commit({ ...work.value, strokes: [] })));
    bar.hidden = shown + extras.length === 0;
    list.replaceChildren(...(waits ? objects.map(chip) : []), ...extras);
    add.disabled = !pointed(work.active);
    more.setAttribute("aria-pressed", String(refine.on));
  };
  for (const event of /** @type {const} */ (["work", "lang", "photo", "refining"])) on(event, render);
  return bar;
};
