/* A mask from a file: what was read in it, and a choice where it may mean several things. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t, work } = lab;

  /** take(file) uploads a mask; row shows its readings side by side, one press each. */
  lab.maskFile = ({ server, upload }) => {
    let readings = []; // of the file that was taken last
    const row = h("div.lab-mask-readings", { role: "group", hidden: true, "data-t-label": "mask.readings", "data-testid": "mask-readings" });

    const button = (reading) => h("button.lab-mask-reading", { type: "button", "aria-pressed": String(work.value.upload === reading.upload),
      onclick: () => work.commit({ ...work.value, upload: reading.upload }) },
      h("span.lab-mask-thumb", {}, h("img", { src: reading.thumb, alt: "" })),
      h("span", {}, lab.say(reading.said)), h("span.lab-hint", {}, t("mask.share", { percent: (100 * reading.area).toPrecision(2) })));

    const show = () => {
      const mine = readings.some((reading) => reading.upload === work.value.upload);
      row.hidden = !lab.photo || !mine;
      if (mine) lab.redraw(row, h("span.lab-hint", {}, t("mask.readings")), ...readings.map(button));
    };
    for (const event of ["work", "photo", "lang"]) lab.on(event, show);

    async function take(file) {
      let reply;
      try {
        const stored = await upload(file);
        reply = await lab.ask(server.upload_mask, { photo: lab.photo.id, path: stored.path, name: file.name });
      } catch {
        reply = { ok: false, error: null };
      }
      if (!reply.ok) { lab.notice(lab.errorText(reply.error), "error"); return; }
      if (reply.notes && reply.notes.length) lab.notice(reply.notes.map(lab.say).join(" "));
      readings = reply.readings || [];
      // Alone, a mask from a file is meant as it is; beside others it shares their shape.
      const shape = work.empty ? lab.plainShape() : work.value.shape;
      work.commit({ ...work.value, upload: reply.upload, shape });
    }

    return { take, row };
  };
})();
