/* What is said of a result by numbers, and in plain words. */

import { h } from "../base/dom.js";
import { t, translated } from "../base/languages.js";
import { lab } from "../base/state.js";

/**
 * @typedef {import("../types.js").Card} Card
 * @typedef {import("../types.js").Reading} Reading
 * @typedef {import("../types.js").Said} Said
 */

/** @type {Set<string>} */
const unfolded = new Set(); // what the user has opened, by the result's address

const metrics = () => lab.catalogue?.metrics ?? [];
/** @param {string} id */
const metric = (id) => metrics().find((one) => one.id === id);

/**
 * @param {number} value
 * @param {string} unit
 */
export const shown = (value, unit) => {
  if (unit === "%") return Math.round(100 * value) + " %";
  if (unit === "dB") return value.toFixed(1) + " dB";
  return unit === "ΔE" ? "ΔE " + value.toFixed(1) : value.toFixed(Math.abs(value) < 0.1 && value !== 0 ? 3 : 2);
};

/**
 * A remark without the number behind it, which the details give.
 * @param {Said} remark
 */
const short = (remark) => translated(remark).split(/[:：（(]/)[0].replace(/[.。\s]+$/, "");

/**
 * A fold that stays as the user left it when the card is drawn again.
 * @param {string} key
 * @param {string} kind of its class
 * @param {(Node | null)[]} content
 */
function fold(key, kind, ...content) {
  return h(`details.${kind}`, { open: unfolded.has(key), ontoggle: (event) => {
    if (event.target.open) unfolded.add(key);
    else unfolded.delete(key);
    event.stopPropagation();
  } }, ...content);
}

/**
 * A number with its definition folded under it. Several areas of one number make one line.
 * @param {string} key of the result
 * @param {Reading[]} readings
 */
function line(key, readings) {
  const of = metric(readings[0].id);
  if (!of) return null;
  const several = readings.length > 1;
  const bad = readings.find((reading) => reading.remark);
  const arrow = h("span.lab-way", { title: t("better." + of.better), "aria-label": t("better." + of.better) }, of.better === "higher" ? "↑" : "↓");
  const source = of.source ? h("a", { href: of.source.url, target: "_blank", rel: "noopener noreferrer" }, `${of.source.title}, ${of.source.year}`) : h("span", {}, t("readings.ours"));
  const values = readings.map((reading, place) => (place < readings.length - 1 ? shown(reading.value, of.unit).replace(/ .*/, "") : shown(reading.value, of.unit))).join(" · ");
  return fold(key + " " + of.id, "lab-reading" + (bad ? ".is-bad" : ""),
    h("summary", { title: bad ? translated(bad.remark) : several ? t("readings.areas") : translated(of.formula), "data-reading": of.id },
      h("span", {}, several ? translated(of.short) : translated(of.name)), h("span.lab-reading-value", {}, values, " ", arrow)),
    ...(several ? [h("p", {}, t("readings.areas"))] : []),
    h("p", {}, translated(of.formula)), h("p", {}, t("better." + of.better) + " · ", source));
}

/**
 * The same number over the picture, the mask's box and the mask belongs together.
 * @param {Reading[]} readings
 */
export function grouped(readings) {
  /** @type {Map<string, Reading[]>} */
  const groups = new Map();
  for (const reading of readings) {
    const of = metric(reading.id);
    const name = of && of.needs === "truth" ? reading.id.replace(/_(box|mask)$/, "") : reading.id;
    groups.set(name, [...(groups.get(name) || []), reading]);
  }
  return [...groups.values()];
}

/**
 * What stands out in readings, each in a few words, with its sentence behind it.
 * @param {Reading[]} readings
 */
const faultsIn = (readings) => readings.filter(({ remark }) => remark)
  .map(({ remark }) => h("span.lab-said", { title: translated(remark) }, remark && short(remark)));

/**
 * What stands out about a result, in a few words on one line.
 * @param {Card} card
 * @param {boolean} judging whether its numbers are still on their way
 */
export const saidOf = (card, judging) => {
  if (!card.readings) return h("p.lab-one-line.lab-measuring", {}, judging ? t("readings.judging") : "\u00a0");
  const words = faultsIn(card.readings);
  return h("p.lab-one-line", { "data-testid": "readings", title: words.map((word) => word.title).join("\n") || null },
    ...(words.length ? words.flatMap((word, at) => (at ? [" · ", word] : [word])) : [card.readings.length ? t("readings.none") : "\u00a0"]));
};

/**
 * The remarks on a card and, folded, all its numbers.
 * @param {Card} card
 * @param {boolean} judging whether they are still on their way
 */
export const readingsOf = (card, judging) => {
  if (!card.readings) return judging ? [h("p.lab-measuring", {}, t("readings.judging"))] : [];
  if (!card.readings.length) return [];
  const key = card.view ?? "";
  const words = faultsIn(card.readings);
  return [fold(key, "lab-readings",
    h("summary", { title: t("readings.hint"), "data-testid": "readings" }, ...(words.length ? words : [h("span", {}, t("readings.none"))])),
    ...grouped(card.readings).map((readings) => line(key, readings)), ...missing(card.readings))];
};

/**
 * What keeps numbers away that this result could have.
 * @param {Reading[]} readings
 */
function missing(readings) {
  const measured = new Set(readings.map((reading) => metric(reading.id)?.needs));
  const absent = metrics().filter((one) => one.missing && measured.has(one.needs) && !readings.some((reading) => reading.id === one.id));
  return [...new Set(absent.map((one) => translated(one.missing)))].map((words) => h("p.lab-measuring", {}, words));
}
