/* What is here of a model's weights, and what is on its way. */

import { lab } from "../base/state.js";

/** @typedef {import("../types.js").Model} Model */
/** @typedef {Pick<Model, "weights">} Weighted */

const HERE = ["ready", "found"]; // found: in the model hub's own cache, checked and used from there

/** @param {Weighted} one */
export const isReady = (one) => one.weights.every((weight) => weight.state === "ready");
/** @param {Weighted} one */
export const isFetching = (one) => one.weights.some((weight) => weight.state === "fetching");
/** @param {Weighted} one */
export const failureOf = (one) => one.weights.find((weight) => weight.state === "failed");
/**
 * All of it is here, some in the model hub's own cache: nothing is downloaded.
 * @param {Weighted} one
 */
export const isFound = (one) => !isReady(one) && one.weights.every((weight) => HERE.includes(weight.state));
/** @param {Weighted} one */
export const allBytes = (one) => one.weights.reduce((sum, weight) => sum + weight.size, 0);
/** @param {Weighted} one */
export const missingBytes = (one) => allBytes({ weights: one.weights.filter((weight) => !HERE.includes(weight.state)) });

/**
 * How much of a model's missing weights has arrived, 0 to 100; null when none is on its way.
 * @param {Weighted} one
 */
export const fetchedPercent = (one) => {
  if (!isFetching(one)) return null;
  const done = one.weights.reduce((sum, weight) => sum + (weight.state === "ready" ? 0 : weight.done || 0), 0);
  return Math.floor((100 * done) / Math.max(1, missingBytes(one)));
};

/** Every model that the catalogue names. */
export const everything = () => {
  if (!lab.catalogue) return [];
  return [...lab.catalogue.erasers, ...lab.catalogue.segmenters, ...(lab.catalogue.detectors || [])];
};
