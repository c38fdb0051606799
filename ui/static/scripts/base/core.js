/* Eraser Lab: what the three parts of the page share.
 *
 * A tiny store with events, the languages, formatting, and one way to build DOM.
 * Text that came from a person or a server reaches the page only through textContent.
 */
(() => {
  "use strict";
  const LANGUAGES = window.eraserLabLanguages; // the first speaks for what others lack
  const OPTIONS = window.eraserLabOptions;
  const listeners = new Map();

  const lab = {
    photo: null, // {id, name, width, height, view, notes, alpha}
    catalogue: null, // what server.erasers() said
    running: null, // the run in progress, by its id
    lang: LANGUAGES[0].code,
    options: OPTIONS,
  };

  /* ---- events ---------------------------------------------------------------------- */

  lab.on = (name, handler) => {
    if (!listeners.has(name)) listeners.set(name, new Set());
    listeners.get(name).add(handler);
  };
  lab.emit = (name, data) => {
    for (const handler of listeners.get(name) || []) handler(data);
  };

  /* ---- the catalogue --------------------------------------------------------------- */

  /** What the catalogue says of an eraser; nothing before it is here, or where it has none such. */
  lab.eraser = (id) => lab.catalogue?.erasers.find((eraser) => eraser.id === id);

  /* ---- languages ------------------------------------------------------------------- */

  const fill = (sentence, details) =>
    sentence.replace(/\{(\w+)\}/g, (whole, key) => (key in (details || {}) ? String(details[key]) : whole));

  const languageOf = (code) => LANGUAGES.find((one) => one.code === code);

  /** The sentence, in the plural form for its count where it has several. */
  const formOf = (language, key, details) => {
    const sentence = language.sentences[key];
    if (!sentence || typeof sentence === "string") return sentence;
    const category = new Intl.PluralRules(language.tag).select(Number(details?.[sentence.counted]));
    return sentence.forms[language.plurals[category] ?? language.plurals.other];
  };

  const said = (language, key, details) => {
    const sentence = formOf(language, key, details) ?? formOf(LANGUAGES[0], key, details);
    return sentence === undefined ? key : fill(sentence, details);
  };

  lab.t = (key, details) => said(languageOf(lab.lang), key, details);
  lab.has = (key) => key in LANGUAGES[0].sentences;

  /** A sentence that came in every language, by code. */
  lab.say = (text) => (text ? text[lab.lang] || text[LANGUAGES[0].code] || "" : "");

  /** The sentence for an error {code, text, said}: ours where we have one, else the server's. */
  lab.errorText = (error) => {
    if (!error) return lab.t("error.lost");
    const own = "error." + error.code;
    return lab.has(own) ? lab.t(own, error.details) : lab.say(error.said) || error.text || lab.t("error.internal");
  };

  const preferred = () => {
    if (OPTIONS.lang) return OPTIONS.lang;
    const stored = remember("lang");
    if (languageOf(stored)) return stored;
    const wanted = (navigator.language || "").toLowerCase();
    const fits = (name) => wanted === name || wanted.startsWith(name + "-");
    const found = LANGUAGES.find((one) => fits(one.tag.toLowerCase())) || LANGUAGES.find((one) => fits(one.code));
    return (found || LANGUAGES[0]).code;
  };

  lab.setLang = (lang, keep = true) => {
    lab.lang = lang;
    if (keep) remember("lang", lang);
    document.documentElement.lang = languageOf(lang).tag;
    document.title = lab.t("title");
    lab.translate(document);
    lab.emit("lang", lang);
  };

  /** The switch of languages: a button for the other one, or a menu where there are more. */
  lab.mountLanguages = (button) => {
    const menu = lab.h("select.lab-tool", { id: button.id, "data-t-label": "head.language.menu",
      onchange: () => lab.setLang(menu.value) },
      LANGUAGES.map((one) => lab.h("option", { value: one.code, lang: one.tag }, one.name)));
    const other = () => LANGUAGES.find((one) => one.code !== lab.lang) || LANGUAGES[0];
    const show = () => {
      menu.value = lab.lang;
      button.textContent = other().name;
      button.title = said(other(), "head.language.hint", { language: other().name });
    };
    button.addEventListener("click", () => lab.setLang(other().code));
    if (LANGUAGES.length > 2) button.replaceWith(menu);
    lab.on("lang", show);
    show();
  };

  /** Write the texts of every element that names one: data-t (text), data-t-label, data-t-title. */
  lab.translate = (root) => {
    for (const node of root.querySelectorAll("[data-t]")) node.textContent = lab.t(node.dataset.t);
    for (const node of root.querySelectorAll("[data-t-label]"))
      node.setAttribute("aria-label", lab.t(node.dataset.tLabel));
    for (const node of root.querySelectorAll("[data-t-title]")) node.title = lab.t(node.dataset.tTitle);
  };

  /* ---- small memory in this browser; a private window may refuse it ------------------- */

  function remember(key, value) {
    try {
      if (value === undefined) return localStorage.getItem("eraser-lab." + key);
      localStorage.setItem("eraser-lab." + key, value);
    } catch {
      /* storage is switched off: the page works without memory */
    }
    return null;
  }
  lab.remember = remember;

  /* Prompts belong to one tab: they survive a reload and never meet another tab's. */
  lab.session = {
    read: () => {
      try {
        return JSON.parse(sessionStorage.getItem("eraser-lab.work") || "null");
      } catch {
        return null;
      }
    },
    write: (work) => {
      try {
        sessionStorage.setItem("eraser-lab.work", JSON.stringify(work));
      } catch {
        /* storage is switched off or full: a reload then starts afresh */
      }
    },
  };

  /** Whether this tab comes back to what it showed before, rather than follows a link. */
  lab.comesBack = ["reload", "back_forward"].includes((performance.getEntriesByType("navigation")[0] || {}).type);

  /* The parts mount in any order; what the grid needs of the canvas, it awaits. */
  lab.canvas = new Promise((resolve) => { lab.canvasMounted = resolve; });

  /* ---- building DOM ------------------------------------------------------------------ */

  /** h("button.primary", {onclick, "data-t": "panel.erase"}, child, …): children are nodes or plain text. */
  lab.h = (what, attributes, ...children) => {
    const [tag, ...classes] = what.split(".");
    const node = document.createElement(tag);
    if (classes.length) node.className = classes.join(" ");
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (name === "value" || name === "checked" || name === "disabled") node[name] = value;
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    if (node.dataset.t) node.textContent = lab.t(node.dataset.t);
    if (node.dataset.tLabel) node.setAttribute("aria-label", lab.t(node.dataset.tLabel));
    if (node.dataset.tTitle) node.title = lab.t(node.dataset.tTitle);
    return node;
  };

  const PATHS = {
    plus: "M12 5v14M5 12h14",
    minus: "M5 12h14",
    box: "M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3",
    undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
    redo: "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
    clear: "M18 6 6 18M6 6l12 12",
    eye: "M2 12s3.6-7 10-7 10 7 10 7-3.6 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
    image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
    download: "M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14",
    link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.6 1.6M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.6-1.6",
    check: "m5 12.5 4.5 4.5L19 7.5",
    warn: "M12 8v5m0 3.5h.01M10.3 4.2 2.6 17.6A2 2 0 0 0 4.3 20.6h15.4a2 2 0 0 0 1.7-3L13.7 4.2a2 2 0 0 0-3.4 0z",
    sliders: "M5 6h8m4 0h2M5 12h2m4 0h8M5 18h9m4 0h1M15 4v4M9 10v4M16 16v4",
    theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
    stop: "M7 7h10v10H7z",
    report: "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7",
    pen: "m4 20 .8-4L16.5 4.3a1.4 1.4 0 0 1 2 0l1.2 1.2a1.4 1.4 0 0 1 0 2L8 19.2z",
    play: "M8 5.5v13l10.5-6.5z",
    fit: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
    left: "m14 6-6 6 6 6",
    right: "m10 6 6 6-6 6",
    compare: "M12 3v18M8 8l-4 4 4 4M16 8l4 4-4 4",
    dice: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8.5 8.5h.01M15.5 8.5h.01M12 12h.01M8.5 15.5h.01M15.5 15.5h.01",
    point: "m5 3 6.5 16 2.3-6.7L20.5 10z",
    brush: "M4 20c3 0 5-1.5 5-4a3 3 0 0 1 3-3l8-9-9 8a3 3 0 0 1-3 3c-2.5 0-4 2-4 5z",
    shape: "M12 4c5 0 8 3 8 8s-3 8-8 8-8-3-8-8 3-8 8-8zM12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
    mask: "M4 5h16v14H4zM12 9a3.2 3.2 0 1 0 0 6.4A3.2 3.2 0 0 0 12 9z",
    search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM20 20l-4.9-4.9",
    keys: "M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM7 10h.01M11 10h.01M15 10h.01M17 14H7",
  };

  lab.icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", "lab-icon");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", PATHS[name]);
    svg.append(path);
    return svg;
  };

  /** A button with an icon, an accessible name and a tooltip from the texts. */
  lab.iconButton = (icon, key, onclick, extra) =>
    lab.h("button.lab-tool", { type: "button", "data-t-label": key, "data-t-title": key, onclick, ...extra },
      lab.icon(icon));

  /** A sentence that may be long: cut after a few lines, whole at a click. */
  lab.longSentence = (words) => lab.h("p.lab-long", { title: words, onclick: (event) => event.currentTarget.classList.toggle("is-open") }, words);

  /** A button that opens a small panel under itself; it closes by Escape and by a click elsewhere. */
  lab.popover = (icon, key, content) => {
    const panel = lab.h("div.lab-popover", { hidden: true }, content);
    const button = lab.h("button.lab-tool.wide", { type: "button", "aria-expanded": "false", "data-t-title": key + ".hint",
      onclick: () => show(panel.hidden) }, lab.icon(icon), lab.h("span", { "data-t": key }));
    const show = (open) => {
      panel.hidden = !open;
      button.setAttribute("aria-expanded", String(open));
      panel.style.translate = "";
      const { left, right } = panel.getBoundingClientRect();
      if (open) panel.style.translate = Math.max(8 - left, Math.min(0, innerWidth - 8 - right)) + "px"; // wholly on the page
    };
    const holder = lab.h("div.lab-pop", { onkeydown: (event) => { if (event.key === "Escape" && !panel.hidden) { show(false); button.focus(); } } }, button, panel);
    document.addEventListener("pointerdown", (event) => { if (!holder.contains(event.target)) show(false); });
    holder.close = () => show(false);
    return holder;
  };

  /** Give the browser a file of our own making to keep. */
  lab.keepFile = (name, type, content) => {
    const address = URL.createObjectURL(new Blob([content], { type }));
    lab.h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };

  lab.copy = async (words, done) => {
    try {
      await navigator.clipboard.writeText(words);
      lab.notice(done);
    } catch {
      lab.notice(words); // no clipboard without https: show it, to be copied by hand
    }
  };

  /** As replaceChildren; the keyboard stays on what stands in the place of what it was on. */
  lab.redraw = (node, ...children) => {
    const held = node.contains(document.activeElement) ? document.activeElement : null;
    const alike = () => [...node.querySelectorAll(held.tagName)].filter((one) => one.className === held.className);
    const place = held ? alike().indexOf(held) : -1;
    node.replaceChildren(...children);
    const next = held && (held.isConnected ? held : alike()[place]);
    if (next) next.focus({ preventScroll: true });
  };

  /* ---- strips -------------------------------------------------------------------------- */

  /** Whether a photo is so long that, shown whole, nothing on it can be seen or pointed at. */
  lab.isStrip = ({ width, height }) => Math.max(width / height, height / width) >= 4;

  /* ---- numbers as people read them ---------------------------------------------------- */

  lab.bytes = (count) => {
    if (count >= 1e9) return (count / 1e9).toFixed(count >= 1e10 ? 0 : 1) + " GB";
    if (count >= 1e6) return Math.round(count / 1e6) + " MB";
    return Math.max(1, Math.round(count / 1e3)) + " kB";
  };
  lab.seconds = (seconds) => {
    if (seconds >= 60) return Math.floor(seconds / 60) + " min " + Math.round(seconds % 60) + " s";
    return seconds.toFixed(seconds < 10 ? 2 : 1) + " s";
  };
  /** How long something will take, as far as can be told. */
  lab.about = (seconds) => seconds >= 90 ? Math.round(seconds / 60) + " min" : Math.max(1, Math.round(seconds)) + " s";
  lab.percent = (share) => {
    const value = share * 100;
    return (value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : value > 0 ? "<0.1" : "0") + " %";
  };

  lab.randomId = () => {
    const raw = crypto.getRandomValues(new Uint8Array(16));
    return btoa(String.fromCharCode(...raw)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  /* ---- asking the server -------------------------------------------------------------- */

  /** Call a server function; a lost connection becomes an answer like any other. */
  lab.ask = async (call, request) => {
    try {
      const answer = await call(request);
      return answer || { ok: false, error: null };
    } catch {
      return { ok: false, error: null };
    }
  };

  /* ---- notices -------------------------------------------------------------------------- */

  lab.notice = (sentence, kind = "info") => {
    let shelf = document.querySelector(".lab-notices");
    if (!shelf) {
      shelf = lab.h("div.lab-notices", { role: "status", "aria-live": "polite" });
      document.body.append(shelf);
    }
    const note = lab.h("div.lab-notice." + kind, {}, lab.h("span", {}, sentence),
      lab.h("button", { type: "button", "data-t-label": "close", onclick: () => note.remove() }, lab.icon("clear")));
    shelf.append(note);
    while (shelf.children.length > 3) shelf.firstChild.remove();
    setTimeout(() => note.remove(), kind === "error" ? 12000 : 5000);
  };

  /* ---- light and dark ------------------------------------------------------------------- */

  const applyTheme = (theme) => document.body.classList.toggle("dark", theme === "dark");
  lab.toggleTheme = () => {
    const next = document.body.classList.contains("dark") ? "light" : "dark";
    remember("theme", next);
    applyTheme(next);
  };

  lab.start = () => {
    const asked = new URLSearchParams(location.search).get("__theme");
    const stored = remember("theme");
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    applyTheme(asked === "dark" || asked === "light" ? asked : stored || system);
    lab.setLang(preferred(), false);
  };

  lab.lang = preferred();
  window.eraserLab = lab;
})();
