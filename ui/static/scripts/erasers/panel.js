/* The list of erasers: what can be run here, what that takes, with which settings.
 *
 * Controls are made from each eraser's typed settings as the server describes them; these files
 * know no eraser by name.
 */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { errorText, t, translate, translated } from "../base/languages.js";
import { rove } from "../base/roving.js";
import { ask } from "../base/server.js";
import { removeSkeleton } from "../base/skeleton.js";
import { catalogue, eraserOf, lab } from "../base/state.js";
import { makeChoice } from "./choice.js";
import { eraserCard, timeOf } from "./eraser_card.js";
import { makeFetching } from "./fetching.js";
import { makeFinding, STANDINGS } from "./finding.js";
import { makeFolding } from "./folding.js";
import { makeRunning } from "./running.js";
import { shortState } from "./short_state.js";
import { weightLine } from "./weight_line.js";
import { everything, isFetching } from "./weights.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("../types.js").Model} Model
 */

/** @param {import("../types.js").Mounted & import("../types.js").Erasing} mounted */
export const mountPanel = ({ element, server, erase }) => {
  const choice = makeChoice();
  /** @type {string[]} */
  let order = []; // ids; settled once, so that no row moves

  const all = h("button.lab-link", { type: "button", "data-t": "panel.all", onclick: () => { choice.tickAll(); render(); } });
  const finding = makeFinding(() => filter(), all);
  const rows = h("div.lab-rows", {}, h("p.lab-hint", { "data-t": "panel.loading" }));
  const list = h("div.lab-erasers", { id: "lab-erasers", "data-testid": "erasers", role: "group", "data-t-label": "panel.title" }, finding.node, rows, finding.nothing);
  const folding = makeFolding(list, () => choice.ticked());
  const device = h("span.lab-hint.lab-device");
  const count = h("span.lab-count");
  const fetching = makeFetching({ server, changed: look, moved: showWeights });
  const running = makeRunning({ server, choice, erase, device, room: fetching.room });
  const root = h("section.lab-card.lab-panel.is-folded", { "data-t-label": "panel.section" },
    h("header.lab-panel-head", {}, h("h2", { "data-t": "panel.title" }), count), folding.button, list, running.node);
  folding.button.addEventListener("click", () => { root.classList.remove("is-folded"); });
  on("photo", () => { root.classList.remove("is-folded"); }); // before there is one, all of it is one line
  element.replaceChildren(root);
  rove(rows, { rows: "[data-card]", besides: ".lab-settings-body" });
  lab.fetchWeights = fetching.fetch;

  /** @param {boolean} closed */
  function fold(closed) { root.classList.toggle("is-folded", closed); }
  on("photo", () => fold(false));

  /** @param {Model} one */
  function showWeights(one) {
    const [long, short] = ["weights", "short"].map((name) => root.querySelector(`[data-${name}="${CSS.escape(one.id)}"]`));
    const eraser = eraserOf(one.id);
    if (long) long.replaceChildren(...weightLine(one));
    if (short && eraser) short.replaceChildren(...shortState(eraser));
  }

  /* ---- rows ------------------------------------------------------------------------------------------- */

  /** @param {Eraser} eraser */
  const card = (eraser) => eraserCard(eraser, choice.of(eraser.id), {
    ticked: () => { choice.keep(); refresh(); },
    reset: () => { choice.reset(eraser); render(); emit("jobs"); } });

  function render() {
    const focused = document.activeElement?.id;
    const inOrder = order.map(eraserOf).filter((eraser) => eraser !== undefined);
    rows.replaceChildren(...inOrder.map(card));
    if (focused && rows.querySelector("#" + CSS.escape(focused))) document.getElementById(focused)?.focus();
    const { kind, name, said } = catalogue().device;
    device.textContent = kind === "lent" ? t("panel.device.lent") : translated(said) || name;
    finding.show(catalogue().erasers);
    filter();
    refresh();
  }

  function filter() {
    if (!lab.catalogue) return;
    finding.show(lab.catalogue.erasers);
    const found = finding.found(lab.catalogue.erasers);
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (rows.querySelectorAll("[data-card]"))) row.hidden = !found.has(row.dataset.card ?? "");
  }

  function refresh() {
    if (!lab.catalogue) return;
    count.textContent = choice.ticked().length + " / " + lab.catalogue.erasers.length;
    folding.show();
    for (const time of /** @type {NodeListOf<HTMLElement>} */ (rows.querySelectorAll("[data-time]"))) {
      const eraser = eraserOf(time.dataset.time);
      if (eraser) time.replaceWith(timeOf(eraser, choice.of(eraser.id)));
    }
    running.refresh();
  }

  lab.adoptJobs = (jobs) => {
    choice.adopt(jobs);
    running.showSeed();
    render();
  };

  /* Whatever is looked for or folded away. */
  lab.showEraser = (id) => {
    const row = rows.querySelector(`[data-card="${CSS.escape(id)}"]`);
    if (!row) return;
    folding.unfold();
    finding.clear();
    /** @type {HTMLDetailsElement | null} */ (row.querySelector("details"))?.setAttribute("open", "");
    row.scrollIntoView({ block: "center" });
    row.querySelector("summary")?.focus();
  };

  /* ---- what others tell ---------------------------------------------------------------------------------- */

  for (const event of /** @type {const} */ (["photo", "mask", "run", "finished", "busy", "jobs", "tray"])) on(event, refresh);
  on("finished", ({ cards }) => {
    const learned = cards.some((one) => one.state === "done" && !eraserOf(one.eraser)?.pace.measured);
    if (learned) look();
    else fetching.poll(); // a run may have fetched weights
  });
  on("lang", async () => {
    if (!lab.catalogue) return;
    render();
    const lang = lab.lang;
    const reply = await ask(server.erasers, { lang });
    if (!reply.ok || lang !== lab.lang) return;
    lab.catalogue = reply;
    render();
    emit("catalogue", reply);
  });

  /* How erasers stand is the server's word: asked for again when files have come, or a first run has told how long it takes. */
  async function look() {
    const reply = await ask(server.erasers, { lang: lab.lang });
    if (!reply.ok || !lab.catalogue) return;
    for (const one of reply.erasers) Object.assign(eraserOf(one.id) ?? {}, one);
    render();
  }

  /** @param {Eraser[]} erasers */
  const settle = (erasers) => STANDINGS.flatMap((standing) => erasers.filter((eraser) => eraser.standing === standing)).map((eraser) => eraser.id);

  async function load() {
    const reply = await ask(server.erasers, { lang: lab.lang });
    requestAnimationFrame(removeSkeleton); // with what is drawn now
    if (!reply.ok) {
      rows.replaceChildren(h("p.lab-state.bad", {}, errorText(reply.error)),
        h("button.lab-link", { type: "button", onclick: load }, t("panel.retry")));
      return;
    }
    lab.catalogue = reply;
    choice.begin(reply.erasers);
    order = settle(reply.erasers);
    render();
    emit("catalogue", reply);
    if (everything().some(isFetching)) fetching.poll();
  }

  translate(root);
  load();
};
