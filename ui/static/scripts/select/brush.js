/* The brush: a stroke is drawn here within the frame, and then becomes part of the server's mask. */
(() => {
  "use strict";
  const lab = eraserLab;
  const MOST_POINTS = 1000; // of one stroke; the server has a limit too
  const round = (value) => Math.round(value * 10) / 10;

  /** toPhoto turns a pointer event into photo pixels; seen() gives what the stage shows, in shares of the photo. */
  lab.makeBrush = ({ view, scratch, toPhoto, seen }) => {
    let stroke = null;
    let part = null; // of the photo that the canvas covers: x, y, width in its pixels
    const pen = scratch.getContext("2d");

    function clear() {
      pen.resetTransform();
      pen.clearRect(0, 0, scratch.width, scratch.height);
    }

    /** The part of the photo that is seen: a canvas as large as a photo zoomed in would be too large to draw on. */
    function spread() {
      const { x0, y0, x1, y1 } = seen();
      scratch.width = Math.ceil((x1 - x0) * view.offsetWidth * devicePixelRatio);
      scratch.height = Math.ceil((y1 - y0) * view.offsetHeight * devicePixelRatio);
      const percent = (share) => share * 100 + "%";
      Object.assign(scratch.style, { left: percent(x0), top: percent(y0), width: percent(x1 - x0), height: percent(y1 - y0) });
      return { x: x0 * lab.photo.width, y: y0 * lab.photo.height, width: (x1 - x0) * lab.photo.width };
    }

    function draw() {
      const scale = scratch.width / part.width;
      clear();
      pen.translate(-part.x * scale, -part.y * scale);
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
        part = spread();
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
