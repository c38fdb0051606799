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
    const over = new Set(); // runs of this page that have ended
    const begun = new Map(); // run id -> its row, of this page's runs: numbers come after the end

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

    /** The results of a grid take the place of older ones by the same erasers; the last values of
     *  an older run do not take the place of a newer one. */
    function learn(row, grid) {
      if (!results.has(row)) results.set(row, new Map());
      const mine = results.get(row);
      const older = (id) => mine.has(id) && mine.get(id).grid.run !== grid.run && over.has(grid.run);
      for (const card of grid.cards || []) if (!older(card.eraser)) mine.set(card.eraser, { grid, card });
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
      if (lab.running) { queue.unshift({ row, jobs }); current = null; onchange(row); return; } // the editor was quicker
      current.run = lab.randomId();
      begun.set(current.run, row);
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

    /** A value of the grid of one of this page's runs; the last ones bring files and numbers. */
    function take(grid) {
      const row = grid && begun.get(grid.run);
      if (!row) return;
      if (grid.cards && grid.cards.length) learn(row, grid);
      if (current && grid.run === current.run && grid.state !== "running") ended(row, grid);
      onchange(row);
      next();
    }

    function ended(row, grid) {
      if (grid.cards.length) keep(row, grid.run);
      else {
        for (const job of current.jobs) results.get(row).delete(job.eraser);
        problems.set(row, grid.error);
      }
      if (grid.error && ["photo_gone", "upload_gone"].includes(grid.error.code)) opened.delete(row);
      over.add(grid.run);
      lab.running = current = null;
      lab.emit("busy");
    }

    /** Nothing more is begun. */
    function forget() {
      const waiting = queue.map((one) => one.row);
      queue = [];
      for (const row of waiting) onchange(row);
    }

    async function stop() {
      forget();
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
    lab.on("stopping", forget); // Stop was pressed in the editor: it means all that runs
    return {
      take, stop, restore, open, results: (row) => results.get(row) || new Map(), problem: (row) => problems.get(row),
      /** Run these jobs {eraser, name, settings, seed} on a row, after those that were asked for before. */
      add(row, jobs) { queue.push({ row, jobs }); onchange(row); next(); },
      state: (row) => (current && current.row === row ? "running" : queue.some((one) => one.row === row) ? "queued" : "idle"),
      /** How the row's mask was read: said by the answer that opened it, or by the newest run. */
      maskNotes(row) {
        const opening = opened.get(row);
        if (opening) return opening.notes || [];
        return [...(results.get(row) || new Map()).values()].map(({ grid }) => (grid.mask && grid.mask.notes) || []).findLast((notes) => notes.length) || [];
      },
      /** The runs that hold a row's results, oldest first. */
      runsOf: (row) => [...new Set([...(results.get(row) || new Map()).values()].filter(({ card }) => card.state === "done").map(({ grid }) => grid.run))],
      get busy() { return Boolean(current || queue.length); },
      get left() { return queue.length + (current ? 1 : 0); },
    };
  };
})();
