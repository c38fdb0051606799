/* A mask from a file: what was read in it, and a choice where it may mean several things. */

import { h, redraw } from "../base/dom.js";
import { on } from "../base/events.js";
import { errorText, t, translated } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab, openPhoto } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { plainShape, work } from "./work.js";

/** @typedef {import("../types.js").MaskReading} MaskReading */

/**
 * take(file) uploads a mask; row shows its readings side by side, one press each.
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {import("../types.js").Upload} of.upload
 */
export const makeMaskFile = ({ server, upload }) => {
  /** @type {MaskReading[]} */
  let readings = []; // of the file that was taken last
  const row = h("div.lab-mask-readings", { role: "group", hidden: true, "data-t-label": "mask.readings", "data-testid": "mask-readings" });

  /** @param {MaskReading} reading */
  const button = (reading) => h("button.lab-mask-reading", { type: "button", "aria-pressed": String(work.value.upload === reading.upload),
    onclick: () => work.commit({ ...work.value, upload: reading.upload }) },
    h("span.lab-mask-thumb", {}, h("img", { src: reading.thumb, alt: "" })),
    h("span", {}, translated(reading.said)), h("span.lab-hint", {}, t("mask.share", { percent: (100 * reading.area).toPrecision(2) })));

  const show = () => {
    const mine = readings.some((reading) => reading.upload === work.value.upload);
    row.hidden = !lab.photo || !mine;
    if (mine) redraw(row, h("span.lab-hint", {}, t("mask.readings")), ...readings.map(button));
  };
  for (const event of /** @type {const} */ (["work", "photo", "lang"])) on(event, show);

  /** @param {File} file */
  async function take(file) {
    const photo = openPhoto().id;
    const reply = await ask(async () => {
      const stored = await upload(file);
      return server.upload_mask({ photo, path: stored.path, name: file.name });
    }, {});
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    if (reply.notes && reply.notes.length) notice(reply.notes.map(translated).join(" "));
    readings = reply.readings || [];
    // Alone, a mask from a file is meant as it is; beside others it shares their shape.
    const shape = work.empty ? plainShape() : work.value.shape;
    work.commit({ ...work.value, upload: reply.upload, shape });
  }

  return { take, row };
};
