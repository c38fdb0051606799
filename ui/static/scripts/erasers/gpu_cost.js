/* What a job takes of the visitor's share of a lent GPU, said before one presses. */

import { h } from "../base/dom.js";
import { t } from "../base/languages.js";
import { eraserOf } from "../base/state.js";
import { askForPlan, MINUTES } from "./plan.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("./choice.js").Choice} Choice
 */

/**
 * Seconds; 0 where none is borrowed.
 * @param {Eraser} eraser
 * @param {import("../types.js").Settings} settings
 */
export function gpuSeconds({ gpu }, settings) {
  if (!gpu) return 0;
  const steps = Number(settings.num_inference_steps) || gpu.steps;
  return Math.round(Math.min(gpu.most, Math.max(gpu.least, gpu.fixed + gpu.step * steps)));
}

/**
 * On an eraser's card.
 * @param {Eraser} eraser
 * @param {import("../types.js").Settings} settings
 */
export const gpuChip = (eraser, settings) => eraser.gpu && eraser.available ? h("span.lab-chip", { "data-gpu": eraser.id, title: t("panel.gpu.hint") },
  t("panel.gpu", { seconds: gpuSeconds(eraser, settings) })) : null;

/** The sum, by the visitor's plan. */
const SUMS = /** @type {const} */ ({
  anonymous: "panel.gpu.day.anonymous",
  free: "panel.gpu.day.free",
  pro: "panel.gpu.day.pro",
  enterprise: "panel.gpu.day.enterprise",
});

/**
 * Whether it is more than a day gives; what is not known gives enough.
 * @param {number} seconds
 * @param {import("./plan.js").Plan | null} plan
 */
export const isBeyond = (seconds, plan) => plan !== null && seconds > 60 * MINUTES[plan];

/**
 * The sum as a sentence.
 * @param {number} seconds
 * @param {import("./plan.js").Plan | null} plan null = not known
 */
export function sumOf(seconds, plan) {
  const said = t(plan ? SUMS[plan] : "panel.gpu.sum", { seconds });
  return isBeyond(seconds, plan) ? said + " " + t("panel.gpu.over") : said;
}

/**
 * The sum beside Erase, and what the cards say. When the plan comes, what would take more than its day is
 * no longer ticked by default.
 * @param {Choice} choice
 */
export function makeGpuCost(choice) {
  let asked = false;
  let plan = /** @type {import("./plan.js").Plan | null} */ (null);
  let spared = /** @type {Eraser[]} */ ([]);
  const node = h("p.lab-hint.lab-cost", { "data-testid": "gpu-cost", hidden: true });
  /** @param {Eraser} eraser */
  const secondsOf = (eraser) => gpuSeconds(eraser, choice.of(eraser.id).settings);
  /** @param {Eraser} eraser */
  const isTooMuch = (eraser) => isBeyond(secondsOf(eraser), plan);

  function show() {
    for (const chip of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-gpu]"))) {
      const eraser = eraserOf(chip.dataset.gpu);
      if (eraser) chip.textContent = t(isTooMuch(eraser) ? "panel.gpu.beyond" : "panel.gpu", { seconds: secondsOf(eraser) });
    }
    const seconds = choice.ticked().reduce((sum, eraser) => sum + secondsOf(eraser), 0);
    const left = spared.filter((eraser) => !choice.of(eraser.id).ticked).map((eraser) => eraser.name);
    const said = [seconds ? sumOf(seconds, plan) : "", left.length ? t("panel.gpu.spared", { erasers: left.join(", ") }) : ""];
    node.textContent = said.filter(Boolean).join(" ");
    node.hidden = !node.textContent;
    node.title = t("panel.gpu.hint");
    if (seconds && !asked) ask();
  }

  function ask() { // nobody is asked where no GPU is lent
    asked = true;
    askForPlan((answer) => {
      plan = answer;
      spared = [...spared, ...choice.spare(isTooMuch)];
      for (const { id } of spared) {
        const tick = /** @type {HTMLInputElement | null} */ (document.getElementById("lab-use-" + id));
        if (tick) tick.checked = choice.of(id).ticked;
      }
      show();
    });
  }

  return { node, show };
}
