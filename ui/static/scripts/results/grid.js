/* The result grid: one card per eraser, filled as each finishes.
 *
 * The server sends the whole grid as one value again and again; this file draws what differs.
 */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { errorText, t, translate } from "../base/languages.js";
import { disown, isOwn, ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { notice, scrolling } from "../base/widgets.js";
import { makeBar } from "./bar.js";
import { keepColumns } from "./columns.js";
import { makeDetails } from "./details.js";
import { makeFold } from "./fold.js";
import { watchKeys } from "./keys.js";
import { makeLooking } from "./looking.js";
import { makeNumbers } from "./numbers.js";
import { makeResultCard } from "./result_card.js";
import { linkedRun, runUrl } from "./run_link.js";
import { makeOwnership } from "./ownership.js";
import { openViewer } from "./viewer.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("./result_card.js").ResultCard} ResultCard
 */

const FOLLOW = 2500; // milliseconds between two looks at a run; the server counts them
const SILENCE = 15000; // milliseconds after which a run that sent its values by itself is asked for
const AT_WORK = ["running", "loading", "fetching", "borrowing"]; // states that a Stop reaches

/**
 * A run's grid before the server has said anything of it.
 * @param {import("../types.js").Events["run"]} begun
 * @returns {Grid}
 */
const emptyGrid = ({ payload, erasers }) => ({ run: payload.run, state: "running", photo: lab.photo, mask: null,
  cards: erasers.map((eraser, index) => ({ index, eraser: eraser.id, name: eraser.name, state: "queued", notes: [] })) });

/** @param {import("../types.js").Mounted & import("../types.js").Watching} mounted */
export const mountGrid = ({ element, server, props, watch }) => {
  /** @type {Grid | null} */
  let grid = null; // the newest value
  /** @type {string | null} */
  let expected = null; // the run that this page has started and waits for
  let settled = !linkedRun(); // a photo that is opened from now on is the user's own wish
  let heard = 0; // when a value came by itself
  /** @type {Map<number, ResultCard>} */
  const cards = new Map(); // by their index

  const root = h("section.lab-results", { "data-t-label": "grid.title", hidden: true });
  const looking = makeLooking(root, () => follow());
  const numbers = makeNumbers(root);
  const fold = makeFold();
  const ownership = makeOwnership({ server, renew, forget: (run) => { if (grid?.run === run) clean(); } });
  const bar = makeBar({ looking, ownership, openNumbers: () => { if (grid) numbers(grid); }, unfold: fold.button });
  const details = makeDetails(root);
  const problem = h("p.lab-problem", { role: "alert", hidden: true });
  const body = h("div.lab-grid", { "data-testid": "grid" });
  root.prepend(bar.node, problem, body);
  element.replaceChildren(root);
  const settle = keepColumns(root, bar.node, body, () => looking.shape);
  watchKeys(root, looking, () => cards.values().next().value?.width ?? 1);

  /** The window or the divider is another. */
  function follow() {
    bar.follow();
    settle();
  }

  /* ---- drawing ------------------------------------------------------------------------------------------- */

  /** @param {Grid} value */
  function render(value) {
    grid = value;
    root.hidden = false;
    problem.hidden = !value.error;
    if (value.error) problem.textContent = errorText(value.error);
    if (value.photo) looking.begin({ ...value, photo: value.photo });
    for (const card of value.cards) drawCard(card, value);
    for (const [index, known] of cards) if (index >= value.cards.length) { known.node.remove(); cards.delete(index); }
    bar.show(value);
    details.show(value);
    settle();
    sayHowFar(value);
    if (value.photo) emit("grid", value);
  }

  /**
   * How far the run is, where the tab's name stands: who waits looks elsewhere.
   * @param {Grid} value
   */
  function sayHowFar({ state, cards: all }) {
    const name = "Eraser Lab";
    document.title = state === "running" ? `${all.filter((card) => card.view).length}/${all.length} · ${name}` : name;
  }

  /**
   * Where one always comes to after Erase. A frame that is as tall as its content is not scrolled
   * within, or it would be measured too short; the page around it is asked to (frame.js).
   * @param {ScrollBehavior} behavior
   */
  const land = (behavior) => { if (!window.parentIFrame) root.scrollIntoView({ behavior, block: "start" }); };

  /** @param {number} index of a card */
  const look = (index) => { if (grid?.photo) openViewer({ ...grid, photo: grid.photo }, index); };

  function clear() {
    for (const { node } of cards.values()) node.remove();
    cards.clear();
  }

  /**
   * @param {import("../types.js").Card} card
   * @param {Grid} value
   */
  function drawCard(card, value) {
    let known = cards.get(card.index);
    if (!known) {
      const open = { look: () => look(card.index), details: () => { if (grid) details.open(grid.cards[card.index], grid); } };
      known = makeResultCard({ card, looking, open });
      cards.set(card.index, known);
      body.append(known.node);
    }
    known.draw(card, value);
  }

  /* ---- what others tell ------------------------------------------------------------------------------------ */

  on("run", (begun) => {
    expected = begun.payload.run;
    heard = Date.now();
    fold.unfold();
    clear();
    looking.setSplit(0);
    render(emptyGrid(begun));
    land(scrolling());
    bar.heading.focus({ preventScroll: true });
    watchOver(begun.payload.run);
  });

  /** A new photo begins with a clean page, unless a run still goes on. */
  on("photo", ({ id }) => {
    if (settled && grid?.photo && grid.photo.id !== id && grid.state !== "running") clean();
  });

  /** As before there was a run. */
  function clean() {
    clear();
    root.hidden = true;
    grid = expected = null;
    fold.unfold();
    const address = new URL(location.href);
    address.searchParams.delete("run");
    history.replaceState(history.state, "", address);
  }

  on("stopping", () => {
    for (const card of grid?.cards ?? []) {
      const known = cards.get(card.index);
      if (grid && known && AT_WORK.includes(known.node.dataset.state ?? "")) known.draw({ ...card, state: "stopping" }, grid);
    }
  });

  /** @param {Grid | null} value */
  function take(value) {
    if (!value || !value.run || (expected && value.run !== expected)) return;
    const keeps = document.activeElement;
    if (grid?.run !== value.run) clear();
    render(value);
    if (keeps instanceof HTMLElement && keeps.isConnected && keeps !== document.activeElement) keeps.focus({ preventScroll: true });
    if (lab.running !== value.run) return;
    // The address is the run's from its first moment: a reload in the middle loses nothing.
    if (value.photo && linkedRun() !== value.run) history.replaceState(null, "", runUrl(value.run));
    if (value.state === "running") return;
    lab.running = null;
    emit("finished", value);
  }

  watch("value", () => { heard = Date.now(); take(props.value); });

  on("lang", () => {
    if (!grid) return;
    for (const known of cards.values()) known.forget();
    render(grid);
  });

  /* ---- a run that is opened again ---------------------------------------------------------------------------- */

  async function reopen() {
    const run = linkedRun();
    if (!run) return;
    const reply = await ask(server.open_run, ofRun(run));
    if (!reply.ok) { settled = true; notice(errorText(reply.error), "error"); return; }
    if (!reply.own && isOwn(run)) disown(run);
    if (lab.running) return; // the page was quicker
    if (reply.grid.state === "running" && reply.own) goOn(run);
    take(reply.grid);
    watchOver(run);
    const { resumed } = await lab.canvas;
    const own = await resumed;
    if (!own) { fold.fold(); land("auto"); }
    if (!own) await lab.showPhoto(reply.photo, reply.prompt);
    settled = true;
    const adopt = () => lab.adoptJobs(reply.jobs);
    if (lab.catalogue) adopt();
    else on("catalogue", adopt);
  }

  /**
   * A run that another page has begun, or this one before it was loaded again: Stop is in reach.
   * @param {string} run
   */
  function goOn(run) {
    lab.running = run;
    emit("jobs");
    notice(t("grid.still"));
  }

  /**
   * A run whose values do not come by themselves, as after a lost connection, is asked for until it
   * has ended.
   * @param {string} run
   */
  async function watchOver(run) {
    while (grid?.run === run && grid.state === "running") {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW));
      if (Date.now() - heard < SILENCE) continue;
      await renew(run);
    }
  }

  /** @param {string} run */
  async function renew(run) {
    const reply = await ask(server.open_run, ofRun(run));
    if (reply.ok && grid?.run === run) take(reply.grid);
  }

  lab.saveRemark = (run, index, text) => ask(server.remark, ofRun(run, { index, text }));
  translate(root);
  reopen();
};
