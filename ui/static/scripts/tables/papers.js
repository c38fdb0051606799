/* What papers print: numbers of others, table by table, apart from everything measured here. */

import { h } from "../base/dom.js";
import { on } from "../base/events.js";
import { errorText, t, translated } from "../base/languages.js";
import { ask } from "../base/server.js";

/** @typedef {import("../types.js").PaperTable} PaperTable */

/**
 * @param {object} of
 * @param {import("../types.js").Server} of.server
 * @param {HTMLElement} of.into
 */
export const papersView = ({ server, into }) => {
  /** @type {PaperTable[] | null} */
  let papers = null;
  const method = h("select", { id: "lab-paper-method", "data-testid": "paper-method", onchange: () => draw() });
  const metric = h("select", { id: "lab-paper-metric", "data-testid": "paper-metric", onchange: () => draw() });
  /**
   * @param {HTMLElement} input
   * @param {string} key of its text
   */
  const filter = (input, key) => h("label.lab-filter", { for: input.id }, h("span.lab-hint", { "data-t": key }), input);
  const body = h("div.lab-papers", {}, h("p.lab-hint", { "data-t": "tables.loading" }));
  into.replaceChildren(h("p.lab-aside", { "data-t": "papers.lead" }), h("div.lab-tables-bar", {}, filter(method, "papers.method"), filter(metric, "papers.metric")), body);

  async function open() {
    if (papers) return;
    const reply = await ask(server.papers, {});
    if (!reply.ok) { body.replaceChildren(h("p.lab-state.bad", {}, errorText(reply.error))); return; }
    papers = reply.papers;
    fill(papers);
    draw();
  }

  /** @param {string[]} names */
  const sorted = (names) => [...new Set(names)].sort((a, b) => a.localeCompare(b));

  /**
   * @param {HTMLSelectElement} input
   * @param {string} key of what stands for all
   * @param {string[]} names
   */
  function offer(input, key, names) {
    const chosen = input.value;
    input.replaceChildren(h("option", { value: "" }, t(key)), ...sorted(names).map((name) => h("option", { value: name, selected: name === chosen }, name)));
  }

  /** @param {PaperTable[]} all */
  function fill(all) {
    offer(method, "papers.everymethod", all.flatMap((one) => one.rows.map((row) => row.of)));
    offer(metric, "papers.everymetric", all.flatMap((one) => one.metrics.map((each) => each.name)));
  }

  function draw() {
    const parts = (papers ?? []).map(tableOf).filter((table) => table !== null);
    body.replaceChildren(...(parts.length ? parts : [h("p.lab-hint", {}, t("papers.none"))]));
  }

  /**
   * One printed table, or null where the filters leave nothing of it.
   * @param {PaperTable} paper
   */
  function tableOf(paper) {
    const columns = paper.metrics.map((_, place) => place).filter((place) => !metric.value || paper.metrics[place].name === metric.value);
    const lines = paper.rows.map((_, place) => place).filter((place) => (!method.value || paper.rows[place].of === method.value) && columns.some((column) => paper.rows[place].values[column] !== null));
    if (!columns.length || !lines.length) return null;
    const head = h("tr", {}, h("th", { scope: "col" }, t("papers.method")), ...columns.map((place) => {
      const { name, better } = paper.metrics[place];
      return h("th", { scope: "col", title: t("better." + better) }, name + " ", h("span.lab-way", { "aria-label": t("better." + better) }, better === "higher" ? "↑" : "↓"));
    }));
    const rows = lines.map((line) => h("tr", {}, h("th", { scope: "row" }, paper.rows[line].method), ...columns.map((column) => {
      const value = paper.rows[line].values[column];
      return h("td" + (paper.best[column].includes(line) ? ".is-best" : ""), value === "NaN" ? { title: t("papers.nan") } : {}, value === null ? "–" : String(value));
    })));
    return h("article.lab-card.lab-paper", {},
      h("header", {}, h("h3", {}, h("a", { href: paper.url, target: "_blank", rel: "noopener noreferrer" }, paper.paper), h("span.lab-hint", {}, " " + paper.venue + (paper.table ? " · " + t("papers.table", { number: paper.table }) : ""))),
        h("p", {}, translated(paper.dataset))),
      h("div.lab-scroll", { tabindex: "0", role: "group", "aria-label": paper.paper + ", " + translated(paper.dataset) }, h("table.lab-numbers", {}, h("thead", {}, head), h("tbody", {}, rows))),
      h("div.lab-paper-foot.lab-hint", {}, h("p", {}, t("papers.source", { source: translated(paper.source) })), ...paper.notes.map((note) => h("p", {}, translated(note)))));
  }

  on("lang", () => { if (papers) { fill(papers); draw(); } });
  return { open };
};
