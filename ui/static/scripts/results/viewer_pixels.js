/* Which pixels the large view shows: the quick views first, then result and original at their own.
 *
 * Both change places together, so that what is held against each other always has the same pixels:
 * a reduced original beside a full result would show a difference where there is none.
 */

import { t } from "../base/languages.js";

/**
 * @typedef {object} Photo
 * @property {string} view
 * @property {string | null} [full]
 * @property {boolean} own it is a photo whose own pixels a run keeps
 *
 * @typedef {import("../types.js").ViewerCard} Card
 */

/**
 * Whether a picture has arrived and can be drawn; false for one that cannot be had.
 * @param {string | null | undefined} address
 * @returns {Promise<boolean>}
 */
const arrived = async (address) => {
  if (!address) return false;
  const picture = new Image();
  picture.src = address;
  try {
    await picture.decode();
    return true;
  } catch {
    return false;
  }
};

/**
 * @param {object} of
 * @param {HTMLImageElement} of.after the result
 * @param {HTMLImageElement} of.before the original
 * @param {HTMLElement} of.note says what is not as it should be
 */
export const makeViewerPixels = ({ after, before, note }) => {
  let turn = 0; // the newest one counts

  /** @param {string} sentence */
  const say = (sentence) => { note.textContent = sentence; note.hidden = !sentence; };
  /** @param {HTMLImageElement} image */
  const sayReduced = (image) => {
    const size = () => say(t("viewer.reduced", { width: image.naturalWidth, height: image.naturalHeight }));
    if (image.naturalWidth) size();
    else image.decode().then(size, () => {});
  };

  /**
   * The original by itself.
   * @param {Photo} photo
   */
  async function showOriginal(photo) {
    const mine = ++turn;
    after.src = before.src = photo.view;
    say(photo.full ? t("viewer.loading") : "");
    const there = await arrived(photo.full);
    if (mine !== turn) return;
    say("");
    if (there && photo.full) after.src = photo.full;
    else if (photo.own) sayReduced(after);
  }

  /**
   * A result, and the original that it is held against.
   * @param {Card} card
   * @param {Photo} photo
   */
  async function showResult(card, photo) {
    const mine = ++turn;
    after.src = card.view ?? "";
    before.src = photo.view;
    say(card.full ? t("viewer.loading") : "");
    if (!card.full) return; // both as views, until the lossless file has been written
    const [result, original] = await Promise.all([arrived(card.full), arrived(photo.full)]);
    if (mine !== turn) return;
    say("");
    if (!result) return;
    after.src = card.full;
    if (original && photo.full) before.src = photo.full;
    else sayReduced(before);
  }

  return {
    /**
     * @param {Card | null} card null for the original
     * @param {Photo} photo
     */
    show: (card, photo) => (card ? showResult(card, photo) : showOriginal(photo)),
    stop: () => { turn += 1; },
  };
};
