/* Several photos at once: a strip of them, of which one is open; what is selected on each stays with it. */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { icon } from "../base/icons.js";
import { t, translate } from "../base/languages.js";
import { rove } from "../base/roving.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { alike, foundIn, storedTray } from "./tray_items.js";
import { allSettled, completePrompt, prompted, selectionOf, work } from "./work.js";

/**
 * @typedef {import("../types.js").Photo} Photo
 * @typedef {import("./tray_items.js").Item} Item
 */

/** @param {Item} item */
const isSelected = ({ work: value }) => value !== null && prompted(value);

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {(photo: Photo, prompt: import("../types.js").Prompt | null) => void} of.show takes an opened photo
 */
export function makeTray({ server, show }) {
  let items = storedTray.read();
  let searching = false;
  const row = h("div.lab-shelf-row", { role: "group", "data-t-label": "tray.title" });
  const count = h("span.lab-hint", { role: "status", "data-testid": "tray-count" });
  const same = h("button.lab-link", { type: "button", "data-testid": "tray-same", "data-t": "tray.same", "data-t-title": "tray.same.hint", onclick: () => selectSame() });
  const find = h("button.lab-link", { type: "button", "data-testid": "tray-find", onclick: () => findAll() });
  const node = h("div.lab-tray", { hidden: true, "data-testid": "tray" }, row, h("div.lab-group", {}, count, same, find));
  const current = () => items.find(({ photo }) => photo.id === lab.photo?.id);
  const others = () => items.filter((item) => item !== current() && !isSelected(item));

  /** @param {Item[]} next */
  function keep(next) {
    items = next;
    storedTray.write(items);
    draw();
    emit("tray");
  }

  /** @param {Item} item */
  async function choose(item) {
    if (item === current()) return;
    await allSettled();
    show(item.photo, item.work && { ...item.work, words: item.words });
  }

  /** @param {Item} item */
  function takeAway(item) {
    const place = items.indexOf(item), left = items.filter((one) => one !== item);
    const next = left[Math.min(place, left.length - 1)];
    if (item === current() && next) show(next.photo, next.work && { ...next.work, words: next.words });
    keep(left.length > 1 ? left : []);
  }

  /** @param {Item} item */
  const button = (item) => h("div.lab-shelf-item" + (isSelected(item) ? ".is-selected" : ""), { "data-photo": item.photo.id },
    h("button.lab-shelf-open", { type: "button", "aria-current": item === current() ? "true" : null, title: item.photo.name, onclick: () => choose(item) },
      h("img", { src: item.photo.view, alt: "", loading: "lazy", draggable: "false" }),
      h("span", {}, h("strong", {}, item.photo.name), h("span", {}, isSelected(item) ? t("tray.selected") : t("tray.none")))),
    h("button.lab-shelf-gone", { type: "button", "aria-label": t("tray.remove", { photo: item.photo.name }), title: t("tray.remove", { photo: item.photo.name }), onclick: () => takeAway(item) }, icon("clear")));

  function draw() {
    node.hidden = items.length < 2;
    if (node.hidden) { row.replaceChildren(); return; }
    const held = document.activeElement?.closest(".lab-shelf-item");
    const photo = held instanceof HTMLElement && row.contains(held) ? held.dataset.photo : "";
    row.replaceChildren(...items.map(button));
    if (photo) /** @type {HTMLElement | null} */ (row.querySelector(`[data-photo="${CSS.escape(photo)}"] button`))?.focus({ preventScroll: true });
    count.textContent = t("tray.count", { done: items.filter(isSelected).length, count: items.length });
    const now = current();
    same.hidden = searching || !now || !isSelected(now) || !others().some((item) => alike(item.photo, now.photo));
    find.hidden = searching || !lab.phrase || !others().length;
    find.textContent = t("tray.find", { words: lab.phrase ?? "" });
  }

  /** What is selected here, at the same place of every photo of the same size. */
  function selectSame() {
    const now = current();
    if (!now) return;
    const free = new Set(others());
    keep(items.map((item) => (free.has(item) && alike(item.photo, now.photo) ? { ...item, work: { ...work.value, upload: null }, words: now.words } : item)));
  }

  /** The words by which things were found here, in the other photos. */
  async function findAll() {
    const words = lab.phrase;
    if (!words) return;
    searching = true;
    draw();
    const without = [];
    for (const { photo } of others()) {
      const reply = await ask(server.detect, { photo: photo.id, phrase: words });
      const objects = reply.ok ? foundIn(reply.detections) : [];
      if (!objects.length) { without.push(photo.name); continue; }
      const found = completePrompt({ objects, dilate: photo.growth });
      keep(items.map((item) => (item.photo.id === photo.id && !isSelected(item) ? { ...item, work: found, words } : item)));
    }
    searching = false;
    draw();
    if (without.length) notice(t("tray.nowhere", { photos: without.join(", ") }));
  }

  on("work", (value) => {
    const now = current();
    if (now) keep(items.map((item) => (item === now ? { ...item, work: value, words: lab.phrase } : item)));
  });
  on("photo", ({ id }) => { if (items.length && !items.some(({ photo }) => photo.id === id)) keep([]); else draw(); });
  on("lang", draw);
  lab.several = () => items.filter(isSelected).map(({ photo, work: value, words }) => (
    { photo, selection: { ...selectionOf(/** @type {import("../types.js").Work} */ (value)), photo: photo.id, words } }));
  rove(row);
  translate(node);
  draw();

  return { node,
    /**
     * Photos that were opened together; the first is shown.
     * @param {Photo[]} photos
     */
    lay(photos) {
      keep(photos.map((photo) => ({ photo, work: null, words: null })));
      show(photos[0], null);
    } };
}
