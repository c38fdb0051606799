/* Numbers as people read them. */

/** @param {number} count of bytes */
export const formatBytes = (count) => {
  if (count >= 1e9) return (count / 1e9).toFixed(count >= 1e10 ? 0 : 1) + " GB";
  if (count >= 1e6) return Math.round(count / 1e6) + " MB";
  return Math.max(1, Math.round(count / 1e3)) + " kB";
};

/** @param {number} seconds */
export const formatSeconds = (seconds) => {
  if (seconds >= 60) return Math.floor(seconds / 60) + " min " + Math.round(seconds % 60) + " s";
  return seconds.toFixed(seconds < 10 ? 2 : 1) + " s";
};

/**
 * How long something will take, as far as can be told.
 * @param {number} seconds
 */
export const formatAbout = (seconds) => {
  if (seconds >= 5400) return Math.round(seconds / 3600) + " h";
  return seconds >= 90 ? Math.round(seconds / 60) + " min" : Math.max(1, Math.round(seconds)) + " s";
};

/** @param {number} share 0 to 1 */
export const formatPercent = (share) => {
  const value = share * 100;
  return (value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(1) : value > 0 ? "<0.1" : "0") + " %";
};

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
