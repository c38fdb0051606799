/* Opening a photo, or a case on it: a file that is chosen, one that comes in, or an example. */

import { h } from "../base/dom.js";
import { errorText, t, translated } from "../base/languages.js";
import { ask } from "../base/server.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { takeDropsAndPastes } from "./incoming.js";
import { completePrompt, work } from "./work.js";

const MOST = 20; // photos at once
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
 * @param {(photos: Opened["photo"][]) => void} of.lay takes several
 * @param {(sentence: string) => void} of.say writes the line of status
 * @param {() => void} of.settle gives it back what it said before
 */
export const makeOpening = ({ stage, flight, server, upload, show, lay, say, settle }) => {
  let opening = 0; // the newest one counts

  /** @type {HTMLInputElement} */
  const picker = h("input", { type: "file", accept: ACCEPT, multiple: true, hidden: true, "data-testid": "file",
    onchange: () => { openFiles([...picker.files ?? []]); picker.value = ""; } });

  /** Whether the server takes so much; said where it does not. @param {File} file */
  function fits(file) {
    const limits = lab.catalogue?.limits;
    if (!limits || file.size <= limits.megabytes * 1e6 * 1.05) return true;
    notice(t("error.file_too_large", { megabytes: (file.size / 1e6).toFixed(0), limit: limits.megabytes }), "error");
    return false;
  }

  /** @param {File} file @returns {Promise<Opening | null>} */
  async function sent(file) {
    const stored = await upload(file);
    return server.open_photo({ path: stored.path, name: file.name || "photo", segmenter: lab.segmenter });
  }

  /** @param {File} file */
  async function openFile(file) {
    if (fits(file)) await open(() => sent(file));
  }

  /**
   * One photo, or several at once, which lie side by side on the tray.
   * @param {File[]} files
   */
  async function openFiles(files) {
    if (files.length < 2) { if (files[0]) await openFile(files[0]); return; }
    if (files.length > MOST) notice(t("tray.most", { count: files.length, limit: MOST }));
    const mine = ++opening;
    flight.hidden = false;
    /** @type {Opened["photo"][]} */
    const photos = [];
    for (const file of files.slice(0, MOST).filter(fits)) {
      say(t("tray.opening", { done: photos.length + 1, count: Math.min(files.length, MOST) }));
      const reply = await ask(() => sent(file), {});
      if (mine !== opening) return;
      if (!reply.ok) notice(`${file.name}: ${errorText(reply.error)}`, "error");
      else if (!photos.some(({ id }) => id === reply.photo.id)) photos.push(reply.photo);
    }
    flight.hidden = true;
    if (photos.length > 1) lay(photos);
    else if (photos.length) show(photos[0], null);
    else settle();
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

  takeDropsAndPastes({ stage, openFile, openFiles, readCase });

  lab.openExample = (id) => open(() => server.open_example({ id, segmenter: lab.segmenter }));
  return { picker, choose: () => picker.click(), openCase, open };
};
