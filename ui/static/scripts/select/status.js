/* The line under the photo: what is selected, by whom, and what is suspicious about it. */

import { h } from "../base/dom.js";
import { formatPercent } from "../base/figures.js";
import { icon } from "../base/icons.js";
import { t } from "../base/languages.js";
import { lab } from "../base/state.js";
import { notice } from "../base/widgets.js";
import { segmenterName } from "./segmenters.js";
import { work } from "./work.js";

/** @typedef {import("../types.js").Answer} Answer */

/**
 * A suspicion about the mask; pressed, it says how it is judged.
 * @param {{ code: string }} hint
 */
const hintButton = ({ code }) => h("button.lab-hint-button", { type: "button", "data-hint": code, title: t("hint." + code + ".why"),
  onclick: () => notice(t("hint." + code + ".why")) }, icon("warn"), t("hint." + code));

/**
 * Nobody is named where nobody was asked: a mask that was painted or uploaded.
 * @param {Answer} answer
 */
const covers = (answer) => [t("canvas.covers", { percent: formatPercent(answer.area) }),
  answer.segmenter && segmenterName(answer.segmenter)].filter(Boolean).join(" · ");

/** @param {Answer | null} answer */
const sentence = (answer) => {
  if (!lab.photo) return "";
  if (work.empty) return t("canvas.start.none");
  if (!answer) return t("canvas.thinking");
  return answer.area === 0 ? t("canvas.nothing") : covers(answer);
};

/**
 * That a click has become an object of its own, and a button for who wants it otherwise.
 * @param {import("../types.js").Understood[]} understood
 */
const asideOf = (understood) => {
  const apart = understood.filter(({ meant }) => meant === "apart").pop();
  if (!apart || apart.beside === null) return [];
  const [own, beside] = [apart.object, apart.beside].map((place) => work.value.objects[place]);
  return [h("span", { "data-testid": "apart" }, t("canvas.apart", { number: apart.beside + 1 })),
    h("button", { type: "button", title: t("canvas.join.hint"), "data-testid": "join", onclick: () => work.join(own, beside) }, t("canvas.join"))];
};

export const makeStatus = () => {
  /** @type {import("../types.js").Understood[]} */
  let understood = []; // what the newest clicks have turned out to mean
  const over = h("div.lab-over", { role: "status", hidden: true }); // on the photo, where one looks
  const node = h("div.lab-status", { role: "status", "aria-live": "polite", "data-testid": "status" });
  /** @param {string} words */
  const say = (words) => { node.textContent = words; };
  /** @param {(Node | string)[]} words */
  function sayOver(...words) {
    over.hidden = words.length === 0;
    over.replaceChildren(...words);
  }
  return { node, over, say,
    /** @param {import("../types.js").Understood[]} clicks */
    tell(clicks) { understood = clicks; },
    /** @param {Answer | null} answer the mask that is drawn */
    show(answer) {
      say(sentence(answer));
      sayOver(...(!lab.photo ? [] : work.empty ? [t("canvas.start")] : answer ? asideOf(understood) : []));
      if (lab.photo && !work.empty && answer && answer.area > 0) node.append(...(answer.hints || []).map(hintButton));
    } };
};
