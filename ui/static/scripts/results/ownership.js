/* Whose a run is: its owner hides and deletes it; others are told that they see it by a link. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { errorText, t } from "../base/languages.js";
import { disown, isOwn, ofRun } from "../base/owned.js";
import { ask } from "../base/server.js";
import { notice, popover } from "../base/widgets.js";
import { idsOf } from "./parts.js";

/** @typedef {import("../types.js").Grid} Grid */

/**
 * The same for each run of a table; the first refusal, else what the last one said.
 * @param {string} runs
 * @param {(run: string) => Promise<import("../types.js").Reply<object>>} act
 */
async function all(runs, act) {
  /** @type {import("../types.js").Reply<object>} */
  let reply = { ok: true };
  for (const run of idsOf(runs)) {
    reply = await act(run);
    if (!reply.ok) break;
  }
  return reply;
}

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {(run: string) => void} of.renew asks for the run anew: its addresses are others
 * @param {(run: string) => void} of.forget the run is gone
 */
export const makeOwnership = ({ server, renew, forget }) => {
  let run = "";
  let sure = false; // the next press deletes
  const hidden = h("input", { type: "checkbox", "data-testid": "private", onchange: () => hide() });
  const words = h("span");
  const remove = h("button.lab-tool.lab-own-delete", { type: "button", "data-testid": "delete-run", onclick: () => press() }, icon("trash"), words);
  const menu = popover("lock", "own", [
    h("label.lab-own-private", {}, hidden, h("span", { "data-t": "own.private" })),
    h("p.lab-hint", { "data-t": "own.private.hint" }), remove]);
  const linked = h("span.lab-hint", { "data-testid": "from-link", "data-t": "own.linked", "data-t-title": "own.linked.hint" });
  menu.addEventListener("focusout", () => calm());

  const say = () => { words.textContent = t(sure ? "own.delete.sure" : "own.delete"); };
  function calm() { sure = false; say(); }

  async function hide() {
    const asked = run;
    hidden.disabled = true;
    const reply = await all(asked, (one) => ask(server.keep_private, ofRun(one, { private: hidden.checked })));
    hidden.disabled = false;
    if (reply.ok) { renew(asked); return; }
    hidden.checked = !hidden.checked;
    notice(errorText(reply.error), "error");
  }

  async function press() {
    if (!sure) { sure = true; say(); return; }
    calm();
    const asked = run;
    const reply = await all(asked, (one) => ask(server.delete_run, ofRun(one)));
    if (!reply.ok) { notice(errorText(reply.error), "error"); return; }
    menu.close();
    for (const one of idsOf(asked)) disown(one);
    forget(asked);
    notice(t("own.deleted"));
  }

  return { menu, linked,
    /** @param {Grid} grid */
    show(grid) {
      const own = idsOf(grid.run).every(isOwn);
      if (run !== grid.run) sure = false;
      run = grid.run;
      menu.hidden = !own;
      linked.hidden = own;
      remove.disabled = grid.state === "running" || Boolean(grid.judging);
      if (!hidden.disabled) hidden.checked = Boolean(grid.private);
      say();
    } };
};
