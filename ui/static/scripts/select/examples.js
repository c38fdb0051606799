/* The row of photos that come with the program. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { translated } from "../base/languages.js";
import { rove } from "../base/roving.js";
import { lab } from "../base/state.js";

export const exampleRow = () => {
  const row = h("div.lab-examples", { role: "group", "data-t-label": "canvas.examples" });
  /** @param {import("../types.js").Example} example */
  const button = (example) => h("button.lab-example", { type: "button", "data-example": example.id, title: translated(example.title) + " · " + example.credit,
    "aria-label": translated(example.title), onclick: () => lab.openExample(example.id) }, h("img", { src: example.thumb, alt: "", loading: "lazy" }));
  const fill = () => {
    if (!lab.catalogue) return;
    // Those that the first screen shows in large stand here only when it has gone.
    const offered = lab.catalogue.examples.filter((example) => lab.photo || !example.prepared);
    row.replaceChildren(...(offered.length ? [h("span.lab-hint", { "data-t": lab.photo ? "canvas.examples" : "canvas.examples.more" }), ...offered.map(button)] : []));
  };
  for (const event of /** @type {const} */ (["catalogue", "lang", "photo"])) on(event, fill);
  rove(row);
  return row;
};
