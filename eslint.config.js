import js from "@eslint/js";
import globals from "globals";

/* What tsc cannot know: it sees types, not habits. */
const habits = {
  eqeqeq: "error",
  "no-var": "error",
  "prefer-const": "error",
  "no-shadow": ["error", { builtinGlobals: false, hoist: "all" }],
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-restricted-properties": ["error",
    { property: "innerHTML", message: "Text of users is no markup: build DOM with h()." },
    { property: "outerHTML", message: "Text of users is no markup: build DOM with h()." },
    { property: "insertAdjacentHTML", message: "Text of users is no markup: build DOM with h()." }],
  "no-undef": "off", // tsc does
};

/* As the rooms of the program: what all share knows none of the parts. */
const base = { "no-restricted-imports": ["error", { patterns: ["../select/*", "../erasers/*", "../results/*", "../tables/*", "../main.js"] }] };

export default [
  { files: ["ui/static/scripts/**/*.js"], ...js.configs.recommended, languageOptions: { globals: globals.browser },
    rules: { ...js.configs.recommended.rules, ...habits } },
  { files: ["ui/static/scripts/base/*.js"], rules: base },
  { files: ["tests/scripts/*.js", "eslint.config.js"], ...js.configs.recommended, languageOptions: { globals: globals.node },
    rules: { ...js.configs.recommended.rules, ...habits } },
  { ignores: ["**/*.d.ts", "examples/**", "docs/**"] },
];
