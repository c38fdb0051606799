/* The eraser cards: what can be run, in what state its weights are, with which settings.
 *
 * Controls are made from each eraser's typed settings as the server describes them; these files
 * know no eraser by name.
 */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { icon } from "../base/icons.js";
import { errorText, t, translate } from "../base/languages.js";
import { ask } from "../base/server.js";
import { removeSkeleton } from "../base/skeleton.js";
import { catalogue, eraserOf, lab } from "../base/state.js";
import { makeChoice } from "./choice.js";
import { eraserCard } from "./eraser_card.js";
import { makeFetching } from "./fetching.js";
import { makeRunning } from "./running.js";
import { weightLine } from "./weight_line.js";
import { everything, isFetching, isFound, isReady } from "./weights.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("../types.js").Model} Model
 */

/** @param {import("../types.js").Mounted & import("../types.js").Erasing} mounted */
export const mountPanel = ({ element, server, erase }) => {
  const choice = makeChoice();
  /** @type {Set<string>} */
  const front = new Set(); // ids that are not folded away, in their order; settled once, so that no card moves

  const list = h("div.lab-erasers", { "data-testid": "erasers" }, h("p.lab-hint", { "data-t": "panel.loading" }));
  const device = h("span.lab-hint.lab-device");
  const count = h("span.lab-count");
  const all = h("button.lab-link", { type: "button", "data-t": "panel.all", onclick: () => { choice.tickAll(); render(); } });
  const folded = h("p.lab-folded", {}); // before there is a photo, the list is one line
  const unfold = h("button.lab-link.lab-unfold", { type: "button", "data-t": "panel.change", "data-testid": "unfold", onclick: () => { fold(false); } });
  const running = makeRunning({ server, choice, erase, device });
  const fetching = makeFetching({ server, changed: render, moved: showWeights });
  const root = h("section.lab-card.lab-panel.is-folded", { "data-t-label": "panel.section" },
    h("header.lab-panel-head", {}, h("h2", { "data-t": "panel.title" }), count, all, folded, unfold), list, running.node);
  element.replaceChildren(root);
  lab.fetchWeights = fetching.fetch;

  /** @param {boolean} closed */
  function fold(closed) { root.classList.toggle("is-folded", closed); }
  on("photo", () => fold(false));

  /** @param {Model} one */
  function showWeights(one) {
    const slot = root.querySelector(`[data-weights="${CSS.escape(one.id)}"]`);
    if (slot) slot.replaceChildren(...weightLine(one));
  }

  /* ---- cards ------------------------------------------------------------------------------------------ */

  /** @param {Eraser} eraser */
  const card = (eraser) => eraserCard(eraser, choice.of(eraser.id), {
    ticked: () => { choice.keep(); refresh(); },
    reset: () => { choice.reset(eraser); render(); emit("jobs"); } });

  /**
   * What can run, or is about to, stands in front; the rest is folded away until it is wanted.
   * @param {Eraser} eraser
   */
  const startsSoon = (eraser) => eraser.available && (isReady(eraser) || isFound(eraser) || isFetching(eraser));
  /** @param {Eraser} eraser */
  const isNear = (eraser) => eraser.preferred || choice.of(eraser.id).ticked || startsSoon(eraser);

  /** @param {Eraser[]} erasers */
  function more(erasers) {
    const open = Boolean(list.querySelector(".lab-more[open]")) || erasers.some((eraser) => choice.of(eraser.id).ticked);
    return h("details.lab-more", { "data-testid": "more", open }, h("summary", {}, icon("right"), t("panel.more", { count: erasers.length })), erasers.map(card));
  }

  function render() {
    const focused = document.activeElement?.id;
    const rest = catalogue().erasers.filter((eraser) => !front.has(eraser.id));
    const inOrder = [...front].map(eraserOf).filter((eraser) => eraser !== undefined);
    list.replaceChildren(...inOrder.map(card), ...(rest.length ? [more(rest)] : []));
    if (focused && list.querySelector("#" + CSS.escape(focused))) document.getElementById(focused)?.focus();
    const { kind, name } = catalogue().device;
    device.textContent = kind === "lent" ? t("panel.device.lent") : name;
    refresh();
  }

  function refresh() {
    if (!lab.catalogue) return;
    count.textContent = choice.ticked().length + " / " + lab.catalogue.erasers.length;
    const ticked = choice.ticked();
    folded.replaceChildren(h("b", {}, t("panel.folded", { count: ticked.length })), ticked.map((eraser) => eraser.name).join(", "));
    running.refresh();
  }

  lab.adoptJobs = (jobs) => {
    choice.adopt(jobs);
    running.showSeed();
    render();
  };

  /* ---- what others tell ---------------------------------------------------------------------------------- */

  for (const event of /** @type {const} */ (["photo", "mask", "run", "finished", "busy", "jobs"])) on(event, refresh);
  on("finished", fetching.poll); // a run may have fetched weights
  on("lang", () => { if (lab.catalogue) render(); });

  async function load() {
    const reply = await ask(server.erasers, {});
    requestAnimationFrame(removeSkeleton); // with what is drawn now
    if (!reply.ok) {
      list.replaceChildren(h("p.lab-state.bad", {}, errorText(reply.error)),
        h("button.lab-link", { type: "button", onclick: load }, t("panel.retry")));
      return;
    }
    lab.catalogue = reply;
    choice.begin(reply.erasers);
    // Nobody should first read of what could not be fetched.
    for (const eraser of [...reply.erasers.filter(startsSoon), ...reply.erasers.filter(isNear)]) front.add(eraser.id);
    render();
    emit("catalogue", reply);
    if (everything().some(isFetching)) fetching.poll();
  }

  translate(root);
  load();
};
