/* A result in large, and two against each other. */

import { notice } from "../base/widgets.js";
import { t } from "../base/languages.js";
import { noteLook } from "./look_link.js";
import { firstPair, isPair, ORIGINAL, sides } from "./pair.js";
import { openPair, openViewer } from "./viewer.js";

/** @typedef {import("../types.js").Card} Card */

/**
 * @param {{ shown: import("./shown.js").Shown, looking: import("./looking.js").Looking, picking: () => import("./picking.js").Picking }} options
 */
export function makeComparing({ shown, looking, picking }) {
  /** The result that has the keyboard. */
  function cardUnderKeys() {
    const tile = document.activeElement?.closest(".lab-result");
    return tile instanceof HTMLElement ? shown.grid?.cards[Number(tile.dataset.index)] : null;
  }

  /** The result that has the keyboard is chosen, as by its button; from elsewhere, any two are compared. */
  function compare() {
    const { first, pick } = picking(), { grid } = shown, card = cardUnderKeys();
    if (card?.view) pick(card.index, card.name);
    else if (!card && grid) openBoth(first === null ? firstPair(sides(grid.cards)) : { a: ORIGINAL, b: first });
  }

  /**
   * @param {import("./pair.js").Pair | null} pair
   * @param {import("./window.js").Part | null} [part] of the photo that is seen; else what all results show
   */
  function openBoth(pair, part = null) {
    const { grid } = shown;
    picking().clear();
    if (!grid?.photo || !pair || !isPair(pair, sides(grid.cards))) return;
    const { photo, cards } = photoOf(grid.cards[pair.b < 0 ? pair.a : pair.b]);
    if (!photo || !isPair(pair, sides(cards))) { notice(t("pair.photos")); return; }
    const zoomed = looking.isZoomed && photo === grid.photo;
    openPair({ ...grid, photo, cards }, { pair, part: part ?? (zoomed ? looking.window : null) }, tell);
  }

  /** What the address says of it. @param {import("./look_link.js").Look} now */
  const tell = (now) => noteLook(now.pair ? now : { pair: null, part: looking.own });

  /**
   * A card's photo, and the results of that photo: the large view holds them against each other.
   * @param {Card} card
   */
  const photoOf = (card) => ({ photo: (card.of ?? shown.grid)?.photo ?? null, mask: (card.of ?? shown.grid)?.mask ?? null,
    cards: (shown.grid?.cards ?? []).filter((other) => other.of?.photo?.id === card.of?.photo?.id) });

  /** @param {number} index of a card */
  function look(index) {
    const { grid } = shown;
    if (!grid) return;
    const { photo, mask, cards } = photoOf(grid.cards[index]);
    if (photo) openViewer({ ...grid, photo, mask, cards }, index);
  }

  /** What a link wants to be looked at, once. */
  function openAsked() {
    const { pair, part } = shown.asked;
    if (pair) openBoth(pair, part);
    shown.asked = { pair: null, part: null };
  }

  return { cardUnderKeys, compare, openBoth, look, openAsked };
}
