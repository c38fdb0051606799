/* What an interrupted run lacks, and the two ways to have it made. */

import { h } from "../base/dom.js";
import { errorText } from "../base/languages.js";
import { isOwn, ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { notice } from "../base/widgets.js";

/** @typedef {import("../types.js").Grid} Grid */

/**
 * What can be made now.
 * @param {Grid} grid
 */
const lacks = ({ cards, error, state }) => {
  const ended = error?.code === "run_interrupted" && state !== "running";
  const whole = cards.filter((card) => card.state === "done" && card.full);
  return {
    missing: ended && cards.some((card) => card.state === "stopped" || (card.state === "done" && !card.full)),
    numbers: ended && whole.some((card) => !card.readings),
  };
};

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {(grid: Grid) => void} of.begun the run goes on, and this is how it begins
 */
export const makeRest = ({ server, begun }) => {
  let run = "";
  /** @param {"missing" | "numbers"} wanted */
  const goOn = async (wanted) => {
    for (const button of [missing, numbers]) button.disabled = true;
    const reply = await ask(server.go_on, ofRun(run, { wanted }));
    for (const button of [missing, numbers]) button.disabled = false;
    if (reply.ok) begun(reply.grid);
    else notice(errorText(reply.error), "error");
  };
  const missing = h("button.lab-primary", { type: "button", "data-t": "grid.go_on", "data-testid": "go-on", onclick: () => goOn("missing") });
  const numbers = h("button.lab-tool.wide", { type: "button", "data-t": "grid.go_on.numbers", "data-testid": "go-on-numbers", onclick: () => goOn("numbers") });
  const node = h("div.lab-group.lab-rest", { hidden: true }, missing, numbers);
  return { node,
    /** @param {Grid} whole */
    show(whole) {
      const grid = whole.parts?.find((part) => Object.values(lacks(part)).some(Boolean)) ?? whole;
      const lacking = lacks(grid);
      run = grid.run;
      missing.hidden = !lacking.missing;
      numbers.hidden = !lacking.numbers;
      node.hidden = Boolean(whole.parts && grid === whole) || !isOwn(run) || (missing.hidden && numbers.hidden);
    } };
};
