/* Objects by their name: type a phrase, see what was found, tick what is meant.
 *
 * All detections arrive once, down to low scores; the two sliders only choose among them.
 */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { formatBytes } from "../base/figures.js";
import { icon, iconButton } from "../base/icons.js";
import { errorText, t, translated } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab, openPhoto } from "../base/state.js";
import { allBytes, fetchedPercent, isReady } from "../erasers/weights.js";
import { placedBox } from "./marks.js";
import { work } from "./work.js";

/**
 * @typedef {import("../types.js").Detection} Detection
 * @typedef {import("../types.js").Said} Said
 */

const MOST_SHOWN = 40;

/**
 * A slider for the least score of a kind.
 * @param {string} name
 * @param {string} key of its text
 * @param {string} start
 * @param {() => void} moved
 */
const threshold = (name, key, start, moved) => {
  const id = "lab-threshold-" + name;
  const output = h("output", { for: id }, start);
  /** @type {HTMLInputElement} */
  const input = h("input", { type: "range", min: "0.05", max: "0.95", step: "0.01", value: start, id, "data-testid": "threshold-" + name,
    oninput: () => { output.textContent = Number(input.value).toFixed(2); moved(); } });
  return { row: h("div.lab-grow", {}, h("label", { for: id, "data-t": key }), input, output), get value() { return Number(input.value); } };
};

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {HTMLElement} of.layer over the photo, where the frames stand
 */
export const detectBar = ({ server, layer }) => {
  /** @type {Detection[]} */
  let detections = [];
  /** @type {string | null} */
  let asked = null; // the photo's id
  let phrase = "";
  /** @type {Said[]} */
  let notes = []; // how the phrase was read, when that is not as it was typed

  const field = h("input.lab-text", { type: "text", id: "lab-phrase", "data-testid": "phrase", maxlength: "400", autocomplete: "off",
    onkeydown: (event) => { if (event.key === "Enter" && !event.isComposing) find(); } });
  const go = h("button.lab-tool.wide", { type: "button", "data-testid": "find", onclick: () => find() }, icon("search"), h("span", { "data-t": "detect.find" }));
  const line = h("p.lab-hint.lab-detect-line", { role: "status" });
  const box = threshold("box", "detect.box", "0.35", render);
  const text = threshold("text", "detect.text", "0.25", render);
  const use = h("button.lab-primary.small", { type: "button", "data-testid": "use-found", onclick: () => useTicked() });
  const every = h("button.lab-link", { type: "button", "data-t": "detect.all", onclick: () => tickAll() });
  const close = iconButton("clear", "detect.close", () => clear());
  const results = h("div.lab-detect-results", { hidden: true }, box.row, text.row, every, use, close);
  const bar = h("div.lab-detect", {}, h("div.lab-detect-row", {}, h("label.lab-sr", { for: "lab-phrase", "data-t": "detect.label" }), field, go), line, results);

  const shown = () => detections.filter((one) => one.score >= box.value && (one.text_score ?? 1) >= text.value).slice(0, MOST_SHOWN);
  const ticked = () => shown().filter((one) => one.ticked);

  /** @returns {Promise<void>} */
  async function find() {
    const words = field.value.trim();
    if (!words || !lab.photo || go.disabled) return;
    asked = lab.photo.id;
    phrase = words;
    go.disabled = true;
    line.textContent = t("detect.searching");
    const reply = await ask(server.detect, { photo: asked, phrase: words });
    go.disabled = false;
    if (!lab.photo || asked !== lab.photo.id) return;
    if (!reply.ok) { clear(); line.textContent = errorText(reply.error); return; }
    detections = reply.detections.map((one) => ({ ...one, ticked: true }));
    notes = reply.notes || [];
    render();
  }

  function render() {
    const visible = shown();
    results.hidden = detections.length === 0;
    const found = visible.length ? t("detect.found", { count: visible.length }) : t("detect.none");
    line.textContent = asked === null ? "" : [found, ...notes.map(translated)].join(" ");
    use.textContent = t("detect.use", { count: ticked().length });
    use.disabled = ticked().length === 0;
    layer.replaceChildren(...visible.map(frame));
  }

  /** @param {Detection} one */
  function frame(one) {
    const name = one.label + " " + Math.round(one.score * 100) + " %";
    return h("div.lab-detection" + (one.ticked ? ".is-ticked" : ""), { style: placedBox(one.box, openPhoto()) },
      h("button", { type: "button", "aria-pressed": String(one.ticked), "aria-label": name, onclick: () => { one.ticked = !one.ticked; render(); } },
        one.ticked ? icon("check") : icon("plus"), h("span", {}, name)));
  }

  function tickAll() {
    const all = shown().every((one) => one.ticked);
    for (const one of shown()) one.ticked = !all;
    render();
  }

  function useTicked() {
    lab.phrase = phrase; // results are looked at for it
    work.addObjects(ticked().map((one) => one.box));
    clear();
  }

  function clear() {
    detections = [];
    asked = null;
    results.hidden = true;
    line.textContent = "";
    layer.replaceChildren();
  }

  /* Without a detector's weights the field says what is missing instead of failing when used. */
  function enable() {
    const detectors = lab.catalogue?.detectors ?? [];
    const ready = detectors.some((one) => one.available && isReady(one));
    const first = detectors.find((one) => one.available);
    field.disabled = go.disabled = !ready;
    field.placeholder = ready ? t("detect.placeholder") : t("detect.off");
    bar.hidden = detectors.length === 0;
    if (ready || !first) { if (line.dataset.off) { line.replaceChildren(); delete line.dataset.off; } return; }
    const percent = fetchedPercent(first);
    line.dataset.off = "1";
    line.replaceChildren(percent === null
      ? h("button.lab-link", { type: "button", onclick: () => lab.fetchWeights(first) }, t("detect.fetch", { detector: first.name, size: formatBytes(allBytes(first)), license: first.license }))
      : t("canvas.fetching", { segmenter: first.name, percent }));
  }

  for (const event of /** @type {const} */ (["catalogue", "weights", "lang"])) on(event, () => { enable(); if (detections.length) render(); });
  on("photo", () => { clear(); enable(); lab.phrase = null; });
  /* A run that was opened again: what it was found by stands there to be searched for once more. */
  on("words", (words) => { field.value = lab.phrase = words; });
  on("work", () => { if (work.empty) lab.phrase = null; });
  enable();
  return bar;
};
