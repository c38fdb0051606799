/* A run's address: whoever opens it sees the run again. */

import { putLook } from "./look_link.js";

/** The run that the address names. */
export const linkedRun = () => new URLSearchParams(location.search).get("run");

/** @param {string} run */
export const runUrl = (run) => {
  const url = new URL(location.href);
  if (url.searchParams.get("run") !== run) putLook(url, { pair: null, part: null });
  url.searchParams.set("run", run);
  return url;
};

/**
 * The link to give away: it leads to the run, not to the tables.
 * @param {string} run
 */
export const runLink = (run) => {
  const url = runUrl(run);
  for (const name of ["tab", "show", "row"]) url.searchParams.delete(name);
  return url.href;
};
