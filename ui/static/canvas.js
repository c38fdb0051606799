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
  const { h, t } = lab;
  const blank = () => ({ objects: [{ points: [], box: null, level: null }], dilate: defaultDilate() });
  const DRAG = 6; // screen pixels after which a press is a box and no longer a click
  const ACCEPT = "image/*,.heic,.heif,.avif,.tif,.tiff";

  let work = { objects: [{ points: [], box: null, level: null }], dilate: 0 };
  let past = [];
  let future = [];
  let mode = "include";
  let answer = null; // the newest drawn answer of server.segment
  let sequence = 0;
  let inFlight = false;
  let wanted = false;
  let opening = 0;
  let press = null;
  let cursor = null; // keyboard cursor, photo pixels
  let cursorBox = null; // first corner of a box drawn by keyboard
  let zoom = 1;
  let pan = { x: 0, y: 0 };
  const touches = new Map();
  let pinch = null;

  /* ---- the DOM -------------------------------------------------------------------------- */

  const photo = h("img.lab-photo", { alt: "", draggable: "false" });
  const overlay = h("img.lab-overlay", { alt: "", draggable: "false", hidden: true });
  const marks = h("div.lab-marks");
  const rubber = h("div.lab-rubber", { hidden: true });
  const cross = h("div.lab-cross", { hidden: true });
  const view = h("div.lab-view", { hidden: true }, photo, overlay, marks, rubber, cross);
  const picker = h("input", { type: "file", accept: ACCEPT, hidden: true, "data-testid": "file",
    onchange: () => { if (picker.files[0]) openFile(picker.files[0]); picker.value = ""; } });
  const gallery = h("div.lab-examples", { role: "group", "data-t-label": "canvas.examples" });
  const empty = h("div.lab-empty", {},
    h("div.lab-empty-icon", {}, lab.icon("image")),
    h("p.lab-empty-title", { "data-t": "canvas.drop" }),
    h("button.lab-primary", { type: "button", "data-t": "canvas.choose", onclick: () => picker.click() }),
    h("p.lab-hint", { "data-t": "canvas.paste" }));
  const flight = h("div.lab-flight", { hidden: true });
  const stage = h("div.lab-stage.is-empty", { tabindex: "0", role: "application", "data-t-label": "canvas.label",
    "data-testid": "stage" }, view, empty, flight);
  const status = h("div.lab-status", { role: "status", "aria-live": "polite", "data-testid": "status" });
  const badge = h("span.lab-badge.warn", { hidden: true, "data-t-title": "canvas.approximate.why" });
  const fetchButton = h("button.lab-link", { type: "button", hidden: true, onclick: () => lab.fetchWeights(preferred()) });

  const modeButton = (name, icon) => h("button.lab-segment", { type: "button", "data-mode": name, "aria-pressed": "false",
    "data-t-title": "canvas." + name + ".hint", onclick: () => setMode(name) },
    lab.icon(icon), h("span", { "data-t": "canvas." + name }));
  const modes = h("div.lab-segments", { role: "group", "data-t-label": "canvas.mode" },
    modeButton("include", "plus"), modeButton("exclude", "minus"), modeButton("box", "box"));
  const undoButton = lab.iconButton("undo", "canvas.undo", () => undo());
  const redoButton = lab.iconButton("redo", "canvas.redo", () => redo());
  const clearButton = lab.iconButton("clear", "canvas.clear", () => clear());
  const eyeButton = lab.iconButton("eye", "canvas.overlay", () => toggleOverlay(), { "aria-pressed": "true" });
  const fitButton = lab.iconButton("fit", "canvas.fit", () => resetZoom(), { hidden: true });
  const levels = h("div.lab-segments.levels", { role: "group", "data-t-label": "canvas.levels", hidden: true });
  const slider = h("input", { type: "range", min: "0", max: "40", step: "1", value: "0", id: "lab-dilate", "data-testid": "dilate",
    oninput: () => { work = { ...work, dilate: Number(slider.value) }; showDilate(); request(); },
    onchange: () => save() });
  const dilateValue = h("output", { for: "lab-dilate" });
  const grow = h("div.lab-grow", {}, h("label", { for: "lab-dilate", "data-t": "canvas.grow" }), slider, dilateValue);
  const newButton = h("button.lab-tool.wide", { type: "button", hidden: true, "data-t-title": "canvas.new", onclick: () => picker.click() },
    lab.icon("image"), h("span", { "data-t": "canvas.new" }));
  const tools = h("div.lab-toolbar", { role: "toolbar", "data-t-label": "canvas.tools", hidden: true },
    modes, h("div.lab-group", {}, undoButton, redoButton, clearButton, eyeButton, fitButton), levels, grow);
  const root = h("section.lab-card.lab-canvas", { "data-t-label": "canvas.section" },
    stage, tools, h("div.lab-statusline", {}, status, badge, fetchButton, newButton), gallery, picker);
  element.replaceChildren(root);

  /* ---- opening a photo ------------------------------------------------------------------- */

  async function openFile(file) {
    if (!file) return;
    const limits = lab.catalogue && lab.catalogue.limits;
    if (limits && file.size > limits.megabytes * 1e6 * 1.05) {
      lab.notice(t("error.file_too_large", { megabytes: (file.size / 1e6).toFixed(0), limit: limits.megabytes }), "error");
      return;
    }
    await open(async () => {
      const stored = await upload(file);
      return lab.ask(server.open_photo, { path: stored.path, name: file.name || "photo" });
    });
  }

  async function open(fetchPhoto) {
    const mine = ++opening;
    say(t("canvas.opening"));
    flight.hidden = false;
    let reply;
    try {
      reply = await fetchPhoto();
    } catch {
      reply = { ok: false, error: null };
    }
    if (mine !== opening) return;
    flight.hidden = true;
    if (!reply.ok) {
      say("");
      lab.notice(lab.errorText(reply.error), "error");
      showStatus();
      return;
    }
    await show(reply.photo, reply.prompt);
  }

  async function show(opened, prompt) {
    lab.photo = opened;
    answer = null;
    past = [];
    future = [];
    cursor = cursorBox = null;
    work = prompt ? fromPrompt(prompt) : blank();
    overlay.hidden = true;
    photo.src = opened.view;
    photo.alt = opened.name;
    slider.max = String(Math.max(40, Math.round(Math.max(opened.width, opened.height) * 0.04)));
    empty.hidden = true;
    view.hidden = tools.hidden = newButton.hidden = false;
    stage.classList.remove("is-empty");
    resetZoom();
    refresh();
    for (const note of opened.notes || []) lab.notice(lab.say(note));
    try {
      await photo.decode();
    } catch {
      /* the browser draws it as it arrives */
    }
    save();
    lab.emit("photo", opened);
    request();
  }

  const fromPrompt = (prompt) => {
    const objects = (prompt.objects || [{ points: prompt.points, box: prompt.box, level: prompt.level }]).map((object) => ({
      points: object.points || [], box: object.box || null, level: object.level ?? null }));
    return { objects: objects.length ? objects : blank().objects, dilate: prompt.dilate ?? defaultDilate() };
  };

  function defaultDilate() {
    return lab.photo ? Math.max(3, Math.round(Math.max(lab.photo.width, lab.photo.height) * 0.008)) : 0;
  }

  lab.showPhoto = show;
  lab.openExample = (id) => open(() => lab.ask(server.open_example, { id }));

  /* ---- asking for the mask ----------------------------------------------------------------- */

  const prompted = (object) => object.box !== null || object.points.some((point) => point.label === 1);
  lab.prompt = () => ({ photo: lab.photo.id, objects: work.objects.filter(prompted), dilate: work.dilate });
  lab.hasMask = () => Boolean(lab.photo && answer && answer.area > 0 && work.objects.some(prompted));

  function request() {
    wanted = true;
    if (!inFlight) next();
  }

  async function next() {
    wanted = false;
    if (!lab.photo) return;
    const n = ++sequence;
    const asked = lab.photo.id;
    if (!work.objects.some(prompted)) {
      draw(null);
      return;
    }
    inFlight = true;
    stage.classList.add("is-busy");
    const reply = await lab.ask(server.segment, { ...lab.prompt(), n });
    inFlight = false;
    // Answers come one after the other. One for a former photo, or for prompts that have been
    // cleared meanwhile, is late: it is dropped.
    if (asked === lab.photo.id && work.objects.some(prompted)) {
      if (reply.ok) draw(reply);
      else if (!wanted) failed(reply.error);
    }
    if (wanted) next();
    else stage.classList.remove("is-busy");
  }

  function draw(reply) {
    answer = reply;
    overlay.hidden = !reply || eyeButton.getAttribute("aria-pressed") === "false";
    if (reply) overlay.src = reply.overlay;
    else overlay.removeAttribute("src");
    showBadge();
    showLevels();
    showStatus();
    stage.dataset.drawn = String(sequence);
    lab.emit("mask", answer);
  }

  function failed(error) {
    draw(null);
    lab.notice(lab.errorText(error), "error");
    say(lab.errorText(error));
  }

  /* ---- what is shown ------------------------------------------------------------------------- */

  const say = (sentence) => { status.textContent = sentence; };

  function showStatus() {
    if (!lab.photo) say("");
    else if (!work.objects.some(prompted)) say(t("canvas.start"));
    else if (!answer) say(t("canvas.thinking"));
    else if (answer.area === 0) say(t("canvas.nothing"));
    else say(t("canvas.covers", { percent: lab.percent(answer.area), segmenter: segmenterName(answer.segmenter) }));
  }

  const segmenterName = (id) => {
    const found = ((lab.catalogue && lab.catalogue.segmenters) || []).find((one) => one.id === id);
    return found ? found.name : id;
  };

  const preferred = () => lab.catalogue && lab.catalogue.segmenters.find((one) => !one.approximate);

  /** An approximate mask says so, and what stands between it and a better one. */
  function showBadge() {
    const better = preferred();
    badge.hidden = !(answer && answer.approximate);
    const waits = !badge.hidden && better && !lab.ready(better);
    const percent = waits ? lab.fetchedPercent(better) : null;
    badge.textContent = percent === null ? t("canvas.approximate")
      : t("canvas.approximate.fetching", { segmenter: better.name, percent });
    fetchButton.hidden = !waits || percent !== null;
    if (!fetchButton.hidden) fetchButton.textContent = t("canvas.fetch", { segmenter: better.name,
      size: lab.bytes(better.weights.reduce((sum, weight) => sum + weight.size, 0)), license: better.weights[0].license });
  }

  function showLevels() {
    const offered = answer && answer.levels && answer.levels[0];
    levels.hidden = !offered || offered.length < 2;
    if (levels.hidden) return;
    const order = offered.map((level, index) => ({ ...level, index })).sort((a, b) => a.area - b.area);
    levels.replaceChildren(...order.map((level, place) => h("button.lab-segment", {
      type: "button", "aria-pressed": String(level.index === answer.chosen[0]), "data-level": String(level.index),
      title: t("canvas.level.hint", { percent: lab.percent(level.area), score: level.score.toFixed(2) }),
      onclick: () => chooseLevel(level.index) }, h("i.lab-dot.size" + place), h("span", {}, t("canvas.level." + place)))));
  }

  function showMarks() {
    const { width, height } = lab.photo;
    const at = (point) => `left:${(point.x / width) * 100}%;top:${(point.y / height) * 100}%`;
    const nodes = [];
    work.objects.forEach((object, which) => {
      if (object.box) {
        const { x0, y0, x1, y1 } = object.box;
        nodes.push(h("div.lab-box", { style: `left:${(x0 / width) * 100}%;top:${(y0 / height) * 100}%;` +
          `width:${((x1 - x0) / width) * 100}%;height:${((y1 - y0) / height) * 100}%` }));
      }
      object.points.forEach((point, index) => nodes.push(h("div.lab-mark." + (point.label ? "plus" : "minus"),
        { style: at(point), "data-object": String(which), "data-point": String(index), title: t("canvas.remove") })));
    });
    marks.replaceChildren(...nodes);
  }

  function showDilate() {
    slider.value = String(work.dilate);
    dilateValue.textContent = work.dilate + " px";
  }

  function refresh() {
    showMarks();
    showDilate();
    undoButton.disabled = past.length === 0;
    redoButton.disabled = future.length === 0;
    clearButton.disabled = !work.objects.some(prompted);
    showStatus();
  }

  function setMode(name) {
    mode = name;
    stage.dataset.mode = name;
    for (const button of modes.children) button.setAttribute("aria-pressed", String(button.dataset.mode === name));
  }

  function toggleOverlay() {
    const on = eyeButton.getAttribute("aria-pressed") === "false";
    eyeButton.setAttribute("aria-pressed", String(on));
    overlay.hidden = !on || !answer;
    marks.hidden = !on;
  }

  /* ---- changing the prompts, with undo --------------------------------------------------------- */

  const save = () => lab.photo && lab.session.write({ photo: lab.photo.id, work });

  function commit(changed) {
    past.push(work);
    if (past.length > 200) past.shift();
    future = [];
    work = changed;
    changedWork();
  }

  function changedWork() {
    save();
    refresh();
    request();
  }

  function undo() {
    if (!past.length) return;
    future.push(work);
    work = past.pop();
    changedWork();
  }

  function redo() {
    if (!future.length) return;
    past.push(work);
    work = future.pop();
    changedWork();
  }

  function clear() {
    if (work.objects.some(prompted)) commit({ ...blank(), dilate: work.dilate });
  }

  /* The active object is the last one; a photo has one object in this version of the page. */
  const active = () => work.objects[work.objects.length - 1];
  const withActive = (object) => ({ ...work, objects: [...work.objects.slice(0, -1), object] });

  const addPoint = (point) => commit(withActive({ ...active(), points: [...active().points, point] }));
  const setBox = (box) => commit(withActive({ ...active(), box, level: null }));
  const chooseLevel = (level) => commit(withActive({ ...active(), level }));

  function removePoint(which, index) {
    const objects = work.objects.map((object, place) => place !== which ? object
      : { ...object, points: object.points.filter((_, i) => i !== index) });
    commit({ ...work, objects });
  }

  /* ---- pointing -------------------------------------------------------------------------------- */

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  function toPhoto(event) {
    const rect = view.getBoundingClientRect();
    return {
      x: clamp(((event.clientX - rect.left) / rect.width) * lab.photo.width, 0, lab.photo.width - 0.01),
      y: clamp(((event.clientY - rect.top) / rect.height) * lab.photo.height, 0, lab.photo.height - 0.01),
    };
  }

  const inside = (event) => {
    const rect = view.getBoundingClientRect();
    return event.clientX >= rect.left && event.clientX <= rect.right && event.clientY >= rect.top && event.clientY <= rect.bottom;
  };

  const boxBetween = (a, b) => ({
    x0: Math.floor(Math.min(a.x, b.x)), y0: Math.floor(Math.min(a.y, b.y)),
    x1: Math.ceil(Math.max(a.x, b.x)), y1: Math.ceil(Math.max(a.y, b.y)),
  });

  stage.addEventListener("pointerdown", (event) => {
    if (!lab.photo || event.target.closest("button")) return;
    if (event.pointerType === "touch") {
      touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (touches.size === 2) { startPinch(); return; }
    }
    if (event.button === 1 || (event.button === 0 && spaceHeld)) {
      press = { panning: true, x: event.clientX, y: event.clientY, from: { ...pan } };
    } else if (inside(event) && (event.button === 0 || event.button === 2)) {
      press = { id: event.pointerId, button: event.button, x: event.clientX, y: event.clientY, at: toPhoto(event),
        mark: event.target.closest(".lab-mark"), minus: event.button === 2 || event.shiftKey || event.altKey };
    } else return;
    if (event.pointerType !== "touch" || mode === "box") stage.setPointerCapture(event.pointerId);
  });

  stage.addEventListener("pointermove", (event) => {
    if (touches.has(event.pointerId)) touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pinch) { movePinch(); return; }
    if (!press) return;
    if (press.panning) {
      setPan(press.from.x + event.clientX - press.x, press.from.y + event.clientY - press.y);
      return;
    }
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > DRAG;
    if (far && press.button === 0) press.dragging = true;
    if (press.dragging) stretch(press.at, toPhoto(event));
  });

  function stretch(from, to) {
    const box = boxBetween(from, to);
    rubber.hidden = false;
    rubber.style.left = (box.x0 / lab.photo.width) * 100 + "%";
    rubber.style.top = (box.y0 / lab.photo.height) * 100 + "%";
    rubber.style.width = ((box.x1 - box.x0) / lab.photo.width) * 100 + "%";
    rubber.style.height = ((box.y1 - box.y0) / lab.photo.height) * 100 + "%";
  }

  let lastClick = null;
  const isDouble = (event) => {
    const again = lastClick && event.timeStamp - lastClick.time < 350 &&
      Math.hypot(event.clientX - lastClick.x, event.clientY - lastClick.y) < 5;
    lastClick = { time: event.timeStamp, x: event.clientX, y: event.clientY };
    return again;
  };

  stage.addEventListener("pointerup", (event) => {
    touches.delete(event.pointerId);
    if (pinch) { if (touches.size < 2) pinch = press = null; return; }
    const done = press;
    press = null;
    rubber.hidden = true;
    if (!done || done.panning) return;
    cross.hidden = true;
    if (done.dragging) {
      const box = boxBetween(done.at, toPhoto(event));
      if (box.x1 - box.x0 >= 2 && box.y1 - box.y0 >= 2) setBox(box);
    } else if (isDouble(event)) {
      return; // the second press of a double click means the same thing, not another point
    } else if (done.mark) {
      removePoint(Number(done.mark.dataset.object), Number(done.mark.dataset.point));
    } else {
      addPoint({ ...done.at, label: done.minus || mode === "exclude" ? 0 : 1 });
    }
  });

  stage.addEventListener("pointercancel", (event) => {
    touches.delete(event.pointerId);
    press = pinch = null;
    rubber.hidden = true;
  });
  stage.addEventListener("contextmenu", (event) => lab.photo && event.preventDefault());

  /* ---- zoom and pan ------------------------------------------------------------------------------ */

  function applyView() {
    view.style.transform = `translate(${pan.x}px, ${pan.y}px) scale(${zoom})`;
    view.style.setProperty("--zoom", String(zoom));
    fitButton.hidden = zoom === 1;
  }

  function setPan(x, y) {
    const roomX = (view.offsetWidth * zoom - view.offsetWidth) / 2;
    const roomY = (view.offsetHeight * zoom - view.offsetHeight) / 2;
    pan = { x: clamp(x, -roomX, roomX), y: clamp(y, -roomY, roomY) };
    applyView();
  }

  function zoomAt(factor, clientX, clientY) {
    const rect = view.getBoundingClientRect();
    const was = zoom;
    zoom = clamp(zoom * factor, 1, 16);
    const centre = { x: rect.left + rect.width / 2, y: rect.top + rect.height / 2 };
    const shift = 1 - zoom / was;
    setPan(pan.x + (clientX - centre.x) * shift, pan.y + (clientY - centre.y) * shift);
  }

  function resetZoom() {
    zoom = 1;
    pan = { x: 0, y: 0 };
    layout();
    applyView();
  }

  stage.addEventListener("wheel", (event) => {
    if (!lab.photo || !(event.ctrlKey || event.metaKey)) return; // a plain wheel scrolls the page
    event.preventDefault();
    zoomAt(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }, { passive: false });

  const pair = () => {
    const [a, b] = [...touches.values()];
    return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  function startPinch() { press = null; rubber.hidden = true; pinch = pair(); }
  function movePinch() {
    if (touches.size < 2) return;
    const now = pair();
    zoomAt(now.distance / Math.max(1, pinch.distance), now.x, now.y);
    setPan(pan.x + now.x - pinch.x, pan.y + now.y - pinch.y);
    pinch = now;
  }

  function layout() {
    if (!lab.photo) return;
    const width = stage.clientWidth;
    const ratio = lab.photo.height / lab.photo.width;
    const tallest = Math.max(280, innerHeight * (innerWidth < 720 ? 0.6 : 0.68));
    const height = Math.min(width * ratio, tallest);
    stage.style.height = Math.round(height) + "px";
    view.style.width = Math.round(Math.min(width, height / ratio)) + "px";
    view.style.height = Math.round(height) + "px";
  }
  new ResizeObserver(() => { layout(); if (lab.photo) setPan(pan.x, pan.y); }).observe(stage.parentElement);

  /* ---- keyboard ------------------------------------------------------------------------------------ */

  let spaceHeld = false;
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function moveCursor([dx, dy], fine) {
    const step = Math.max(lab.photo.width, lab.photo.height) * (fine ? 0.0025 : 0.02);
    cursor ||= { x: lab.photo.width / 2, y: lab.photo.height / 2 };
    cursor = { x: clamp(cursor.x + dx * step, 0, lab.photo.width - 1), y: clamp(cursor.y + dy * step, 0, lab.photo.height - 1) };
    cross.hidden = false;
    cross.style.left = (cursor.x / lab.photo.width) * 100 + "%";
    cross.style.top = (cursor.y / lab.photo.height) * 100 + "%";
    if (cursorBox) stretch(cursorBox, cursor);
    say(t("canvas.cursor", { x: Math.round(cursor.x), y: Math.round(cursor.y) }));
  }

  function cornerByKey() {
    cursor ||= { x: lab.photo.width / 2, y: lab.photo.height / 2 };
    if (!cursorBox) { cursorBox = cursor; say(t("canvas.corner")); return; }
    const box = boxBetween(cursorBox, cursor);
    cursorBox = null;
    rubber.hidden = true;
    if (box.x1 - box.x0 >= 2 && box.y1 - box.y0 >= 2) setBox(box);
  }

  const levelByKey = (place) => levels.children[place] && levels.children[place].click();
  const growBy = (step) => {
    slider.value = String(Number(slider.value) + step);
    slider.dispatchEvent(new Event("input"));
    save();
  };

  const KEYS = {
    Enter: (event) => cursor && addPoint({ ...cursor, label: event.shiftKey || mode === "exclude" ? 0 : 1 }),
    b: cornerByKey, B: cornerByKey,
    "1": () => levelByKey(0), "2": () => levelByKey(1), "3": () => levelByKey(2),
    "[": () => growBy(-1), "]": () => growBy(1),
    m: toggleOverlay, M: toggleOverlay,
    "+": () => zoomCentre(1.25), "=": () => zoomCentre(1.25), "-": () => zoomCentre(0.8), "0": resetZoom,
    Escape: () => { cursorBox = null; rubber.hidden = cross.hidden = true; cursor = null; showStatus(); },
    Delete: clear, Backspace: clear,
  };
  const zoomCentre = (factor) => {
    const rect = stage.getBoundingClientRect();
    zoomAt(factor, rect.left + rect.width / 2, rect.top + rect.height / 2);
  };

  stage.addEventListener("keydown", (event) => {
    if (!lab.photo) { if (event.key === "Enter" && event.target === stage) picker.click(); return; }
    if (event.key === " " && event.target === stage) { spaceHeld = true; event.preventDefault(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== stage) return;
    const arrow = ARROWS[event.key];
    const action = KEYS[event.key];
    if (!arrow && !action) return;
    event.preventDefault();
    if (arrow) moveCursor(arrow, event.shiftKey);
    else action(event);
  });
  addEventListener("keyup", (event) => { if (event.key === " ") spaceHeld = false; });

  const typing = (target) => target.closest && target.closest("input:not([type=range]):not([type=checkbox]), textarea, select, dialog");
  document.addEventListener("keydown", (event) => {
    if (!lab.photo || !(event.ctrlKey || event.metaKey) || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "z") { event.preventDefault(); event.shiftKey ? redo() : undo(); }
    else if (key === "y") { event.preventDefault(); redo(); }
  });

  /* ---- drop and paste ------------------------------------------------------------------------------- */

  const carriesFile = (event) => [...(event.dataTransfer ? event.dataTransfer.types : [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    stage.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) stage.classList.remove("is-over"); });
  document.addEventListener("drop", (event) => {
    stage.classList.remove("is-over");
    if (!carriesFile(event)) return;
    event.preventDefault();
    openFile(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (typing(event.target)) return;
    const file = [...(event.clipboardData ? event.clipboardData.files : [])][0];
    if (file) { event.preventDefault(); openFile(file); }
  });
  /* With a photo open, the keyboard's Enter and the pointer go to the photo; before, to the file dialogue. */
  empty.addEventListener("click", (event) => { if (event.target === empty) picker.click(); });

  /* ---- what others tell -------------------------------------------------------------------------------- */

  lab.on("catalogue", (catalogue) => {
    gallery.replaceChildren(h("span.lab-hint", { "data-t": "canvas.examples" }),
      ...catalogue.examples.map((example) => h("button.lab-example", { type: "button", "data-example": example.id,
        title: lab.say(example.title) + " · " + example.credit, "aria-label": lab.say(example.title),
        onclick: () => lab.openExample(example.id) }, h("img", { src: example.thumb, alt: "", loading: "lazy" }))));
    showStatus();
  });
  lab.on("weights", () => {
    const better = preferred();
    if (answer && answer.approximate && better && lab.ready(better)) request();
    else showBadge();
  });
  lab.on("lang", () => { refreshTexts(); });
  function refreshTexts() {
    if (lab.photo) { refresh(); showLevels(); showBadge(); }
    if (lab.catalogue) for (const button of gallery.querySelectorAll("[data-example]")) {
      const example = lab.catalogue.examples.find((one) => one.id === button.dataset.example);
      button.title = lab.say(example.title) + " · " + example.credit;
      button.setAttribute("aria-label", lab.say(example.title));
    }
  }

  /* A reload goes on where it was. A run's link brings its own photo instead. */
  async function resume() {
    const before = lab.session.read();
    if (!before || new URLSearchParams(location.search).has("run")) return;
    const reply = await lab.ask(server.reopen_photo, { photo: before.photo });
    if (reply.ok && !lab.photo) await show(reply.photo, before.work);
  }

  setMode("include");
  lab.translate(root);
  resume();
};
})();
