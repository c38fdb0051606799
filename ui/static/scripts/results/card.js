/* What a card says of its run: its state, its figures. Drawn by the grid and by the tables. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;

  lab.stateText = (card) => {
    if (card.state === "waiting" && card.ahead && card.after !== undefined) return t("state.waiting.time", { ahead: card.ahead, time: lab.about(card.after) });
    if (card.state === "waiting") return t(card.ahead ? "state.waiting.ahead" : "state.waiting", { ahead: card.ahead });
    if (card.state === "fetching" && card.notice) return lab.errorText(card.notice);
    if (card.state === "fetching") return t("state.fetching", { percent: Math.floor((100 * (card.done || 0)) / Math.max(1, card.size || 1)) });
    if (card.state === "running" && card.total > 1) return lab.stepText(card);
    return [t("state." + card.state), ...(card.state === "running" ? lab.pieces(card) : [])].join(" · ");
  };

  lab.stepText = (card) => {
    const place = { step: card.step || 0, total: card.total };
    if (card.total === card.pieces) return t("state.piece", place);
    return [t("state.step", place), ...lab.pieces(card)].join(" · ");
  };

  lab.meter = (card) => {
    const total = card.state === "fetching" ? card.size : card.total;
    const part = card.state === "fetching" ? card.done : card.step;
    if (total > 1) return h("progress", { max: String(total), value: part || 0, "aria-label": lab.stateText(card) });
    return h("i." + (["queued", "waiting"].includes(card.state) ? "lab-idle" : "lab-spin"));
  };

  lab.isOver = (card) => ["failed", "stopped"].includes(card.state);

  /** What stands in a picture's place until it is there. */
  lab.veil = (card) => h("div.lab-veil" + (lab.isOver(card) ? ".is-over" : ""), {},
    lab.isOver(card) ? lab.icon(card.state === "failed" ? "warn" : "stop") : lab.meter(card), h("span", {}, lab.stateText(card)));

  /** Of how many parts a result is made, where there are several; runs of older versions do not know. */
  lab.pieces = (card) => card.pieces > 1 ? [t("grid.pieces", { count: card.pieces })] : [];

  lab.figures = (card) => {
    const parts = [h("strong", {}, lab.seconds(card.erase_seconds))];
    if (card.cached) parts.push(" · " + t("grid.cached"));
    else if (card.load_seconds >= 0.05) parts.push(" + " + t("grid.load", { seconds: lab.seconds(card.load_seconds) }));
    parts.push(...lab.pieces(card).map((text) => " · " + text));
    if (card.peak_memory) parts.push(" · " + t("grid.memory." + card.memory_kind, { size: lab.bytes(card.peak_memory) }));
    return h("p.lab-figures", { title: t("grid.figures.hint") }, ...parts);
  };

  lab.verdict = (card) => {
    const clean = card.changed_outside === 0;
    return h("p.lab-verdict." + (clean ? "ok" : "bad"), { title: t("grid.outside.hint"), "data-changed": String(card.changed_outside) },
      lab.icon(clean ? "check" : "warn"), t("grid.outside", { count: card.changed_outside }));
  };
})();
