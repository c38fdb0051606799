/* The brush: a stroke is drawn here within the frame, and then becomes part of the server's mask. */
(() => {
  "use strict";
  const lab = eraserLab;
  const MOST_POINTS = 1000; // of one stroke; the server has a limit too
  const MOST_SIDE = 8192; // pixels of a canvas that every browser can draw on
  const round = (value) => Math.round(value * 10) / 10;

  /** toPhoto turns a pointer event into photo pixels. */
  lab.makeBrush = ({ view, scratch, toPhoto }) => {
    let stroke = null;
    const pen = scratch.getContext("2d");
    const clear = () => pen.clearRect(0, 0, scratch.width, scratch.height);

    function draw() {
      const scale = scratch.width / lab.photo.width;
      clear();
      pen.lineCap = pen.lineJoin = "round";
      pen.lineWidth = stroke.width * scale;
      pen.strokeStyle = stroke.erase ? "rgb(255 255 255 / 70%)" : "rgb(255 45 100 / 58%)";
      pen.beginPath();
      pen.moveTo(stroke.points[0][0] * scale, stroke.points[0][1] * scale);
      // The hundredth makes a single point a dot: a line without length is not drawn.
      for (const [x, y] of stroke.points) pen.lineTo(x * scale, y * scale + 0.01);
      pen.stroke();
    }

    return {
      clear,
      get active() { return stroke !== null; },
      start(at, width, erase) {
        stroke = { points: [[round(at.x), round(at.y)]], width, erase };
        const ratio = Math.min(devicePixelRatio, MOST_SIDE / Math.max(view.offsetWidth, view.offsetHeight));
        scratch.width = Math.round(view.offsetWidth * ratio);
        scratch.height = Math.round(view.offsetHeight * ratio);
        draw();
      },
      move(event) {
        const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
        for (const one of events.length ? events : [event]) {
          const at = toPhoto(one);
          const [x, y] = stroke.points[stroke.points.length - 1];
          // Closer than a sixth of the brush adds nothing that can be seen.
          const far = Math.hypot(at.x - x, at.y - y) > stroke.width / 6;
          if (far && stroke.points.length < MOST_POINTS) stroke.points.push([round(at.x), round(at.y)]);
        }
        draw();
      },
      finish() {
        const done = stroke;
        stroke = null;
        return done;
      },
      cancel() {
        stroke = null;
        clear();
      },
    };
  };
})();
