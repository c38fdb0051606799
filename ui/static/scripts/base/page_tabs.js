/* The page's tabs: the editor, and the tables beside it. */

import { on } from "./events.js";
import { translate } from "./languages.js";
import { followAddress, goTo } from "./place.js";
import { tabList } from "./tab_list.js";

/** @param {Element} holder */
export const mountTabs = (holder) => {
  const tabs = tabList({ kind: "lab-tabs", label: "tabs.label",
    onselect: (tab) => goTo({ tab: tab === "tables" ? "tables" : "erase" }), items: [
      { id: "erase", key: "tabs.erase", panel: "lab-tab-erase" }, { id: "tables", key: "tabs.tables", panel: "lab-tab-tables" }] });
  holder.replaceChildren(tabs.node);
  on("place", (place) => tabs.choose(place.tab));
  followAddress();
  translate(holder);
};
