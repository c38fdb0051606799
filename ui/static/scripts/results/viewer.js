/* The large view of one result, or of two against each other: zoom, pan, hold to compare, step through the erasers. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { formatSeconds } from "../base/figures.js";
import { icon, iconButton } from "../base/icons.js";
import { t, translate } from "../base/languages.js";
import { goOnWith, makeViewerContinue } from "./continue.js";
import { lab } from "../base/state.js";
import { partSeen, viewOf } from "./view_part.js";
import { makeViewerPair } from "./viewer_pair.js";
import { makeViewerPixels } from "./viewer_pixels.js";
import { watchFingers } from "./viewer_touch.js";
import { isStrip } from "../select/strip.js";

/**
 * @typedef {import("../types.js").ViewerGrid} ViewerGrid
 * @typedef {import("../types.js").Place} Place
 */

/** @type {ViewerGrid} */
let grid = { photo: { view: "", width: 1, height: 1 }, cards: [] };
let place = 0; // -1 is the original, 0… are the finished cards
let scale = 1;
let shift = { x: 0, y: 0 };
let drawn = ""; // what the view shows, as addresses: a value of the run that changes none of them changes nothing
/** @type {{ node: Element, card: Element | null } | null} */
let opener = null; // what had the keyboard before, and the card that it stands on
/** @type {Map<number, Place>} */
const held = new Map(); // pointers
/** @type {import("./window.js").Part | null} */
let wanted = null; // the part that is asked for, until somebody moves: the area may still change
let dividing = false; // a pointer moves the divider between two results
/** @type {(look: import("./look_link.js").Look) => void} */
let tell = () => {}; // what is looked at is another; a closed view has no pair

const after = h("img", { alt: "", draggable: "false" });
const before = h("img.lab-viewer-before", { alt: "", draggable: "false", hidden: true });
const canvas = h("canvas", { hidden: true, "data-testid": "difference" });
const layers = [h("div.lab-viewer-layer", {}, after, canvas), h("div.lab-viewer-layer", {}, before)];
const clip = h("div.lab-viewer-clip", {}, layers[1]);
const area = h("div.lab-viewer-area", { tabindex: "-1", "data-testid": "viewer-area" }, layers[0], clip);
const name = h("h2");
const factsLine = h("p.lab-hint");
const note = h("p.lab-hint", { role: "status", "data-testid": "viewer-note", hidden: true });
const both = makeViewerPair({ area, after, before, canvas, changed: () => show() });
const compare = h("button.lab-tool.wide", { type: "button", "data-t-title": "viewer.hold.hint", "data-testid": "hold" },
  icon("compare"), h("span", { "data-t": "viewer.hold" }));
const save = h("a.lab-tool.wide", { download: true, onclick: (event) => offer(event) }, icon("download"), h("span", { "data-t": "save.short" }));
const next = makeViewerContinue(() => goOn());
/** @type {HTMLDialogElement} */
const dialog = h("dialog.lab-viewer", { "data-t-label": "viewer.label" },
  h("header", {}, name, factsLine, note),
  h("div.lab-group.lab-viewer-tools", {}, compare, ...both.tools,
    iconButton("minus", "viewer.out", () => zoom(0.8)), iconButton("plus", "viewer.in", () => zoom(1.25)),
    iconButton("fit", "viewer.fit", () => reset()), next.node, save),
  iconButton("clear", "close", () => dialog.close(), { class: "lab-tool lab-viewer-close" }),
  area, ...both.corners,
  h("button.lab-viewer-step.left", { type: "button", "data-t-label": "viewer.previous", onclick: () => step(-1) }, icon("left")),
  h("button.lab-viewer-step.right", { type: "button", "data-t-label": "viewer.next", onclick: () => step(1) }, icon("right")));

const pixels = makeViewerPixels({ after, before, note });
const shown = () => grid.cards.filter((card) => card.view);
function apply() {
  for (const layer of layers) layer.style.transform = `translate(${shift.x}px, ${shift.y}px) scale(${scale})`;
  if (both.pair) tell({ pair: both.pair, part: wanted ?? (scale > 1 ? partSeen({ scale, shift }, extent()) : null) });
}
/**
 * A run's result may be taken away in several formats.
 * @param {Event} event
 */
function offer(event) {
  const card = shown()[place];
  if (!grid.run || !card) return;
  event.preventDefault();
  lab.offerDownload({ run: grid.run, shown: grid.shown }, card);
}
/** With the result that is shown. */
function goOn() {
  const card = both.pair || place < 0 ? null : shown()[place];
  if (!grid.run || !card?.full) return;
  dialog.close();
  goOnWith(grid.run, card);
}
const reset = () => { wanted = null; scale = 1; shift = { x: 0, y: 0 }; apply(); };

/** The photo's size on the area at scale 1. */
function fitted() {
  const ratio = grid.photo.width / grid.photo.height || 1;
  const width = Math.min(area.clientWidth, area.clientHeight * ratio);
  return { width, height: width / ratio };
}

/** What a part of the photo is reckoned with. */
const extent = () => ({ photo: grid.photo, fitted: fitted(), area: { width: area.clientWidth, height: area.clientHeight } });

function lookAtWanted() {
  if (wanted) ({ scale, shift } = viewOf(wanted, extent(), most()));
  apply();
}
new ResizeObserver(() => { if (wanted && dialog.open) lookAtWanted(); }).observe(area);

/** As far as one can zoom: until a pixel of the photo is plain to see. */
const most = () => Math.max(32, (8 * grid.photo.width) / fitted().width);

/** A strip that would be a few pixels high begins as high as the window allows, at what was erased. */
function approach() {
  if (!isStrip(grid.photo)) return;
  const { width, height } = grid.photo;
  const fit = fitted();
  const filling = width > height ? area.clientHeight / fit.height : area.clientWidth / fit.width;
  scale = Math.max(1, Math.min(0.7 * filling, (2 * width) / fit.width)); // at most twice its own pixels
  const [x0, y0, x1, y1] = (grid.mask && grid.mask.box) || [0, 0, width, height];
  /**
   * @param {number} low
   * @param {number} high
   * @param {number} whole
   * @param {number} seen
   * @param {number} window
   */
  const off = (low, high, whole, seen, window) => {
    const room = Math.max(0, (seen * scale - window) / 2);
    return Math.min(room, Math.max(-room, (0.5 - (low + high) / 2 / whole) * seen * scale));
  };
  shift = { x: off(x0, x1, width, fit.width, area.clientWidth), y: off(y0, y1, height, fit.height, area.clientHeight) };
  apply();
}

/**
 * What lies at (x, y) of the area stays there.
 * @param {number} factor
 * @param {number} x
 * @param {number} y
 */
function zoom(factor, x = area.clientWidth / 2, y = area.clientHeight / 2) {
  const was = scale;
  wanted = null;
  scale = Math.min(most(), Math.max(1, scale * factor));
  const centre = { x: x - area.clientWidth / 2, y: y - area.clientHeight / 2 };
  const moved = 1 - scale / was;
  shift = { x: shift.x + (centre.x - shift.x) * moved, y: shift.y + (centre.y - shift.y) * moved };
  if (scale === 1) shift = { x: 0, y: 0 };
  apply();
}

/**
 * What stands beside the name; card: null for the original.
 * @param {import("../types.js").ViewerCard | null} card
 */
function factsOf(card) {
  const { facts } = card || grid.photo;
  if (facts) return facts;
  if (!card) return `${grid.photo.width} × ${grid.photo.height}`;
  return `${formatSeconds(card.erase_seconds ?? 0)} · ${t("grid.outside", { count: card.changed_outside })}`;
}

function show() {
  for (const layer of layers) {
    layer.classList.toggle("is-transparent", Boolean(grid.photo.alpha));
    layer.style.setProperty("--ratio", String(grid.photo.width / grid.photo.height));
  }
  dialog.classList.toggle("is-pair", both.pair !== null);
  if (both.pair) showBoth();
  else showOne();
  apply();
}

/** Two results, or one and the original. */
function showBoth() {
  drawn = addresses();
  compare.hidden = save.hidden = next.node.hidden = true;
  const { a, b } = both.show(grid);
  name.textContent = `${a.name} | ${b.name}`;
  factsLine.textContent = t("pair.keys");
  before.alt = a.name;
  after.alt = b.name;
  const lossless = a.full && b.full;
  /** @param {typeof a} side */
  const addressed = (side) => ({ ...side, full: lossless ? side.full : null });
  pixels.show({ index: 0, ...addressed(b) }, { ...addressed(a), own: true }).then(() => both.drawn(Boolean(lossless)));
}

function showOne() {
  const card = place < 0 ? null : shown()[place];
  drawn = addresses();
  name.textContent = card ? card.name : t("grid.original");
  factsLine.textContent = factsOf(card);
  after.alt = card ? t("grid.by", { eraser: card.name }) : t("grid.original");
  compare.hidden = !card;
  next.show(grid.run, card);
  save.hidden = !(card && card.full);
  if (card && card.full) save.href = card.full + "?download=1";
  pixels.show(card, { view: grid.photo.view, full: grid.photo.full, own: Boolean(grid.run) });
}

/** @param {number} index of a card */
const addressOf = (index) => grid.cards.filter((card) => card.index === index).map((card) => [card.view, card.full]);
const addresses = () => JSON.stringify(both.pair ? [both.pair, grid.photo.full, addressOf(both.pair.a), addressOf(both.pair.b)]
  : [place, grid.photo.full, place < 0 ? null : [shown()[place]?.view, shown()[place]?.full]]);

/** A run that goes on: its lossless files come after its views. */
on("grid", (value) => {
  if (!dialog.open || !grid.run || grid.run !== value.run || !value.photo) return;
  const at = place < 0 ? null : shown()[place]?.index;
  grid = { ...value, photo: value.photo };
  place = at === null ? -1 : shown().findIndex((card) => card.index === at);
  if (drawn !== addresses()) show();
});

/** @param {number} by */
function step(by) {
  if (both.pair) { both.step("b", by); return; }
  const last = shown().length - 1;
  place = place + by < -1 ? last : place + by > last ? -1 : place + by;
  show();
}

/** @param {boolean} original whether it is shown in the place of the result */
const hold = (original) => { if (both.pair) return; before.hidden = !original; name.classList.toggle("is-held", original); };
compare.addEventListener("pointerdown", (event) => { compare.setPointerCapture(event.pointerId); hold(true); });
for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) compare.addEventListener(end, () => hold(false));
watchFingers(area, { whole: () => scale === 1 && !both.pair, step, hold: (original) => hold(original && place >= 0) });

area.addEventListener("wheel", (event) => {
  event.preventDefault();
  const rect = area.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 300), event.clientX - rect.left, event.clientY - rect.top);
}, { passive: false });

area.addEventListener("pointerdown", (event) => {
  dividing = held.size === 0 && both.grasps(event, scale > 1);
  held.set(event.pointerId, { x: event.clientX, y: event.clientY });
  area.setPointerCapture(event.pointerId);
});
area.addEventListener("pointermove", (event) => {
  const was = held.get(event.pointerId);
  if (!was) return;
  const others = [...held.entries()].filter(([id]) => id !== event.pointerId);
  if (others.length) { dividing = false; pinch(was, event, others[0][1]); }
  else if (dividing) both.divideAt(event);
  else if (scale > 1) { wanted = null; shift = { x: shift.x + event.clientX - was.x, y: shift.y + event.clientY - was.y }; apply(); }
  held.set(event.pointerId, { x: event.clientX, y: event.clientY });
});
for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) area.addEventListener(end, (event) => held.delete(event.pointerId));
area.addEventListener("dblclick", (event) => {
  const rect = area.getBoundingClientRect();
  if (scale > 1) reset();
  else zoom(3, event.clientX - rect.left, event.clientY - rect.top);
});

/**
 * @param {Place} was
 * @param {PointerEvent} now
 * @param {Place} other
 */
function pinch(was, now, other) {
  /** @param {Place} point */
  const span = (point) => Math.hypot(point.x - other.x, point.y - other.y);
  const rect = area.getBoundingClientRect();
  zoom(span({ x: now.clientX, y: now.clientY }) / Math.max(1, span(was)), (now.clientX + other.x) / 2 - rect.left, (now.clientY + other.y) / 2 - rect.top);
}

dialog.addEventListener("keydown", (event) => {
  /** @type {Record<string, () => void>} */
  const pairs = both.pair ? both.keys(event) : {};
  /** @type {Record<string, () => void>} */
  const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), ...pairs, "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": reset, n: goOn, N: goOn,
    " ": () => { if (place >= 0 && !both.pair) hold(true); } };
  if (event.target instanceof HTMLElement && event.target.matches("select, input") && event.key !== "Escape") return;
  if (!keys[event.key] || (event.key === " " && event.target instanceof Element && event.target.closest("button, a") && event.target !== compare)) return;
  event.preventDefault();
  keys[event.key]();
});
dialog.addEventListener("keyup", (event) => { if (event.key === " ") hold(false); });
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  if (both.pair) tell({ pair: null, part: null });
  both.end();
  tell = () => {};
  hold(false);
  pixels.stop();
  // The browser gives the focus back, unless its card was drawn again meanwhile.
  if (opener?.node.isConnected === false) {
    const card = opener.card;
    /** @type {HTMLElement | null | undefined} */ (card?.querySelector(".lab-name") ?? card?.querySelector("button"))?.focus();
  }
});

function open() {
  if (!dialog.isConnected) document.body.append(dialog);
  translate(dialog);
  const from = document.activeElement ?? document.body;
  opener = { node: from, card: from.closest("[data-index], [data-cell]") };
  reset();
  if (!dialog.open) dialog.showModal();
  show();
}

/**
 * Open at the card with this index; -1 is the original.
 * @param {ViewerGrid} value
 * @param {number} index
 */
export const openViewer = (value, index) => {
  grid = value;
  place = index < 0 ? -1 : shown().findIndex((card) => card.index === index);
  both.end();
  open();
  approach();
  area.focus();
};

/**
 * Open two results against each other.
 * @param {ViewerGrid} value
 * @param {import("./look_link.js").Look & { pair: import("./pair.js").Pair }} look which two, and which part of the photo
 * @param {(look: import("./look_link.js").Look) => void} changed what is looked at is another
 */
export const openPair = (value, { pair, part }, changed) => {
  grid = value;
  both.begin(pair);
  open();
  if (!part) approach();
  wanted = part;
  tell = changed;
  lookAtWanted();
  area.focus();
};
