/* The program ends and comes back: the page says so, waits, and goes on where it was.
 *
 * Gradio loads the page again when a stream has broken off; without one nobody else notices.
 */

import { h } from "./dom.js";
import { emit } from "./events.js";
import { t } from "./languages.js";
import { lab } from "./state.js";

const POLL = 2000; // milliseconds between two looks at whether the program is there
const WATCH = 3000; // between two looks while a run goes on, which is when an end costs something

let looking = false;

/** @returns {Promise<boolean>} whether the program is there, and means to stay */
const stays = async () => {
  try {
    const answer = await fetch("healthz", { cache: "no-store" });
    return answer.ok && (await answer.json()).staying !== false;
  } catch {
    return false;
  }
};

/** To be called when something has failed that a program that ends would explain. */
export const suspect = async () => {
  if (looking) return;
  looking = true;
  if (!(await stays())) await returned();
  looking = false;
};

async function returned() {
  const note = h("div.lab-away-note", { role: "status", "aria-live": "polite", "data-testid": "restarting" });
  note.textContent = t("restarting");
  document.body.append(note);
  document.body.classList.add("lab-away");
  do await new Promise((resolve) => setTimeout(resolve, POLL)); while (!(await stays()));
  note.remove();
  document.body.classList.remove("lab-away");
  emit("back");
}

/** Look while a run goes on. */
export const watchProgram = () => setInterval(() => { if (lab.running) suspect(); }, WATCH);
