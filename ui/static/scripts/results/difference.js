/* How far two pictures are apart, pixel by pixel, enlarged so that it can be seen. */

export const TIMES = 8;
const MOST = 16e6; // pixels: some browsers have no larger canvas
const BAND = 256; // rows at once, so that a large picture does not stand in memory three times

/**
 * |a - b| of each colour, `TIMES` as much, opaque, into `into`.
 * @param {Uint8ClampedArray} a RGBA
 * @param {Uint8ClampedArray} b RGBA, as long as a
 * @param {Uint8ClampedArray} into as long as a
 * @returns {number} how many pixels differ
 */
export function differ(a, b, into) {
  let count = 0;
  for (let at = 0; at < a.length; at += 4) {
    const alpha = Math.abs(a[at + 3] - b[at + 3]);
    let any = alpha;
    for (let channel = at; channel < at + 3; channel += 1) {
      const apart = Math.abs(a[channel] - b[channel]);
      into[channel] = TIMES * Math.max(apart, alpha); // the array keeps it within 255
      any ||= apart;
    }
    into[at + 3] = 255;
    if (any) count += 1;
  }
  return count;
}

/**
 * @param {HTMLImageElement} image
 * @param {number} width
 * @param {number} height
 * @param {number} top
 * @param {number} rows
 */
function band(image, width, height, top, rows) {
  const pen = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Error("no canvas");
  pen.drawImage(image, 0, -top, width, height);
  return pen.getImageData(0, 0, width, rows);
}

/**
 * Draw the difference of two pictures of one size, which have arrived.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} a
 * @param {HTMLImageElement} b
 * @returns {number} the share of pixels that differ; NaN where it could not be drawn
 */
export function drawDifference(canvas, a, b) {
  const scale = Math.min(1, Math.sqrt(MOST / Math.max(1, b.naturalWidth * b.naturalHeight)));
  const width = canvas.width = Math.round(b.naturalWidth * scale), height = canvas.height = Math.round(b.naturalHeight * scale);
  const pen = canvas.getContext("2d");
  if (!pen || !width || !height) return NaN;
  let count = 0;
  for (let top = 0; top < height; top += BAND) {
    const rows = Math.min(BAND, height - top);
    const drawn = new ImageData(width, rows);
    count += differ(band(a, width, height, top, rows).data, band(b, width, height, top, rows).data, drawn.data);
    pen.putImageData(drawn, 0, top);
  }
  return count / (width * height);
}
