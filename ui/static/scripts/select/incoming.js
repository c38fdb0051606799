/* What is dropped or pasted, anywhere on the page: files, and links to pictures. */

import { t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { typing } from "./keyboard.js";

const SECONDS = 30;

const limit = () => (lab.catalogue?.limits.megabytes || 64) * 1e6;
/** @param {string} url */
const fileName = (url) => decodeURIComponent(new URL(url).pathname.split("/").pop() || "").slice(0, 100) || "photo";

/**
 * The body as a blob, given up where it grows beyond what the server takes.
 * @param {Response} response
 */
async function bounded(response) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let size = 0;
  const reader = response.body?.getReader();
  if (!reader) throw new TypeError("no body");
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit()) { await reader.cancel(); throw new RangeError("too large"); }
    parts.push(value);
  }
  return new Blob(parts, { type: response.headers.get("content-type") || "" });
}

/**
 * A picture behind a link as a file. The browser fetches it, as a stranger, where the other site allows that.
 * @param {string} url
 */
async function fetched(url) {
  const response = await fetch(url, { mode: "cors", credentials: "omit", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(SECONDS * 1000) });
  if (!response.ok) throw new Error(String(response.status));
  const blob = await bounded(response);
  if (!blob.type.startsWith("image/")) throw new TypeError("not a picture");
  return new File([blob], url.startsWith("data:") ? "photo" : fileName(url), { type: blob.type });
}

/**
 * The link to a picture in what is dropped or pasted: of the picture itself before that of what it stands in.
 * @param {DataTransfer} data
 */
function linkIn(data) {
  const page = new DOMParser().parseFromString(data.getData("text/html"), "text/html"); // inert: runs and loads nothing
  const image = page.querySelector("img[src]");
  const listed = data.getData("text/uri-list").split(/\r?\n/).find((line) => line && !line.startsWith("#"));
  const text = data.getData("text/plain").trim();
  const candidates = [image && image.getAttribute("src"), listed, text];
  return candidates.find((link) => link && /^(https?:\/\/\S+|data:image\/\S+)$/i.test(link)) || null;
}

/**
 * @param {object} of
 * @param {HTMLElement} of.stage
 * @param {(file: File) => Promise<void>} of.openFile
 * @param {(files: File[]) => Promise<void>} of.openFiles
 * @param {(file: File) => Promise<void>} of.readCase
 */
export const takeDropsAndPastes = ({ stage, openFile, openFiles, readCase }) => {
  /** @param {File} file */
  const take = (file) => (/\.json$/i.test(file.name) ? readCase(file) : openFile(file));
  /** @param {FileList} files */
  const picked = (files) => {
    const pictures = [...files].filter((file) => file.type.startsWith("image/"));
    return pictures.length ? pictures : [...files].slice(0, 1);
  };
  /** @param {File[]} files */
  const takeAll = (files) => (files.length > 1 ? openFiles(files) : take(files[0]));

  /** @param {string} link */
  async function openLink(link) {
    try {
      await openFile(await fetched(link));
    } catch {
      notice(t("error.link_refused"), "error");
    }
  }

  let own = false; // what is dragged comes from this page
  document.addEventListener("dragstart", () => { own = true; });
  document.addEventListener("dragend", () => { own = false; });
  /** @param {DragEvent} event */
  const types = (event) => [...(event.dataTransfer ? event.dataTransfer.types : [])];
  /** @param {DragEvent} event */
  const wanted = (event) => {
    if (own) return false;
    if (types(event).includes("Files")) return true;
    return !typing(event.target) && types(event).some((type) => type === "text/uri-list" || type === "text/html");
  };
  document.addEventListener("dragover", (event) => {
    if (!wanted(event)) return;
    event.preventDefault();
    stage.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) stage.classList.remove("is-over"); });
  document.addEventListener("drop", (event) => {
    stage.classList.remove("is-over");
    if (!wanted(event)) return;
    event.preventDefault();
    const data = event.dataTransfer;
    const files = data ? picked(data.files) : [];
    const link = files.length || !data ? null : linkIn(data);
    if (files.length) takeAll(files);
    else if (link) openLink(link);
    else notice(t("error.nothing_to_open"), "error");
  });
  document.addEventListener("paste", (event) => {
    const data = event.clipboardData;
    const inField = typing(event.target);
    if (!data || (inField && data.types.includes("text/plain"))) return; // a field takes the text
    const files = picked(data.files);
    const link = files.length || inField ? null : linkIn(data);
    if (!files.length && !link) return;
    event.preventDefault();
    if (files.length) takeAll(files);
    else if (link) openLink(link);
  });
};
