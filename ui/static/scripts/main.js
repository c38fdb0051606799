/* The page's scripts: what Gradio's components mount, and the one name that stands in the window. */

import { emit, on } from "./base/events.js";
import { h, redraw } from "./base/dom.js";
import { watchFrame } from "./base/frame.js";
import { icon } from "./base/icons.js";
import { mountLanguages } from "./base/language_switch.js";
import { errorText, speak, t, translate } from "./base/languages.js";
import { mountTabs } from "./base/page_tabs.js";
import { opened } from "./base/place.js";
import { lab } from "./base/state.js";
import { watchProgram } from "./base/restart.js";
import { expectParts } from "./base/skeleton.js";
import { start, toggleTheme } from "./base/theme.js";
import { notice } from "./base/widgets.js";
import { mountPanel } from "./erasers/panel.js";
import { askForPlan } from "./erasers/plan.js";
import { stateText } from "./results/card.js";
import { linkedRun } from "./results/run_link.js";
import { storedShelf } from "./results/shelf_store.js";
import { mountCanvas } from "./select/canvas.js";
import { work } from "./select/work.js";

export { mountCanvas, mountPanel, speak, translate };

/**
 * The results, whose scripts are fetched when there is a photo, a run to be seen again, or the tables, which use them.
 * @param {import("./types.js").Mounted & import("./types.js").Watching} mounted
 */
export const mountGrid = async (mounted) => {
  if (!linkedRun() && !storedShelf.read().length && !lab.photo) {
    await Promise.race([new Promise((resolve) => { on("photo", resolve); }), opened("tables")]);
  }
  const results = await import("./results/grid.js").catch(() => null);
  if (results) results.mountGrid(mounted);
  else notice(errorText(null), "error");
  lab.resultsMounted();
};

/**
 * The tables, whose scripts are fetched when their tab is opened for the first time.
 * @param {import("./types.js").Mounted & import("./types.js").Watching & import("./types.js").Erasing} mounted
 */
export const mountTables = async (mounted) => {
  await opened("tables");
  const tables = await import("./tables/tables.js").catch(() => null);
  if (tables) tables.mountTables(mounted);
  else notice(errorText(null), "error");
};

/**
 * The page's head: theme, language and tabs.
 * @param {{ element: HTMLElement }} mounted
 */
export const mountHead = ({ element }) => {
  /** @param {string} id */
  const own = (id) => /** @type {HTMLElement} */ (element.querySelector("#" + id));
  expectParts();
  start();
  watchFrame();
  watchProgram();
  mountTabs(own("lab-tabs"));
  own("lab-theme").append(icon("theme"));
  own("lab-theme").addEventListener("click", toggleTheme);
  mountLanguages(own("lab-language"));
};

/**
 * The page's foot: who is signed in, and the way out.
 * @param {{ element: HTMLElement }} mounted
 */
export const mountFoot = ({ element }) => {
  const place = element.querySelector("#lab-account");
  const leave = async () => {
    await fetch(new URL("lab/sign-out", document.baseURI), { method: "POST" }).catch(() => null);
    location.reload();
  };
  const out = h("button.lab-link", { type: "button", "data-testid": "sign-out", "data-t": "foot.leave", onclick: leave });
  const words = h("span");
  const show = () => {
    const name = lab.catalogue?.account;
    if (!name || !place) return;
    words.textContent = t("foot.account", { name }) + " ";
    if (!out.isConnected) place.replaceChildren(words, out);
    translate(element);
  };
  translate(element);
  on("catalogue", show);
  on("lang", show);
};

/**
 * `eraserLab` in the window is for who drives the page from outside: the browser tests, the
 * benchmarks and the console. It is what the parts share (types.d.ts, Lab), with:
 * work, the selection with its undo; on and emit, what happens; t, the page's sentences;
 * stateText, what a card says while it waits; redraw; askForPlan, of the page around this one.
 */
Object.assign(window, { eraserLab: Object.assign(lab, { work, on, emit, t, stateText, redraw, askForPlan }) });
