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
import { goOnWith } from "./continue.js";
import { makeDetails } from "./details.js";
import { makeDownload } from "./download.js";
import { makeFigure } from "./figure.js";
import { makeFold } from "./fold.js";
import { watchKeys } from "./keys.js";
import { lookIn, noteLook, putLook } from "./look_link.js";
import { makeLooking } from "./looking.js";
import { makeNumbers } from "./numbers.js";
import { firstPair, isPair, ORIGINAL, sides } from "./pair.js";
import { idsOf, isSeries, makeParts } from "./parts.js";
import { makePicking } from "./picking.js";
import { makeRest } from "./rest.js";
import { makeResultCard } from "./result_card.js";
import { linkedRun, runUrl } from "./run_link.js";
import { makeOwnership } from "./ownership.js";
import { reopenSeries } from "./reopening.js";
import { makeShelf } from "./shelf.js";
import { makeSweepGrid, named } from "./sweep_grid.js";
import { openPair, openViewer } from "./viewer.js";

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
const emptyGrid = ({ payload, erasers, axes }) => ({ run: payload.run, state: "running", photo: lab.photo, mask: null,
  cards: erasers.map((eraser, index) => ({ index, eraser: eraser.id, name: eraser.name, state: "queued", notes: [], axes: axes?.[index] })) });

/** @param {import("../types.js").Mounted & import("../types.js").Watching} mounted */
export const mountGrid = ({ element, server, props, watch }) => {
  /** @type {Grid | null} */
  let grid = null; // the newest value
  /** @type {string | null} */
  let expected = null; // the run that this page has started and waits for
  let settled = !linkedRun(); // a photo that is opened from now on is the user's own wish
  let heard = 0; // when a value came by itself
  let asked = lookIn(location.search); // what a link wants to be looked at
  const parts = makeParts(); // of tables that are made of several runs
  /** @type {Map<number, ResultCard>} */
  const cards = new Map(); // by their index

  const root = h("section.lab-results", { "data-t-label": "grid.title", hidden: true });
  const looking = makeLooking(root, () => follow());
  const numbers = makeNumbers(root);
  const figure = makeFigure(root);
  const fold = makeFold();
  const picking = makePicking((a, b) => openBoth({ a, b }));
  const ownership = makeOwnership({ server, renew, forget: (run) => { shelf.forget(run); if (grid?.run === run) leave(); } });
  const bar = makeBar({ looking, ownership, openNumbers: () => { if (grid) numbers(grid); }, openFigure: () => { if (grid) figure(grid); }, compare, unfold: fold.button });
  const details = makeDetails(root);
  makeDownload({ root, server });
  const shelf = makeShelf({ open: (run) => { if (grid?.run !== run) { history.pushState(history.state, "", runUrl(run)); walk(run); } } });
  const problem = h("p.lab-problem", { role: "alert", hidden: true });
  const body = h("div.lab-grid", { "data-testid": "grid" });
  const rest = makeRest({ server, begun: (value) => begunAgain(value) });
  root.prepend(bar.node, problem, rest.node, body);
  element.replaceChildren(shelf.node, root);
  const sweeps = makeSweepGrid(body);
  const settle = keepColumns(root, bar.node, shelf.node, body, () => looking.shape);
  watchKeys(root, looking, picking, compare, () => goOnWith(grid?.run, cardUnderKeys()), () => cards.values().next().value?.width ?? 1);

  /** The window or the divider is another. */
  function follow() {
    bar.follow();
    settle();
    if (grid?.photo) noteLook({ pair: null, part: looking.own });
  }

  /* ---- two against each other ---------------------------------------------------------------------------- */

  /** The result that has the keyboard. */
  function cardUnderKeys() {
    const tile = document.activeElement?.closest(".lab-result");
    return tile instanceof HTMLElement ? grid?.cards[Number(tile.dataset.index)] : null;
  }

  /** The result that has the keyboard is chosen, as by its button; from elsewhere, any two are compared. */
  function compare() {
    const card = cardUnderKeys();
    if (card?.view) picking.pick(card.index, card.name);
    else if (!card && grid) openBoth(picking.first === null ? firstPair(sides(grid.cards)) : { a: ORIGINAL, b: picking.first });
  }

  /**
   * @param {import("./pair.js").Pair | null} pair
   * @param {import("./window.js").Part | null} [part] of the photo that is seen; else what all results show
   */
  function openBoth(pair, part = null) {
    picking.clear();
    if (!grid?.photo || !pair || !isPair(pair, sides(grid.cards))) return;
    const tell = (/** @type {import("./look_link.js").Look} */ now) => noteLook(now.pair ? now : { pair: null, part: looking.own });
    const { photo, cards: alike } = photoOf(grid.cards[pair.b < 0 ? pair.a : pair.b]);
    if (!photo || !isPair(pair, sides(alike))) { notice(t("pair.photos")); return; }
    const zoomed = looking.isZoomed && photo === grid.photo;
    openPair({ ...grid, photo, cards: alike }, { pair, part: part ?? (zoomed ? looking.window : null) }, tell);
  }

  /* ---- drawing ------------------------------------------------------------------------------------------- */

  /** @param {Grid} newer */
  function render(newer) {
    const value = grid = named(newer);
    root.hidden = false;
    problem.hidden = !value.error;
    if (value.error) problem.textContent = errorText(value.error);
    if (value.photo) looking.begin({ ...value, photo: value.photo }, asked.pair ? null : asked.part);
    for (const card of value.cards) drawCard(card, value);
    for (const [index, known] of cards) if (index >= value.cards.length) { known.node.remove(); cards.delete(index); }
    sweeps.show(value);
    bar.show(value);
    shelf.show(value.run);
    details.show(value);
    rest.show(value);
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
  const land = (behavior) => { if (!window.parentIFrame) (shelf.node.hidden ? root : shelf.node).scrollIntoView({ behavior, block: "start" }); };

  /**
   * A card's photo, and the results of that photo: the large view holds them against each other.
   * @param {import("../types.js").Card} card
   */
  const photoOf = (card) => ({ photo: card.of ? card.of.photo : grid?.photo ?? null, mask: card.of ? card.of.mask : grid?.mask ?? null,
    cards: (grid?.cards ?? []).filter((other) => other.of?.photo?.id === card.of?.photo?.id) });

  /** @param {number} index of a card */
  function look(index) {
    if (!grid) return;
    const { photo, mask, cards: alike } = photoOf(grid.cards[index]);
    if (photo) openViewer({ ...grid, photo, mask, cards: alike }, index);
  }

  function clear() {
    for (const { node } of cards.values()) node.remove();
    cards.clear();
    picking.forget();
  }

  /**
   * @param {import("../types.js").Card} card
   * @param {Grid} value
   */
  function drawCard(card, value) {
    let known = cards.get(card.index);
    if (!known) {
      const open = { look: () => look(card.index), again: () => { const failed = grid?.cards[card.index]; if (grid && failed) tryAgain(failed.of?.run ?? grid.run); },
        details: () => { if (grid) details.open(grid.cards[card.index], grid); } };
      known = makeResultCard({ card, looking, picking, open });
      cards.set(card.index, known);
      body.append(known.node);
    }
    known.draw(card, value);
  }

  /* ---- what others tell ------------------------------------------------------------------------------------ */

  on("run", (begun) => {
    heard = Date.now();
    if (expected && isSeries(expected) && idsOf(expected).includes(begun.payload.run)) { // its table is here already
      if (grid) watchOver(grid.run);
      return;
    }
    expect(emptyGrid(begun));
  });

  on("series", (runs) => expect(parts.begin(runs)));

  /** @param {Grid} value of a run that begins */
  function expect(value) {
    expected = value.run;
    heard = Date.now();
    fold.unfold();
    clear();
    looking.setSplit(0);
    render(value);
    land(scrolling());
    bar.heading.focus({ preventScroll: true });
    watchOver(value.run);
  }

  /** A new photo begins with a clean page; its run, which may still go on, stands on the shelf. */
  on("photo", ({ id }) => {
    if (settled && grid?.photo && grid.photo.id !== id && !parts.holds(id, grid.run)) leave();
  });

  /** As before there was a run. */
  function clean() {
    clear();
    root.hidden = true;
    grid = expected = null;
    fold.unfold();
    shelf.show("");
  }

  /** To the page as it was before any run. */
  function leave() {
    const address = new URL(location.href);
    address.searchParams.delete("run");
    putLook(address, { pair: null, part: null });
    clean();
    history.pushState(history.state, "", address);
  }

  on("back", () => { heard = 0; });

  on("stopping", () => {
    for (const card of grid?.cards ?? []) {
      const known = cards.get(card.index);
      if (grid && known && AT_WORK.includes(known.node.dataset.state ?? "")) known.draw({ ...card, state: "stopping" }, grid);
    }
  });

  /** @param {Grid | null} value */
  function take(value) {
    if (!value || !value.run) return;
    const whole = parts.with(value, expected);
    shelf.note(named(whole));
    if (whole.run !== expected) { // it goes on unseen: another one is looked at
      if (lab.running === value.run && value.state !== "running") end(value);
      return;
    }
    const keeps = document.activeElement;
    if (grid?.run !== whole.run) clear();
    render(whole);
    if (keeps instanceof HTMLElement && keeps.isConnected && keeps !== document.activeElement) keeps.focus({ preventScroll: true });
    if (lab.running !== value.run) return;
    // The address is the run's from its first moment: a reload in the middle loses nothing.
    if (whole.photo && linkedRun() !== whole.run) history.pushState(history.state, "", runUrl(whole.run));
    if (value.state !== "running") end(value);
  }

  /** @param {Grid} value of a run that has ended */
  function end(value) {
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
    if (!run) { settled = true; return; }
    const reply = await openAll(run);
    if (!reply.ok) { settled = true; notice(errorText(reply.error), "error"); return; }
    if (!reply.own && isOwn(run)) disown(run);
    if (lab.running) return; // the page was quicker
    expected = run;
    if (reply.grid.state === "running" && reply.own) goOn(reply.grid.run);
    take(reply.grid);
    if (asked.pair) openBoth(asked.pair, asked.part);
    asked = { pair: null, part: null };
    watchOver(run);
    const { resumed } = await lab.canvas;
    const own = await resumed;
    if (!own) { fold.fold(); land("auto"); }
    if (!own) await lab.showPhoto(reply.photo, reply.prompt);
    settled = true;
    adopt(reply.jobs);
    if (isSeries(run) && !lab.running) emit("finished", reply.grid); // what waits may begin
  }

  /**
   * A run, or each of those that are one table; of these, the one that goes on, else the first, is answered.
   * @param {string} run
   */
  async function openAll(run) {
    if (!isSeries(run)) return ask(server.open_run, ofRun(run));
    const { first, grids } = await reopenSeries(server, idsOf(run));
    if (first.ok) parts.begin(grids);
    return first;
  }

  /** @type {import("../types.js").Job[] | null} */
  let due = null; // jobs to be adopted when there are erasers
  on("catalogue", () => { if (due) lab.adoptJobs(due); due = null; });

  /** @param {import("../types.js").Job[]} jobs */
  function adopt(jobs) {
    if (lab.catalogue) lab.adoptJobs(jobs);
    else due = jobs;
  }

  /**
   * Another run of this tab: its results, and the editor as it was for them.
   * @param {string} run
   */
  async function walk(run) {
    expected = run;
    const reply = await openAll(run);
    if (expected !== run) return; // gone on meanwhile
    if (!reply.ok) { clean(); notice(errorText(reply.error), "error"); return; }
    if (reply.grid.state === "running" && reply.own && !lab.running) goOn(reply.grid.run);
    take(reply.grid);
    if (asked.pair) openBoth(asked.pair, asked.part);
    asked = { pair: null, part: null };
    land("auto");
    watchOver(run);
    await lab.showPhoto(reply.photo, reply.prompt);
    adopt(reply.jobs);
  }

  /** Back and Forward walk through runs. */
  addEventListener("popstate", () => {
    const run = linkedRun();
    asked = lookIn(location.search);
    if (run === (grid?.run ?? null)) return;
    if (run) walk(run);
    else clean();
  });

  /**
   * A run once more, as it was: what it has is at hand, so that only what failed is done.
   * @param {string} run
   */
  async function tryAgain(run) {
    if (lab.running) { notice(t("panel.running")); return; }
    const reply = await ask(server.open_run, ofRun(run));
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    if (lab.photo?.id !== reply.photo.id) await lab.showPhoto(reply.photo, reply.prompt);
    adopt(reply.jobs);
    lab.startRun({ jobs: reply.jobs, prompt: reply.prompt });
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
   * An interrupted run goes on: nothing of it comes by itself.
   * @param {Grid} value
   */
  function begunAgain(value) {
    heard = 0;
    if (value.state === "running") goOn(value.run);
    take(value);
    watchOver(value.run);
  }

  /**
   * A run whose values do not come by themselves, as after a lost connection, is asked for until it
   * has ended.
   * @param {string} run
   */
  async function watchOver(run) {
    while (grid?.run === run && (grid.state === "running" || grid.judging)) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW));
      if (Date.now() - heard < SILENCE) continue;
      await renew(run);
    }
  }

  /** @param {string} run */
  async function renew(run) {
    for (const one of grid?.parts ?? [{ run, state: "running", waits: false }]) {
      if (grid?.run !== run || one.waits || (one.state !== "running" && !/** @type {Grid} */ (one).judging && grid.parts)) continue;
      const reply = await ask(server.open_run, ofRun(one.run));
      if (reply.ok && grid?.run === run) take(reply.grid);
    }
  }

  lab.saveRemark = (run, index, text) => ask(server.remark, ofRun(run, { index, text }));
  translate(root);
  reopen();
};
