/* Which of the page's tabs is open: the address says so, and every change is a step of the browser's history. */

import { emit, on } from "./events.js";
import { lab } from "./state.js";

/** @typedef {import("../types.js").PagePlace} PagePlace */

const VIEWS = ["rows", "papers", "systems"];
const SETS = /** @type {const} */ (["documents", "ours"]);

/**
 * What an address's query asks for.
 * @param {string} search
 * @returns {PagePlace}
 */
export const askedIn = (search) => {
  const query = new URLSearchParams(search);
  const view = query.get("show") ?? "";
  const set = SETS.find((which) => which === query.get("rows")) ?? null;
  return { tab: query.get("tab") === "tables" ? "tables" : "erase", view: VIEWS.includes(view) ? view : "rows", set, row: query.get("row") };
};

/**
 * Go to a place; it becomes a step of the browser's history.
 * @param {Partial<PagePlace>} change
 */
export const goTo = (change) => {
  const place = { ...lab.place, row: null, ...change };
  const address = new URL(location.href);
  /**
   * @param {string} name
   * @param {string | null} value
   */
  const put = (name, value) => (value ? address.searchParams.set(name, value) : address.searchParams.delete(name));
  const tables = place.tab === "tables";
  put("tab", tables ? "tables" : null);
  put("show", tables && place.view !== "rows" ? place.view : null);
  put("rows", tables ? place.set : null);
  put("row", tables ? place.row : null);
  if (address.href !== location.href) history.pushState(history.state, "", address);
  show(place);
};

/** @param {PagePlace} place */
function show(place) {
  lab.place = place;
  document.documentElement.dataset.tab = place.tab;
  for (const id of ["erase", "tables"]) {
    const panel = document.getElementById("lab-tab-" + id);
    panel?.setAttribute("role", "tabpanel");
    panel?.setAttribute("aria-labelledby", "lab-to-" + id);
  }
  emit("place", place);
}

/**
 * When a tab is open, now or later.
 * @param {PagePlace["tab"]} tab
 * @returns {Promise<void>}
 */
export const opened = (tab) => new Promise((resolve) => {
  /** @param {PagePlace} place */
  const look = (place) => { if (place.tab === tab) resolve(); };
  on("place", look);
  look(lab.place);
});

/** Show what the address asks for, now and at each step through the history. */
export const followAddress = () => {
  addEventListener("popstate", () => show(askedIn(location.search)));
  show(lab.place);
};

lab.place = askedIn(location.search);
document.documentElement.dataset.tab = lab.place.tab; // before anything is drawn, so that nothing flashes
