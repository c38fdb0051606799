/* Loaded before node's tests: what the scripts find in a browser and from the server when they are imported. */

import { register } from "node:module";

register("./hooks.js", import.meta.url);
const browser = { location: new URL("http://page.test/"), navigator: { language: "aa" }, document: { documentElement: { dataset: {} } }, innerWidth: 1280, innerHeight: 800 };
for (const [name, value] of Object.entries(browser)) Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
