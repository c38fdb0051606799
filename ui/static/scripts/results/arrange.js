/* How results share the window: as few rows, and as large pictures, as let them be seen together. */

/** Pixels; the gap is the styles'. */
export const GAP = 16, GAP_SMALL = 8;
const NARROWEST = 220, NARROWEST_SMALL = 140; // of a picture; the second on a phone
const SMALL = 640; // pixels of a width that is a phone's
const ALONE = 0.6; // what an arrangement is worth whose last row holds a single picture
const TOGETHER = 4; // so many are always wholly in view, if need be smaller than there is width for

/**
 * @typedef {object} Room
 * @property {number} count of pictures
 * @property {number} ratio of a picture, width over height
 * @property {number} width pixels that there are
 * @property {number} height pixels that are in view
 * @property {number} caption pixels under a picture
 *
 * @typedef {{ columns: number, width: number }} Arrangement width: pixels of one picture
 */

/**
 * @param {Room} room
 * @param {number} columns
 */
function measured({ count, ratio, width, height, caption }, columns) {
  const gap = width < SMALL ? GAP_SMALL : GAP;
  const rows = Math.ceil(count / columns);
  const natural = (width - gap * (columns - 1)) / columns;
  const fitting = ((height - gap * (rows - 1)) / rows - caption) * ratio;
  const wide = count <= TOGETHER ? Math.max(Math.min(natural, fitting), Math.min(natural, NARROWEST_SMALL)) : natural;
  const inView = Math.min(rows, (height + gap) / (wide / ratio + caption + gap)) * columns;
  const seen = Math.min(1, inView / count);
  const alone = columns > 1 && count % columns === 1 ? ALONE : 1;
  const filled = (count / (rows * columns)) * alone;
  return { columns, width: wide, worth: (wide * wide) / ratio * seen ** 2 * filled };
}

/**
 * The columns in which `count` pictures are largest while as many as can be are in view, and none
 * stands alone.
 * @param {Room} room
 * @returns {Arrangement}
 */
export function arrange(room) {
  const small = room.width < SMALL;
  const narrowest = small ? NARROWEST_SMALL : NARROWEST;
  const gap = small ? GAP_SMALL : GAP;
  const most = Math.max(1, Math.min(room.count, Math.floor((room.width + gap) / (narrowest + gap))));
  const least = small ? Math.min(2, most) : 1; // one below the other, nothing can be compared
  let best = measured(room, least);
  for (let columns = least + 1; columns <= most; columns += 1) {
    const other = measured(room, columns);
    if (other.worth > best.worth) best = other;
  }
  return { columns: best.columns, width: best.width };
}
