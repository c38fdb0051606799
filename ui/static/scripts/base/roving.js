/* One Tab stop for a group of buttons: the arrows go on within it, Home and End to its ends. */

const ITEMS = "button, summary, a[href], input[type=checkbox]";
const STEPS = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 });

/**
 * @param {HTMLElement} group
 * @param {object} [options]
 * @param {string} [options.rows] what stands in rows: up and down go from row to row, at the same place in each
 * @param {string} [options.besides] whatever lies in it keeps its own stops
 */
export const rove = (group, { rows = "", besides = "dialog" } = {}) => {
  /** @type {Element | null} */
  let current = null; // where one was last; before that, always the first

  const items = () => [...group.querySelectorAll(ITEMS)].filter((one) => !one.matches(":disabled") && !one.closest(besides) && one.checkVisibility());

  function settle() {
    const all = items();
    if (current && !all.includes(current)) current = null;
    const stop = current ?? all[0];
    for (const one of all) if (one instanceof HTMLElement) one.tabIndex = one === stop ? 0 : -1;
  }

  /** @param {Element | undefined} item */
  function go(item) {
    if (!(item instanceof HTMLElement)) return;
    current = item;
    settle();
    item.focus();
  }

  /**
   * @param {Element[]} all
   * @param {Element} from
   * @param {number} step rows
   */
  function across(all, from, step) {
    const row = from.closest(rows), own = all.filter((one) => one.closest(rows) === row);
    const order = [...new Set(all.map((one) => one.closest(rows)))];
    const next = order[order.indexOf(row) + step];
    const there = all.filter((one) => one.closest(rows) === next);
    return next ? there.find((one) => one.tagName === from.tagName) ?? there[Math.min(own.indexOf(from), there.length - 1)] : undefined;
  }

  /**
   * @param {string} key
   * @param {Element} from
   */
  function target(key, from) {
    const all = items();
    if (key === "Home") return all[0];
    if (key === "End") return all[all.length - 1];
    if (rows && (key === "ArrowUp" || key === "ArrowDown")) return across(all, from, STEPS[key]);
    return all[all.indexOf(from) + STEPS[key]];
  }

  group.addEventListener("keydown", (event) => {
    const from = event.target instanceof Element ? event.target : null;
    if (!from || !items().includes(from) || !(event.key in STEPS || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    event.stopPropagation();
    go(target(event.key, from));
  });
  group.addEventListener("focusin", (event) => {
    if (event.target instanceof Element && items().includes(event.target)) { current = event.target; settle(); }
  });
  new MutationObserver(settle).observe(group, { childList: true, subtree: true, attributes: true, attributeFilter: ["hidden", "disabled", "class", "open"] });
  settle();
};
