/* What the user has pointed at on the open photo: objects, strokes, an uploaded mask, the shape.
 *
 * One immutable value with undo. It lives in this tab, survives a reload, and travels whole with
 * every request; "work" is emitted whenever it changes.
 */
(() => {
  "use strict";
  const lab = eraserLab;
  const DEPTH = 200; // steps that can be undone

  const blankObject = () => ({ points: [], box: null, negative_boxes: [], level: null, on: true, view: null });
  const blankShape = (dilate) => ({ dilate, dilate_unit: "px", fill_holes: false, drop_speckles: true, smooth: 0, precision: 0, invert: false });
  const blank = () => ({ objects: [blankObject()], active: 0, strokes: [], upload: null, shape: blankShape(defaultDilate()) });

  const defaultDilate = () => (lab.photo ? lab.photo.growth : 0);

  let current = blank();
  let past = [];
  let future = [];

  const changed = () => {
    if (lab.photo) lab.session.write({ photo: lab.photo.id, work: current });
    lab.emit("work", current);
  };

  const work = {
    get value() { return current; },
    get canUndo() { return past.length > 0; },
    get canRedo() { return future.length > 0; },
    get empty() { return !lab.prompted(current); },
    get active() { return current.objects[current.active]; },

    /** A step that can be undone. */
    commit(value) {
      past.push(current);
      if (past.length > DEPTH) past.shift();
      future = [];
      current = value;
      changed();
    },
    /** A change on the way to a step (a slider being moved): the step itself is committed at its end. */
    glide(value) {
      current = value;
      changed();
    },
    /** Make one step of what has been glided since `before`. */
    settle(before) {
      if (before === current) return;
      past.push(before);
      future = [];
      changed();
    },
    undo() {
      if (!past.length) return;
      future.push(current);
      current = past.pop();
      changed();
    },
    redo() {
      if (!future.length) return;
      past.push(current);
      current = future.pop();
      changed();
    },
    /** Start on another photo; nothing of the former one can be undone. */
    reset(prompts) {
      past = [];
      future = [];
      current = prompts ? complete(prompts) : blank();
      changed();
    },
    clear() {
      if (!work.empty) work.commit({ ...blank(), shape: current.shape });
    },

    changeActive(object) {
      const objects = current.objects.map((one, place) => (place === current.active ? { ...one, ...object } : one));
      work.commit({ ...current, objects });
    },
    addObject(object = {}) {
      const fresh = { ...blankObject(), ...object };
      const kept = current.objects.filter(lab.pointed);
      work.commit({ ...current, objects: [...kept, fresh], active: kept.length });
    },
    addObjects(boxes) {
      const objects = [...current.objects.filter(lab.pointed), ...boxes.map((box) => ({ ...blankObject(), box }))];
      work.commit({ ...current, objects, active: objects.length - 1 });
    },
    removeObject(place) {
      const objects = current.objects.filter((_, index) => index !== place);
      if (!objects.length) objects.push(blankObject());
      work.commit({ ...current, objects, active: Math.min(current.active, objects.length - 1) });
    },
    toggleObject(place) {
      const objects = current.objects.map((one, index) => (index === place ? { ...one, on: !one.on } : one));
      work.commit({ ...current, objects });
    },
    activate(place) {
      if (place !== current.active) work.glide({ ...current, active: place });
    },
    reshape(shape) {
      work.commit({ ...current, shape: { ...current.shape, ...shape } });
    },
  };

  /** The shape that leaves a mask as it is. */
  lab.plainShape = () => blankShape(0);

  /** A prompt from an example, a link or a file, with everything that it leaves open. */
  lab.completePrompt = complete;
  function complete(prompt) {
    const given = prompt.objects || [{ points: prompt.points || [], box: prompt.box || null, level: prompt.level ?? null }];
    const objects = given.map((object) => ({ ...blankObject(), ...object }));
    if (!objects.length) objects.push(blankObject());
    const shape = { ...blankShape(prompt.dilate ?? defaultDilate()), ...prompt.shape };
    return { objects, active: Math.min(prompt.active ?? objects.length - 1, objects.length - 1), strokes: prompt.strokes || [], upload: prompt.upload || null, shape };
  }

  /** The whole pixels between two points of the photo; right and bottom exclusive. */
  lab.boxBetween = (a, b) => ({
    x0: Math.floor(Math.min(a.x, b.x)), y0: Math.floor(Math.min(a.y, b.y)),
    x1: Math.ceil(Math.max(a.x, b.x)), y1: Math.ceil(Math.max(a.y, b.y)),
  });

  /** Whether an object says what it is: a box, or a point on it. */
  lab.pointed = (object) => object.box !== null || object.points.some((point) => point.label === 1);
  /** Whether there is anything to make a mask of. */
  lab.prompted = (value) => value.objects.some((object) => lab.pointed(object) && object.on) || value.strokes.some((stroke) => !stroke.erase) || value.upload !== null;
  /** The places in the work of the objects that are sent, in the order of the answer. */
  lab.sentObjects = () => current.objects.map((_, place) => place).filter((place) => lab.pointed(current.objects[place]));

  lab.prompts = () => ({ photo: lab.photo.id, objects: lab.sentObjects().map((place) => current.objects[place]),
    strokes: current.strokes, upload: current.upload, shape: current.shape, segmenter: lab.segmenter || null });

  lab.work = work;
})();
