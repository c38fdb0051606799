/* What a click would select, shown before it is made, where the segmenter is quick enough. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { work } = lab;
  const REST = 90; // milliseconds the pointer rests before a preview is asked for
  const QUICK = 250; // milliseconds an answer may take for previews to be worth it

  lab.makeHover = ({ server, image }) => {
    let timer = null;
    let asking = false;
    let slow = false; // the last preview took too long: none is asked for until an answer is quick

    function cancel() {
      clearTimeout(timer);
      timer = null;
      image.hidden = true;
    }

    async function ask(at) {
      if (!lab.photo || asking) return;
      asking = true;
      const photo = lab.photo.id;
      const object = { points: [{ ...at, label: 1 }], box: null, negative_boxes: [], level: null, on: true };
      const reply = await lab.ask(server.segment, { photo, n: 0, objects: [object], strokes: [], upload: null,
        shape: { ...work.value.shape, dilate: 0, invert: false }, segmenter: lab.segmenter || null });
      asking = false;
      if (reply.ok) slow = reply.approximate || reply.milliseconds > QUICK;
      if (!reply.ok || timer === null || photo !== lab.photo.id || lab.pointed(work.active)) return;
      image.src = reply.overlay;
      image.hidden = false;
    }

    lab.on("photo", () => { slow = false; });
    return {
      cancel,
      /** An answer to a real request tells how quick the next preview would be. */
      learn: (reply) => { slow = slow && reply.milliseconds > QUICK; },
      at(point) {
        cancel();
        if (!slow && !lab.pointed(work.active)) timer = setTimeout(() => ask(point), REST);
      },
    };
  };
})();
