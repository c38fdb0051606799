/* What the results stand at; their parts share it. */

import { lookIn } from "./look_link.js";
import { linkedRun } from "./run_link.js";

/**
 * grid: the newest value. expected: the run that this page has started, or opened, and waits for. asked: what a
 * link wants to be looked at. settled: a photo that is opened from now on is the user's own wish.
 * @typedef {{ grid: import("../types.js").Grid | null, expected: string | null, asked: import("./look_link.js").Look, settled: boolean }} Shown
 */

/** As the address says it. @returns {Shown} */
export const atFirst = () => ({ grid: null, expected: null, asked: lookIn(location.search), settled: !linkedRun() });
