/* Zoom and pan of the photo on its stage: wheel with Ctrl, two fingers, keys, dragging. */
(() => {
  "use strict";
  const lab = eraserLab;
  const MOST = 16;
  const MARGIN = 24; // pixels of the window between what is revealed and the stage's edge
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  /** onchange is called with the scale after every change. */
  lab.makeZoom = ({ stage, view, onchange }) => {
    let scale = 1;
    let pan = { x: 0, y: 0 };
    let pinch = null;
    const touches = new Map();

    function moveTo(x, y) {
      const roomX = (view.offsetWidth * (scale - 1)) / 2;
      const roomY = (view.offsetHeight * (scale - 1)) / 2;
      pan = { x: clamp(x, -roomX, roomX), y: clamp(y, -roomY, roomY) };
      view.style.transform = `translate(${pan.x}px, ${pan.y}px) scale(${scale})`;
      view.style.setProperty("--zoom", String(scale));
      onchange(scale);
    }

    /** What lies under (clientX, clientY) stays there. */
    function by(factor, clientX, clientY) {
      const rect = view.getBoundingClientRect();
      const was = scale;
      scale = clamp(scale * factor, 1, MOST);
      const shift = 1 - scale / was;
      moveTo(pan.x + (clientX - rect.left - rect.width / 2) * shift, pan.y + (clientY - rect.top - rect.height / 2) * shift);
    }

    function byAtCentre(factor) {
      const rect = stage.getBoundingClientRect();
      by(factor, rect.left + rect.width / 2, rect.top + rect.height / 2);
    }

    function layout() {
      if (!lab.photo) return;
      const ratio = lab.photo.height / lab.photo.width;
      const width = stage.clientWidth;
      const tallest = Math.max(280, innerHeight * (innerWidth < 720 ? 0.6 : 0.68));
      const height = Math.min(width * ratio, tallest);
      stage.style.height = Math.round(height) + "px";
      view.style.width = Math.round(Math.min(width, height / ratio)) + "px";
      view.style.height = Math.round(height) + "px";
      moveTo(pan.x, pan.y);
    }

    function reset() {
      scale = 1;
      pan = { x: 0, y: 0 };
      layout();
    }

    const pair = () => {
      const [a, b] = [...touches.values()];
      return { distance: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    };

    stage.addEventListener("wheel", (event) => {
      if (!lab.photo || !(event.ctrlKey || event.metaKey)) return; // a plain wheel scrolls the page
      event.preventDefault();
      by(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
    }, { passive: false });
    new ResizeObserver(layout).observe(stage.parentElement);

    /** Pan just so far that (x, y), shares of the photo, lies on the stage. */
    function reveal(x, y) {
      const rect = view.getBoundingClientRect();
      const seen = stage.getBoundingClientRect();
      const into = (place, low, high) => clamp(place, low + MARGIN, high - MARGIN) - place;
      const dx = into(rect.left + x * rect.width, seen.left, seen.right);
      const dy = into(rect.top + y * rect.height, seen.top, seen.bottom);
      if (scale > 1 && (dx || dy)) moveTo(pan.x + dx, pan.y + dy);
    }

    return {
      by: byAtCentre, reset, reveal,
      get pinching() { return pinch !== null; },
      /** Drag the photo itself: call with the pointer's way since the drag began. */
      drag: () => { const from = { ...pan }; return (dx, dy) => moveTo(from.x + dx, from.y + dy); },
      touch(event) {
        if (event.pointerType !== "touch") return false;
        touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (touches.size === 2) pinch = pair();
        return touches.size >= 2;
      },
      touchMove(event) {
        if (touches.has(event.pointerId)) touches.set(event.pointerId, { x: event.clientX, y: event.clientY });
        if (!pinch || touches.size < 2) return pinch !== null;
        const now = pair();
        by(now.distance / Math.max(1, pinch.distance), now.x, now.y);
        moveTo(pan.x + now.x - pinch.x, pan.y + now.y - pinch.y);
        pinch = now;
        return true;
      },
      /** True when this finger was part of a pinch, so that its lifting means nothing else. */
      touchEnd(event) {
        touches.delete(event.pointerId);
        const was = pinch !== null;
        if (touches.size < 2) pinch = null;
        return was;
      },
    };
  };
})();
