/* One row of a table: photo, mask, what its document shows, and what the erasers here make of it. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;

  /** row: as the server describes it. of: what the rows have in common, see tables.js. */
  lab.makeRow = (row, of) => {
    const strip = h("div.lab-strip", { role: "list" });
    const head = h("header.lab-row-head");
    const read = h("p.lab-row-read.lab-hint", { hidden: true, "data-testid": "row-mask-notes" });
    const problem = h("div.lab-row-problem", { role: "alert", hidden: true });
    const foot = h("div.lab-row-foot");
    const node = h("article.lab-card.lab-case", { id: "lab-row-" + row.id, "data-row": row.id, tabindex: "-1" }, head, strip, read, problem, foot);
    const cells = new Map(); // key -> {node, drawn}
    let fetching = false;
    let trouble = null; // why the pictures could not be fetched

    const here = () => Object.values(row.pictures).every((picture) => picture.here);

    /* ---- what the row says ----------------------------------------------------------------- */

    function drawHead() {
      const title = lab.say(row.title) || lab.say(row.problem) || of.label(row);
      const linked = row.shares.map((id) => of.row(id)).filter(Boolean);
      head.replaceChildren(...[
        h("div.lab-row-title", {}, h("h4", {}, title), h("span.lab-hint", {}, title === of.label(row) || !row.method ? "" : of.label(row))),
        row.title && row.problem ? h("p.lab-quote", {}, lab.say(row.problem)) : null,
        row.remark ? h("p.lab-quote", {}, h("span.lab-hint", {}, t("tables.says") + " "), h("q", {}, lab.say(row.remark))) : null,
        linked.length ? h("p.lab-links", {}, h("span.lab-hint", {}, t("tables.shares") + " "),
          ...linked.map((one) => h("button.lab-link", { type: "button", "data-shares": one.id, onclick: () => of.show(one.id) }, of.label(one)))) : null,
      ].filter(Boolean));
    }

    function drawFoot() {
      const state = of.runs.state(row.id);
      const jobs = of.jobs(row);
      const absent = Object.values(row.pictures).filter((picture) => !picture.here);
      const run = h("button.lab-tool.wide", { type: "button", "data-testid": "run-row", disabled: state !== "idle" || !jobs.length || Boolean(of.held()), onclick: () => of.run(row) },
        lab.icon("play"), h("span", {}, t(jobs.length === 1 ? "tables.run" : "tables.run.many", { count: jobs.length })));
      foot.replaceChildren(...[
        absent.length ? h("button.lab-tool.wide", { type: "button", "data-testid": "fetch-row", disabled: fetching, onclick: () => fetchPictures() },
          fetching ? h("i.lab-spin.tiny") : lab.icon("download"), h("span", {}, t(fetching ? "tables.fetching" : "tables.fetch", { host: absent[0].host }))) : null,
        run,
        h("button.lab-tool.wide", { type: "button", "data-testid": "edit-row", onclick: () => of.edit(row) }, lab.icon("point"), h("span", {}, t("tables.edit"))),
        state === "queued" ? h("span.lab-hint", {}, t("state.queued")) : null,
        h("span.lab-row-note.lab-hint", {}, [lab.say(row.settings_note), row.credit].filter(Boolean).join(" · ")),
      ].filter(Boolean));
    }

    /** How the row's mask was read, once it has been. */
    function drawRead() {
      const notes = of.runs.maskNotes(row.id);
      read.hidden = !notes.length;
      read.textContent = notes.map(lab.say).join(" ");
    }

    function drawProblem() {
      const error = trouble || of.runs.problem(row.id);
      problem.hidden = !error;
      if (!error) return;
      const instead = row.stand_ins.map((id) => of.row(id)).find(Boolean);
      problem.replaceChildren(...[lab.longSentence(lab.errorText(error)),
        instead ? h("button.lab-link", { type: "button", "data-testid": "stand-in", onclick: () => of.show(instead.id) },
          t("tables.standin", { title: lab.say(instead.title) })) : null].filter(Boolean));
    }

    /* ---- its pictures ------------------------------------------------------------------------ */

    const label = (part) => t("tables." + part, { eraser: row.method });

    /** The cells in their order: the row's own pictures, those of rows with the same photo, ours. */
    function wanted() {
      const own = Object.entries(row.pictures).map(([part, picture]) => ({ key: "part-" + part, part, picture, words: label(part) }));
      const linked = row.shares.map((id) => of.row(id)).filter((one) => one && one.pictures.result)
        .map((one) => ({ key: "linked-" + one.id, part: "result", picture: one.pictures.result, words: t("tables.result", { eraser: one.method }) }));
      const ours = of.erasers(row).map((eraser) => ({ key: "by-" + eraser.id, eraser, words: eraser.name }));
      const byPart = (cell) => ["photo", "mask"].includes(cell.part);
      return [...own.filter(byPart), ...own.filter((cell) => !byPart(cell)), ...linked, ...ours];
    }

    /** A row of which nothing is to be seen yet is two lines, not a strip of empty frames. */
    const isBare = () => of.runs.state(row.id) === "idle" && !of.runs.results(row.id).size && !Object.values(row.pictures).some((picture) => picture.here);

    function drawCells() {
      strip.hidden = isBare();
      const cells_ = wanted();
      for (const key of [...cells.keys()]) if (!cells_.some((cell) => cell.key === key)) { cells.get(key).node.remove(); cells.delete(key); }
      cells_.forEach((cell, place) => {
        if (!cells.has(cell.key)) cells.set(cell.key, { node: h("figure.lab-cell", { role: "listitem", "data-cell": cell.key }), drawn: "" });
        const known = cells.get(cell.key);
        if (strip.children[place] !== known.node) strip.insertBefore(known.node, strip.children[place] || null);
        const ours = cell.eraser && of.runs.results(row.id).get(cell.eraser.id);
        const print = JSON.stringify([lab.lang, cell.words, cell.picture, ours && [ours.card, Boolean(ours.grid.judging && !ours.card.readings)], cell.eraser && [cell.eraser.why, cell.eraser.ours], cell.eraser && [cell.eraser.weights, of.ticked.has(cell.eraser.id)]]);
        if (known.drawn === print) return;
        known.drawn = print;
        lab.redraw(known.node, ...(cell.eraser ? oursIn(cell, ours) : pictureIn(cell)));
      });
    }

    function pictureIn({ part, picture, words }) {
      const frame = h("button.lab-frame", { type: "button", "aria-label": words, disabled: !picture.here, onclick: () => look(picture.large) });
      if (picture.here) {
        const image = h("img", { src: picture.small, alt: words, loading: "lazy", onload: () => { if (part === "photo") shape(image); } });
        frame.append(image);
      } else frame.append(h("span.lab-absent", {}, lab.icon(part === "mask" ? "mask" : "image")));
      return [frame, h("figcaption", {}, h("span.lab-cell-name", {}, words))];
    }

    /** All frames of the row take the photo's shape, within reason. */
    const shape = (image) => strip.style.setProperty("--shape", String(Math.min(1.9, Math.max(0.72, image.naturalWidth / image.naturalHeight))));

    function oursIn({ eraser, words }, ours) {
      const card = ours && ours.card;
      const frame = h("button.lab-frame", { type: "button", "aria-label": words, disabled: !(card && card.view), onclick: () => look(card.view) });
      if (card && card.view) frame.append(h("img", { src: card.view, alt: t("grid.by", { eraser: card.name }), loading: "lazy" }));
      else if (card) frame.append(lab.veil(card));
      else frame.append(h("span.lab-absent", {}, h("span", {}, eraser.why ? lab.say(eraser.why) : t(lab.ready(eraser) ? "tables.notyet" : eraser.ours && !of.ticked.has(eraser.id) ? "tables.nothere" : "tables.fetchfirst", { size: lab.bytes(lab.missingBytes(eraser)) }))));
      const caption = h("figcaption", {}, h("span.lab-cell-name", {}, words), h("span.lab-hint", {}, eraser.ours ? t("tables.asdocument") : ""));
      if (card && card.state === "done") caption.append(lab.figures(card), ...(card.result_notes || []).map((note) => h("p.lab-hint", {}, lab.say(note))), ...lab.readings(card, ours.grid.judging), lab.humanRemark({ run: ours.grid.run, card }));
      else if (card && card.state === "failed") caption.append(lab.longSentence(lab.errorText(card.error)));
      else if (!card && eraser.ours && eraser.available && !eraser.no_fetch && !lab.ready(eraser) && !of.ticked.has(eraser.id)) caption.append(...fetchOwn(eraser));
      return [frame, caption];
    }

    /** The row's own eraser, when its weights are not here: they are fetched when the user says so. */
    function fetchOwn(eraser) {
      const percent = lab.fetchedPercent(eraser);
      if (percent !== null) return [h("span.lab-hint", {}, t("panel.fetching", { percent }))];
      const failed = eraser.weights.find((weight) => weight.state === "failed");
      return [failed && failed.error ? lab.longSentence(lab.errorText(failed.error)) : null,
        h("button.lab-link", { type: "button", onclick: () => lab.fetchWeights(eraser) }, t("tables.fetchown", { size: lab.bytes(lab.missingBytes(eraser)) }))].filter(Boolean);
    }

    /** The large view over all that this row shows, in its order. */
    function look(address) {
      const cards = [];
      for (const cell of wanted()) {
        const ours = cell.eraser && of.runs.results(row.id).get(cell.eraser.id);
        const card = ours && ours.card;
        if (card && card.view) cards.push({ ...card, index: cards.length, original: ours.grid.photo?.full });
        else if (cell.picture && cell.picture.here && cell.part !== "photo") cards.push({ index: cards.length, name: cell.words, view: cell.picture.large, facts: of.label(row) });
      }
      const chosen = cards.find((card) => card.view === address);
      const image = strip.querySelector('[data-cell="part-photo"] img');
      const full = cards.map((card) => card.original).find(Boolean); // of a run: the same pixels
      lab.openViewer({ photo: { view: row.pictures.photo.large, full, width: image ? image.naturalWidth : 0, height: image ? image.naturalHeight : 0, facts: of.label(row) }, cards }, chosen ? chosen.index : -1);
    }

    async function fetchPictures() {
      if (fetching) return false;
      fetching = true;
      trouble = null;
      drawFoot();
      drawProblem();
      const reply = await of.fetch(row);
      fetching = false;
      if (!reply.ok) trouble = reply.error;
      draw();
      return reply.ok;
    }

    function draw() {
      drawHead();
      drawCells();
      drawRead();
      drawProblem();
      drawFoot();
    }

    return { node, draw, fetchPictures, here, fail: (error) => { trouble = error; drawProblem(); },
      learn: (fresh) => { row = fresh; } };
  };
})();
