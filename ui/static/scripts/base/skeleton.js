/* What stands on the page until its parts are there; the server puts it into the HTML. */

const LONGEST = 4000; // milliseconds that it stays once the parts begin to be made

/** Show the page as it is. */
export const removeSkeleton = () => document.getElementById("lab-skeleton")?.remove();

/** It goes when the eraser cards are there; a slow answer must not keep anybody from the photo. */
export const expectParts = () => { setTimeout(removeSkeleton, LONGEST); };
