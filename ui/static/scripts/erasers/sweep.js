/* Several values for settings, seeds and dilations: what that is and how long it takes, before one presses. */

import { h } from "../base/dom.js";
import { formatAbout } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, settingName, t, translated } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { makeDialog } from "../results/dialogs.js";
import { prompts } from "../select/work.js";
import { consented } from "./consent.js";
import { wordsOf } from "./sweep_words.js";

/** @typedef {import("../types.js").Plan} Plan */

const PAUSE = 300; // milliseconds after the last letter
const MOST = 64; // results of one table

/** The photos to erase from, with what is selected on each: the open one, or several. */
export const subjects = () => {
  const several = lab.several();
  if (several.length > 1) return several;
  return lab.photo ? [{ photo: lab.photo, selection: { ...prompts(), words: lab.phrase || null } }] : [];
};

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {import("./choice.js").Choice} of.choice
 * @param {() => boolean} of.ready whether something could be erased now
 * @param {(runs: import("../types.js").Queued[]) => void} of.queue begins runs, one after the other
 */
export function makeSweep({ server, choice, ready, queue }) {
  const holder = h("div");
  const dialog = makeDialog("lab-sweep", holder);
  const fields = h("form.lab-figure-form", { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); start(); } });
  const said = h("p.lab-sweep-plan", { role: "status", "data-testid": "sweep-plan" });
  const go = h("button.lab-primary", { type: "button", "data-testid": "sweep-go", disabled: true, onclick: () => start() });
  dialog.body.append(h("p.lab-hint", { "data-t": "sweep.hint" }), fields, h("div.lab-sweep-foot", {}, said, go));
  const open = h("button.lab-tool.wide", { type: "button", "data-testid": "sweep", "data-t-title": "sweep.title", onclick: () => show() }, icon("sweep"), h("span", { "data-t": "sweep.open" }));
  /** @type {Map<string, string>} */
  const texts = new Map(); // what stands in the fields, by the axis
  /** @type {Plan | null} */
  let plan = null;
  let turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  /** @param {string} axis @param {string} words @param {string} example @param {string} [hint] */
  function field(axis, words, example, hint) {
    const id = "lab-sweep-" + axis.replace(/\W/g, "-");
    return h("div.lab-figure-row", {}, h("label", { for: id, title: hint || null }, words),
      h("input.lab-text", { type: "text", id, "data-axis": axis, value: texts.get(axis) ?? "", placeholder: example, autocomplete: "off", maxlength: "1000",
        oninput: (event) => { texts.set(axis, event.target.value); planSoon(); } }));
  }

  function draw() {
    const erasers = choice.ticked();
    for (const axis of [...texts.keys()]) if (axis.includes(".") && !erasers.some(({ id }) => axis.startsWith(id + "."))) texts.delete(axis);
    fields.replaceChildren(
      h("div.lab-sweep-group", {}, field("seed", t("sweep.seeds"), "0-3"), field("dilate", t("sweep.dilate"), "0, 8, 16")),
      ...erasers.filter(({ settings }) => settings.length).map((eraser) => h("div.lab-sweep-group", {}, h("h3", {}, eraser.name),
        ...eraser.settings.map((setting) => field(`${eraser.id}.${setting.name}`, settingName(setting.name),
          setting.choices ? setting.choices.join(", ") : String(setting.default ?? ""), translated(setting.description))))));
  }

  function planSoon() {
    clearTimeout(pause);
    go.disabled = true;
    pause = setTimeout(planNow, PAUSE);
  }

  async function planNow() {
    const mine = ++turn;
    const { words, seeds } = wordsOf(texts);
    const reply = await ask(server.plan_sweep, { jobs: lab.jobs(), words, seeds });
    if (mine !== turn) return;
    plan = reply.ok ? reply : null;
    said.textContent = reply.ok ? sentence(reply) : errorText(reply.error);
    const count = reply.ok ? countOf(reply) : 0;
    const many = count > MOST;
    if (many) said.textContent = t("series.many", { count, limit: MOST });
    said.classList.toggle("is-bad", !reply.ok || many);
    go.disabled = !count || many || !ready();
    go.textContent = count ? t("sweep.go", { count }) : t("panel.erase");
  }

  const photos = () => Math.max(1, subjects().length);
  /** @param {Plan} value */
  const countOf = (value) => photos() * value.runs.reduce((sum, run) => sum + run.cells.length, 0);

  /** @param {Plan} value */
  function sentence(value) {
    const about = t(value.measured ? "sweep.about" : "sweep.guess", { count: countOf(value), time: formatAbout(photos() * value.seconds) });
    const runs = photos() * value.runs.length;
    const masks = runs > 1 ? t("sweep.masks", { count: runs }) : "";
    return [about, masks, ready() ? "" : t("sweep.mask")].filter(Boolean).join(" ");
  }

  function show() {
    if (!holder.isConnected) document.querySelector(".lab-sticky")?.append(holder);
    draw();
    dialog.open(t("sweep.title"));
    planNow();
  }

  async function start() {
    if (go.disabled || !plan || !ready()) return;
    const { runs } = plan, jobs = lab.jobs();
    dialog.node.close();
    if (!await consented(choice.ticked()) || !ready()) return;
    // A run has one photo and one mask: each photo and each dilation is one of its own, one after the other.
    queue(subjects().flatMap((subject) => runs.map(({ sweep, cells }) => ({ ...subject, jobs, sweep, cells }))));
  }

  return { open };
}
