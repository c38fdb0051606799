/* One erase after the other: a result becomes the photo, and a strip over it leads back to each step before. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { t, translate } from "../base/languages.js";
import { ofRun, secretOf } from "../base/owned.js";
import { goTo } from "../base/place.js";
import { lab, openPhoto } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { keptLine, opened } from "./steps.js";
import { work } from "./work.js";

/**
 * @typedef {import("./steps.js").Line} Line
 * @typedef {import("../types.js").Opened} Opened
 * @typedef {import("../types.js").Reply<Opened>} Opening
 */

const FEWEST = 2; // steps: a photo alone has no history

/**
 * The request for a step of the line; what is gone from the server's photos is looked up by a photo that came of it.
 * @param {Line} line
 * @param {number} place
 */
function asked({ steps, place: here }, place) {
  const last = steps.length - 1;
  if (place === last) return { photo: steps[last].photo };
  return { photo: place < here ? openPhoto().id : steps[last].photo, step: place, secrets: secretsOf(openPhoto()) };
}

/** @param {import("../types.js").Photo} photo */
const secretsOf = ({ chain = [] }) =>
  Object.fromEntries(chain.flatMap(({ run }) => { const secret = secretOf(run); return secret ? [[run, secret]] : []; }));

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {HTMLElement} of.stage
 * @param {(fetchPhoto: () => Promise<Opening | null>) => Promise<void>} of.open shows what comes, as a photo that is opened
 */
export function makeHistory({ server, stage, open }) {
  let line = keptLine.read();
  /** @type {Map<string, import("../types.js").Work>} */
  const works = new Map(); // what was selected on each photo when it was left
  const row = h("ol.lab-steps-row");
  const node = h("nav.lab-steps", { "data-t-label": "steps.title", "data-testid": "steps", hidden: true }, row);

  /**
   * @param {import("./steps.js").Step} step
   * @param {number} place
   */
  function item({ photo, eraser }, place) {
    const title = place ? t("steps.open.step", { number: place, eraser }) : t("steps.open");
    const picture = h("img", { src: `lab/photos/${encodeURIComponent(photo)}/view.jpg`, alt: "", loading: "lazy", draggable: "false" });
    picture.addEventListener("error", () => { picture.hidden = true; });
    return h("li", {}, h("button.lab-step", { type: "button", title, "aria-label": title, "data-step": String(place),
      "aria-current": place === line.place ? "step" : null, onclick: () => walk(place) },
    picture, h("span", {}, place ? `${place} · ${eraser}` : t("steps.first"))));
  }

  function draw() {
    node.hidden = !lab.photo || line.steps.length < FEWEST;
    row.replaceChildren(...(node.hidden ? [] : line.steps.map(item)));
    const current = row.querySelector("[aria-current]");
    if (current instanceof HTMLElement) row.scrollLeft = current.offsetLeft - (row.clientWidth - current.clientWidth) / 2;
  }

  /** @param {number} place */
  async function walk(place) {
    if (place === line.place || !line.steps[place]) return;
    const request = { ...asked(line, place), segmenter: lab.segmenter };
    const held = row.contains(document.activeElement);
    await open(async () => remembered(await ("step" in request ? server.open_step : server.reopen_photo)(request)));
    if (held) /** @type {HTMLElement | null} */ (row.querySelector("[aria-current]"))?.focus({ preventScroll: true });
  }

  /**
   * A photo with what was selected on it.
   * @param {Opening | null} reply
   */
  const remembered = (reply) => (reply?.ok ? { ...reply, prompt: works.get(reply.photo.id) ?? null } : reply);

  lab.continueWith = async (run, index, eraser) => {
    if (lab.place.tab !== "erase") goTo({ tab: "erase" });
    const before = lab.photo?.id;
    await open(() => server.continue_with(ofRun(run, { index, segmenter: lab.segmenter })));
    if (!lab.photo || lab.photo.id === before) return;
    stage.focus({ preventScroll: true });
    notice(t("steps.done", { eraser }));
  };

  on("photo", (photo) => {
    line = opened(line, photo);
    keptLine.write(line);
    draw();
  });
  on("work", (value) => { if (lab.photo) works.set(lab.photo.id, value); });
  on("lang", draw);
  work.goBeyond({
    get canUndo() { return line.place > 0; },
    get canRedo() { return line.place < line.steps.length - 1; },
    undo: () => walk(line.place - 1),
    redo: () => walk(line.place + 1),
  });
  translate(node);
  return { node };
}
