/* Opening a photo, or a case on it: a file that is chosen, one that comes in, or an example. */

import { h } from "../base/dom.js";
import { errorText, t, translated } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { takeDropsAndPastes } from "./incoming.js";
import { completePrompt, work } from "./work.js";

const ACCEPT = "image/*,.heic,.heif,.avif,.tif,.tiff";

/**
 * @typedef {import("../types.js").Opened} Opened
 * @typedef {import("../types.js").Reply<Opened>} Opening
 */

/**
 * @param {object} of
 * @param {HTMLElement} of.stage
 * @param {HTMLElement} of.flight shown while a photo is on its way
 * @param {import("../types.js").Server} of.server
 * @param {import("../types.js").Upload} of.upload
 * @param {(photo: Opened["photo"], prompt: Opened["prompt"]) => void} of.show takes an opened photo
 * @param {(sentence: string) => void} of.say writes the line of status
 * @param {() => void} of.settle gives it back what it said before
 */
export const makeOpening = ({ stage, flight, server, upload, show, say, settle }) => {
  let opening = 0; // the newest one counts

  /** @type {HTMLInputElement} */
  const picker = h("input", { type: "file", accept: ACCEPT, hidden: true, "data-testid": "file",
    onchange: () => { if (picker.files?.[0]) openFile(picker.files[0]); picker.value = ""; } });

  /** @param {File} file */
  async function openFile(file) {
    const limits = lab.catalogue?.limits;
    if (limits && file.size > limits.megabytes * 1e6 * 1.05) {
      notice(t("error.file_too_large", { megabytes: (file.size / 1e6).toFixed(0), limit: limits.megabytes }), "error");
      return;
    }
    await open(async () => {
      const stored = await upload(file);
      return server.open_photo({ path: stored.path, name: file.name || "photo", segmenter: lab.segmenter });
    });
  }

  /** @param {() => Promise<Opening | null>} fetchPhoto */
  async function open(fetchPhoto) {
    const mine = ++opening;
    say(t("canvas.opening"));
    flight.hidden = false;
    const reply = await ask(fetchPhoto, {});
    if (mine !== opening) return;
    flight.hidden = true;
    if (!reply.ok) {
      notice(errorText(reply.error), "error");
      settle();
      return;
    }
    show(reply.photo, reply.prompt);
    if (stage.getBoundingClientRect().top < 0) stage.scrollIntoView({ block: "start" }); // dropped or pasted below
  }

  function openCase() {
    /** @type {HTMLInputElement} */
    const chooser = h("input", { type: "file", accept: ".json,application/json", onchange: () => { if (chooser.files?.[0]) readCase(chooser.files[0]); } });
    chooser.click();
  }

  /**
   * Prompts and jobs from a file: the same case again, here or on another photo.
   * @param {File} file
   */
  async function readCase(file) {
    if (!lab.photo) { notice(t("error.case_without_photo"), "error"); return; }
    let content;
    try {
      content = JSON.parse(await file.text());
    } catch {
      notice(t("error.case_unreadable", { name: file.name }), "error");
      return;
    }
    const reply = await ask(server.import_case, { photo: lab.photo.id, case: content });
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    for (const note of reply.notes || []) notice(translated(note));
    work.commit(completePrompt(reply.prompts));
    if (reply.jobs && reply.jobs.length) lab.adoptJobs(reply.jobs);
  }

  takeDropsAndPastes({ stage, openFile, readCase });

  lab.openExample = (id) => open(() => server.open_example({ id, segmenter: lab.segmenter }));
  return { picker, choose: () => picker.click(), openCase, open };
};
