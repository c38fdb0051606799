/* Which pixels the large view shows: the quick views first, then result and original at their own.
 *
 * Both change places together, so that what is held against each other always has the same pixels:
 * a reduced original beside a full result would show a difference where there is none.
 */
(() => {
  "use strict";
  const lab = eraserLab;
  const { t } = lab;

  /** Whether a picture has arrived and can be drawn; false for one that cannot be had. */
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

  /** after, before: the images of the result and of the original; note: says what is not as it should be. */
  lab.makeViewerPixels = ({ after, before, note }) => {
    let turn = 0; // the newest one counts

    const say = (sentence) => { note.textContent = sentence; note.hidden = !sentence; };
    const sayReduced = (image) => {
      const size = () => say(t("viewer.reduced", { width: image.naturalWidth, height: image.naturalHeight }));
      if (image.naturalWidth) size();
      else image.decode().then(size, () => {});
    };

    /** The original by itself. */
    async function showOriginal(photo) {
      const mine = ++turn;
      after.src = before.src = photo.view;
      say(photo.full ? t("viewer.loading") : "");
      const there = await arrived(photo.full);
      if (mine !== turn) return;
      say("");
      if (there) after.src = photo.full;
      else if (photo.own) sayReduced(after);
    }

    /** A result, and the original that it is held against. */
    async function showResult(card, photo) {
      const mine = ++turn;
      after.src = card.view;
      before.src = photo.view;
      say(card.full ? t("viewer.loading") : "");
      if (!card.full) return; // both as views, until the lossless file has been written
      const [result, original] = await Promise.all([arrived(card.full), arrived(photo.full)]);
      if (mine !== turn) return;
      say("");
      if (!result) return;
      after.src = card.full;
      if (original) before.src = photo.full;
      else sayReduced(before);
    }

    return {
      /** card: null for the original. photo: {view, full, own}; own: it is a photo whose own pixels a run keeps. */
      show: (card, photo) => (card ? showResult(card, photo) : showOriginal(photo)),
      stop: () => { turn += 1; },
    };
  };
})();
