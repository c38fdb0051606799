/* The second tab: rows of tables run again on this machine, what papers print, what systems there are.
 *
 * Nothing is asked of the server before the tab is opened for the first time.
 */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { errorText, t, translate, translated } from "../base/languages.js";
import { goTo } from "../base/place.js";
import { ask } from "../base/server.js";
import { eraserOf, lab } from "../base/state.js";
import { tabList } from "../base/tab_list.js";
import { notice, scrolling } from "../base/widgets.js";
import { consented } from "../erasers/consent.js";
import { makeBeside } from "./beside.js";
import { makeGiven } from "./given.js";
import { papersView } from "./papers.js";
import { makeRow } from "./row.js";
import { makeRowsBar } from "./rows_bar.js";
import { systemsView } from "./systems.js";
import { makeTableRuns } from "./table_runs.js";

/**
 * @typedef {import("../types.js").Row} Row
 * @typedef {import("../types.js").Table} Table
 * @typedef {import("../types.js").RowSet} RowSet
 */

const MOST_REPORTED = 40; // runs in one report
const FOUND = 2400; // milliseconds that a row which was looked for is marked

/** @param {import("../types.js").Mounted & import("../types.js").Watching & import("../types.js").Erasing} mounted */
export const mountTables = ({ element, server, props, watch, erase }) => {
  /** @type {Map<string, { row: Row, card: import("./row.js").RowCard }>} */
  const rows = new Map();
  /** @type {Table[]} */
  let tables = [];
  /** @type {RowSet} */
  let set = "documents"; // whose rows are shown
  /** @type {Promise<void> | null} */
  let loading = null; // the promise of the rows, once they are asked for
  let bringing = false;

  const runs = makeTableRuns({ server, erase, onchange: (id) => { rows.get(id)?.card.draw(); drawBar(); } });
  const given = makeGiven({ server, changed: () => drawAll(), onanswer: (id) => rows.get(id)?.card.draw() });
  const beside = makeBeside(() => drawAll(), given);
  const bar = makeRowsBar({ beside: beside.node, choose, fetchAll: bringAll, runAll, stop: () => { bringing = false; runs.stop(); } });

  /* ---- the frame --------------------------------------------------------------------------- */

  const views = tabList({ kind: "lab-segments", label: "tables.views", onselect: (view) => goTo({ view }), items: [
    { id: "rows", key: "tables.rows", panel: "lab-view-rows" }, { id: "papers", key: "tables.papers", panel: "lab-view-papers" },
    { id: "systems", key: "tables.systems", panel: "lab-view-systems" }] });
  /**
   * @param {string} view
   * @param {Node[]} content
   */
  const panel = (view, ...content) => h("div.lab-view-panel", { id: "lab-view-" + view, role: "tabpanel", "aria-labelledby": "lab-to-" + view, hidden: true }, ...content);
  const banner = h("div.lab-problem", { role: "alert", hidden: true });
  const list = h("div.lab-cases", {}, h("p.lab-hint", { "data-t": "tables.loading" }));
  const panels = { rows: panel("rows", bar.node, banner, list), papers: panel("papers"), systems: panel("systems") };
  const papers = papersView({ server, into: panels.papers });
  const systems = systemsView({ server, into: panels.systems });
  const root = h("section.lab-tables", { "data-t-label": "tables.title" },
    h("header.lab-tables-head", {}, h("div", {}, h("h2", { "data-t": "tables.title" }), h("p.lab-hint", { "data-t": "tables.lead" })), views.node),
    panels.rows, panels.papers, panels.systems);
  element.replaceChildren(root);

  /** @param {import("../types.js").PagePlace} place */
  async function showPlace(place) {
    if (place.tab !== "tables") return;
    views.choose(place.view);
    for (const [view, node] of Object.entries(panels)) node.hidden = view !== place.view;
    if (place.view === "papers") papers.open();
    else if (place.view === "systems") systems.open();
    else {
      await (loading ||= load());
      if (place.set && place.set !== set) showSet(place.set);
      if (place.row) reveal(place.row);
    }
  }

  /* ---- the bar --------------------------------------------------------------------------------- */

  const shown = () => [...rows.values()].filter(({ row }) => setOf(row) === set);
  /**
   * @param {Row} row
   * @returns {RowSet}
   */
  const setOf = (row) => (tables.find((table) => table.id === row.table)?.document ? "documents" : "ours");
  /** @param {RowSet} which */
  const count = (which) => [...rows.values()].filter(({ row }) => setOf(row) === which).length;

  function drawBar() {
    if (!tables.length) return;
    bar.draw({ counts: { documents: count("documents"), ours: count("ours") }, set, absent: shown().filter(({ card }) => !card.here()).length,
      bringing, held: held(), busy: runs.busy, left: runs.left, done: shown().flatMap(({ row }) => runs.runsOf(row.id)).slice(0, MOST_REPORTED), given: given.address() });
    beside.drawCount();
  }

  /** Why nothing can be run now: the editor's own run has the device. */
  const held = () => (lab.running && !runs.busy ? "tables.held" : "");

  /** @param {RowSet} which */
  function choose(which) {
    goTo({ set: which });
  }

  /** @param {RowSet} which */
  function showSet(which) {
    set = which;
    banner.hidden = true;
    drawList();
  }

  /**
   * After the question whether photos may go to hosts that are new.
   * @param {Row[]} wanted
   */
  async function runThese(wanted) {
    const erasers = new Set(wanted.flatMap((row) => beside.jobs(row)).map(({ eraser }) => eraser));
    if (!await consented([...erasers].flatMap((id) => eraserOf(id) ?? []))) return;
    for (const row of wanted) runs.add(row.id, beside.jobs(row));
  }

  function runAll() {
    runThese(shown().map(({ row }) => row).filter((row) => runs.state(row.id) === "idle" && beside.jobs(row).length));
  }

  /** Fetch the pictures of all rows, one row after the other; the first refusal ends it. */
  async function bringAll() {
    bringing = true;
    banner.hidden = true;
    drawBar();
    for (const { card } of shown()) {
      if (!bringing) break;
      if (card.here() || (await card.fetchPictures())) continue;
      refused();
      break;
    }
    bringing = false;
    drawBar();
  }

  function refused() {
    banner.replaceChildren(h("p", {}, t("tables.refused")));
    if (count("ours")) banner.append(h("button.lab-primary.small", { type: "button", "data-testid": "to-stand-ins", onclick: () => choose("ours") }, t("tables.tostandins")));
    banner.hidden = false;
  }

  /* ---- the rows ----------------------------------------------------------------------------------- */

  async function load() {
    const [reply] = await Promise.all([ask(server.rows, {}), catalogueHere()]);
    if (!reply.ok) {
      loading = null;
      list.replaceChildren(h("p.lab-state.bad", {}, errorText(reply.error)), h("button.lab-link", { type: "button", onclick: () => showPlace(lab.place) }, t("panel.retry")));
      return;
    }
    tables = reply.tables;
    given.learn(reply.given);
    beside.begin();
    for (const row of reply.rows) rows.set(row.id, { row, card: makeRow(row, common) });
    if (count("ours") && !shown().some(({ card }) => card.here())) set = "ours"; // there is more to see
    drawList();
    await runs.restore();
  }

  const catalogueHere = () => (lab.catalogue ? null : new Promise((resolve) => on("catalogue", resolve)));

  /** @type {import("./row.js").Common} */
  const common = {
    runs, given, held, erasers: beside.erasers, jobs: beside.jobs, ticked: beside.ticked,
    row: (id) => rows.get(id)?.row,
    label: (row) => (row.method ? t("tables.row", { eraser: row.method, number: row.number }) : t("tables.case")),
    show: (id) => goTo({ tab: "tables", view: "rows", row: id }),
    run: (row) => { runThese([row]); },
    async fetch(row) {
      const reply = await ask(server.fetch_row, { row: row.id });
      if (reply.ok) refreshPictures();
      return reply;
    },
    edit,
  };

  /**
   * Open a row in the editor, with its selection and its erasers.
   * @param {Row} row
   */
  async function edit(row) {
    const reply = await runs.open(row.id);
    if (!reply.ok) { rows.get(row.id)?.card.fail(reply.error); return; }
    refreshPictures();
    goTo({ tab: "erase" });
    scrollTo(0, 0);
    lab.showPhoto(reply.photo, reply.prompt);
    for (const note of reply.notes || []) notice(translated(note));
    lab.adoptJobs([...reply.jobs, ...beside.jobs(row).filter((job) => job.eraser !== row.eraser)]);
  }

  /** Rows share photos: one that was fetched for one row is there for the others too. */
  async function refreshPictures() {
    const reply = await ask(server.rows, {});
    if (!reply.ok) return;
    for (const row of reply.rows) {
      const known = rows.get(row.id);
      if (!known) continue;
      known.row = row;
      known.card.learn(row);
      known.card.draw();
    }
    drawBar();
  }

  /** @param {Table} table */
  function section(table) {
    const link = table.document ? h("a", { href: table.document, target: "_blank", rel: "noopener noreferrer", "data-t": "tables.document" }) : "";
    return h("section.lab-table", {}, h("header.lab-table-head", {}, h("h3", {}, translated(table.title)), h("p.lab-hint", {}, translated(table.note) + " ", link)),
      ...shown().filter(({ row }) => row.table === table.id).map(({ card }) => card.node));
  }

  function drawList() {
    list.replaceChildren(...tables.filter((table) => (table.document ? "documents" : "ours") === set).map(section));
    beside.draw();
    drawAll();
  }

  function drawAll() {
    for (const { card } of shown()) card.draw();
    drawBar();
  }

  /** @param {string} id */
  function reveal(id) {
    const known = rows.get(id);
    if (!known) return;
    if (setOf(known.row) !== set) showSet(setOf(known.row));
    const { node } = known.card;
    node.scrollIntoView({ block: "start", behavior: scrolling() });
    node.focus({ preventScroll: true });
    node.classList.add("is-found");
    setTimeout(() => node.classList.remove("is-found"), FOUND);
  }

  watch("value", () => runs.take(props.value));
  on("place", showPlace);
  on("weights", () => { if (tables.length && !beside.node.contains(document.activeElement)) beside.draw(); }); // not under the user's hand
  for (const event of /** @type {const} */ (["busy", "run", "finished", "weights"])) on(event, () => { if (tables.length) drawAll(); });
  on("lang", () => { if (tables.length) drawList(); });
  translate(root);
  showPlace(lab.place);
};
