/* What stands in the fields of a sweep, as the server reads it. */

/**
 * words: NAME=VALUE,VALUE as the command line has them.
 * @param {Map<string, string>} texts by the axis: ERASER.SETTING, "dilate" or "seed"
 * @returns {{ words: string[], seeds: string }}
 */
export function wordsOf(texts) {
  const words = [];
  for (const [axis, text] of texts) {
    const values = text.trim().replaceAll("，", ",").replace(/,\s*$/, "");
    if (values && axis !== "seed") words.push(`${axis}=${values}`);
  }
  return { words, seeds: (texts.get("seed") ?? "").replaceAll("，", ",").replace(/\s+/g, "").replace(/,$/, "") };
}
