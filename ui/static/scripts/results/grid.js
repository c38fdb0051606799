/* The result grid: the photo first, then one card per eraser, filled as each finishes.
 *
 * The server sends the whole grid as one value again and again; this file draws what differs.
 */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { errorText, translate } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { notice, scrolling } from "../base/widgets.js";
import { makeBar } from "./bar.js";
import { makeCloseUp } from "./closeup.js";
import { balanceColumns } from "./columns.js";
import { originalCard } from "./original_card.js";
import { makeResultCard } from "./result_card.js";
import { linkedRun, runUrl } from "./run_link.js";
import { makeSplit } from "./split.js";
import { openViewer } from "./viewer.js";

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("./result_card.js").ResultCard} ResultCard
 */

const FOLLOW = 2500; // milliseconds between two looks at a run of another tab; the server counts them
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
  /** @type {Map<number, ResultCard>} */
  const cards = new Map(); // by their index
  /** @type {{ node: HTMLElement, run: string } | null} */
  let original = null; // the photo's card

  const root = h("section.lab-results", { "data-t-label": "grid.title", hidden: true });
  const split = makeSplit(root);
  const bar = makeBar({ splitter: split.node, toggleCloseUp: () => close.toggle() });
  const close = makeCloseUp({ root, button: bar.closeUp });
  const problem = h("p.lab-problem", { role: "alert", hidden: true });
  const body = h("div.lab-grid", { "data-testid": "grid" });
  root.append(bar.node, problem, body);
  element.replaceChildren(root);
  const balance = balanceColumns(body);

  /* ---- drawing ------------------------------------------------------------------------------------------- */

  /** @param {Grid} value */
  function render(value) {
    grid = value;
    root.hidden = false;
    problem.hidden = !value.error;
    if (value.error) problem.textContent = errorText(value.error);
    if (value.photo) drawOriginal({ ...value, photo: value.photo });
    for (const card of value.cards) drawCard(card, value);
    for (const [index, known] of cards) if (index >= value.cards.length) { known.node.remove(); cards.delete(index); }
    balance();
    bar.show(value);
    if (value.photo) emit("grid", value);
  }

  /** @param {number} index of a card; -1 is the original */
  const open = (index) => { if (grid?.photo) openViewer({ ...grid, photo: grid.photo }, index); };

  function clear() {
    for (const { node } of cards.values()) node.remove();
    cards.clear();
    original?.node.remove();
    original = null;
  }

  /** @param {Grid & { photo: import("../types.js").Photo }} value */
  function drawOriginal(value) {
    if (original?.run === value.run) return;
    clear();
    close.place(value);
    original = { node: originalCard(value, close, () => open(-1)), run: value.run };
    body.prepend(original.node);
  }

  /**
   * @param {import("../types.js").Card} card
   * @param {Grid} value
   */
  function drawCard(card, value) {
    let known = cards.get(card.index);
    if (!known) {
      known = makeResultCard({ card, grid: value, split, close, open: () => open(card.index) });
      cards.set(card.index, known);
      body.append(known.node);
    }
    known.draw(card, value);
  }

  /* ---- what others tell ------------------------------------------------------------------------------------ */

  on("run", (begun) => {
    expected = begun.payload.run;
    clear();
    split.set(0);
    render(emptyGrid(begun));
    original?.node.remove(); // the server's first value brings the mask: the original is drawn again with it
    original = null;
    root.scrollIntoView({ behavior: scrolling(), block: "nearest" });
  });

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
    render(value);
    if (keeps instanceof HTMLElement && keeps.isConnected && keeps !== document.activeElement) keeps.focus({ preventScroll: true });
    if (lab.running !== value.run) return;
    // The address is the run's from its first moment: a reload in the middle loses nothing.
    if (value.photo && linkedRun() !== value.run) history.replaceState(null, "", runUrl(value.run));
    if (value.state === "running") return;
    lab.running = null;
    emit("finished", value);
  }

  watch("value", () => take(props.value));

  on("lang", () => {
    if (!grid) return;
    original?.node.remove();
    original = null;
    const percent = split.percent;
    for (const known of cards.values()) known.forget();
    render(grid);
    split.set(percent);
  });

  /* ---- a run that is opened again ---------------------------------------------------------------------------- */

  async function reopen() {
    const run = linkedRun();
    if (!run) return;
    const reply = await ask(server.open_run, { run });
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    take(reply.grid);
    follow(run);
    const { resumed } = await lab.canvas;
    if (!(await resumed)) await lab.showPhoto(reply.photo, reply.prompt);
    const adopt = () => lab.adoptJobs(reply.jobs);
    if (lab.catalogue) adopt();
    else on("catalogue", adopt);
  }

  /**
   * A run that this page has not started sends it nothing: it is asked for until it has ended.
   * @param {string} run
   */
  async function follow(run) {
    while (grid?.run === run && grid.state === "running" && lab.running !== run) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW));
      const reply = await ask(server.open_run, { run });
      if (reply.ok && grid.run === run) take(reply.grid);
    }
  }

  lab.saveRemark = (run, index, text) => ask(server.remark, { run, index, text });
  translate(root);
  reopen();
};
