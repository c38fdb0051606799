/* The mask's shape (grow, smooth, precision …) and what goes in and out as a file. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t, work } = lab;

  /** A slider over one field of the shape: it previews while it moves and is one step of undo. */
  const slider = (field, key, { min, max, step, unit }) => {
    let before = null;
    const id = "lab-shape-" + field;
    const input = h("input", { type: "range", min: String(min), max: String(max), step: String(step), id, "data-testid": field,
      oninput: () => {
        before ||= work.value;
        work.glide({ ...work.value, shape: { ...work.value.shape, [field]: Number(input.value) } });
      },
      onchange: () => { if (before) work.settle(before); before = null; } });
    const value = h("output", { for: id });
    const row = h("div.lab-grow", { "data-t-title": key + ".hint" }, h("label", { for: id, "data-t": key }), input, value);
    row.show = () => {
      const now = work.value.shape[field];
      input.value = String(now);
      value.textContent = unit(now);
    };
    row.range = (low, high) => { input.min = String(low); input.max = String(high); };
    return row;
  };

  const toggle = (field, key) => {
    const id = "lab-shape-" + field;
    const input = h("input.lab-switch", { type: "checkbox", role: "switch", id, "data-testid": field, onchange: () => work.reshape({ [field]: input.checked }) });
    const row = h("div.lab-row", { "data-t-title": key + ".hint" }, h("label", { for: id, "data-t": key }), input);
    row.show = () => { input.checked = work.value.shape[field]; };
    return row;
  };

  lab.shapeBar = ({ server, maskFile, openCase }) => {
    const pixels = (value) => value + " px";
    const grow = slider("dilate", "canvas.grow", { min: 0, max: 40, step: 1, unit: (value) => value + (work.value.shape.dilate_unit === "%" ? " %" : " px") });
    const unit = h("button.lab-tool", { type: "button", "data-t-label": "shape.unit", "data-t-title": "shape.unit", "data-testid": "unit", onclick: () => {
      const percent = work.value.shape.dilate_unit === "px";
      work.reshape({ dilate_unit: percent ? "%" : "px", dilate: percent ? 5 : lab.photo.growth });
    } }, "px / %");
    const rows = [
      slider("precision", "shape.precision", { min: 0, max: 1, step: 0.05, unit: (value) => t(value === 0 ? "shape.exact" : value === 1 ? "shape.boxed" : "shape.loose") }),
      slider("smooth", "shape.smooth", { min: 0, max: 30, step: 1, unit: pixels }),
      toggle("fill_holes", "shape.holes"), toggle("drop_speckles", "shape.speckles"), toggle("invert", "shape.invert")];
    const margin = h("input.lab-switch", { type: "checkbox", role: "switch", id: "lab-margin", "data-testid": "margin", onchange: () => {
      lab.showMargin = margin.checked;
      lab.emit("mask-style");
    } });
    const width = h("p.lab-hint", { hidden: true, "data-testid": "margin-width" });
    let shown = null; // what was last shown: {width}
    const showWidth = () => {
      width.hidden = !shown;
      if (shown) width.textContent = t(shown.width ? "shape.margin.width" : "shape.margin.none", shown);
    };
    lab.on("mask", (answer) => { shown = answer && answer.margin; showWidth(); });
    lab.on("lang", showWidth);
    const shape = lab.popover("shape", "shape.title", [...rows, h("div.lab-row", { "data-t-title": "shape.margin.hint" }, h("label", { for: "lab-margin", "data-t": "shape.margin" }), margin), width]);

    /* ---- files ------------------------------------------------------------------------- */

    const chooser = h("input", { type: "file", accept: "image/*,.json,.txt,.tif,.tiff,application/json", hidden: true, "data-testid": "mask-file",
      onchange: () => { if (chooser.files[0]) maskFile.take(chooser.files[0]); chooser.value = ""; } });
    const entry = (icon, key, onclick, name) => h("button.lab-entry", { type: "button", "data-testid": name, onclick: () => { files.close(); onclick(); } }, lab.icon(icon), h("span", { "data-t": key }));
    const give = entry("download", "mask.download", () => download(), "mask-download");
    const rle = entry("link", "mask.rle", () => copyRle(), "mask-rle");
    const keep = entry("download", "mask.export", () => exportCase(), "case-export");
    const files = lab.popover("mask", "mask.title", [
      entry("image", "mask.upload", () => chooser.click(), "mask-upload"), give, rle, keep, entry("undo", "mask.import", openCase, "case-import")]);
    const bar = h("div.lab-shapebar", {}, grow, unit, shape, files, chooser);

    const failed = (reply) => lab.notice(lab.errorText(reply.error), "error");

    const asMask = () => lab.ask(server.mask, lab.prompts());

    async function download() {
      const reply = await asMask();
      if (reply.ok) h("a", { href: reply.url + "?download=1", download: "" }).click();
      else failed(reply);
    }

    async function copyRle() {
      const reply = await asMask();
      if (reply.ok) lab.copy(JSON.stringify(reply.rle), t("mask.copied"));
      else failed(reply);
    }

    async function exportCase() {
      const reply = await lab.ask(server.export_case, { ...lab.prompts(), jobs: lab.jobs() });
      if (reply.ok) lab.keepFile(lab.photo.name.replace(/\.[^.]*$/, "") + ".case.json", "application/json", JSON.stringify(reply.case, null, 2));
      else failed(reply);
    }

    const show = () => {
      if (!lab.photo) return;
      const percent = work.value.shape.dilate_unit === "%";
      const most = percent ? 50 : Math.min(256, Math.max(40, Math.round(Math.max(lab.photo.width, lab.photo.height) * 0.04)));
      grow.range(percent ? 0 : Math.min(0, work.value.shape.dilate), Math.max(most, work.value.shape.dilate));
      for (const row of [grow, ...rows]) row.show();
      for (const button of [give, rle, keep]) button.disabled = work.empty;
    };
    for (const event of ["work", "photo", "lang"]) lab.on(event, show);
    return bar;
  };
})();
