/* Runs of rows: one after the other, their results kept by row and eraser.
 *
 * A row is opened on the server once in a page's life; its runs are remembered in this browser
 * by their ids, so that a reload shows them again as long as the server keeps them.
 */
(() => {
  "use strict";
  const lab = eraserLab;
  const KEPT_OF_A_ROW = 6;
  const KEPT_IN_ALL = 150;

  /** server, erase: of the component. onchange(row id): something about this row is new. */
  lab.makeTableRuns = ({ server, erase, onchange }) => {
    const results = new Map(); // row id -> Map(eraser id -> {grid, card})
    const opened = new Map(); // row id -> the server's answer to open_row
    const problems = new Map(); // row id -> what kept its last run from starting
    let known = remembered(); // row id -> run ids, the newest last
    let queue = []; // {row, jobs} that wait
    let current = null; // {row, run, jobs}; run is null until it has been opened

    function remembered() {
      try {
        const value = JSON.parse(lab.remember("tables") || "{}");
        return Object.fromEntries(Object.entries(value).filter(([, runs]) => Array.isArray(runs)));
      } catch {
        return {};
      }
    }

    function keep(row, run) {
      const { [row]: runs = [], ...others } = known;
      known = { ...others, [row]: [...runs, run].slice(-KEPT_OF_A_ROW) };
      let many = Object.values(known).flat().length;
      for (const id of Object.keys(known)) {
        if (many <= KEPT_IN_ALL) break;
        if (id === row) continue;
        many -= known[id].length;
        delete known[id];
      }
      lab.remember("tables", JSON.stringify(known));
    }

    /** The results of a grid take the place of older ones by the same erasers. */
    function learn(row, grid) {
      if (!results.has(row)) results.set(row, new Map());
      for (const card of grid.cards || []) results.get(row).set(card.eraser, { grid, card });
    }

    const free = () => !current && !lab.running;

    async function next() {
      if (!queue.length || !free()) return;
      current = { ...queue.shift(), run: null };
      const { row, jobs } = current;
      problems.delete(row);
      onchange(row);
      const reply = await open(row);
      if (!current || current.row !== row) return; // stopped meanwhile
      if (!reply.ok) { fail(row, reply.error); return; }
      current.run = lab.randomId();
      lab.running = current.run;
      lab.emit("busy");
      learn(row, { run: current.run, cards: jobs.map((job, index) => ({ index, eraser: job.eraser, name: job.name, state: "queued" })) });
      onchange(row);
      const { objects, upload } = reply.prompt;
      erase({ run: current.run, photo: reply.photo.id, objects, upload, row, jobs: jobs.map(({ eraser, settings, seed }) => ({ eraser, settings, seed })) });
    }

    async function open(row) {
      if (opened.has(row)) return opened.get(row);
      const reply = await lab.ask(server.open_row, { row });
      if (reply.ok) opened.set(row, reply);
      return reply;
    }

    function fail(row, error) {
      problems.set(row, error);
      queue = ["photo_unreachable", "photo_offline"].includes(error && error.code) ? [] : queue; // the others would fail alike
      current = null;
      onchange(row);
      next();
    }

    /** A value of the grid of this page's run. */
    function take(grid) {
      if (!grid || !current || grid.run !== current.run) return;
      const { row, jobs } = current;
      if (grid.cards && grid.cards.length) learn(row, grid);
      else if (grid.error) for (const job of jobs) results.get(row).delete(job.eraser);
      if (grid.state !== "running") {
        lab.running = current = null;
        if (grid.cards.length) keep(row, grid.run);
        else problems.set(row, grid.error);
        if (grid.error && ["photo_gone", "upload_gone"].includes(grid.error.code)) opened.delete(row);
        lab.emit("busy");
      }
      onchange(row);
      next();
    }

    async function stop() {
      const waiting = queue.map((one) => one.row);
      queue = [];
      for (const row of waiting) onchange(row);
      if (!current) return;
      if (current.run) { await lab.ask(server.stop, { run: current.run }); return; }
      const { row } = current;
      current = null;
      onchange(row);
    }

    /** Bring back the results that this browser remembers. */
    async function restore() {
      const runs = Object.values(known).flat();
      if (!runs.length) return;
      const reply = await lab.ask(server.grids, { runs });
      if (!reply.ok) return;
      for (const [row, ids] of Object.entries(known)) {
        for (const id of ids) if (reply.grids[id]) learn(row, reply.grids[id]);
        onchange(row);
      }
    }

    lab.on("finished", () => next()); // of the editor's run
    return {
      take, stop, restore, open, results: (row) => results.get(row) || new Map(), problem: (row) => problems.get(row),
      /** Run these jobs {eraser, name, settings, seed} on a row, after those that were asked for before. */
      add(row, jobs) { queue.push({ row, jobs }); onchange(row); next(); },
      state: (row) => (current && current.row === row ? "running" : queue.some((one) => one.row === row) ? "queued" : "idle"),
      get busy() { return Boolean(current || queue.length); },
      get left() { return queue.length + (current ? 1 : 0); },
    };
  };
})();
