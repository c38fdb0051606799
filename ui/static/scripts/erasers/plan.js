/* Whose share of a lent GPU it is. The model hub's page, in whose frame we stand there, knows its
   visitor's plan and tells a frame that asks; how much of the day is left, it does not tell. */

const HUB = "https://huggingface.co";

/** Minutes of a GPU in 24 hours. */
export const MINUTES = Object.freeze({ anonymous: 2, free: 5, pro: 40, enterprise: 60 });

/** @typedef {keyof typeof MINUTES} Plan */

/**
 * The plan in the hub's answer; null for what is not known to have a share of its own.
 * @param {unknown} answer
 * @returns {Plan | null}
 */
export function planOf(answer) {
  const { user, org } = /** @type {{ user?: unknown, org?: unknown }} */ (answer ?? {});
  if (org === "enterprise") return "enterprise";
  if (user === "pro" || org === "team") return "pro";
  if (org) return null;
  return user === "free" || user === "anonymous" ? user : null;
}

/**
 * Ask, where there is somebody to ask.
 * @param {(plan: Plan | null) => void} told
 */
export function askForPlan(told) {
  const { parent } = window;
  if (parent === window) return;
  window.addEventListener("message", ({ origin, source, data }) => {
    if (origin === HUB && source === parent && data?.type === "USER_PLAN") told(planOf(data.plan));
  });
  parent.postMessage({ type: "USER_PLAN_REQUEST" }, HUB); // reaches no other site's page
}
