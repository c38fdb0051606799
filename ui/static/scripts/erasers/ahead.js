/* How long an eraser is expected to take here, before one presses. */

import { formatAbout } from "../base/figures.js";

/**
 * @typedef {import("../types.js").Eraser} Eraser
 * @typedef {import("../types.js").Settings} Settings
 */

/**
 * @param {Eraser} eraser
 * @param {Settings} settings
 */
export const secondsAhead = ({ pace }, settings) => pace.load + pace.step * (Number(settings.num_inference_steps) || pace.steps);

/**
 * @param {Eraser} eraser
 * @param {Settings} settings
 */
export const timeAhead = (eraser, settings) => (eraser.pace.measured ? "" : "≈ ") + formatAbout(secondsAhead(eraser, settings));
