/* The result grid: one card per eraser, filled as each finishes.
 *
 * The server sends the whole grid as one value again and again; this file draws what differs.
 */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { errorText, translate } from "../base/languages.js";
import { ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { scrolling } from "../base/widgets.js";
import { makeBar } from "./bar.js";
import { keepColumns } from "./columns.js";
import { makeComparing } from "./comparing.js";
import { goOnWith } from "./continue.js";
import { makeDetails } from "./details.js";
import { makeDownload } from "./download.js";
import { makeFigure } from "./figure.js";
import { makeFold } from "./fold.js";
import { makeFollowing } from "./following.js";
import { watchKeys } from "./keys.js";
import { noteLook, putLook } from "./look_link.js";
import { makeLooking } from "./looking.js";
import { makeNumbers } from "./numbers.js";
import { idsOf, isSeries, makeParts } from "./parts.js";
import { makePicking } from "./picking.js";
import { makeRest } from "./rest.js";
import { makeResultCard } from "./result_card.js";
import { linkedRun, runUrl } from "./run_link.js";
import { makeOwnership } from "./ownership.js";
import { makeShelf } from "./shelf.js";
import { atFirst } from "./shown.js";
import { makeSweepGrid, named } from "./sweep_grid.js";
import { makeWalking } from "./walking.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("./result_card.js").ResultCard} ResultCard
 */

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
  const shown = atFirst();
  const parts = makeParts(); // of tables that are made of several runs
  /** @type {Map<number, ResultCard>} */
  const cards = new Map(); // by their index

  const root = h("section.lab-results", { "data-t-label": "grid.title", hidden: true });
  const looking = makeLooking(root, () => follow());
  const numbers = makeNumbers(root);
  const figure = makeFigure(root);
  const fold = makeFold();
  const comparing = makeComparing({ shown, looking, picking: () => picking });
  const picking = makePicking((a, b) => comparing.openBoth({ a, b }));
  const following = makeFollowing({ server, shown, take });
  const ownership = makeOwnership({ server, renew: following.renew, forget: (run) => { shelf.forget(run); if (shown.grid?.run === run) leave(); } });
  const bar = makeBar({ looking, ownership, openNumbers: () => { if (shown.grid) numbers(shown.grid); }, openFigure: () => { if (shown.grid) figure(shown.grid); },
    compare: comparing.compare, unfold: fold.button });
  const details = makeDetails(root);
  makeDownload({ root, server });
  const shelf = makeShelf({ open: (run) => { if (shown.grid?.run !== run) { history.pushState(history.state, "", runUrl(run)); walking.walk(run); } } });
  const problem = h("p.lab-problem", { role: "alert", hidden: true });
  const body = h("div.lab-grid", { "data-testid": "grid" });
  const rest = makeRest({ server, begun: (value) => walking.begunAgain(value) });
  root.prepend(bar.node, problem, rest.node, body);
  element.replaceChildren(shelf.node, root);
  const sweeps = makeSweepGrid(body);
  const settle = keepColumns(root, bar.node, shelf.node, body, () => looking.shape);
  watchKeys(root, looking, picking, comparing.compare, () => goOnWith(shown.grid?.run, comparing.cardUnderKeys()), () => cards.values().next().value?.width ?? 1);

  /** The window or the divider is another. */
  function follow() {
    bar.follow();
    settle();
    if (shown.grid?.photo) noteLook({ pair: null, part: looking.own });
  }

  /* ---- drawing ------------------------------------------------------------------------------------------- */

  /** @param {Grid} newer */
  function render(newer) {
    const value = shown.grid = named(newer);
    root.hidden = false;
    problem.hidden = !value.error;
    if (value.error) problem.textContent = errorText(value.error);
    if (value.photo) looking.begin({ ...value, photo: value.photo }, shown.asked.pair ? null : shown.asked.part);
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

  function clear() {
    for (const { node } of cards.values()) node.remove();
    cards.clear();
    picking.forget();
  }

  /** What a card's buttons open. @param {number} index */
  const openersOf = (index) => ({
    look: () => comparing.look(index),
    again: () => { if (shown.grid) walking.tryAgain(shown.grid.cards[index].of?.run ?? shown.grid.run); },
    details: () => { if (shown.grid) details.open(shown.grid.cards[index], shown.grid); },
  });

  /**
   * @param {import("../types.js").Card} card
   * @param {Grid} value
   */
  function drawCard(card, value) {
    let known = cards.get(card.index);
    if (!known) {
      known = makeResultCard({ card, looking, picking, open: openersOf(card.index) });
      cards.set(card.index, known);
      body.append(known.node);
    }
    known.draw(card, value);
  }

  /* ---- what others tell ------------------------------------------------------------------------------------ */

  on("run", (begun) => {
    following.hears();
    if (shown.expected && isSeries(shown.expected) && idsOf(shown.expected).includes(begun.payload.run)) { // its table is here already
      if (shown.grid) following.watchOver(shown.grid.run);
      return;
    }
    expect(emptyGrid(begun));
  });

  on("series", (runs) => expect(parts.begin(runs)));

  /** @param {Grid} value of a run that begins */
  function expect(value) {
    shown.expected = value.run;
    following.hears();
    fold.unfold();
    clear();
    looking.setSplit(0);
    render(value);
    land(scrolling());
    bar.heading.focus({ preventScroll: true });
    following.watchOver(value.run);
  }

  /** A new photo begins with a clean page; its run, which may still go on, stands on the shelf. */
  on("photo", ({ id }) => {
    const { settled, grid } = shown;
    if (settled && grid?.photo && grid.photo.id !== id && !parts.holds(id, grid.run)) leave();
  });

  /** As before there was a run. */
  function clean() {
    clear();
    root.hidden = true;
    shown.grid = shown.expected = null;
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

  on("back", following.loses);

  on("stopping", () => {
    const { grid } = shown;
    for (const card of grid?.cards ?? []) {
      const known = cards.get(card.index);
      if (grid && known && AT_WORK.includes(known.node.dataset.state ?? "")) known.draw({ ...card, state: "stopping" }, grid);
    }
  });

  /** @param {Grid | null} value */
  function take(value) {
    if (!value || !value.run) return;
    const whole = parts.with(value, shown.expected);
    shelf.note(named(whole));
    if (whole.run !== shown.expected) { // it goes on unseen: another one is looked at
      if (lab.running === value.run && value.state !== "running") end(value);
      return;
    }
    const keeps = document.activeElement;
    if (shown.grid?.run !== whole.run) clear();
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

  watch("value", () => { following.hears(); take(props.value); });

  on("lang", () => {
    if (!shown.grid) return;
    for (const known of cards.values()) known.forget();
    render(shown.grid);
  });

  lab.saveRemark = (run, index, text) => ask(server.remark, ofRun(run, { index, text }));
  translate(root);
  const walking = makeWalking({ server, shown, parts, following, take, openAsked: comparing.openAsked, land, fold: fold.fold, clean });
  walking.reopen();
};
