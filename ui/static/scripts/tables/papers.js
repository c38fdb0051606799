/* What papers print: numbers of others, table by table, apart from everything measured here. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;

  lab.papersView = ({ server, into }) => {
    let papers = null;
    const method = h("select", { id: "lab-paper-method", "data-testid": "paper-method", onchange: () => draw() });
    const metric = h("select", { id: "lab-paper-metric", "data-testid": "paper-metric", onchange: () => draw() });
    const filter = (input, key) => h("label.lab-filter", { for: input.id }, h("span.lab-hint", { "data-t": key }), input);
    const body = h("div.lab-papers", {}, h("p.lab-hint", { "data-t": "tables.loading" }));
    into.replaceChildren(h("p.lab-aside", { "data-t": "papers.lead" }), h("div.lab-tables-bar", {}, filter(method, "papers.method"), filter(metric, "papers.metric")), body);

    async function open() {
      if (papers) return;
      const reply = await lab.ask(server.papers, {});
      if (!reply.ok) { body.replaceChildren(h("p.lab-state.bad", {}, lab.errorText(reply.error))); return; }
      papers = reply.papers;
      fill();
      draw();
    }

    const sorted = (names) => [...new Set(names)].sort((a, b) => a.localeCompare(b));
    function fill() {
      for (const [input, key, names] of [[method, "papers.everymethod", sorted(papers.flatMap((one) => one.rows.map((row) => row.of)))],
        [metric, "papers.everymetric", sorted(papers.flatMap((one) => one.metrics.map((each) => each.name)))]]) {
        const chosen = input.value;
        input.replaceChildren(h("option", { value: "" }, t(key)), ...names.map((name) => h("option", { value: name, selected: name === chosen }, name)));
      }
    }

    function draw() {
      const parts = papers.map(tableOf).filter(Boolean);
      body.replaceChildren(...(parts.length ? parts : [h("p.lab-hint", {}, t("papers.none"))]));
    }

    /** One printed table, or null where the filters leave nothing of it. */
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
          h("p", {}, lab.say(paper.dataset))),
        h("div.lab-scroll", { tabindex: "0", role: "group", "aria-label": paper.paper + ", " + lab.say(paper.dataset) }, h("table.lab-numbers", {}, h("thead", {}, head), h("tbody", {}, rows))),
        h("div.lab-paper-foot.lab-hint", {}, h("p", {}, t("papers.source", { source: lab.say(paper.source) })), ...paper.notes.map((note) => h("p", {}, lab.say(note)))));
    }

    lab.on("lang", () => { if (papers) { fill(); draw(); } });
    return { open };
  };
})();
