/* Every system that the documents name, and what has become of it on this machine. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;

  lab.systemsView = ({ server, into }) => {
    let found = null; // the server's answer
    let only = ""; // a state; "" = all
    const choice = h("div.lab-segments.lab-states", { role: "group", "data-t-label": "systems.filter" });
    const body = h("div.lab-systems", {}, h("p.lab-hint", { "data-t": "tables.loading" }));
    into.replaceChildren(h("p.lab-aside", { "data-t": "systems.lead" }), h("div.lab-tables-bar", {}, choice), body);

    async function open() {
      if (found) return;
      const reply = await lab.ask(server.systems, {});
      if (!reply.ok) { body.replaceChildren(h("p.lab-state.bad", {}, lab.errorText(reply.error))); return; }
      found = reply;
      draw();
    }

    function draw() {
      const count = (state) => found.systems.filter((system) => !state || system.state === state).length;
      choice.replaceChildren(...["", ...Object.keys(found.states)].map((state) => h("button.lab-segment", { type: "button", "data-state": state, "aria-pressed": String(state === only), onclick: () => { only = state; draw(); choice.querySelector('[aria-pressed="true"]').focus(); } },
        state ? h("i.lab-standing." + state) : null, h("span", {}, (state ? lab.say(found.states[state]) : t("systems.all")) + " " + count(state)))));
      body.replaceChildren(...Object.entries(found.documents).map(([key, document_]) => part(key, document_)).filter(Boolean), h("p.lab-hint", {}, t("systems.unchecked")));
    }

    function part(key, document_) {
      const mine = found.systems.filter((system) => system.document === key && (!only || system.state === only));
      if (!mine.length) return null;
      const title = lab.say(document_.title);
      return h("section.lab-card.lab-system-list", {}, h("h3", {}, document_.url ? h("a", { href: document_.url, target: "_blank", rel: "noopener noreferrer" }, title) : title),
        h("ul", {}, mine.map(line)));
    }

    function line(system) {
      return h("li.lab-system", { "data-system": system.name, "data-state": system.state },
        h("div", {}, h("a.lab-system-name", { href: system.url, target: "_blank", rel: "noopener noreferrer" }, system.name), system.checked ? null : h("span.lab-hint", { title: t("systems.unchecked") }, " °"),
          h("p", {}, lab.say(system.what))),
        h("div.lab-system-state", {}, h("p", {}, h("i.lab-standing." + system.state), lab.say(found.states[system.state])),
          system.eraser ? h("button.lab-link", { type: "button", onclick: () => showCard(system.eraser) }, t("systems.card", { eraser: system.runs_as })) : null),
        h("p.lab-system-why.lab-hint", {}, system.why ? lab.say(system.why) : ""));
    }

    function showCard(id) {
      lab.goTo({ tab: "erase" });
      const card = document.querySelector(`[data-card="${CSS.escape(id)}"]`);
      if (!card) return;
      card.scrollIntoView({ block: "center" });
      card.querySelector("input").focus();
    }

    lab.on("lang", () => { if (found) draw(); });
    return { open };
  };
})();
