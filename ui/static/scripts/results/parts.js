/* Runs that are one table: one for each photo, or for each dilation. Their name is their ids with commas between them. */

/**
 * @typedef {import("../types.js").Grid} Grid
 * @typedef {import("../types.js").Card} Card
 */

/** @param {string} run */
export const idsOf = (run) => run.split(",").filter(Boolean);

/** @param {string} run */
export const isSeries = (run) => run.includes(",");

/**
 * What the photos of several runs are called, told apart where two have one name.
 * @param {Grid[]} parts
 */
function photoNames(parts) {
  /** @type {Map<string, string>} */
  const byPhoto = new Map();
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { photo } of parts) {
    if (!photo || byPhoto.has(photo.id)) continue;
    const count = (counts.get(photo.name) ?? 0) + 1;
    counts.set(photo.name, count);
    byPhoto.set(photo.id, count > 1 ? `${photo.name} (${count})` : photo.name);
  }
  return byPhoto;
}

/**
 * The state of all: one that still goes on before one that was stopped, that before one that failed.
 * @param {Grid[]} parts
 * @returns {Grid["state"]}
 */
const stateOf = (parts) => /** @type {const} */ (["running", "stopped", "failed"]).find((state) => parts.some((part) => part.state === state)) ?? "done";

/**
 * Several runs as the page draws one; each card knows whose it is. Several photos are an axis of their own.
 * @param {Grid[]} parts in their order
 * @returns {Grid}
 */
export function joined(parts) {
  const names = photoNames(parts);
  /** @type {Card[]} */
  const cards = parts.flatMap((part) => part.cards.map((card) => ({ ...card,
    axes: names.size > 1 && part.photo ? { photo: names.get(part.photo.id) ?? "", ...card.axes } : card.axes,
    of: { run: part.run, index: card.index, photo: part.photo, mask: part.mask } })));
  const state = stateOf(parts);
  const runs = parts.map((part) => part.shown ?? part.run).join(",");
  return { run: parts.map((part) => part.run).join(","), state, parts, shown: runs,
    photo: parts.find((part) => part.photo)?.photo ?? null, mask: parts.find((part) => part.mask)?.mask ?? null,
    cards: cards.map((card, index) => ({ ...card, index })),
    error: parts.find((part) => part.error)?.error ?? null, judging: parts.some((part) => part.judging),
    private: parts.every((part) => part.private), seconds: parts.reduce((sum, part) => sum + (part.seconds ?? 0), 0),
    zip: state !== "running" && parts.some((part) => part.zip) ? "lab/all.zip?runs=" + runs : null };
}

/**
 * A run that was refused has no cards: those that it was to have say so.
 * @param {Grid} before as it was to be
 * @param {Grid} value
 * @returns {Grid}
 */
const whole = (before, value) => (value.cards.length || !before.cards.length ? { ...value, photo: value.photo ?? before.photo }
  : { ...before, ...value, waits: false, photo: before.photo, cards: before.cards.map((card) => ({ ...card, state: "failed", error: value.error })) });

/**
 * What never began, because the run before it was stopped.
 * @param {Grid} part
 * @returns {Grid}
 */
const stopped = (part) => ({ ...part, waits: false, state: "stopped", cards: part.cards.map((card) => ({ ...card, state: "stopped" })) });

/** The series that this page knows, by their names. */
export function makeParts() {
  /** @type {Map<string, Map<string, Grid>>} */
  const known = new Map();

  /** @param {string} run @param {string | null} seen the name that is looked at */
  const nameOf = (run, seen) => (seen === run ? undefined : [seen ?? "", ...known.keys()].find((name) => known.get(name)?.has(run)));

  return {
    /** @param {Grid[]} parts */
    begin(parts) {
      const grid = joined(parts);
      known.set(grid.run, new Map(parts.map((part) => [part.run, part])));
      return grid;
    },
    /**
     * The table that a run's value belongs to, with it; else the value itself.
     * @param {Grid} value
     * @param {string | null} seen
     */
    with(value, seen) {
      const parts = known.get(nameOf(value.run, seen) ?? "");
      if (!parts) return value;
      parts.set(value.run, whole(/** @type {Grid} */ (parts.get(value.run)), value));
      if (value.state === "stopped") for (const [run, part] of parts) if (part.waits) parts.set(run, stopped(part));
      return joined([...parts.values()]);
    },
    /** @param {string} id of a photo @param {string} run */
    holds: (id, run) => [...known.get(run)?.values() ?? []].some(({ photo }) => photo?.id === id),
  };
}
