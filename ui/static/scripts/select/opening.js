/* Opening a photo, or a case on it: a file that is chosen, one that comes in, or an example. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t, work } = lab;
  const ACCEPT = "image/*,.heic,.heif,.avif,.tif,.tiff";

  /** show takes an opened photo and its prompts; say and settle write the line of status. */
  lab.makeOpening = ({ stage, flight, server, upload, show, say, settle }) => {
    let opening = 0; // the newest one counts

    const picker = h("input", { type: "file", accept: ACCEPT, hidden: true, "data-testid": "file",
      onchange: () => { if (picker.files[0]) openFile(picker.files[0]); picker.value = ""; } });

    async function openFile(file) {
      if (!file) return;
      const limits = lab.catalogue && lab.catalogue.limits;
      if (limits && file.size > limits.megabytes * 1e6 * 1.05) {
        lab.notice(t("error.file_too_large", { megabytes: (file.size / 1e6).toFixed(0), limit: limits.megabytes }), "error");
        return;
      }
      await open(async () => {
        const stored = await upload(file);
        return lab.ask(server.open_photo, { path: stored.path, name: file.name || "photo", segmenter: lab.segmenter });
      });
    }

    async function open(fetchPhoto) {
      const mine = ++opening;
      say(t("canvas.opening"));
      flight.hidden = false;
      let reply;
      try {
        reply = await fetchPhoto();
      } catch {
        reply = { ok: false, error: null };
      }
      if (mine !== opening) return;
      flight.hidden = true;
      if (!reply.ok) {
        lab.notice(lab.errorText(reply.error), "error");
        settle();
        return;
      }
      show(reply.photo, reply.prompt);
      if (stage.getBoundingClientRect().top < 0) stage.scrollIntoView({ block: "start" }); // dropped or pasted below
    }

    function openCase() {
      const chooser = h("input", { type: "file", accept: ".json,application/json", onchange: () => chooser.files[0] && readCase(chooser.files[0]) });
      chooser.click();
    }

    /** Prompts and jobs from a file: the same case again, here or on another photo. */
    async function readCase(file) {
      if (!lab.photo) { lab.notice(t("error.case_without_photo"), "error"); return; }
      let content;
      try {
        content = JSON.parse(await file.text());
      } catch {
        lab.notice(t("error.case_unreadable", { name: file.name }), "error");
        return;
      }
      const reply = await lab.ask(server.import_case, { photo: lab.photo.id, case: content });
      if (!reply.ok) { lab.notice(lab.errorText(reply.error), "error"); return; }
      for (const note of reply.notes || []) lab.notice(lab.say(note));
      work.commit(lab.completePrompt(reply.prompts));
      if (reply.jobs && reply.jobs.length) lab.adoptJobs(reply.jobs);
    }

    lab.takeDropsAndPastes({ stage, openFile, readCase });

    lab.openExample = (id) => open(() => lab.ask(server.open_example, { id, segmenter: lab.segmenter }));
    return { picker, choose: () => picker.click(), openCase };
  };

  /** The row of photos that come with the program. */
  lab.exampleRow = () => {
    const row = h("div.lab-examples", { role: "group", "data-t-label": "canvas.examples" });
    const button = (example) => h("button.lab-example", { type: "button", "data-example": example.id, title: lab.say(example.title) + " · " + example.credit,
      "aria-label": lab.say(example.title), onclick: () => lab.openExample(example.id) }, h("img", { src: example.thumb, alt: "", loading: "lazy" }));
    const fill = () => {
      if (lab.catalogue) row.replaceChildren(h("span.lab-hint", { "data-t": "canvas.examples" }), ...lab.catalogue.examples.map(button));
    };
    for (const event of ["catalogue", "lang"]) lab.on(event, fill);
    return row;
  };
})();
