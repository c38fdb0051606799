/* Strips: photos so long that, shown whole, they would be a few pixels high or wide.
 *
 * The stage shows their short side whole and pans along the long one; a small picture of the whole
 * beside it says where one is, and leads elsewhere by pointer and keyboard.
 */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;
  const LEAST = 240, LEAST_ON_PHONES = 180; // pixels of the page that the short side has
  const LONGEST = 1e7; // pixels of the page: browsers lay out 33 millions
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  const FINEST = 1600, FINEST_STRIP = 16 * FINEST; // pixels of an overlay's longer side: the server's limits

  /** The longer side that an overlay may have: of a strip, with no more pixels in all than a square one. */
  lab.finestOverlay = ({ width, height }) => {
    const ratio = Math.max(width / height, height / width);
    return lab.isStrip({ width, height }) ? Math.min(FINEST_STRIP, Math.floor(FINEST * Math.sqrt(ratio))) : FINEST;
  };

  /** Sizes in pixels of the page for a stage of this width: {stage: its height, width, height: the photo's at
   *  scale 1, along: "x" or "y" where a strip pans, else ""}. */
  lab.stageLayout = (photo, width) => {
    const narrow = innerWidth < 720;
    const ratio = photo.height / photo.width;
    const tallest = Math.max(280, innerHeight * (narrow ? 0.6 : 0.68));
    const height = Math.min(width * ratio, tallest);
    const least = narrow ? LEAST_ON_PHONES : LEAST;
    if (!lab.isStrip(photo) || Math.min(height, height / ratio) >= least)
      return { stage: Math.round(height), width: Math.round(Math.min(width, height / ratio)), height: Math.round(height), along: "" };
    const wide = ratio < 1;
    const room = wide ? innerHeight * 0.45 : width * 0.6;
    const own = clamp(Math.min(photo.width, photo.height), least, Math.max(least, room)); // its own pixels, where they fit
    const short = Math.ceil(Math.min(own, LONGEST * Math.min(ratio, 1 / ratio)));
    return wide ? { stage: short, width: Math.round(short / ratio), height: short, along: "x" }
      : { stage: Math.round(tallest), width: short, height: Math.round(short * ratio), along: "y" };
  };

  /** zoom: of the stage. node: the small picture with its hint, hidden unless the photo is a strip. */
  lab.makeOverview = ({ zoom }) => {
    const picture = h("img", { alt: "", draggable: "false" });
    const mask = h("img.lab-overlay", { alt: "", draggable: "false", hidden: true });
    const here = h("div.lab-overview-window");
    const slider = h("div.lab-overview", { tabindex: "0", role: "slider", "aria-valuemin": "0", "aria-valuemax": "100",
      "data-t-label": "canvas.overview", "data-testid": "overview" }, h("div.lab-overview-photo", {}, picture, mask), here);
    const touch = matchMedia("(pointer: coarse)");
    const hint = h("p.lab-hint.lab-overview-hint");
    let along = "";
    let seen = null; // shares of the photo: {x0, y0, x1, y1}

    const low = () => seen[along + "0"];
    const high = () => seen[along + "1"];

    /** Show another place: the middle of the stage, as a share of the long side. */
    const go = (share) => zoom.centre(along === "x" ? share : null, along === "y" ? share : null);

    function toPointer(event) {
      const rect = slider.getBoundingClientRect();
      go(along === "x" ? (event.clientX - rect.left) / rect.width : (event.clientY - rect.top) / rect.height);
    }

    slider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      slider.setPointerCapture(event.pointerId);
      toPointer(event);
    });
    slider.addEventListener("pointermove", (event) => { if (slider.hasPointerCapture(event.pointerId)) toPointer(event); });

    slider.addEventListener("keydown", (event) => {
      const window = high() - low(), middle = (low() + high()) / 2;
      const steps = { ArrowLeft: -0.25, ArrowUp: -0.25, ArrowRight: 0.25, ArrowDown: 0.25, PageUp: -0.9, PageDown: 0.9 };
      const ends = { Home: 0, End: 1 };
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in steps || event.key in ends)) return;
      event.preventDefault();
      go(event.key in ends ? ends[event.key] : middle + steps[event.key] * window);
    });

    function say() {
      hint.textContent = t(touch.matches ? "canvas.overview.touch" : along === "y" ? "canvas.overview.down" : "canvas.overview.across");
      if (!seen) return;
      const percent = (share) => Math.round(share * 100);
      const middle = percent(low() / Math.max(1e-6, 1 - (high() - low())));
      slider.setAttribute("aria-valuenow", String(clamp(middle, 0, 100)));
      slider.setAttribute("aria-valuetext", t("canvas.overview.at", { from: percent(low()), to: percent(high()) }));
    }

    lab.on("photo", (photo) => { picture.src = photo.view; });
    lab.on("mask", (answer) => {
      mask.hidden = !answer;
      if (answer) mask.src = answer.overlay;
    });
    lab.on("lang", () => { if (along) say(); });

    return {
      node: slider, hint,
      /** way: as `along` of the layout; place: what the stage shows, in shares of the photo. */
      update(way, place) {
        along = way;
        seen = way ? place : null;
        slider.hidden = hint.hidden = !way;
        if (!way) return;
        slider.setAttribute("aria-orientation", way === "x" ? "horizontal" : "vertical");
        slider.dataset.along = way;
        const [start, length] = way === "x" ? ["left", "width"] : ["top", "height"];
        here.removeAttribute("style");
        here.style[start] = low() * 100 + "%";
        here.style[length] = (high() - low()) * 100 + "%";
        slider.style.setProperty("--shape", lab.photo.width / lab.photo.height);
        say();
      },
    };
  };
})();
