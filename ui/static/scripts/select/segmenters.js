/* Who finds the object: the choice of a segmenter, and what stands between an approximate mask and a better one. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;
  const bytesOf = (one) => lab.bytes(one.weights.reduce((sum, weight) => sum + weight.size, 0));
  const all = () => (lab.catalogue && lab.catalogue.segmenters) || [];

  lab.segmenterName = (id) => (all().find((one) => one.id === id) || { name: id }).name;

  /** A list to choose from; one that is not here yet is fetched when it is chosen. chosen: called when it is. */
  lab.segmenterChoice = (chosen) => {
    const choice = h("select.lab-segmenter", { hidden: true, "data-t-label": "canvas.segmenter", "data-testid": "segmenter", onchange: () => {
      const wanted = all().find((one) => one.id === choice.value);
      lab.segmenter = choice.value || null;
      lab.remember("segmenter", choice.value);
      if (wanted && !lab.ready(wanted)) lab.fetchWeights(wanted);
      else chosen();
    } });
    const option = (value, words) => h("option", { value, selected: value === (lab.segmenter || "") }, words);
    const fill = () => {
      const usable = all().filter((one) => one.available !== false);
      choice.replaceChildren(option("", t("canvas.segmenter.auto")), ...usable.map((one) =>
        option(one.id, lab.ready(one) ? one.name : t("canvas.segmenter.fetch", { segmenter: one.name, size: bytesOf(one) }))));
      choice.hidden = !lab.photo || usable.length < 2;
    };
    for (const event of ["catalogue", "weights", "lang", "photo"]) lab.on(event, fill);
    return choice;
  };

  /** An approximate mask says so, and offers the better one. improved: called when that one is here. */
  lab.approximateBadge = (improved) => {
    let shown = null; // the answer that is judged
    const badge = h("span.lab-badge.warn", { hidden: true, "data-t-title": "canvas.approximate.why" });
    const fetchButton = h("button.lab-link", { type: "button", hidden: true, onclick: () => lab.fetchWeights(better()) });
    const better = () => all().find((one) => !one.approximate);

    function show(answer) {
      shown = answer;
      const one = better();
      badge.hidden = !(answer && answer.approximate);
      const waits = !badge.hidden && one && !lab.ready(one);
      const percent = waits ? lab.fetchedPercent(one) : null;
      badge.textContent = percent === null ? t("canvas.approximate") : t("canvas.approximate.fetching", { segmenter: one.name, percent });
      fetchButton.hidden = !waits || percent !== null;
      if (!fetchButton.hidden) fetchButton.textContent = t("canvas.fetch", { segmenter: one.name, size: bytesOf(one), license: one.weights[0].license });
    }

    lab.on("weights", () => {
      const one = better();
      if (shown && shown.approximate && one && lab.ready(one)) improved();
      else show(shown);
    });
    lab.on("lang", () => show(shown));
    return { show, nodes: [badge, fetchButton] };
  };
})();
