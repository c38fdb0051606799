/* The tabs: the editor, and the tables beside it. The address says which one is open. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h } = lab;
  const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  /** A list of tabs: one is chosen, the arrow keys move along. items: {id, key, panel?}, key of its text.
   *  onselect(id) is called when the user chooses; `choose(id)` shows a choice without calling it. */
  lab.tabs = ({ kind, label, items, onselect }) => {
    const buttons = items.map(({ id, key, panel }) => h("button." + kind + "-tab", { type: "button", role: "tab", id: "lab-to-" + id, "data-tab": id, "data-t": key,
      "aria-controls": panel || null, onclick: () => select(id) }));
    const node = h("div." + kind, { role: "tablist", "data-t-label": label, onkeydown: (event) => {
      const place = buttons.indexOf(document.activeElement);
      const last = buttons.length - 1;
      const next = event.key === "Home" ? 0 : event.key === "End" ? last : event.key in KEYS ? (place + KEYS[event.key] + buttons.length) % buttons.length : -1;
      if (next < 0 || place < 0) return;
      event.preventDefault();
      buttons[next].focus();
      select(buttons[next].dataset.tab);
    } }, buttons);
    const choose = (id) => {
      for (const button of buttons) {
        const chosen = button.dataset.tab === id;
        button.setAttribute("aria-selected", String(chosen));
        button.tabIndex = chosen ? 0 : -1;
      }
    };
    const select = (id) => { choose(id); onselect(id); };
    return { node, choose };
  };

  /* ---- what the address says -------------------------------------------------------------- */

  const VIEWS = ["rows", "papers", "systems"];
  const asked = () => {
    const query = new URLSearchParams(location.search);
    return { tab: query.get("tab") === "tables" ? "tables" : "erase", view: VIEWS.includes(query.get("show")) ? query.get("show") : "rows", row: query.get("row") };
  };

  /** Which tab is open, which of the tables' views, and which row is to be seen. */
  lab.place = asked();

  /** Go to a place; it becomes a step of the browser's history. */
  lab.goTo = (change) => {
    const place = { ...lab.place, row: null, ...change };
    const address = new URL(location.href);
    const put = (name, value) => (value ? address.searchParams.set(name, value) : address.searchParams.delete(name));
    put("tab", place.tab === "tables" ? "tables" : "");
    put("show", place.tab === "tables" && place.view !== "rows" ? place.view : "");
    put("row", place.tab === "tables" && place.row);
    if (address.href !== location.href) history.pushState(history.state, "", address);
    show(place);
  };

  function show(place) {
    lab.place = place;
    document.documentElement.dataset.tab = place.tab;
    for (const id of ["erase", "tables"]) {
      const panel = document.getElementById("lab-tab-" + id);
      if (!panel) continue;
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", "lab-to-" + id);
    }
    lab.emit("place", place);
  }

  lab.mountTabs = (holder) => {
    const tabs = lab.tabs({ kind: "lab-tabs", label: "tabs.label", onselect: (tab) => lab.goTo({ tab }), items: [
      { id: "erase", key: "tabs.erase", panel: "lab-tab-erase" }, { id: "tables", key: "tabs.tables", panel: "lab-tab-tables" }] });
    holder.replaceChildren(tabs.node);
    lab.on("place", (place) => tabs.choose(place.tab));
    addEventListener("popstate", () => show(asked()));
    show(lab.place);
    lab.translate(holder);
  };

  document.documentElement.dataset.tab = lab.place.tab; // before anything is drawn, so that nothing flashes
})();
