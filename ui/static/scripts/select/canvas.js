/* The prompt canvas: a photo, what the user points at, and the mask the server answers with.
 *
 * The prompts live here and travel whole with every request; the server keeps none of them.
 * At most one request is in flight, the latest wishes wait behind it, and an answer that is
 * not the newest is never drawn.
 */
(() => {
"use strict";
eraserLab.mountCanvas = ({ element, server, upload }) => {
  const lab = eraserLab;
  const { h, t, work } = lab;
  const DRAG = 6; // screen pixels after which a press is a box and no longer a click

  let tool = "click"; // click, box or brush
  let minus = false; // what the tools do: add or remove
  let answer = null; // the newest drawn answer of server.segment
  let sequence = 0;
  let inFlight = false;
  let due = { of: null, count: 0 }; // objects that a closer look is still to be taken at
  let resting = null; // the pointer's last move over the stage
  let wanted = false;
  let press = null;

  /* ---- the DOM -------------------------------------------------------------------------- */

  const photo = h("img.lab-photo", { alt: "", draggable: "false" });
  const overlay = h("img.lab-overlay", { alt: "", draggable: "false", hidden: true });
  const preview = h("img.lab-preview", { alt: "", draggable: "false", hidden: true });
  const scratch = h("canvas.lab-scratch", { "aria-hidden": "true" });
  const marks = h("div.lab-marks");
  const found = h("div.lab-found");
  const rubber = h("div.lab-rubber", { hidden: true });
  const cross = h("div.lab-cross", { hidden: true });
  const tileLayer = h("div.lab-tiles", { "aria-hidden": "true", "data-testid": "tiles" });
  const view = h("div.lab-view", { hidden: true }, photo, tileLayer, overlay, preview, scratch, marks, found, rubber, cross);
  const empty = h("div.lab-empty", {},
    h("div.lab-empty-icon", {}, lab.icon("image")),
    h("p.lab-empty-title", { "data-t": "canvas.drop" }),
    h("button.lab-primary", { type: "button", "data-t": "canvas.choose", onclick: () => opening.choose() }),
    h("p.lab-hint", { "data-t": "canvas.paste" }));
  const flight = h("div.lab-flight", { hidden: true });
  const stage = h("div.lab-stage.is-empty", { tabindex: "0", role: "application", "data-t-label": "canvas.label",
    "data-testid": "stage" }, view, empty, flight);
  const status = h("div.lab-status", { role: "status", "aria-live": "polite", "data-testid": "status" });
  const segment = (group, value, icon, key, onclick) => h("button.lab-segment", { type: "button", ["data-" + group]: value,
    "aria-pressed": "false", "data-t-title": key + ".hint", onclick }, lab.icon(icon), h("span", { "data-t": key }));
  const tools = h("div.lab-segments", { role: "group", "data-t-label": "canvas.tool" },
    segment("tool", "click", "point", "canvas.click", () => setTool("click")),
    segment("tool", "box", "box", "canvas.box", () => setTool("box")),
    segment("tool", "brush", "brush", "canvas.brush", () => setTool("brush")));
  const signs = h("div.lab-segments", { role: "group", "data-t-label": "canvas.sign" },
    segment("sign", "plus", "plus", "canvas.add", () => setMinus(false)),
    segment("sign", "minus", "minus", "canvas.remove", () => setMinus(true)));
  const undoButton = lab.iconButton("undo", "canvas.undo", () => work.undo());
  const redoButton = lab.iconButton("redo", "canvas.redo", () => work.redo());
  const clearButton = lab.iconButton("clear", "canvas.clear", () => work.clear());
  const eyeButton = lab.iconButton("eye", "canvas.overlay", () => toggleOverlay(), { "aria-pressed": "true" });
  const fitButton = lab.iconButton("fit", "canvas.fit", () => zoom.reset(), { hidden: true });
  const levels = h("div.lab-segments.levels", { role: "group", "data-t-label": "canvas.levels", hidden: true });
  const brushSize = h("input", { type: "range", min: "2", max: "100", step: "1", value: "24", id: "lab-brush", "data-testid": "brush-size" });
  const brushRow = h("div.lab-grow", { hidden: true }, h("label", { for: "lab-brush", "data-t": "canvas.brush.size" }), brushSize);
  const newButton = h("button.lab-tool.wide", { type: "button", hidden: true, "data-t-title": "canvas.new", onclick: () => opening.choose() },
    lab.icon("image"), h("span", { "data-t": "canvas.new" }));
  const toolbar = h("div.lab-toolbar", { role: "toolbar", "data-t-label": "canvas.tools" },
    tools, signs, brushRow, h("div.lab-group.lab-history", {}, undoButton, redoButton, clearButton, eyeButton, fitButton));
  const maskFile = lab.maskFile({ server, upload });
  const controls = h("div.lab-controls", { hidden: true }, toolbar, lab.objectBar(levels),
    lab.shapeBar({ server, maskFile, openCase: () => opening.openCase() }), maskFile.row, lab.detectBar({ server, layer: found }));
  const say = (sentence) => { status.textContent = sentence; };
  const badge = lab.approximateBadge(request);
  const opening = lab.makeOpening({ stage, flight, server, upload, show, say, settle: showStatus });
  const stageBox = h("div.lab-stagebox", {}, stage);
  const root = h("section.lab-card.lab-canvas", { "data-t-label": "canvas.section" },
    stageBox, controls, h("div.lab-statusline", {}, status, badge.nodes[0], lab.segmenterChoice(request), badge.nodes[1], newButton),
    lab.exampleRow(), opening.picker);
  element.replaceChildren(root);

  const zoom = lab.makeZoom({ stage, view, onchange: zoomed });
  const tiles = lab.makeTiles({ view, layer: tileLayer, seen: zoom.seen });
  const overview = lab.makeOverview({ zoom });
  overview.update("");
  stageBox.append(overview.node);
  stageBox.after(overview.hint);
  const brush = lab.makeBrush({ view, scratch, toPhoto, seen: zoom.seen });
  const hover = lab.makeHover({ server, image: preview });

  /* ---- a photo has been opened ------------------------------------------------------------- */

  function show(opened, prompt) {
    lab.photo = opened;
    answer = null;
    tiles.forget();
    keyboard.forget();
    overlay.hidden = preview.hidden = true;
    photo.src = opened.view;
    photo.alt = opened.name;
    empty.hidden = true;
    view.hidden = controls.hidden = newButton.hidden = false;
    stage.classList.remove("is-empty");
    const [long, short] = [Math.max(opened.width, opened.height), Math.min(opened.width, opened.height)];
    brushSize.max = String(Math.max(100, Math.round(Math.min(long / 8, short))));
    brushSize.value = String(Math.round(Math.min(long / 32, short / 8)));
    zoom.reset();
    revealPrompt(opened, prompt);
    for (const note of opened.notes || []) lab.notice(lab.say(note));
    // Before the picture has arrived, so that not even a click of that moment is lost.
    lab.emit("photo", opened);
    work.reset(prompt);
    if (prompt && prompt.words) lab.emit("words", prompt.words);
  }

  /** A strip begins where something is pointed at. */
  function revealPrompt({ width, height }, prompt) {
    const { points = [], box } = (prompt && prompt.objects && prompt.objects[0]) || {};
    const [at] = box ? [{ x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 }] : points;
    if (at && stage.dataset.along) zoom.centre(at.x / width, at.y / height);
  }

  lab.showPhoto = show;

  /* ---- how fine the mask is drawn -------------------------------------------------------------- */

  const COARSEST = 64, STEP = 200; // pixels of the longer side
  let sharpen = null;

  /** The longer side that an overlay needs to be sharp here: a smaller one is there sooner. */
  lab.overlaySide = () => {
    const shown = Math.max(view.offsetWidth, view.offsetHeight) * devicePixelRatio;
    const own = Math.max(lab.photo.width, lab.photo.height); // there is no more to see than this
    return Math.max(COARSEST, Math.min(lab.finestOverlay(lab.photo), own, Math.ceil(shown / STEP) * STEP));
  };

  const ALL = 0.95; // of the photo's longer side: as good as all of it

  /** The longer side, in pixels of the photo, of the part that is to be seen; null for all of it.
   * What is pointed at in it is meant at this scale, also when the selection is opened elsewhere. */
  lab.seenSide = () => {
    const [whole, part] = [view.getBoundingClientRect(), stage.getBoundingClientRect()];
    const across = (Math.min(whole.right, part.right) - Math.max(whole.left, part.left)) / whole.width;
    const down = (Math.min(whole.bottom, part.bottom) - Math.max(whole.top, part.top)) / whole.height;
    const side = Math.round(Math.max(across * lab.photo.width, down * lab.photo.height));
    return side > 0 && side < ALL * Math.max(lab.photo.width, lab.photo.height) ? side : null;
  };

  function zoomed({ scale, along, seen }) {
    fitButton.hidden = scale === 1;
    tiles.update();
    overview.update(along, seen);
    clearTimeout(sharpen);
    if (answer && lab.overlaySide() > answer.side) sharpen = setTimeout(request, 200);
  }

  /* ---- asking for the mask ----------------------------------------------------------------- */

  lab.hasMask = () => Boolean(lab.photo && answer && answer.area > 0 && !work.empty);

  function request() {
    wanted = true;
    if (!inFlight) next();
  }

  async function next() {
    wanted = false;
    if (!lab.photo) return;
    const n = ++sequence;
    const asked = lab.photo.id;
    if (work.empty) {
      stage.classList.remove("is-busy"); // what was on its way has been cleared meanwhile
      draw(null);
      return;
    }
    inFlight = true;
    stage.classList.add("is-busy");
    const places = lab.sentObjects();
    const strokes = work.value.strokes.length;
    const side = lab.overlaySide();
    const reply = await lab.ask(server.segment, { ...lab.prompts(), n, ...shown(), side });
    inFlight = false;
    // Answers come one after the other. One for a former photo, or for prompts that have been
    // cleared meanwhile, is late: it is dropped.
    if (asked === lab.photo.id && !work.empty) {
      if (reply.ok) {
        draw({ ...reply, places, strokes, side });
        wanted ||= goesOn(reply);
      }
      else if (!wanted) failed(reply.error);
    }
    if (wanted) { next(); return; }
    stage.classList.remove("is-busy");
    if (resting && !press) considerHover(resting); // the pointer came to rest meanwhile
  }

  /** Whether asking again brings a closer look at more of the objects: it is taken at a few at a time. */
  function goesOn(reply) {
    const count = reply.looks.filter((look) => look === "waiting").length;
    const again = count > 0 && (due.of !== work.value || count < due.count);
    due = { of: work.value, count };
    return again;
  }

  /** What the overlay is to carry: the mask, or also the margin that erasers fill beyond it. */
  const shown = () => ({ show: lab.showMargin ? "margin" : "mask" });

  function draw(reply) {
    answer = reply;
    if (reply) hover.learn(reply);
    preview.hidden = true;
    overlay.hidden = !reply || eyeButton.getAttribute("aria-pressed") === "false";
    if (reply) overlay.src = reply.overlay;
    else overlay.removeAttribute("src");
    // The local stroke stays until the mask that is drawn holds it.
    if (!brush.active && (!reply || reply.strokes >= work.value.strokes.length)) brush.clear();
    badge.show(reply);
    showLevels();
    showStatus();
    if (reply) stage.dataset.drawn = String(sequence);
    lab.emit("mask", answer);
  }

  function failed(error) {
    draw(null);
    lab.notice(lab.errorText(error), "error");
    say(lab.errorText(error));
  }

  /* ---- what is shown ------------------------------------------------------------------------- */

  function showStatus() {
    if (!lab.photo) say("");
    else if (work.empty) say(t("canvas.start"));
    else if (!answer) say(t("canvas.thinking"));
    else if (answer.area === 0) say(t("canvas.nothing"));
    else {
      // Nobody is named where nobody was asked: a mask that was painted or uploaded.
      say([t("canvas.covers", { percent: lab.percent(answer.area) }), answer.segmenter && lab.segmenterName(answer.segmenter)].filter(Boolean).join(" · "));
      status.append(...(answer.hints || []).map(hintButton));
    }
  }

  /** A suspicion about the mask; pressed, it says how it is judged. */
  const hintButton = ({ code }) => h("button.lab-hint-button", { type: "button", "data-hint": code, title: t("hint." + code + ".why"),
    onclick: () => lab.notice(t("hint." + code + ".why")) }, lab.icon("warn"), t("hint." + code));

  /** The levels of the active object: SAM's three readings of what was pointed at. */
  function showLevels() {
    const place = answer && answer.places ? answer.places.indexOf(work.value.active) : -1;
    const offered = place >= 0 && answer.levels ? answer.levels[place] : null;
    levels.hidden = !offered || offered.length < 2;
    if (levels.hidden) return;
    levels.replaceChildren(...offered.map((level, index) => h("button.lab-segment", {
      type: "button", "aria-pressed": String(index === answer.chosen[place]), "data-level": String(index),
      title: t("canvas.level.hint", { percent: lab.percent(level.area), score: level.score.toFixed(2) }),
      onclick: () => work.changeActive({ level: index }) }, h("i.lab-dot.size" + index), h("span", {}, t("canvas.level." + index)))));
  }

  function showMarks() {
    const { width, height } = lab.photo;
    const at = (point) => `left:${(point.x / width) * 100}%;top:${(point.y / height) * 100}%`;
    const frame = (box, kind, which) => h("div." + kind, { style: `left:${(box.x0 / width) * 100}%;top:${(box.y0 / height) * 100}%;` +
      `width:${((box.x1 - box.x0) / width) * 100}%;height:${((box.y1 - box.y0) / height) * 100}%;--object:${lab.objectColor(which)}` });
    const nodes = [];
    work.value.objects.forEach((object, which) => {
      if (!object.on) return;
      if (object.box) nodes.push(frame(object.box, "lab-box", which));
      for (const box of object.negative_boxes) nodes.push(frame(box, "lab-box.minus", which));
      object.points.forEach((point, index) => nodes.push(h("div.lab-mark." + (point.label ? "plus" : "minus"),
        { style: at(point) + `;--object:${lab.objectColor(which)}`, "data-object": String(which), "data-point": String(index), title: t("canvas.remove.point") })));
    });
    marks.replaceChildren(...nodes);
  }

  function refresh() {
    if (!lab.photo) return;
    showMarks();
    showLevels();
    undoButton.disabled = !work.canUndo;
    redoButton.disabled = !work.canRedo;
    clearButton.disabled = work.empty;
    showStatus();
  }

  const pressed = (group, attribute, value) => {
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset[attribute] === value));
  };

  function setTool(name) {
    tool = name;
    stage.dataset.tool = name;
    pressed(tools, "tool", name);
    brushRow.hidden = name !== "brush";
    preview.hidden = true;
  }

  function setMinus(on) {
    minus = on;
    stage.dataset.sign = on ? "minus" : "plus";
    pressed(signs, "sign", on ? "minus" : "plus");
    preview.hidden = true;
  }

  function toggleOverlay() {
    const on = eyeButton.getAttribute("aria-pressed") === "false";
    eyeButton.setAttribute("aria-pressed", String(on));
    overlay.hidden = !on || !answer;
    marks.hidden = !on;
  }

  /* ---- changing the prompts ------------------------------------------------------------------ */

  function addPoint(point) {
    const view = lab.pointed(work.active) ? work.active.view : lab.seenSide();
    work.changeActive({ points: [...work.active.points, point], view });
  }

  function addBox(box, negative) {
    if (box.x1 - box.x0 < 2 || box.y1 - box.y0 < 2) return;
    if (!negative) work.changeActive({ box, level: null, view: lab.seenSide() });
    else if (lab.pointed(work.active)) work.changeActive({ negative_boxes: [...work.active.negative_boxes, box] });
    else lab.notice(t("canvas.minus.first"));
  }

  function removePoint(which, index) {
    work.activate(which);
    work.changeActive({ points: work.active.points.filter((_, place) => place !== index) });
  }

  /* ---- pointing -------------------------------------------------------------------------------- */

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  function toPhoto(event) {
    const rect = view.getBoundingClientRect();
    const hundredths = (value) => Math.round(value * 100) / 100; // finer than any pointer; short in a case file
    return {
      x: clamp(hundredths(((event.clientX - rect.left) / rect.width) * lab.photo.width), 0, lab.photo.width - 0.01),
      y: clamp(hundredths(((event.clientY - rect.top) / rect.height) * lab.photo.height), 0, lab.photo.height - 0.01),
    };
  }

  const inside = (event) => {
    const rect = view.getBoundingClientRect();
    return event.clientX >= rect.left && event.clientX <= rect.right && event.clientY >= rect.top && event.clientY <= rect.bottom;
  };

  stage.addEventListener("pointerdown", (event) => {
    if (!lab.photo || event.target.closest("button")) return;
    hover.cancel();
    if (zoom.touch(event)) { abandon(); return; }
    if (event.button === 1 || (event.button === 0 && keyboard.drags)) {
      press = { x: event.clientX, y: event.clientY, drag: zoom.drag() };
    } else if (inside(event) && (event.button === 0 || event.button === 2)) {
      press = { x: event.clientX, y: event.clientY, at: toPhoto(event), mark: event.target.closest(".lab-mark"),
        minus: minus !== (event.button === 2 || event.shiftKey || event.altKey || keyboard.flips) };
      if (tool === "brush") brush.start(press.at, Number(brushSize.value), press.minus);
    } else return;
    if (event.pointerType !== "touch" || tool !== "click") stage.setPointerCapture(event.pointerId);
  });

  function abandon() {
    if (brush.active) brush.cancel();
    press = null;
    rubber.hidden = true;
  }

  stage.addEventListener("pointermove", (event) => {
    resting = event;
    if (zoom.touchMove(event)) return;
    if (!press) considerHover(event);
    else if (press.drag) press.drag(event.clientX - press.x, event.clientY - press.y);
    else if (brush.active) brush.move(event);
    else {
      press.dragging ||= Math.hypot(event.clientX - press.x, event.clientY - press.y) > DRAG;
      if (press.dragging) stretch(press.at, toPhoto(event), press.minus);
    }
  });

  function considerHover(event) {
    const aims = event.pointerType === "mouse" && tool === "click" && !minus && !inFlight && lab.photo && inside(event);
    if (aims && !event.target.closest(".lab-mark, button")) hover.at(toPhoto(event));
    else hover.cancel();
  }
  stage.addEventListener("pointerleave", () => { resting = null; hover.cancel(); });

  function stretch(from, to, negative) {
    rubber.classList.toggle("minus", Boolean(negative));
    const box = lab.boxBetween(from, to);
    rubber.hidden = false;
    rubber.style.left = (box.x0 / lab.photo.width) * 100 + "%";
    rubber.style.top = (box.y0 / lab.photo.height) * 100 + "%";
    rubber.style.width = ((box.x1 - box.x0) / lab.photo.width) * 100 + "%";
    rubber.style.height = ((box.y1 - box.y0) / lab.photo.height) * 100 + "%";
  }

  let lastClick = null;
  const isDouble = (event) => {
    const again = lastClick && event.button === lastClick.button && event.timeStamp - lastClick.time < 350 &&
      Math.hypot(event.clientX - lastClick.x, event.clientY - lastClick.y) < 5;
    lastClick = { time: event.timeStamp, button: event.button, x: event.clientX, y: event.clientY };
    return again;
  };

  stage.addEventListener("pointerup", (event) => {
    if (zoom.touchEnd(event)) { abandon(); return; }
    const done = press;
    press = null;
    rubber.hidden = true;
    if (!done || done.drag) return;
    cross.hidden = true;
    if (brush.active) work.commit({ ...work.value, strokes: [...work.value.strokes, brush.finish()] });
    else if (done.dragging) addBox(lab.boxBetween(done.at, toPhoto(event)), done.minus);
    else if (isDouble(event)) return; // the second press of a double click means the same thing, not another point
    else if (done.mark) removePoint(Number(done.mark.dataset.object), Number(done.mark.dataset.point));
    else addPoint({ ...done.at, label: done.minus ? 0 : 1 });
  });

  stage.addEventListener("pointercancel", (event) => {
    zoom.touchEnd(event);
    abandon();
  });
  stage.addEventListener("contextmenu", (event) => lab.photo && event.preventDefault());

  const keyboard = lab.makeKeyboard({ stage, cross, rubber, zoom, act: {
    addPoint, addBox, stretch, say, settle: showStatus, overlay: toggleOverlay, choose: opening.choose, minus: () => minus,
    level: (place) => levels.children[place] && levels.children[place].click() } });
  /* With a photo open, the keyboard's Enter and the pointer go to the photo; before, to the file dialogue. */
  empty.addEventListener("click", (event) => { if (event.target === empty) opening.choose(); });

  /* ---- what others tell -------------------------------------------------------------------------------- */

  lab.on("catalogue", showStatus);
  lab.on("work", () => { refresh(); request(); });
  lab.on("mask-style", request);
  lab.on("lang", refresh);

  /** A reload goes on where it was, beside a run too; a run's link brings its own photo. True: it went on. */
  async function resume() {
    const before = lab.session.read();
    if (!before || (new URLSearchParams(location.search).has("run") && !lab.comesBack)) return false;
    const reply = await lab.ask(server.reopen_photo, { photo: before.photo, segmenter: lab.segmenter });
    if (reply.ok && !lab.photo) show(reply.photo, before.work);
    return reply.ok;
  }

  lab.segmenter = lab.remember("segmenter") || null;
  setTool("click");
  setMinus(false);
  lab.translate(root);
  lab.canvasMounted({ resumed: resume() });
};
})();
