/* The second tab: rows of tables run again on this machine, what papers print, what systems there are.
 *
 * Nothing is asked of the server before the tab is opened for the first time.
 */
(() => {
"use strict";
eraserLab.mountTables = ({ element, server, props, watch, erase }) => {
  const lab = eraserLab;
  const { h, t } = lab;
  const MOST_REPORTED = 40; // runs in one report
  const rows = new Map(); // id -> {row, card}
  let tables = [];
  let set = "documents"; // or "ours": whose rows are shown
  let loading = null; // the promise of the rows, once they are asked for
  let bringing = false;
  const ticked = new Set();

  const runs = lab.makeTableRuns({ server, erase, onchange: (id) => { rows.get(id)?.card.draw(); drawBar(); } });

  /* ---- the frame --------------------------------------------------------------------------- */

  const views = lab.tabs({ kind: "lab-segments", label: "tables.views", onselect: (view) => lab.goTo({ view }), items: [
    { id: "rows", key: "tables.rows", panel: "lab-view-rows" }, { id: "papers", key: "tables.papers", panel: "lab-view-papers" },
    { id: "systems", key: "tables.systems", panel: "lab-view-systems" }] });
  const panel = (view, ...content) => h("div.lab-view-panel", { id: "lab-view-" + view, role: "tabpanel", "aria-labelledby": "lab-to-" + view, hidden: true }, ...content);
  const bar = h("div.lab-tables-bar");
  const banner = h("div.lab-problem", { role: "alert", hidden: true });
  const list = h("div.lab-cases", {}, h("p.lab-hint", { "data-t": "tables.loading" }));
  const panels = { rows: panel("rows", bar, banner, list), papers: panel("papers"), systems: panel("systems") };
  const papers = lab.papersView({ server, into: panels.papers });
  const systems = lab.systemsView({ server, into: panels.systems });
  const root = h("section.lab-tables", { "data-t-label": "tables.title" },
    h("header.lab-tables-head", {}, h("div", {}, h("h2", { "data-t": "tables.title" }), h("p.lab-hint", { "data-t": "tables.lead" })), views.node),
    panels.rows, panels.papers, panels.systems);
  element.replaceChildren(root);

  async function showPlace(place) {
    if (place.tab !== "tables") return;
    views.choose(place.view);
    for (const [view, node] of Object.entries(panels)) node.hidden = view !== place.view;
    if (place.view === "papers") papers.open();
    else if (place.view === "systems") systems.open();
    else {
      await (loading ||= load());
      if (place.row) reveal(place.row);
    }
  }

  /* ---- which erasers stand beside ----------------------------------------------------------- */

  /** The erasers of a row's cells: its own with the row's settings first, then the ticked ones. */
  function erasers(row) {
    const own = row.eraser ? [{ ...(lab.eraser(row.eraser) || { id: row.eraser, name: row.method, weights: [], available: false, why: window.eraserLabTexts["tables.noeraser"] }), ours: true }] : [];
    const others = [...ticked].map(lab.eraser).filter((eraser) => eraser && eraser.id !== row.eraser);
    return [...own, ...others];
  }

  /** A row's own eraser runs unasked only when it is ready: nobody fetches gigabytes by running a row. */
  const jobs = (row) => erasers(row).filter((eraser) => eraser.available && (!eraser.ours || lab.ready(eraser) || ticked.has(eraser.id)))
    .map((eraser) => ({ ...lab.jobOf(eraser.id), name: eraser.name, ...(eraser.ours ? { settings: row.settings } : {}) }));

  function tickList() {
    const box = h("div.lab-ticks", { role: "group", "data-t-label": "tables.beside" });
    for (const eraser of lab.catalogue.erasers.filter((one) => one.available)) {
      const id = "lab-tick-" + eraser.id;
      const size = lab.ready(eraser) ? "" : lab.bytes(lab.missingBytes(eraser));
      box.append(h("label.lab-tick", { for: id }, h("input", { type: "checkbox", id, "data-tick": eraser.id, checked: ticked.has(eraser.id), onchange: (event) => {
        if (event.target.checked) ticked.add(eraser.id); else ticked.delete(eraser.id);
        lab.remember("beside", JSON.stringify([...ticked]));
        drawAll();
      } }), h("span", {}, eraser.name), size ? h("span.lab-hint", {}, size) : null));
    }
    return box;
  }

  function startTicks() {
    let stored = null;
    try {
      stored = JSON.parse(lab.remember("beside") || "null");
    } catch {
      /* a note of another version: begin afresh */
    }
    const begin = Array.isArray(stored) ? stored : lab.catalogue.erasers.filter((eraser) => eraser.default).map((eraser) => eraser.id);
    for (const id of begin) if (lab.eraser(id)?.available) ticked.add(id);
  }

  /* ---- the bar --------------------------------------------------------------------------------- */

  const shown = () => [...rows.values()].filter(({ row }) => setOf(row) === set);
  const setOf = (row) => (tables.find((table) => table.id === row.table)?.document ? "documents" : "ours");
  const count = (which) => [...rows.values()].filter(({ row }) => setOf(row) === which).length;

  const beside = lab.popover("sliders", "tables.beside", h("div"));
  beside.classList.add("down");
  const sets = h("div.lab-segments", { role: "group", "data-t-label": "tables.sets" });
  const fetchAll = h("button.lab-tool.wide", { type: "button", "data-testid": "fetch-rows", onclick: () => bringAll() });
  const runAll = h("button.lab-tool.wide", { type: "button", "data-testid": "run-rows", onclick: () => { for (const { row } of shown()) if (runs.state(row.id) === "idle" && jobs(row).length) runs.add(row.id, jobs(row)); } },
    lab.icon("play"), h("span", { "data-t": "tables.runall" }));
  const stop = h("button.lab-tool.wide", { type: "button", "data-testid": "stop-rows", onclick: () => { bringing = false; runs.stop(); } }, lab.icon("stop"), h("span", { "data-t": "panel.stop" }));
  const report = h("a.lab-tool.wide", { download: true, "data-testid": "report-rows", "data-t-title": "tables.report.hint" }, lab.icon("report"), h("span", { "data-t": "grid.report" }));
  const state = h("span.lab-hint", { role: "status" });
  bar.append(sets, beside, fetchAll, runAll, stop, report, state);

  function drawBar() {
    if (!tables.length) return;
    sets.hidden = !count("ours");
    sets.replaceChildren(...["documents", "ours"].map((which) => h("button.lab-segment", { type: "button", "data-set": which, "aria-pressed": String(which === set), onclick: () => choose(which) },
      t("tables.set." + which, { count: count(which) }))));
    const absent = shown().filter(({ card }) => !card.here()).length;
    fetchAll.hidden = !absent;
    fetchAll.disabled = bringing;
    fetchAll.replaceChildren(bringing ? h("i.lab-spin.tiny") : lab.icon("download"), h("span", {}, t(bringing ? "tables.fetching" : "tables.fetchall", { count: absent })));
    runAll.disabled = Boolean(held());
    stop.hidden = !runs.busy && !bringing;
    const done = shown().flatMap(({ row }) => runs.runsOf(row.id)).slice(0, MOST_REPORTED);
    report.hidden = !done.length;
    report.href = "lab/report.html?runs=" + done.join(",");
    state.textContent = runs.left ? t("tables.left", { count: runs.left }) : held() ? t(held()) : "";
    beside.querySelector("button span").textContent = t("tables.beside.count", { count: ticked.size });
  }

  /** Why nothing can be run now: the editor's own run has the device. */
  const held = () => (lab.running && !runs.busy ? "tables.held" : "");

  function choose(which) {
    set = which;
    banner.hidden = true;
    drawList();
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
    banner.replaceChildren(...[h("p", {}, t("tables.refused")), count("ours") ? h("button.lab-primary.small", { type: "button", "data-testid": "to-stand-ins", onclick: () => choose("ours") }, t("tables.tostandins")) : null].filter(Boolean));
    banner.hidden = false;
  }

  /* ---- the rows ----------------------------------------------------------------------------------- */

  async function load() {
    const [reply] = await Promise.all([lab.ask(server.rows, {}), catalogue()]);
    if (!reply.ok) {
      loading = null;
      list.replaceChildren(h("p.lab-state.bad", {}, lab.errorText(reply.error)), h("button.lab-link", { type: "button", onclick: () => showPlace(lab.place) }, t("panel.retry")));
      return;
    }
    tables = reply.tables;
    startTicks();
    for (const row of reply.rows) rows.set(row.id, { row, card: lab.makeRow(row, common) });
    if (!count("documents")) set = "ours";
    drawList();
    await runs.restore();
  }

  const catalogue = () => (lab.catalogue ? null : new Promise((resolve) => lab.on("catalogue", resolve)));

  /** What the rows share with each other; see row.js. */
  const common = {
    runs, erasers, jobs, held, ticked,
    row: (id) => rows.get(id)?.row,
    label: (row) => (row.method ? t("tables.row", { eraser: row.method, number: row.number }) : t("tables.case")),
    show: (id) => lab.goTo({ tab: "tables", view: "rows", row: id }),
    run: (row) => runs.add(row.id, jobs(row)),
    async fetch(row) {
      const reply = await lab.ask(server.fetch_row, { row: row.id });
      if (reply.ok) refreshPictures();
      return reply;
    },
    async edit(row) {
      const reply = await runs.open(row.id);
      if (!reply.ok) { rows.get(row.id).card.fail(reply.error); return; }
      refreshPictures();
      lab.goTo({ tab: "erase" });
      scrollTo(0, 0);
      await lab.showPhoto(reply.photo, reply.prompt);
      for (const note of reply.notes || []) lab.notice(lab.say(note));
      lab.adoptJobs([...reply.jobs, ...jobs(row).filter((job) => job.eraser !== row.eraser)]);
    },
  };

  /** Rows share photos: one that was fetched for one row is there for the others too. */
  async function refreshPictures() {
    const reply = await lab.ask(server.rows, {});
    if (!reply.ok) return;
    for (const row of reply.rows) if (rows.has(row.id)) {
      const known = rows.get(row.id);
      known.row = row;
      known.card.learn(row);
      known.card.draw();
    }
    drawBar();
  }

  function drawList() {
    const parts = tables.filter((table) => (table.document ? "documents" : "ours") === set).map((table) => {
      const mine = shown().filter(({ row }) => row.table === table.id);
      return h("section.lab-table", {}, h("header.lab-table-head", {}, h("h3", {}, lab.say(table.title)), h("p.lab-hint", {}, lab.say(table.note) + " ",
        table.document ? h("a", { href: table.document, target: "_blank", rel: "noopener noreferrer", "data-t": "tables.document" }) : "")), ...mine.map(({ card }) => card.node));
    });
    list.replaceChildren(...parts);
    drawTicks();
    drawAll();
  }

  const drawTicks = () => beside.querySelector(".lab-popover").replaceChildren(tickList());

  function drawAll() {
    for (const { card } of shown()) card.draw();
    drawBar();
  }

  function reveal(id) {
    const known = rows.get(id);
    if (!known) return;
    if (setOf(known.row) !== set) choose(setOf(known.row));
    known.card.node.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    known.card.node.focus({ preventScroll: true });
    known.card.node.classList.add("is-found");
    setTimeout(() => known.card.node.classList.remove("is-found"), 2400);
  }

  watch("value", () => runs.take(props.value));
  lab.on("place", showPlace);
  lab.on("weights", () => { if (tables.length && !beside.contains(document.activeElement)) drawTicks(); }); // not under the user's hand
  for (const event of ["busy", "run", "finished", "weights"]) lab.on(event, () => { if (tables.length) drawAll(); });
  lab.on("lang", () => { if (tables.length) drawList(); });
  lab.translate(root);
  showPlace(lab.place);
};
})();
