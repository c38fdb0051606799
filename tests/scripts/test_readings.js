import assert from "node:assert/strict";
import { test } from "node:test";

import { lab } from "../../ui/static/scripts/base/state.js";
import { grouped, shown } from "../../ui/static/scripts/results/readings.js";

test("numbers are shown in their unit", () => {
  assert.deepEqual([shown(0.237, "%"), shown(31.26, "dB"), shown(4.04, "ΔE"), shown(0.0123, ""), shown(0, ""), shown(1.005, "")],
    ["24 %", "31.3 dB", "ΔE 4.0", "0.012", "0.00", "1.00"]);
});

test("one number over several areas is one group, where it needs the truth", () => {
  lab.catalogue = /** @type {any} */ ({ metrics: ["psnr", "psnr_box", "psnr_mask"].map((id) => ({ id, needs: "truth" })).concat({ id: "blur_mask", needs: "photo" }) });
  const readings = ["psnr", "blur_mask", "psnr_box", "psnr_mask"].map((id) => ({ id, value: 1 }));
  assert.deepEqual(grouped(readings).map((group) => group.map(({ id }) => id)), [["psnr", "psnr_box", "psnr_mask"], ["blur_mask"]]);
});
