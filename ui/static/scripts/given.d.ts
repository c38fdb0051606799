/* given.js is written by the server (ui/page/assets.py): what it knows and the scripts do not. */
import type { Language } from "./types.js";

/** The first speaks for what others lack. */
export const LANGUAGES: Language[];
