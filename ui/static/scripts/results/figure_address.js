/* The address at which the server draws a figure. */

/**
 * As `FigureOptions` of the server has them: width in millimetres, font size in points.
 * @typedef {{ width: number, font_size: number, columns: number, dpi: number, zoom: string, labels: boolean, photo: boolean, mask: boolean,
 *   numbers: string[], language: string }} Wishes
 */

export const FORMS = ["png", "svg", "pdf", "tex", "csv", "zip"];
export const ZOOMS = ["inset", "below", "alone", "none"];
const MOST_NUMBERS = 8;

/**
 * @param {string} run
 * @param {string} form one of FORMS
 * @param {Wishes} wishes
 */
export function figureAddress(run, form, { numbers, ...others }) {
  const query = new URLSearchParams({ runs: run });
  for (const [name, value] of Object.entries(others)) query.set(name, String(value));
  if (numbers.length) query.set("numbers", numbers.slice(0, MOST_NUMBERS).join(","));
  return `lab/figure.${form}?${query}`;
}
