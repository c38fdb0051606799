/* Close-up: every card shows the object's neighbourhood. Of a small photo its view is enlarged; of a large
 * one, or a strip, the server has cut out pictures with the photo's own pixels. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h } = lab;
  const WORTH = 1.15; // a close-up that enlarges less shows the photo once more
  const MOST = 8; // times that a view is enlarged

  /** root: the section of results; button: turns it on and off. */
  lab.makeCloseUp = ({ root, button }) => {
    let known = ""; // the run that was placed last
    let byItself = false; // it is on because a strip's cards begin so

    function turn(on) {
      button.setAttribute("aria-pressed", String(on));
      root.classList.toggle("is-close", on);
    }

    /** Enlarge the views around a box of the photo; how far. */
    function enlarge([x0, y0, x1, y1], photo) {
      const share = Math.min(1, Math.max((x1 - x0) / photo.width, (y1 - y0) / photo.height) * 1.6);
      const scale = Math.min(MOST, 1 / share);
      const at = (low, high, size) => {
        const centre = (low + high) / 2 / size; // keep the window inside the photo
        const half = 0.5 / scale;
        return Math.min(1 - half, Math.max(half, centre));
      };
      root.style.setProperty("--close-scale", String(scale));
      root.style.setProperty("--close-x", (0.5 - at(x0, x1, photo.width)) * 100 * scale + "%");
      root.style.setProperty("--close-y", (0.5 - at(y0, y1, photo.height)) * 100 * scale + "%");
      return scale;
    }

    return {
      toggle() {
        byItself = false;
        turn(button.getAttribute("aria-pressed") === "false");
      },

      /** Where a run's close-up lies. Cards of a strip begin with it. */
      place({ run, mask, photo }) {
        const strip = lab.isStrip(photo);
        const offered = mask && (mask.close || (!strip && mask.box && enlarge(mask.box, photo) >= WORTH));
        button.hidden = !offered;
        if (known === run + Boolean(mask)) return; // drawn again, in another language
        known = run + Boolean(mask);
        if (byItself || !offered) turn(false);
        byItself = Boolean(strip && offered);
        if (byItself) turn(true);
      },

      /** The pictures of a close-up, the upper one last. */
      layer: (...images) => [h("div.lab-close", {}, images)],
    };
  };

  /** The shape of a card's picture, as CSS has it: the photo's own, but no strip. */
  lab.cardShape = ({ width, height }) => (!lab.isStrip({ width, height }) ? `${width}/${height}` : width > height ? "3/1" : "2/3");
})();
