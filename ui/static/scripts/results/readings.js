/* What is said of a result: by numbers, in plain words, and by whoever looks at it. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;
  const LONGEST = 500;
  const unfolded = new Set(); // what the user has opened, by the result's address

  /* ---- numbers ------------------------------------------------------------------------------- */

  const metric = (id) => ((lab.catalogue && lab.catalogue.metrics) || []).find((one) => one.id === id);

  const shown = (value, unit) => {
    if (unit === "%") return Math.round(100 * value) + " %";
    if (unit === "dB") return value.toFixed(1) + " dB";
    return unit === "ΔE" ? "ΔE " + value.toFixed(1) : value.toFixed(Math.abs(value) < 0.1 && value !== 0 ? 3 : 2);
  };

  /** A remark without the number behind it, which the details give. */
  const short = (remark) => lab.say(remark).split(/[:：（(]/)[0].replace(/[.。\s]+$/, "");

  /** A fold that stays as the user left it when the card is drawn again. */
  function fold(key, what, ...content) {
    return h(what, { open: unfolded.has(key), ontoggle: (event) => {
      if (event.target.open) unfolded.add(key);
      else unfolded.delete(key);
      event.stopPropagation();
    } }, ...content);
  }

  /** A number with its definition folded under it. Several areas of one number make one line. */
  function line(key, readings) {
    const of = metric(readings[0].id);
    if (!of) return null;
    const several = readings.length > 1;
    const bad = readings.find((reading) => reading.remark);
    const arrow = h("span.lab-way", { title: t("better." + of.better), "aria-label": t("better." + of.better) }, of.better === "higher" ? "↑" : "↓");
    const source = of.source ? h("a", { href: of.source.url, target: "_blank", rel: "noopener noreferrer" }, `${of.source.title}, ${of.source.year}`) : h("span", {}, t("readings.ours"));
    const values = readings.map((reading, place) => (place < readings.length - 1 ? shown(reading.value, of.unit).replace(/ .*/, "") : shown(reading.value, of.unit))).join(" · ");
    return fold(key + " " + of.id, "details.lab-reading" + (bad ? ".is-bad" : ""),
      h("summary", { title: bad ? lab.say(bad.remark) : several ? t("readings.areas") : lab.say(of.formula), "data-reading": of.id },
        h("span", {}, several ? lab.say(of.short) : lab.say(of.name)), h("span.lab-reading-value", {}, values, " ", arrow)),
      ...(several ? [h("p", {}, t("readings.areas"))] : []),
      h("p", {}, lab.say(of.formula)), h("p", {}, t("better." + of.better) + " · ", source));
  }

  /** The same number over the picture, the mask's box and the mask belongs together. */
  function lines(card) {
    const groups = new Map();
    for (const reading of card.readings) {
      const of = metric(reading.id);
      const name = of && of.needs === "truth" ? reading.id.replace(/_(box|mask)$/, "") : reading.id;
      groups.set(name, [...(groups.get(name) || []), reading]);
    }
    return [...groups.values()].map((readings) => line(card.view, readings)).filter(Boolean);
  }

  /** The remarks on a card and, folded, all its numbers. judging: they are still on their way. */
  lab.readings = (card, judging) => {
    if (!card.readings) return judging ? [h("p.lab-measuring", {}, t("readings.judging"))] : [];
    if (!card.readings.length) return [];
    const bad = card.readings.filter((reading) => reading.remark);
    const words = bad.map((reading) => h("span.lab-said", { title: lab.say(reading.remark) }, short(reading.remark)));
    return [fold(card.view, "details.lab-readings",
      h("summary", { title: t("readings.hint"), "data-testid": "readings" }, ...(words.length ? words : [h("span", {}, t("readings.none"))])),
      ...lines(card), ...missing(card))];
  };

  /** What keeps numbers away that this result could have. */
  function missing(card) {
    const measured = new Set(card.readings.map((reading) => metric(reading.id)?.needs));
    const absent = ((lab.catalogue && lab.catalogue.metrics) || []).filter((one) => one.missing && measured.has(one.needs) && !card.readings.some((reading) => reading.id === one.id));
    return [...new Set(absent.map((one) => lab.say(one.missing)))].map((words) => h("p.lab-measuring", {}, words));
  }

  /* ---- a person's own words -------------------------------------------------------------------- */

  const written = new Map(); // the result's address -> the text, as it is kept
  const nodes = new Map(); // the result's address -> {node, show}

  /** A line in which a person writes what they see; one node for each result, so that nothing
   *  being written is lost when the card is drawn again. */
  lab.humanRemark = ({ run, card }) => {
    const key = card.view;
    if (!written.has(key)) written.set(key, card.remark || "");
    if (!nodes.has(key)) nodes.set(key, remarkNode(key, run, card));
    nodes.get(key).show();
    return nodes.get(key).node;
  };

  function remarkNode(key, run, card) {
    const node = h("div.lab-own", { "data-testid": "remark" });
    let writing = false;
    let language = "";

    const button = (icon, words, extra) => h("button.lab-own-write", { type: "button", onclick: () => open(), ...extra }, lab.icon(icon), words ? h("span", {}, words) : null);

    function rest() {
      const words = written.get(key);
      node.replaceChildren(...(words ? [h("q", {}, words), button("pen", "", { "aria-label": t("remark.change"), title: t("remark.change") })] : [button("pen", t("remark.write"))]));
    }

    function open() {
      writing = true;
      const field = h("textarea", { rows: "2", maxlength: String(LONGEST), "aria-label": t("remark.label", { eraser: card.name }), placeholder: t("remark.placeholder"),
        onkeydown: (event) => {
          if (event.key === "Escape") close(true);
          else if (event.key === "Enter" && !event.isComposing) keep(field);
          else return;
          event.preventDefault();
          event.stopPropagation();
        } });
      field.value = written.get(key);
      node.replaceChildren(field, h("button.lab-link", { type: "button", onclick: () => keep(field) }, t("remark.save")));
      field.focus();
    }

    async function keep(field) {
      const words = field.value.trim();
      if (words === written.get(key)) { close(true); return; }
      const reply = await lab.saveRemark(run, card.index, words);
      if (!reply.ok) { lab.notice(lab.errorText(reply.error), "error"); return; }
      written.set(key, reply.remark);
      close(true);
    }

    function close(focus) {
      writing = false;
      rest();
      if (focus) node.querySelector("button").focus();
    }

    const show = () => { if (!writing && language !== lab.lang + written.get(key)) { language = lab.lang + written.get(key); rest(); } };
    return { node, show };
  }
})();
