/* One row of a table: photo, mask, what its document shows, and what the erasers here make of it. */

import { h, redraw } from "../base/dom.js";
import { clamp, formatBytes } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { errorText, t, translated } from "../base/languages.js";
import { lab } from "../base/state.js";
import { longSentence } from "../base/widgets.js";
import { failureOf, fetchedPercent, isReady, missingBytes } from "../erasers/weights.js";
import { figuresOf, veil } from "../results/card.js";
import { readingsOf } from "../results/readings.js";
import { humanRemark } from "../results/remark.js";
import { openViewer } from "../results/viewer.js";
import { keepLines } from "./lines.js";

/**
 * @typedef {import("../types.js").GivenFolder} GivenFolder
 * @typedef {import("../types.js").Row} Row
 * @typedef {import("../types.js").RowEraser} RowEraser
 * @typedef {import("../types.js").RowPicture} RowPicture
 * @typedef {import("../types.js").RowResult} RowResult
 * @typedef {import("../types.js").NamedJob} NamedJob
 * @typedef {ReturnType<typeof makeRow>} RowCard
 *
 * What the rows have in common.
 * @typedef {object} Common
 * @property {import("./table_runs.js").TableRuns} runs
 * @property {ReturnType<typeof import("./given.js").makeGiven>} given results that were made elsewhere
 * @property {(row: Row) => RowEraser[]} erasers of its cells
 * @property {(row: Row) => NamedJob[]} jobs that would be run
 * @property {() => string} held why nothing can be run now, as the key of a sentence
 * @property {Set<string>} ticked erasers beside the rows' own
 * @property {(id: string) => Row | undefined} row
 * @property {(row: Row) => string} label
 * @property {(id: string) => void} show another row
 * @property {(row: Row) => void} run
 * @property {(row: Row) => Promise<import("../types.js").Reply<object>>} fetch its pictures
 * @property {(row: Row) => void} edit
 *
 * A cell shows one of the documents' pictures, what an eraser here makes of the row, or what was made elsewhere.
 * @typedef {{ key: string, words: string } & ({ part: string, picture: RowPicture, eraser?: undefined, given?: undefined } |
 *   { eraser: RowEraser, part?: undefined, picture?: undefined, given?: undefined } |
 *   { given: GivenFolder, eraser?: undefined, part?: undefined, picture?: undefined })} Cell
 */

/**
 * @param {Row} row as the server describes it
 * @param {Common} of
 */
export const makeRow = (row, of) => {
  const strip = h("div.lab-strip", { role: "list" });
  const settle = keepLines(strip);
  const head = h("header.lab-row-head");
  const read = h("p.lab-row-read.lab-hint", { hidden: true, "data-testid": "row-mask-notes" });
  const problem = h("div.lab-row-problem", { role: "alert", hidden: true });
  const foot = h("div.lab-row-foot");
  const node = h("article.lab-card.lab-case", { id: "lab-row-" + row.id, "data-row": row.id, tabindex: "-1" }, head, strip, read, problem, foot);
  /** @type {Map<string, { node: HTMLElement, drawn: string }>} */
  const cells = new Map(); // key -> {node, drawn}
  let fetching = false;
  /** @type {import("../types.js").Problem | null} */
  let trouble = null; // why the pictures could not be fetched

  const here = () => Object.values(row.pictures).every((picture) => picture.here);

  /* ---- what the row says ----------------------------------------------------------------- */

  function drawHead() {
    const title = translated(row.title) || translated(row.problem) || of.label(row);
    const linked = row.shares.map((id) => of.row(id)).filter((one) => one !== undefined);
    head.replaceChildren(...[
      h("div.lab-row-title", {}, h("h4", {}, title), h("span.lab-hint", {}, title === of.label(row) || !row.method ? "" : of.label(row))),
      row.title && row.problem ? h("p.lab-quote", {}, translated(row.problem)) : null,
      row.remark ? h("p.lab-quote", {}, h("span.lab-hint", {}, t("tables.says") + " "), h("q", {}, translated(row.remark))) : null,
      linked.length ? h("p.lab-links", {}, h("span.lab-hint", {}, t("tables.shares") + " "),
        ...linked.map((one) => h("button.lab-link", { type: "button", "data-shares": one.id, onclick: () => of.show(one.id) }, of.label(one)))) : null,
    ].filter((part) => part !== null));
  }

  function drawFoot() {
    const state = of.runs.state(row.id);
    const jobs = of.jobs(row);
    const absent = Object.values(row.pictures).filter((picture) => !picture.here);
    const run = h("button.lab-tool.wide", { type: "button", "data-testid": "run-row", disabled: state !== "idle" || !jobs.length || Boolean(of.held()), onclick: () => of.run(row) },
      icon("play"), h("span", {}, t(jobs.length === 1 ? "tables.run" : "tables.run.many", { count: jobs.length })));
    foot.replaceChildren(...[
      absent.length ? h("button.lab-tool.wide", { type: "button", "data-testid": "fetch-row", disabled: fetching, onclick: () => fetchPictures() },
        fetching ? h("i.lab-spin.tiny") : icon("download"), h("span", {}, t(fetching ? "tables.fetching" : "tables.fetch", { host: absent[0].host }))) : null,
      run,
      h("button.lab-tool.wide", { type: "button", "data-testid": "edit-row", onclick: () => of.edit(row) }, icon("point"), h("span", {}, t("tables.edit"))),
      state === "queued" ? h("span.lab-hint", {}, t("state.queued")) : null,
      h("span.lab-row-note.lab-hint", {}, [translated(row.settings_note), row.credit].filter(Boolean).join(" · ")),
    ].filter((part) => part !== null));
  }

  /** How the row's mask was read, once it has been. */
  function drawRead() {
    const notes = of.runs.maskNotes(row.id);
    read.hidden = !notes.length;
    read.textContent = notes.map(translated).join(" ");
  }

  function drawProblem() {
    const error = trouble || of.runs.problem(row.id);
    problem.hidden = !error;
    if (!error) return;
    const instead = row.stand_ins.map((id) => of.row(id)).find(Boolean);
    problem.replaceChildren(...[longSentence(errorText(error)),
      instead ? h("button.lab-link", { type: "button", "data-testid": "stand-in", onclick: () => of.show(instead.id) },
        t("tables.standin", { title: translated(instead.title) })) : null].filter((part) => part !== null));
  }

  /* ---- its pictures ------------------------------------------------------------------------ */

  /** @param {string} part */
  const label = (part) => t("tables." + part, { eraser: row.method });

  /**
   * The cells in their order: the row's own pictures, those of rows with the same photo, ours.
   * @returns {Cell[]}
   */
  function wanted() {
    const own = Object.entries(row.pictures).map(([part, picture]) => ({ key: "part-" + part, part, picture, words: label(part) }));
    const linked = row.shares.map((id) => of.row(id)).filter((one) => one !== undefined).filter((one) => one.pictures.result)
      .map((one) => ({ key: "linked-" + one.id, part: "result", picture: one.pictures.result, words: t("tables.result", { eraser: one.method }) }));
    const ours = of.erasers(row).map((eraser) => ({ key: "by-" + eraser.id, eraser, words: eraser.name }));
    /** @param {{ part: string }} cell */
    const byPart = (cell) => ["photo", "mask"].includes(cell.part);
    const given = of.given.shown().map((folder) => ({ key: "given-" + folder.id, given: folder, words: folder.name }));
    return [...own.filter(byPart), ...own.filter((cell) => !byPart(cell)), ...linked, ...ours, ...given];
  }

  /** A row of which nothing is to be seen yet is two lines, not a strip of empty frames. */
  const isBare = () => of.runs.state(row.id) === "idle" && !of.runs.results(row.id).size && !Object.values(row.pictures).some((picture) => picture.here);

  /**
   * All that decides how a cell looks.
   * @param {Cell} cell
   * @param {RowResult | undefined} ours
   */
  const printOf = ({ words, picture, eraser, given }, ours) => JSON.stringify([lab.lang, words, picture,
    given && [of.given.way(), of.given.cardOf(row, given)],
    ours && [ours.card, Boolean(ours.grid.judging && !ours.card.readings)],
    eraser && [eraser.why, eraser.ours, eraser.weights, of.ticked.has(eraser.id)]]);

  function drawCells() {
    strip.hidden = isBare();
    const cells_ = wanted();
    for (const [key, { node: gone }] of cells) if (!cells_.some((cell) => cell.key === key)) { gone.remove(); cells.delete(key); }
    cells_.forEach((cell, place) => {
      const known = cells.get(cell.key) ?? { node: h("div.lab-cell", { role: "listitem", "data-cell": cell.key }), drawn: "" };
      cells.set(cell.key, known);
      if (strip.children[place] !== known.node) strip.insertBefore(known.node, strip.children[place] || null);
      const ours = cell.eraser && of.runs.results(row.id).get(cell.eraser.id);
      const print = printOf(cell, ours);
      if (known.drawn === print) return;
      known.drawn = print;
      redraw(known.node, ...contentOf(cell, ours));
    });
    settle();
  }

  /**
   * @param {Cell} cell
   * @param {RowResult | undefined} ours
   */
  function contentOf(cell, ours) {
    if (cell.given) return of.given.drawn(cell.given, of.given.cardOf(row, cell.given), look);
    return cell.eraser ? oursIn(cell.eraser, cell.words, ours) : pictureIn(cell);
  }

  /** @param {{ part: string, picture: RowPicture, words: string }} cell */
  function pictureIn({ part, picture, words }) {
    const frame = h("button.lab-frame", { type: "button", "aria-label": words, disabled: !picture.here, onclick: () => look(picture.large) });
    if (picture.here) {
      /** @type {HTMLImageElement} */
      const image = h("img", { src: picture.small, alt: words, loading: "lazy", onload: () => { if (part === "photo") shape(image); } });
      frame.append(image);
    } else frame.append(h("span.lab-absent", {}, icon(part === "mask" ? "mask" : "image")));
    return [frame, h("div.lab-cell-caption", {}, h("span.lab-cell-name", {}, words))];
  }

  /**
   * All frames of the row take the photo's shape, within reason.
   * @param {HTMLImageElement} image
   */
  const shape = (image) => strip.style.setProperty("--shape", String(clamp(image.naturalWidth / image.naturalHeight, 0.72, 1.9)));

  /**
   * Why an eraser has no result here yet.
   * @param {RowEraser} eraser
   */
  const absence = (eraser) => {
    if (eraser.why) return translated(eraser.why);
    if (isReady(eraser)) return t("tables.notyet");
    return t(eraser.ours && !of.ticked.has(eraser.id) ? "tables.nothere" : "tables.fetchfirst", { size: formatBytes(missingBytes(eraser)) });
  };

  /** @param {RowEraser} eraser */
  const mayFetch = (eraser) => eraser.ours && eraser.available && !eraser.no_fetch && !isReady(eraser) && !of.ticked.has(eraser.id);

  /**
   * @param {RowEraser} eraser
   * @param {string} words
   * @param {RowResult} [ours]
   */
  function oursIn(eraser, words, ours) {
    const card = ours?.card;
    const name = card ? words : `${words}: ${absence(eraser)}`; // whoever speaks what is seen must be heard
    const frame = h("button.lab-frame", { type: "button", "aria-label": name, disabled: !card?.view, onclick: () => look(card?.view) });
    if (card?.view) frame.append(h("img", { src: card.view, alt: t("grid.by", { eraser: card.name }), loading: "lazy" }));
    else if (card) frame.append(veil(card));
    else frame.append(h("span.lab-absent", {}, h("span", {}, absence(eraser))));
    const caption = h("div.lab-cell-caption", {}, h("span.lab-cell-name", {}, words), h("span.lab-hint", {}, eraser.ours ? t("tables.asdocument") : ""));
    if (ours && card?.state === "done") caption.append(figuresOf(card), ...(card.result_notes || []).map((note) => h("p.lab-hint", {}, translated(note))), ...readingsOf(card, Boolean(ours.grid.judging)), humanRemark({ run: ours.grid.run, card }));
    else if (card?.state === "failed") caption.append(longSentence(errorText(card.error)));
    else if (!card && mayFetch(eraser)) caption.append(...fetchOwn(eraser));
    return [frame, caption];
  }

  /**
   * The row's own eraser, when its weights are not here: they are fetched when the user says so.
   * @param {RowEraser} eraser
   */
  function fetchOwn(eraser) {
    const percent = fetchedPercent(eraser);
    if (percent !== null) return [h("span.lab-hint", {}, t("panel.fetching", { percent }))];
    const error = failureOf(eraser)?.error;
    return [...(error ? [longSentence(errorText(error))] : []),
      h("button.lab-link", { type: "button", onclick: () => lab.fetchWeights(eraser) }, t("tables.fetchown", { size: formatBytes(missingBytes(eraser)) }))];
  }

  /**
   * The large view over all that this row shows, in its order.
   * @param {string | null | undefined} address of the picture to begin with
   */
  function look(address) {
    /** @type {(import("../types.js").ViewerCard & { original?: string })[]} */
    const cards = [];
    for (const cell of wanted()) {
      const ours = cell.eraser && of.runs.results(row.id).get(cell.eraser.id);
      const given = cell.given && of.given.cardOf(row, cell.given);
      if (given?.large) cards.push({ index: cards.length, name: cell.words, view: given.large, changed_outside: given.changed_outside, facts: of.label(row) });
      else if (ours?.card.view) cards.push({ ...ours.card, index: cards.length, original: ours.grid.photo?.full });
      else if (cell.picture?.here && cell.part !== "photo") cards.push({ index: cards.length, name: cell.words, view: cell.picture.large, facts: of.label(row) });
    }
    const chosen = cards.find((card) => card.view === address);
    /** @type {HTMLImageElement | null} */
    const image = strip.querySelector('[data-cell="part-photo"] img');
    const full = cards.map((card) => card.original).find(Boolean); // of a run: the same pixels
    openViewer({ photo: { view: row.pictures.photo.large, full, width: image ? image.naturalWidth : 0, height: image ? image.naturalHeight : 0, facts: of.label(row) }, cards }, chosen ? chosen.index : -1);
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

  return { node, draw, fetchPictures, here, 
    /** @param {import("../types.js").Problem | null} error */
    fail: (error) => { trouble = error; drawProblem(); },
    /** @param {Row} fresh */
    learn: (fresh) => { row = fresh; } };
};
