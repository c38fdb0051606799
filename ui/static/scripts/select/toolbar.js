/* The tools: what a press on the photo does, and the steps taken with them. */

import { h } from "../base/dom.js";
import { icon, iconButton } from "../base/icons.js";
import { work } from "./work.js";

/**
 * @typedef {ReturnType<typeof makeToolbar>} Toolbar
 * @typedef {"click" | "box" | "brush"} Tool
 */

/**
 * One of a group of which one is pressed.
 * @param {string} group
 * @param {string} value
 * @param {import("../base/icons.js").Icon} image
 * @param {string} key of its text
 * @param {() => void} onclick
 */
const segment = (group, value, image, key, onclick) => h("button.lab-segment", { type: "button", ["data-" + group]: value,
  "aria-pressed": "false", "data-t-title": key + ".hint", onclick }, icon(image), h("span", { "data-t": key }));

/**
 * @param {HTMLElement} group
 * @param {string} attribute
 * @param {string} value of the one that is pressed
 */
const press = (group, attribute, value) => {
  for (const button of group.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset[attribute] === value));
};

/** How wide the brush draws, and how wide it may. */
const makeBrushSize = () => {
  const input = h("input", { type: "range", min: "2", max: "100", step: "1", value: "24", id: "lab-brush", "data-testid": "brush-size" });
  const row = h("div.lab-grow", { hidden: true }, h("label", { for: "lab-brush", "data-t": "canvas.brush.size" }), input);
  return { row,
    get width() { return Number(input.value); },
    /** @param {import("../types.js").Size} photo */
    fit({ width, height }) {
      const [long, short] = [Math.max(width, height), Math.min(width, height)];
      input.max = String(Math.max(100, Math.round(Math.min(long / 8, short))));
      input.value = String(Math.round(Math.min(long / 32, short / 8)));
    } };
};

/** Undo, redo and clear; `refresh` says which of them can be pressed. */
const makeHistory = () => {
  const undo = iconButton("undo", "canvas.undo", () => work.undo());
  const redo = iconButton("redo", "canvas.redo", () => work.redo());
  const clear = iconButton("clear", "canvas.clear", () => work.clear());
  return { nodes: [undo, redo, clear], refresh() {
    undo.disabled = !work.canUndo;
    redo.disabled = !work.canRedo;
    clear.disabled = work.empty;
  } };
};

/**
 * @param {object} of
 * @param {HTMLElement} of.stage is told the tool and its sign
 * @param {() => void} of.changed another tool
 * @param {(on: boolean) => void} of.showOverlay whether mask and marks are to be seen
 * @param {() => void} of.fit shows the whole photo
 */
export const makeToolbar = ({ stage, changed, showOverlay, fit }) => {
  /** @type {Tool} */
  let tool = "click";
  let minus = false; // what the tools do: add or remove

  const tools = h("div.lab-segments", { role: "group", "data-t-label": "canvas.tool" },
    segment("tool", "click", "point", "canvas.click", () => setTool("click")),
    segment("tool", "box", "box", "canvas.box", () => setTool("box")),
    segment("tool", "brush", "brush", "canvas.brush", () => setTool("brush")));
  const signs = h("div.lab-segments", { role: "group", "data-t-label": "canvas.sign" },
    segment("sign", "plus", "plus", "canvas.add", () => setMinus(false)),
    segment("sign", "minus", "minus", "canvas.remove", () => setMinus(true)));
  const steps = makeHistory();
  const eye = iconButton("eye", "canvas.overlay", () => toggleOverlay(), { "aria-pressed": "true" });
  const fitButton = iconButton("fit", "canvas.fit", () => fit(), { hidden: true });
  const brushSize = makeBrushSize();
  const node = h("div.lab-toolbar", { role: "toolbar", "data-t-label": "canvas.tools" },
    tools, signs, brushSize.row, h("div.lab-group.lab-history", {}, ...steps.nodes, eye, fitButton));

  /** @param {Tool} name */
  function setTool(name) {
    tool = name;
    stage.dataset.tool = name;
    press(tools, "tool", name);
    brushSize.row.hidden = name !== "brush";
    changed();
  }

  /** @param {boolean} on */
  function setMinus(on) {
    minus = on;
    stage.dataset.sign = on ? "minus" : "plus";
    press(signs, "sign", on ? "minus" : "plus");
    changed();
  }

  const overlayShown = () => eye.getAttribute("aria-pressed") === "true";

  function toggleOverlay() {
    eye.setAttribute("aria-pressed", String(!overlayShown()));
    showOverlay(overlayShown());
  }

  setTool("click");
  setMinus(false);
  return { node, toggleOverlay, overlayShown, brushSize, refresh: steps.refresh,
    get tool() { return tool; },
    get minus() { return minus; },
    /** @param {boolean} whole whether the whole photo is seen */
    showFit: (whole) => { fitButton.hidden = whole; } };
};
