/* The panel's foot: the seed, Erase and Stop. */

import { h } from "../base/dom.js";
import { emit } from "../base/events.js";
import { formatAbout } from "../base/figures.js";
import { icon, iconButton } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";
import { newRun, ofRun } from "../base/owned.js";
import { rove } from "../base/roving.js";
import { ask } from "../base/server.js";
import { eraserOf, lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { allSettled, prompts, selectionOf } from "../select/work.js";
import { secondsAhead } from "./ahead.js";
import { confirmed } from "./confirming.js";
import { agreedFor, consented } from "./consent.js";
import { makeGpuCost } from "./gpu_cost.js";
import { makeQueue } from "./queue.js";
import { makeSweep, subjects } from "./sweep.js";

const MAX_SEED = 2 ** 32 - 1;
const MOST = 64; // results of several photos
const NAMELESS = "new"; // of a run that the server has not named yet

/** @param {import("./choice.js").Choice} choice */
const makeSeed = (choice) => {
  const read = () => {
    const value = Number(input.value);
    choice.seed = Number.isInteger(value) && value >= 0 && value <= MAX_SEED ? value : 0;
  };
  const input = h("input.lab-number", { type: "number", id: "lab-seed", min: "0", max: String(MAX_SEED), step: "1", value: "0",
    oninput: () => { read(); } });
  const dice = iconButton("dice", "panel.dice", () => {
    input.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    read();
  });
  const label = h("label", { for: "lab-seed", "data-t": "panel.seed", "data-t-title": "panel.seed.hint" });
  return { nodes: [label, input, dice], show: () => { input.value = String(choice.seed); } };
};

/**
 * Why nothing can be erased now, as the key of a sentence.
 * @param {number} many erasers that are ticked
 */
const reasonAgainst = (many) => {
  if (lab.running) return "";
  if (!lab.photo) return "panel.why.photo";
  if (lab.several().length < 2 && !lab.hasMask()) return "panel.why.mask";
  return many === 0 ? "panel.why.eraser" : "";
};

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {import("./choice.js").Choice} of.choice
 * @param {import("../types.js").Erasing["erase"]} of.erase
 * @param {Node} of.device says on what erasers run
 * @param {() => Promise<number | null>} of.room bytes that weights may still take
 */
export const makeRunning = ({ server, choice, erase, device, room }) => {
  const seed = makeSeed(choice);
  const eraseButton = h("button.lab-primary.lab-erase", { type: "button", "data-testid": "erase", disabled: true, onclick: () => start() });
  const stopButton = h("button.lab-stop", { type: "button", "data-testid": "stop", hidden: true, onclick: () => stop() },
    icon("stop"), h("span", { "data-t": "panel.stop" }));
  const why = h("p.lab-hint.lab-why", { id: "lab-why" });
  const cost = makeGpuCost(choice);
  const queue = makeQueue(server);
  const sweep = makeSweep({ server, choice, queue, ready: () => !lab.running && !reasonAgainst(choice.ticked().length) });
  const beside = h("div.lab-seed", {}, ...seed.nodes, sweep.open, device);
  rove(beside);
  const node = h("footer.lab-panel-foot", {}, beside,
    h("div.lab-go", {}, h("div.lab-actions", {}, eraseButton, stopButton), cost.node, why));

  function refresh() {
    const many = choice.ticked().length;
    const reason = reasonAgainst(many);
    const photos = lab.several().length, results = photos * many;
    const words = photos > 1 ? t("series.erase", { count: photos }) : t(many > 1 ? "panel.erase.many" : "panel.erase", { count: many });
    eraseButton.textContent = lab.running ? t("panel.running") : words;
    eraseButton.disabled = Boolean(lab.running || reason || (photos > 1 && results > MOST));
    eraseButton.setAttribute("aria-describedby", "lab-why");
    stopButton.hidden = !lab.running;
    why.textContent = reason ? t(reason) : photos < 2 || lab.running ? "" : results > MOST ? t("series.many", { count: results, limit: MOST }) : ahead(photos);
    cost.show();
  }

  /**
   * How many results several photos make, and about how long they take.
   * @param {number} photos
   */
  function ahead(photos) {
    const ticked = choice.ticked();
    const seconds = ticked.reduce((sum, eraser) => sum + secondsAhead(eraser, lab.jobOf(eraser.id).settings), 0);
    return t(ticked.every(({ pace }) => pace.measured) ? "sweep.about" : "sweep.guess", { count: photos * ticked.length, time: formatAbout(photos * seconds) });
  }

  let starting = false; // a click of just now is still to become an object

  async function start() {
    if (eraseButton.disabled || starting) return;
    starting = true;
    const wanted = await consented(choice.ticked()) && await confirmed(choice.ticked(), room);
    await allSettled();
    starting = false;
    refresh();
    const jobs = lab.jobs();
    if (wanted && !eraseButton.disabled) await queue(subjects().map((subject) => ({ ...subject, jobs, cells: jobs.map((job) => ({ ...job, axes: {} })) }))); // else nothing came of it, or something else has begun
  }

  /** @type {import("../types.js").Lab["startRun"]} */
  async function begin({ jobs, prompt, selection: given, sweep: varied, cells, named }) {
    const selection = given ?? { ...(prompt ? { ...selectionOf(prompt), photo: prompts().photo } : prompts()), words: lab.phrase || null };
    const asked = { ...selection, jobs, ...(varied ? { sweep: varied } : {}), ...agreedFor((cells ?? jobs).map(({ eraser }) => eraser)) };
    lab.running = NAMELESS;
    stopButton.disabled = true;
    refresh();
    await lab.results;
    const begun = named ? { ok: /** @type {const} */ (true), ...named } : await newRun(server);
    if (!begun.ok) { lab.running = null; refresh(); notice(errorText(begun.error), "error"); return; }
    const payload = { run: begun.run, secret: begun.secret, ...asked };
    lab.running = payload.run;
    stopButton.disabled = false;
    refresh();
    emit("run", { payload, erasers: (cells ?? jobs).flatMap(({ eraser }) => eraserOf(eraser) ?? []), axes: cells?.map((cell) => cell.axes ?? {}) });
    erase(payload);
  }
  lab.startRun = begin;

  async function stop() {
    stopButton.disabled = true;
    emit("stopping");
    const reply = await ask(server.stop, ofRun(lab.running ?? ""));
    if (!reply.ok && lab.running) { stopButton.disabled = false; notice(errorText(reply.error), "error"); }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      start();
    }
  });

  return { node, refresh, showSeed: seed.show };
};
