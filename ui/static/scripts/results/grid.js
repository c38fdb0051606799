/* The result grid: the photo first, then one card per eraser, filled as each finishes.
 *
 * The server sends the whole grid as one value again and again; this file draws what differs.
 * One slider position rules all cards, so that before and after are compared at the same place.
 */
(() => {
"use strict";
eraserLab.mountGrid = ({ element, server, props, watch }) => {
  const lab = eraserLab;
  const { h, t } = lab;
  const FOLLOW = 2500; // milliseconds between two looks at a run of another tab; the server counts them
  let grid = null; // the newest value
  let expected = null; // the run that this page has started and waits for
  const cards = new Map(); // index -> {node, picture, caption, drawn}

  const heading = h("h2", { "data-t": "grid.title" });
  const summary = h("span.lab-hint", { "data-testid": "summary" });
  const split = h("input.lab-split", { type: "range", min: "0", max: "100", step: "0.1", value: "0", "data-t-label": "grid.split",
    "data-testid": "split", oninput: () => setSplit(Number(split.value)) });
  const splitter = h("div.lab-splitter", {}, h("span", { "data-t": "grid.after" }), split, h("span", { "data-t": "grid.before" }));
  const closeUp = h("button.lab-tool.wide", { type: "button", "aria-pressed": "false", "data-t-title": "grid.closeup.hint",
    onclick: () => close.toggle() }, lab.icon("fit"), h("span", { "data-t": "grid.closeup" }));
  const link = h("button.lab-tool.wide", { type: "button", onclick: () => copyLink() }, lab.icon("link"), h("span", { "data-t": "grid.link" }));
  const zip = h("a.lab-tool.wide", { download: true, "data-testid": "zip" }, lab.icon("download"), h("span", { "data-t": "grid.zip" }));
  const report = h("a.lab-tool.wide", { download: true, "data-testid": "report", "data-t-title": "grid.report.hint" }, lab.icon("report"), h("span", { "data-t": "grid.report" }));
  const bar = h("div.lab-grid-bar", {}, heading, summary, splitter, h("div.lab-group", {}, closeUp, link, report, zip));
  const problem = h("p.lab-problem", { role: "alert", hidden: true });
  const body = h("div.lab-grid", { "data-testid": "grid" });
  const root = h("section.lab-results", { "data-t-label": "grid.title", hidden: true }, bar, problem, body);
  element.replaceChildren(root);
  const close = lab.makeCloseUp({ root, button: closeUp });

  /* ---- equal rows ----------------------------------------------------------------------------------- */

  const NARROWEST = 250, GAP = 16; // of a card and between two, in pixels; the gap is style.css's

  /** As many columns as fit; of several rows, as few as take all cards, so that none stands alone. */
  function balance() {
    const most = Math.max(1, Math.floor((body.clientWidth + GAP) / (NARROWEST + GAP)));
    const rows = Math.ceil(body.childElementCount / most);
    body.style.setProperty("--columns", String(rows > 1 ? Math.ceil(body.childElementCount / rows) : most));
  }

  new ResizeObserver(() => requestAnimationFrame(balance)).observe(body);

  /* ---- one slider for all --------------------------------------------------------------------------- */

  function setSplit(percent) {
    split.value = String(percent);
    root.style.setProperty("--split", percent + "%");
    for (const { range } of cards.values()) if (range) range.value = String(percent);
  }

  function watchDrag(picture, open) {
    let from = null;
    picture.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = { x: event.clientX, y: event.clientY, moved: false };
      picture.setPointerCapture(event.pointerId);
    });
    picture.addEventListener("pointermove", (event) => {
      if (!from) return;
      from.moved ||= Math.abs(event.clientX - from.x) > 4;
      if (!from.moved) return;
      const rect = picture.getBoundingClientRect();
      setSplit(Math.min(100, Math.max(0, ((event.clientX - rect.left) / rect.width) * 100)));
    });
    picture.addEventListener("pointerup", () => { if (from && !from.moved) open(); from = null; });
    picture.addEventListener("pointercancel", () => { from = null; });
  }

  /* ---- drawing ------------------------------------------------------------------------------------------- */

  function render(value) {
    grid = value;
    root.hidden = false;
    problem.hidden = !value.error;
    if (value.error) problem.textContent = lab.errorText(value.error);
    bar.hidden = !value.photo;
    if (value.photo) drawOriginal(value);
    for (const card of value.cards) drawCard(card, value);
    for (const [index, known] of cards) if (index !== "original" && index >= value.cards.length) { known.node.remove(); cards.delete(index); }
    balance();
    showSummary();
    zip.hidden = !value.zip;
    if (value.zip) zip.href = value.zip + "?download=1";
    report.hidden = !value.zip;
    if (value.zip) report.href = "lab/report.html?runs=" + value.run;
    link.hidden = !value.photo;
    if (value.photo) lab.emit("grid", value);
  }

  function showSummary() {
    if (!grid || !grid.cards) return;
    const done = grid.cards.filter((card) => card.state === "done").length;
    const running = grid.state === "running";
    summary.textContent = running ? t("grid.progress", { done, total: grid.cards.length })
      : t(grid.state === "stopped" ? "grid.stopped" : "grid.finished", { done, total: grid.cards.length, seconds: lab.seconds(grid.seconds || 0) });
  }

  function frame(photo) {
    return h("div.lab-picture", { style: "aspect-ratio:" + lab.cardShape(photo) }, h("div.lab-zoomed"));
  }

  function drawOriginal(value) {
    const known = cards.get("original");
    if (known && known.run === value.run) return;
    for (const { node } of cards.values()) node.remove();
    cards.clear();
    close.place(value);
    const picture = frame(value.photo);
    const zoomed = picture.firstChild;
    zoomed.append(h("img", { src: value.photo.view, alt: t("grid.original") }));
    if (value.mask && value.mask.overlay) zoomed.append(h("img.lab-overlay", { src: value.mask.overlay, alt: "" }));
    const near = value.mask && value.mask.close;
    if (near) picture.append(...close.layer(h("img", { src: near.view, alt: t("grid.original"), loading: "lazy" }),
      h("img.lab-overlay", { src: near.overlay, alt: "", loading: "lazy" })));
    const open = () => lab.openViewer(grid, -1);
    picture.addEventListener("click", open);
    const caption = h("div.lab-caption", {}, h("div.lab-caption-head", {}, title(t("grid.original"), open)),
      h("p.lab-figures", {}, `${value.photo.width} × ${value.photo.height}`, value.mask ? " · " + t("grid.masked", { percent: lab.percent(value.mask.area) }) : ""));
    const node = h("article.lab-result", { "data-index": "original" }, picture, caption);
    body.prepend(node);
    cards.set("original", { node, run: value.run });
  }

  function drawCard(card, value) {
    let known = cards.get(card.index);
    if (!known) {
      known = { node: h("article.lab-result", { "data-index": String(card.index), "data-eraser": card.eraser }), drawn: "" };
      known.picture = frame(value.photo || { width: 4, height: 3 });
      known.caption = h("div.lab-caption", { "aria-live": "polite" });
      known.node.append(known.picture, known.caption);
      body.append(known.node);
      cards.set(card.index, known);
    }
    const fingerprint = lab.lang + JSON.stringify(card) + Boolean(value.judging && !card.readings);
    if (known.drawn === fingerprint) return;
    known.drawn = fingerprint;
    known.node.dataset.state = card.state;
    if (card.view && known.view !== card.view) drawPicture(known, card, value);
    lab.redraw(known.caption, ...captionOf(card, value));
    if (!card.view) drawWaiting(known, card, value);
  }

  function drawPicture(known, card, value) {
    known.view = card.view;
    const zoomed = h("div.lab-zoomed", {},
      h("img", { src: card.view, alt: t("grid.by", { eraser: card.name }), draggable: "false" }),
      h("img.lab-before", { src: value.photo.view, alt: "", draggable: "false" }));
    const near = value.mask && value.mask.close && card.close ? close.layer(
      h("img", { src: card.close, alt: t("grid.by", { eraser: card.name }), draggable: "false", loading: "lazy" }),
      h("img.lab-before", { src: value.mask.close.view, alt: "", draggable: "false", loading: "lazy" })) : [];
    known.range = h("input.lab-split-own", { type: "range", min: "0", max: "100", step: "1", value: split.value,
      "aria-label": t("grid.split"), oninput: () => setSplit(Number(known.range.value)) });
    known.picture.replaceChildren(zoomed, ...near, h("div.lab-handle", { "aria-hidden": "true" }, lab.icon("compare")), known.range);
    watchDrag(known.picture, () => lab.openViewer(grid, card.index));
  }

  function drawWaiting(known, card, value) {
    if (!known.ghost && value.photo) {
      known.ghost = h("img.lab-ghost", { src: value.photo.view, alt: "" });
      known.picture.firstChild.append(known.ghost);
    }
    known.picture.querySelector(".lab-veil")?.remove();
    known.picture.append(lab.veil(card));
  }

  /** A card's name; pressed, it opens the large view, which a picture alone would keep from the keyboard. */
  const title = (name, open) => h("h3", {}, open ? h("button.lab-name", { type: "button", title: t("grid.large"), onclick: open }, name) : name);

  function captionOf(card, value) {
    const head = h("div.lab-caption-head", {}, title(card.name, card.view && (() => lab.openViewer(grid, card.index))));
    if (card.full) head.append(h("a.lab-tool", { href: card.full + "?download=1", download: true, "aria-label": t("grid.download", { eraser: card.name }),
      title: t("grid.download", { eraser: card.name }) }, lab.icon("download")));
    else if (card.state === "done") head.append(h("i.lab-spin.small", { title: t("grid.saving") }));
    if (card.state === "done") return [head, lab.figures(card), lab.verdict(card), ...remarks(card),
      ...lab.readings(card, value.judging), lab.humanRemark({ run: value.run, card })];
    if (card.state === "failed") return [head, lab.longSentence(lab.errorText(card.error))];
    return [head, h("p.lab-figures", {}, lab.stateText(card))];
  }

  const remarks = (card) => [...(card.result_notes || []), ...(card.notes || [])].map((note) => h("p.lab-note", {}, lab.say(note)));

  /* ---- the run's link ------------------------------------------------------------------------------------ */

  const runUrl = (run) => {
    const url = new URL(location.href);
    url.searchParams.set("run", run);
    return url;
  };

  function copyLink() {
    const url = runUrl(grid.run);
    for (const name of ["tab", "show", "row"]) url.searchParams.delete(name); // it leads to the run, not to the tables
    lab.copy(url.href, t("grid.copied"));
  }

  /* ---- what others tell ------------------------------------------------------------------------------------ */

  lab.on("run", ({ payload, erasers }) => {
    expected = payload.run;
    for (const { node } of cards.values()) node.remove();
    cards.clear();
    setSplit(0);
    render({ run: payload.run, state: "running", photo: lab.photo, mask: null,
      cards: erasers.map((eraser, index) => ({ index, eraser: eraser.id, name: eraser.name, state: "queued", notes: [] })) });
    cards.delete("original"); // the server's first value brings the mask: the original is drawn again with it
    body.querySelector('[data-index="original"]').remove();
    root.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "nearest" });
  });

  lab.on("stopping", () => {
    for (const [index, known] of cards) if (["running", "loading", "fetching"].includes(known.node.dataset.state)) {
      const card = { ...grid.cards[index], state: "stopping" };
      drawCard(card, grid);
    }
  });

  function take(value) {
    if (!value || !value.run || (expected && value.run !== expected)) return;
    const keeps = document.activeElement;
    render(value);
    if (keeps && keeps.isConnected && keeps !== document.activeElement) keeps.focus({ preventScroll: true });
    if (lab.running !== value.run) return;
    // The address is the run's from its first moment: a reload in the middle loses nothing.
    const shown = new URLSearchParams(location.search).get("run") === value.run;
    if (value.photo && !shown) history.replaceState(null, "", runUrl(value.run));
    if (value.state === "running") return;
    lab.running = null;
    lab.emit("finished", value);
  }

  watch("value", () => take(props.value));

  lab.on("lang", () => {
    if (!grid) return;
    const original = cards.get("original");
    if (original) { original.node.remove(); cards.delete("original"); }
    const split_ = Number(split.value);
    for (const known of cards.values()) known.view = known.drawn = "";
    render(grid);
    setSplit(split_);
  });

  async function reopen() {
    const run = new URLSearchParams(location.search).get("run");
    if (!run) return;
    const reply = await lab.ask(server.open_run, { run });
    if (!reply.ok) { lab.notice(lab.errorText(reply.error), "error"); return; }
    take(reply.grid);
    follow(run);
    const { resumed } = await lab.canvas;
    if (!(await resumed)) await lab.showPhoto(reply.photo, reply.prompt);
    const adopt = () => lab.adoptJobs(reply.jobs);
    if (lab.catalogue) adopt();
    else lab.on("catalogue", adopt);
  }

  lab.saveRemark = (run, index, text) => lab.ask(server.remark, { run, index, text });

  /** A run that this page has not started sends it nothing: it is asked for until it has ended. */
  async function follow(run) {
    while (grid.run === run && grid.state === "running" && lab.running !== run) {
      await new Promise((resolve) => setTimeout(resolve, FOLLOW));
      const reply = await lab.ask(server.open_run, { run });
      if (reply.ok && grid.run === run) take(reply.grid);
    }
  }

  setSplit(0);
  lab.translate(root);
  reopen();
};
})();
