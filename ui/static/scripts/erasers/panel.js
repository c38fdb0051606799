/* The eraser cards: what can be run, in what state its weights are, with which settings.
 *
 * Controls are made from each eraser's typed settings as the server describes them; this file
 * knows no eraser by name.
 */
(() => {
"use strict";
eraserLab.mountPanel = ({ element, server, erase }) => {
  const lab = eraserLab;
  const { h, t } = lab;
  const MAX_SEED = 2 ** 32 - 1;
  const chosen = new Map(); // eraser id -> {ticked, open, settings: {name: value}}
  const front = new Set(); // ids that are not folded away, in their order; settled once, so that no card moves
  let seed = 0;
  let polling = null;

  const list = h("div.lab-erasers", { "data-testid": "erasers" }, h("p.lab-hint", { "data-t": "panel.loading" }));
  const device = h("span.lab-hint.lab-device");
  const count = h("span.lab-count");
  const all = h("button.lab-link", { type: "button", "data-t": "panel.all", onclick: () => tickAll() });
  const seedInput = h("input.lab-number", { type: "number", id: "lab-seed", min: "0", max: String(MAX_SEED), step: "1", value: "0",
    oninput: () => { seed = readSeed(); } });
  const dice = lab.iconButton("dice", "panel.dice", () => {
    seedInput.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    seed = readSeed();
  });
  const eraseButton = h("button.lab-primary.lab-erase", { type: "button", "data-testid": "erase", disabled: true, onclick: () => start() });
  const stopButton = h("button.lab-stop", { type: "button", "data-testid": "stop", hidden: true, onclick: () => stop() },
    lab.icon("stop"), h("span", { "data-t": "panel.stop" }));
  const why = h("p.lab-hint.lab-why", { id: "lab-why" });
  const root = h("section.lab-card.lab-panel", { "data-t-label": "panel.section" },
    h("header.lab-panel-head", {}, h("h2", { "data-t": "panel.title" }), count, all),
    list,
    h("footer.lab-panel-foot", {},
      h("div.lab-seed", {}, h("label", { for: "lab-seed", "data-t": "panel.seed", "data-t-title": "panel.seed.hint" }), seedInput, dice, device),
      h("div.lab-go", {}, h("div.lab-actions", {}, eraseButton, stopButton), why)));
  element.replaceChildren(root);

  const readSeed = () => {
    const value = Number(seedInput.value);
    return Number.isInteger(value) && value >= 0 && value <= MAX_SEED ? value : 0;
  };

  /* ---- the state of weights ------------------------------------------------------------------- */

  lab.ready = (one) => one.weights.every((weight) => weight.state === "ready");
  const fetching = (one) => one.weights.some((weight) => weight.state === "fetching");
  const failure = (one) => one.weights.find((weight) => weight.state === "failed");
  /** In the model hub's own cache: checked and used from there, nothing is downloaded. */
  const found = (one) => !lab.ready(one) && one.weights.every((weight) => ["ready", "found"].includes(weight.state));
  const missingBytes = (one) => one.weights.filter((weight) => !["ready", "found"].includes(weight.state)).reduce((sum, weight) => sum + weight.size, 0);
  lab.missingBytes = missingBytes;
  const everything = () => [...lab.catalogue.erasers, ...lab.catalogue.segmenters, ...(lab.catalogue.detectors || [])];

  /** How much of a model's missing weights has arrived, 0 to 100; null when none is on its way. */
  lab.fetchedPercent = (one) => {
    if (!fetching(one)) return null;
    const done = one.weights.reduce((sum, weight) => sum + (weight.state === "ready" ? 0 : weight.done || 0), 0);
    return Math.floor((100 * done) / Math.max(1, missingBytes(one)));
  };

  lab.fetchWeights = fetchWeights;
  async function fetchWeights(one, again = false) {
    const reply = await lab.ask(server.fetch_weights, { name: one.id, again });
    if (!reply.ok) lab.notice(lab.errorText(reply.error), "error");
    poll();
  }

  async function poll() {
    clearTimeout(polling);
    const reply = await lab.ask(server.weights, {});
    if (reply.ok) takeWeights(reply.weights);
    // A page that waits for a download asks often, one that waits for nothing does not ask.
    if (everything().some(fetching)) polling = setTimeout(poll, 600);
  }

  function takeWeights(states) {
    let changed = false;
    for (const one of everything()) for (const weight of one.weights) {
      const now = states[weight.name];
      if (!now) continue;
      changed ||= now.state !== weight.state;
      delete weight.notice; // whatever is not said any more
      Object.assign(weight, now);
    }
    if (changed) render();
    else for (const one of everything()) showWeights(one);
    lab.emit("weights");
  }

  function showWeights(one) {
    const slot = root.querySelector(`[data-weights="${CSS.escape(one.id)}"]`);
    if (slot) slot.replaceChildren(...weightLine(one));
  }

  function weightLine(one) {
    if (!one.weights.length) return [h("span.lab-state.ok", {}, t("panel.noweights"))];
    const all = one.weights.reduce((sum, weight) => sum + weight.size, 0);
    if (lab.ready(one)) return [h("span.lab-state.ok", {}, lab.icon("check"), `${t("panel.ready")} · ${lab.bytes(all)}`)];
    if (found(one)) return [h("span.lab-state.ok", { title: t("panel.found.hint") }, `${t("panel.found")} · ${lab.bytes(all)}`)];
    const size = lab.bytes(missingBytes(one));
    const percent = lab.fetchedPercent(one);
    if (percent !== null) return fetchingLine(one, percent);
    const failed = failure(one);
    if (one.no_fetch) return forbidden(one);
    return [...(failed ? [] : hindrances(one, ["access", "files", "disk"])), failed ? lab.longSentence(failed.error ? lab.errorText(failed.error) : t("panel.fetchfailed")) : null,
      h("button.lab-link", { type: "button", onclick: () => fetchWeights(one) },
        t(failed ? "panel.again" : "panel.fetch", { size, license: one.license })),
      failed && failed.error && failed.error.code === "weights_changed_unpinned" ? anew(one) : null].filter(Boolean);
  }

  /** Why this host fetches nothing for it; too little memory is said below it. */
  const forbidden = (one) => [h("span.lab-state", {}, `${t("panel.absent")} · ${lab.bytes(missingBytes(one))}`),
    hindrances(one, ["memory"]).length ? null : h("div", { "data-testid": "no-fetch" }, lab.longSentence(lab.say(one.no_fetch)))].filter(Boolean);

  /** What else is in an eraser's way, as `python -m methods doctor` says it. */
  const hindrances = (one, kinds) => (one.obstacles || []).filter((obstacle) => kinds.includes(obstacle.kind))
    .map((obstacle) => h("div", { "data-obstacle": obstacle.kind }, lab.longSentence(lab.say(obstacle.text))));

  function fetchingLine(one, percent) {
    const speaking = one.weights.find((weight) => weight.state === "fetching" && weight.notice);
    return [h("span.lab-state", {}, t("panel.fetching", { percent })),
      h("progress", { max: "100", value: percent, "aria-label": t("panel.fetching", { percent }) }),
      speaking ? lab.longSentence(lab.errorText(speaking.notice)) : null].filter(Boolean);
  }

  /** Fetches all of a model's files whatever is here: a wrong one is replaced. */
  const anew = (one) => h("button.lab-link", { type: "button", "data-testid": "fetch-again", onclick: () => fetchWeights(one, true) }, t("panel.anew"));

  /* ---- settings from their description ------------------------------------------------------------ */

  function control(eraser, setting) {
    const mine = chosen.get(eraser.id).settings;
    const id = `lab-${eraser.id}-${setting.name}`;
    const keep = (value) => { mine[setting.name] = value; lab.emit("jobs"); };
    const value = mine[setting.name];
    if (setting.kind === "bool")
      return h("input.lab-switch", { type: "checkbox", id, role: "switch", checked: value, onchange: (event) => keep(event.target.checked) });
    if (setting.kind === "choice")
      return h("select", { id, onchange: (event) => keep(setting.choices[event.target.selectedIndex]) },
        setting.choices.map((choice) => h("option", { selected: choice === value }, String(choice))));
    if (setting.kind === "text")
      return h("input.lab-text", { type: "text", id, value: value ?? "", maxlength: setting.max_length ?? null,
        onchange: (event) => keep(event.target.value === "" && setting.optional ? null : event.target.value) });
    return numberControl(setting, id, value, keep);
  }

  function numberControl(setting, id, value, keep) {
    const step = setting.step || (setting.kind === "int" ? 1 : "any");
    const bounds = { step: String(step), min: setting.min ?? null, max: setting.max ?? null };
    const number = h("input.lab-number", { type: "number", id, ...bounds, value: value === null ? "" : String(value), onchange: () => {
      if (number.value === "" && setting.optional) { keep(null); return; }
      if (number.value === "" || !number.checkValidity()) number.value = String(setting.default);
      keep(Number(number.value));
      if (range) range.value = number.value;
    } });
    const bounded = setting.min !== undefined && setting.max !== undefined && setting.min !== null && setting.max !== null;
    const range = bounded && h("input", { type: "range", ...bounds, value: String(value ?? setting.min), tabindex: "-1", "aria-hidden": "true",
      oninput: () => { number.value = range.value; keep(Number(range.value)); } });
    return h("span.lab-pair", {}, range || null, number);
  }

  function settingRow(eraser, setting) {
    return h("div.lab-setting", {}, h("label", { for: `lab-${eraser.id}-${setting.name}` }, setting.name.replaceAll("_", " ")),
      control(eraser, setting), h("p", {}, lab.say(setting.description)));
  }

  /* ---- cards ------------------------------------------------------------------------------------------ */

  function card(eraser) {
    const mine = chosen.get(eraser.id);
    const usable = eraser.available;
    const tick = h("input", { type: "checkbox", id: "lab-use-" + eraser.id, checked: mine.ticked && usable, disabled: !usable,
      "data-eraser": eraser.id, onchange: (event) => { mine.ticked = event.target.checked; remember(); refresh(); } });
    const chips = [
      eraser.non_commercial ? h("span.lab-chip.warn", { "data-t": "panel.noncommercial", "data-t-title": "panel.noncommercial.hint" }) : null,
      // What is to be fetched names its licence beside its size.
      lab.ready(eraser) || !usable || eraser.no_fetch || lab.fetchedPercent(eraser) !== null ? h("span.lab-chip", { title: t("panel.license") }, eraser.license) : null,
      h("a.lab-chip", { href: eraser.paper.url, target: "_blank", rel: "noopener noreferrer", title: eraser.paper.title },
        t("panel.paper") + " " + eraser.paper.year)].filter(Boolean);
    const details = h("details.lab-settings", { open: mine.open, ontoggle: (event) => { mine.open = event.target.open; } },
      h("summary", { title: t("panel.settings") }, lab.icon("sliders"), h("span.lab-sr", { "data-t": "panel.settings" })),
      h("div.lab-settings-body", {}, eraser.notes.map((note) => h("p.lab-note", {}, lab.say(note))),
        eraser.settings.map((setting) => settingRow(eraser, setting)),
        h("button.lab-link", { type: "button", "data-t": "panel.reset", onclick: () => { mine.settings = defaults(eraser); render(); lab.emit("jobs"); } }),
        usable && eraser.weights.length && !eraser.no_fetch ? anew(eraser) : null));
    return h("article.lab-eraser" + (usable ? "" : ".is-off"), { "data-card": eraser.id },
      tick, h("div.lab-eraser-main", {},
        h("label.lab-eraser-name", { for: "lab-use-" + eraser.id }, eraser.name),
        h("p.lab-eraser-line", {}, lab.say(eraser.summary)),
        h("div.lab-chips", {}, ...chips, usable ? h("span.lab-weights", { "data-weights": eraser.id }, ...weightLine(eraser)) : null),
        ...(usable ? hindrances(eraser, ["memory"]) : [h("p.lab-state.bad", {}, lab.say(eraser.why))])),
      details);
  }

  const defaults = (eraser) => Object.fromEntries(eraser.settings.map((setting) => [setting.name, setting.default]));

  /** What can run, or is about to, stands in front; the rest is folded away until it is wanted. */
  const inFront = (eraser) => front.has(eraser.id);
  const startsSoon = (eraser) => eraser.available && (lab.ready(eraser) || found(eraser) || fetching(eraser));
  const isNear = (eraser) => eraser.preferred || chosen.get(eraser.id).ticked || startsSoon(eraser);

  function more(erasers) {
    const open = Boolean(list.querySelector(".lab-more[open]")) || erasers.some((eraser) => chosen.get(eraser.id).ticked);
    return h("details.lab-more", { "data-testid": "more", open }, h("summary", {}, lab.icon("right"), t("panel.more", { count: erasers.length })), erasers.map(card));
  }

  function render() {
    const focused = document.activeElement && document.activeElement.id;
    const rest = lab.catalogue.erasers.filter((eraser) => !inFront(eraser));
    const inOrder = [...front].map(lab.eraser).filter(Boolean);
    list.replaceChildren(...inOrder.map(card), ...(rest.length ? [more(rest)] : []));
    if (focused && list.querySelector("#" + CSS.escape(focused))) document.getElementById(focused).focus();
    device.textContent = lab.catalogue.device.name;
    refresh();
  }

  const ticked = () => lab.catalogue.erasers.filter((eraser) => eraser.available && chosen.get(eraser.id).ticked);

  function remember() {
    lab.remember("ticked", JSON.stringify(ticked().map((eraser) => eraser.id)));
    lab.emit("jobs");
  }

  /** All that can start at once; what would first fetch gigabytes is ticked by hand only. */
  function tickAll() {
    const ready = lab.catalogue.erasers.filter((eraser) => eraser.available && lab.ready(eraser));
    const on = !ready.every((eraser) => chosen.get(eraser.id).ticked);
    for (const eraser of lab.catalogue.erasers) chosen.get(eraser.id).ticked = on && ready.includes(eraser);
    remember();
    render();
  }

  function refresh() {
    if (!lab.catalogue) return;
    const many = ticked().length;
    count.textContent = many + " / " + lab.catalogue.erasers.length;
    eraseButton.textContent = lab.running ? t("panel.running") : t(many > 1 ? "panel.erase.many" : "panel.erase", { count: many });
    const reason = lab.running ? "" : !lab.photo ? "panel.why.photo" : !lab.hasMask() ? "panel.why.mask" : many === 0 ? "panel.why.eraser" : "";
    eraseButton.disabled = Boolean(lab.running || reason);
    eraseButton.setAttribute("aria-describedby", "lab-why");
    stopButton.hidden = !lab.running;
    why.textContent = reason ? t(reason) : "";
  }

  /* ---- running -------------------------------------------------------------------------------------- */

  /** An eraser's job with the settings that its card has now. */
  lab.jobOf = (id) => ({ eraser: id, settings: chosen.get(id).settings, seed });
  lab.jobs = () => ticked().map((eraser) => lab.jobOf(eraser.id));

  function start() {
    if (eraseButton.disabled) return;
    const payload = { run: lab.randomId(), ...lab.prompts(), words: lab.phrase || null, jobs: lab.jobs() };
    lab.running = payload.run;
    stopButton.disabled = false;
    refresh();
    lab.emit("run", { payload, erasers: ticked() });
    erase(payload);
  }

  async function stop() {
    stopButton.disabled = true;
    lab.emit("stopping");
    const reply = await lab.ask(server.stop, { run: lab.running });
    if (!reply.ok && lab.running) { stopButton.disabled = false; lab.notice(lab.errorText(reply.error), "error"); }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      start();
    }
  });

  /** Tick the erasers of an earlier run and give them its settings and seed. */
  lab.adoptJobs = (jobs) => {
    for (const [id, mine] of chosen) mine.ticked = jobs.some((job) => job.eraser === id);
    for (const job of jobs) if (chosen.has(job.eraser)) Object.assign(chosen.get(job.eraser).settings, job.settings);
    if (jobs.length) { seedInput.value = String(jobs[0].seed); seed = readSeed(); }
    remember();
    render();
  };

  for (const event of ["photo", "mask", "run", "finished", "busy"]) lab.on(event, refresh);
  lab.on("finished", poll); // a run may have fetched weights
  lab.on("lang", () => lab.catalogue && render());

  function storedTicks() {
    try {
      return JSON.parse(lab.remember("ticked") || "null");
    } catch {
      return null;
    }
  }

  async function load() {
    const reply = await lab.ask(server.erasers, {});
    if (!reply.ok) {
      list.replaceChildren(h("p.lab-state.bad", {}, lab.errorText(reply.error)),
        h("button.lab-link", { type: "button", onclick: load }, t("panel.retry")));
      return;
    }
    lab.catalogue = reply;
    const stored = storedTicks();
    for (const eraser of reply.erasers) chosen.set(eraser.id, {
      ticked: Array.isArray(stored) ? stored.includes(eraser.id) : eraser.default, open: false, settings: defaults(eraser) });
    // Nobody should first read of what could not be fetched.
    for (const eraser of [...reply.erasers.filter(startsSoon), ...reply.erasers.filter(isNear)]) front.add(eraser.id);
    render();
    lab.emit("catalogue", reply);
    if (everything().some(fetching)) poll();
  }

  lab.translate(root);
  refresh();
  load();
};
})();
