/* The mask's shape (grow, smooth, precision …) and what goes in and out as a file. */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { clamp } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab, openPhoto } from "../base/state.js";
import { copyWords, keepFile, notice, popover } from "../base/widgets.js";
import { allSettled, prompts, work } from "./work.js";

/**
 * @typedef {import("../types.js").Shape} Shape
 * @typedef {{ [Field in keyof Shape]: Shape[Field] extends number ? Field : never }[keyof Shape]} Amount
 * @typedef {{ [Field in keyof Shape]: Shape[Field] extends boolean ? Field : never }[keyof Shape]} Switch
 */

/**
 * A slider over one field of the shape: it previews while it moves and is one step of undo.
 * @param {Amount} field
 * @param {string} key of its text
 * @param {{ min: number, max: number, step: number, unit: (value: number) => string }} bounds
 */
const slider = (field, key, { min, max, step, unit }) => {
  /** @type {import("../types.js").Work | null} */
  let before = null;
  const id = "lab-shape-" + field;
  /** @type {HTMLInputElement} */
  const input = h("input", { type: "range", min: String(min), max: String(max), step: String(step), id, "data-testid": field,
    oninput: () => {
      before ||= work.value;
      work.glide({ ...work.value, shape: { ...work.value.shape, [field]: Number(input.value) } });
    },
    onchange: () => { if (before) work.settle(before); before = null; } });
  const value = h("output", { for: id });
  const row = h("div.lab-grow", { "data-t-title": key + ".hint" }, h("label", { for: id, "data-t": key }), input, value);
  return Object.assign(row, {
    show: () => {
      const now = work.value.shape[field];
      input.value = String(now);
      value.textContent = unit(now);
    },
    /**
     * @param {number} low
     * @param {number} high
     */
    range: (low, high) => { input.min = String(low); input.max = String(high); },
  });
};

/**
 * @param {Switch} field
 * @param {string} key of its text
 */
const toggle = (field, key) => {
  const id = "lab-shape-" + field;
  /** @type {HTMLInputElement} */
  const input = h("input.lab-switch", { type: "checkbox", role: "switch", id, "data-testid": field, onchange: () => work.reshape({ [field]: input.checked }) });
  const row = h("div.lab-row", { "data-t-title": key + ".hint" }, h("label", { for: id, "data-t": key }), input);
  return Object.assign(row, { show: () => { input.checked = work.value.shape[field]; } });
};

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {{ take: (file: File) => void }} of.maskFile
 * @param {() => void} of.openCase
 */
export const shapeBar = ({ server, maskFile, openCase }) => {
  /** @param {number} value */
  const pixels = (value) => value + " px";
  const grow = slider("dilate", "canvas.grow", { min: 0, max: 40, step: 1, unit: (value) => value + (work.value.shape.dilate_unit === "%" ? " %" : " px") });
  const unit = h("button.lab-tool", { type: "button", "data-t-title": "shape.unit", "data-testid": "unit", onclick: () => {
    const percent = work.value.shape.dilate_unit === "px";
    work.reshape({ dilate_unit: percent ? "%" : "px", dilate: percent ? 5 : openPhoto().growth });
  } }, "px / %");
  const rows = [
    slider("precision", "shape.precision", { min: 0, max: 1, step: 0.05, unit: (value) => t(value === 0 ? "shape.exact" : value === 1 ? "shape.boxed" : "shape.loose") }),
    slider("smooth", "shape.smooth", { min: 0, max: 30, step: 1, unit: pixels }),
    toggle("fill_holes", "shape.holes"), toggle("drop_speckles", "shape.speckles"), toggle("invert", "shape.invert")];
  /** @type {HTMLInputElement} */
  const margin = h("input.lab-switch", { type: "checkbox", role: "switch", id: "lab-margin", "data-testid": "margin", onchange: () => {
    lab.showMargin = margin.checked;
    emit("mask-style");
  } });
  const width = h("p.lab-hint", { hidden: true, "data-testid": "margin-width" });
  /** @type {{ width: number } | null} */
  let shown = null; // what was last shown: {width}
  const showWidth = () => {
    width.hidden = !shown;
    if (shown) width.textContent = t(shown.width ? "shape.margin.width" : "shape.margin.none", shown);
  };
  on("mask", (answer) => { shown = answer?.margin ?? null; showWidth(); });
  on("lang", showWidth);
  const shape = popover("shape", "shape.title", [...rows, h("div.lab-row", { "data-t-title": "shape.margin.hint" }, h("label", { for: "lab-margin", "data-t": "shape.margin" }), margin), width]);

  /* ---- files ------------------------------------------------------------------------- */

  /** @type {HTMLInputElement} */
  const chooser = h("input", { type: "file", accept: "image/*,.json,.txt,.tif,.tiff,application/json", hidden: true, "data-testid": "mask-file",
    onchange: () => { if (chooser.files?.[0]) maskFile.take(chooser.files[0]); chooser.value = ""; } });
  /**
   * @param {import("../base/icons.js").Icon} image
   * @param {string} key of its text
   * @param {() => void} onclick
   * @param {string} name for the tests
   */
  const entry = (image, key, onclick, name) => h("button.lab-entry", { type: "button", "data-testid": name, onclick: () => { files.close(); onclick(); } }, icon(image), h("span", { "data-t": key }));
  const give = entry("download", "mask.download", () => download(), "mask-download");
  const rle = entry("link", "mask.rle", () => copyRle(), "mask-rle");
  const keep = entry("download", "mask.export", () => exportCase(), "case-export");
  const files = popover("mask", "mask.title", [
    entry("image", "mask.upload", () => chooser.click(), "mask-upload"), give, rle, keep, entry("undo", "mask.import", openCase, "case-import")]);
  const bar = h("div.lab-shapebar", {}, grow, unit, shape, files, chooser);

  /** @param {import("../types.js").Refused} reply */
  const failed = (reply) => notice(errorText(reply.error), "error");

  const asMask = async () => { await allSettled(); return ask(server.mask, prompts()); };

  async function download() {
    const reply = await asMask();
    if (reply.ok) h("a", { href: reply.url + "?download=1", download: "" }).click();
    else failed(reply);
  }

  async function copyRle() {
    const reply = await asMask();
    if (reply.ok) copyWords(JSON.stringify(reply.rle), t("mask.copied"));
    else failed(reply);
  }

  async function exportCase() {
    await allSettled();
    const reply = await ask(server.export_case, { ...prompts(), jobs: lab.jobs() });
    if (reply.ok) keepFile(openPhoto().name.replace(/\.[^.]*$/, "") + ".case.json", "application/json", JSON.stringify(reply.case, null, 2));
    else failed(reply);
  }

  const show = () => {
    if (!lab.photo) return;
    const percent = work.value.shape.dilate_unit === "%";
    const most = percent ? 50 : clamp(Math.round(Math.max(lab.photo.width, lab.photo.height) * 0.04), 40, 256);
    grow.range(percent ? 0 : Math.min(0, work.value.shape.dilate), Math.max(most, work.value.shape.dilate));
    for (const row of [grow, ...rows]) row.show();
    for (const button of [give, rle, keep]) button.disabled = work.empty;
  };
  for (const event of /** @type {const} */ (["work", "photo", "lang"])) on(event, show);
  return bar;
};
