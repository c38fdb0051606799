/* The prompt canvas: a photo, what the user points at, and the mask the server answers with.
 *
 * The prompts live here and travel whole with every request; the server keeps none of them.
 * This file puts the parts together.
 */

import { h } from "../base/dom.js";
import { emit, on } from "../base/events.js";
import { icon } from "../base/icons.js";
import { errorText, translate, translated } from "../base/languages.js";
import { comesBack, remember, session } from "../base/memory.js";
import { ask } from "../base/server.js";
import { rove } from "../base/roving.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { approximateBadge } from "./approximate.js";
import { makeAsking } from "./asking.js";
import { makeBrush } from "./brush.js";
import { detectBar } from "./detect.js";
import { exampleRow } from "./examples.js";
import { makeHistory } from "./history.js";
import { makeHover } from "./hover.js";
import { makeKeyboard } from "./keyboard.js";
import { makeLevels } from "./levels.js";
import { showMarks } from "./marks.js";
import { makeMaskFile } from "./mask_file.js";
import { objectBar } from "./objects.js";
import { makeOpening } from "./opening.js";
import { makeOverview } from "./overview.js";
import { makePointing, stretch, toPhoto } from "./pointing.js";
import { addBox, addPoint, refine } from "./prompting.js";
import { segmenterChoice } from "./segmenters.js";
import { shapeBar } from "./shape.js";
import { offerSharpness } from "./sharpness.js";
import { makeStage } from "./stage.js";
import { makeStatus } from "./status.js";
import { makeTiles } from "./tiles.js";
import { makeToolbar } from "./toolbar.js";
import { makeTray } from "./tray.js";
import { work } from "./work.js";
import { makeZoom } from "./zoom.js";

/**
 * @typedef {import("../types.js").Answer} Answer
 * @typedef {import("../types.js").Photo} Photo
 * @typedef {import("../types.js").Problem} Problem
 * @typedef {import("../types.js").Prompt} Prompt
 */

/** @param {import("../types.js").Mounted & { upload: import("../types.js").Upload }} mounted */
export const mountCanvas = ({ element, server, upload }) => {
  /** @type {Answer | null} */
  let answer = null; // the newest that is drawn

  /* ---- the parts ------------------------------------------------------------------------- */

  const stage = makeStage(() => opening.choose());
  const status = makeStatus();
  const levels = makeLevels();
  const asking = makeAsking({ server, stage: stage.node, draw, failed, rested: () => pointing.rested() });
  const tools = makeToolbar({ stage: stage.node, changed: () => { stage.preview.hidden = true; }, showOverlay, fit: () => zoom.reset() });
  const newButton = h("button.lab-tool.wide", { type: "button", hidden: true, "data-t-title": "canvas.new", onclick: () => opening.choose() },
    icon("image"), h("span", { "data-t": "canvas.new" }));
  const maskFile = makeMaskFile({ server, upload });
  const controls = h("div.lab-controls", { hidden: true }, tools.node, objectBar(levels.node),
    shapeBar({ server, maskFile, openCase: () => opening.openCase() }), maskFile.row, detectBar({ server, layer: stage.found }));
  rove(controls, { besides: ".lab-popover" });
  const badge = approximateBadge(asking.request);
  const showStatus = () => status.show(answer);
  const opening = makeOpening({ stage: stage.node, flight: stage.flight, server, upload, show, lay: (photos) => tray.lay(photos), say: status.say, settle: showStatus });
  const tray = makeTray({ server, show });
  const steps = makeHistory({ server, stage: stage.node, open: opening.open });
  const stageBox = h("div.lab-stagebox", {}, stage.node, status.over);
  const root = h("section.lab-card.lab-canvas", { "data-t-label": "canvas.section" },
    steps.node, h("div.lab-work", {}, stageBox, tray.node, controls), h("div.lab-statusline", {}, status.node, badge.nodes[0], segmenterChoice(asking.request), badge.nodes[1], newButton),
    exampleRow(), opening.picker);
  element.replaceChildren(root);

  const zoom = makeZoom({ stage: stage.node, view: stage.view, bar: tools.node, onchange: zoomed });
  const tiles = makeTiles({ view: stage.view, layer: stage.tiles, seen: zoom.seen });
  const overview = makeOverview({ zoom });
  overview.update("");
  stageBox.append(overview.node);
  stageBox.after(overview.hint);
  const brush = makeBrush({ view: stage.view, scratch: stage.scratch, toPhoto: (event) => toPhoto(stage.view, event), seen: zoom.seen });
  const hover = makeHover({ server, image: stage.preview });
  const keyboard = makeKeyboard({ stage: stage.node, cross: stage.cross, rubber: stage.rubber, zoom, act: {
    addPoint, addBox, refine: refine.toggle, stretch: (from, to, negative) => stretch(stage.rubber, from, to, negative), say: status.say, settle: showStatus,
    overlay: tools.toggleOverlay, choose: opening.choose, minus: () => tools.minus, level: levels.press } });
  const pointing = makePointing({ stage, tools, zoom, brush, hover, keyboard, busy: () => asking.inFlight });
  offerSharpness(stage);

  /* ---- a photo has been opened ------------------------------------------------------------- */

  /**
   * @param {Photo} opened
   * @param {Prompt | null} prompt
   */
  function show(opened, prompt) {
    lab.photo = opened;
    answer = null;
    tiles.forget();
    keyboard.forget();
    stage.show(opened);
    controls.hidden = newButton.hidden = false;
    tools.brushSize.fit(opened);
    zoom.reset();
    revealPrompt(opened, prompt);
    for (const note of opened.notes || []) notice(translated(note));
    // Before the picture has arrived, so that not even a click of that moment is lost.
    emit("photo", opened);
    work.reset(prompt);
    if (prompt?.words) emit("words", prompt.words);
  }

  /**
   * A strip begins where something is pointed at.
   * @param {Photo} photo
   * @param {Prompt | null} prompt
   */
  function revealPrompt({ width, height }, prompt) {
    const { points = [], box = null } = prompt?.objects?.[0] ?? {};
    const [at] = box ? [{ x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 }] : points;
    if (at && stage.node.dataset.along) zoom.centre(at.x / width, at.y / height);
  }

  lab.showPhoto = show;

  /* ---- the mask ------------------------------------------------------------------------------ */

  let sharpen = 0; // the timer of a finer mask

  /** @param {{ scale: number, along: import("./strip.js").Layout["along"], seen: import("../types.js").Seen }} now */
  function zoomed({ scale, along, seen }) {
    tools.showFit(scale === 1);
    tiles.update();
    overview.update(along, seen);
    clearTimeout(sharpen);
    if (answer && lab.overlaySide() > answer.side) sharpen = window.setTimeout(asking.request, 200);
  }

  lab.hasMask = () => Boolean(lab.photo && answer && answer.area > 0 && !work.empty);

  /** @param {Answer | null} reply */
  function draw(reply) {
    answer = reply;
    if (reply) hover.learn(reply);
    stage.preview.hidden = true;
    stage.overlay.hidden = !reply || !tools.overlayShown();
    if (reply) stage.overlay.src = reply.overlay;
    else stage.overlay.removeAttribute("src");
    // The local stroke stays until the mask that is drawn holds it.
    if (!brush.active && (!reply || reply.strokes >= work.value.strokes.length)) brush.clear();
    badge.show(reply);
    levels.show(reply);
    showStatus();
    emit("mask", answer);
  }

  /** @param {Problem | null} error */
  function failed(error) {
    draw(null);
    notice(errorText(error), "error");
    status.say(errorText(error));
  }

  /** @param {boolean} seen */
  function showOverlay(seen) {
    stage.overlay.hidden = !seen || !answer;
    stage.marks.hidden = !seen;
  }

  function refresh() {
    if (!lab.photo) return;
    showMarks(stage.marks);
    levels.show(answer);
    tools.refresh();
    showStatus();
  }

  /* ---- what others tell ------------------------------------------------------------------------ */

  on("catalogue", showStatus);
  on("work", () => { status.tell([]); refresh(); asking.request(); });
  on("understood", (clicks) => { status.tell(clicks); showStatus(); });
  on("mask-style", asking.request);
  on("back", asking.request);
  on("lang", refresh);

  /** A reload goes on where it was, beside a run too; a run's link brings its own photo. True: it went on. */
  async function resume() {
    const before = session.read();
    if (!before || (new URLSearchParams(location.search).has("run") && !comesBack())) return false;
    const reply = await ask(server.reopen_photo, { photo: before.photo, segmenter: lab.segmenter });
    if (reply.ok && !lab.photo) show(reply.photo, before.work);
    return reply.ok;
  }

  lab.segmenter = remember("segmenter") || null;
  translate(root);
  lab.canvasMounted({ resumed: resume() });
};
