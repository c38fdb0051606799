/* The address of a figure says all that was wished. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { figureAddress } from "../../ui/static/scripts/results/figure_address.js";

const WISHES = { width: 84, font_size: 7.5, columns: 3, dpi: 600, zoom: "below", labels: true, photo: false, mask: true, numbers: ["seconds", "psnr"], language: "zh" };

test("all wishes stand in the address, by the server's names", () => {
  const address = new URL(figureAddress("abc", "pdf", WISHES), "http://page.test/below/");
  assert.equal(address.pathname, "/below/lab/figure.pdf");
  assert.deepEqual(Object.fromEntries(address.searchParams), { runs: "abc", width: "84", font_size: "7.5", columns: "3", dpi: "600", zoom: "below",
    labels: "true", photo: "false", mask: "true", numbers: "seconds,psnr", language: "zh" });
});

test("no numbers are none, and there are eight at most", () => {
  const of = (/** @type {string[]} */ numbers) => new URL(figureAddress("abc", "svg", { ...WISHES, numbers }), "http://page.test/").searchParams.get("numbers");
  assert.equal(of([]), null);
  assert.equal(of([..."abcdefghij"])?.split(",").length, 8);
});
