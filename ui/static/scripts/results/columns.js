/* Equal rows: as many columns as fit; of several rows, as few as take all cards, so that none stands alone. */

const NARROWEST = 250, GAP = 16; // of a card and between two, in pixels; the gap is the styles'

/**
 * @param {number} width pixels that there are
 * @param {number} many cards
 */
export const columnsFor = (width, many) => {
  const most = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const rows = Math.ceil(many / most);
  return rows > 1 ? Math.ceil(many / rows) : most;
};

/**
 * Keep a grid's rows equal.
 * @param {HTMLElement} body
 */
export const balanceColumns = (body) => {
  const balance = () => body.style.setProperty("--columns", String(columnsFor(body.clientWidth, body.childElementCount)));
  new ResizeObserver(() => requestAnimationFrame(balance)).observe(body);
  return balance;
};
