"use strict";
// The report's page: pictures from their store, sliders that move together, language, theme.

const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
const remembered = (name) => { try { return localStorage.getItem(`eraser-lab-${name}`); } catch { return null; } };
const remember = (name, value) => { try { localStorage.setItem(`eraser-lab-${name}`, value); } catch { /* a file without storage */ } };

// --- pictures: decoded when they come near ---------------------------------------------

const store = JSON.parse($("#pictures").textContent);
const addresses = new Map();

function address(key) {
  if (!addresses.has(key) && store[key]) {
    const [kind, data] = store[key].split(",", 2);
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    addresses.set(key, URL.createObjectURL(new Blob([bytes], { type: `image/${kind}` })));
    delete store[key];
  }
  return addresses.get(key) ?? "";
}

const show = (img) => { if (!img.src) img.src = address(img.dataset.picture); };
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { show(entry.target); near.unobserve(entry.target); }
}, { rootMargin: "1200px" });
$$("img[data-picture]").forEach((img) => near.observe(img));
addEventListener("beforeprint", () => $$("img[data-picture]").forEach(show));

// A tall picture is held by its height; its width must follow.
function fit(picture) {
  const [width, height] = picture.style.aspectRatio.split("/").map(Number);
  if (width && height) picture.style.maxWidth = `calc(72vh * ${width / height})`;
}
$$(".picture").forEach(fit);

// --- sliders ---------------------------------------------------------------------------

function move(compare, value) {
  compare.style.setProperty("--cut", `${value}%`);
  $("input", compare).value = value;
}

function moveAll(from, value) { $$(".compare", from).forEach((compare) => move(compare, value)); }

document.addEventListener("input", (event) => {
  const input = event.target;
  if (input.id === "all") return moveAll(document, input.value);
  const compare = input.closest(".compare");
  if (compare) moveAll(input.closest(".case") ?? compare, input.value);
});

// --- which erasers are shown -----------------------------------------------------------

document.addEventListener("change", (event) => {
  const id = event.target.dataset.toggle;
  if (id === undefined) return;
  for (const tile of $$("[data-cell]")) if (tile.dataset.cell === id) tile.hidden = !event.target.checked;
});

// --- language and theme ----------------------------------------------------------------

const languages = JSON.parse(root.dataset.languages); // the first speaks for what others lack
const button = $("#language");
const menu = document.createElement("select");
menu.id = button.id;
for (const { code, tag, name } of languages) menu.add(Object.assign(new Option(name, code), { lang: tag }));
for (const { name, value } of button.attributes) if (name.includes("title")) menu.setAttribute(name, value);
if (languages.length > 2) button.replaceWith(menu);
const known = (code) => languages.find((one) => one.code === code)?.code;
const other = () => languages.find((one) => one.code !== root.dataset.lang) ?? languages[0];

function speak(language) {
  root.dataset.lang = menu.value = language;
  root.lang = languages.find((one) => one.code === language).tag;
  button.textContent = other().name;
  for (const name of ["title", "aria-label"])
    for (const element of $$(`[data-${name}-${language}]`))
      element.setAttribute(name, element.getAttribute(`data-${name}-${language}`));
}

const asked = new URLSearchParams(location.search);
const own = navigator.language.toLowerCase();
const fits = (name) => own === name || own.startsWith(`${name}-`);
const preferred = languages.find((one) => fits(one.tag.toLowerCase())) ?? languages.find((one) => fits(one.code)) ?? languages[0];
speak(known(asked.get("lang")) ?? known(remembered("lang")) ?? preferred.code);
const choose = (code) => { speak(code); remember("lang", code); };
button.addEventListener("click", () => choose(other().code));
menu.addEventListener("change", () => choose(menu.value));

function shine(theme) {
  root.dataset.theme = theme;
  $("#theme").setAttribute("aria-pressed", String(theme === "dark"));
}

const dark = matchMedia("(prefers-color-scheme: dark)");
shine(remembered("theme") ?? (dark.matches ? "dark" : "light"));
dark.addEventListener("change", () => { if (!remembered("theme")) shine(dark.matches ? "dark" : "light"); });
$("#theme").addEventListener("click", () => {
  const other = root.dataset.theme === "dark" ? "light" : "dark";
  shine(other);
  remember("theme", other);
});

// --- the large view --------------------------------------------------------------------

const viewer = $("#viewer");
const stage = $(".compare", viewer);
let shown = [];
let place = 0;

function open(compare) {
  shown = $$(".compare", compare.closest(".case")).filter((one) => !one.closest("[hidden]"));
  viewer.showModal();
  present(shown.indexOf(compare));
}

function present(index) {
  place = (index + shown.length) % shown.length;
  const compare = shown[place];
  const [before, after] = $$("img", compare);
  $$("img", stage).forEach((img, i) => { img.src = address([before, after][i].dataset.picture); });
  stage.style.aspectRatio = compare.style.aspectRatio;
  const [width, height] = compare.style.aspectRatio.split("/").map(Number);
  const scale = Math.min((innerWidth - 40) / width, (innerHeight - 100) / height);
  stage.style.width = `${width * scale}px`;
  stage.style.maxWidth = "none";
  $("h3", viewer).replaceChildren(...$("h3", compare.closest(".tile")).cloneNode(true).childNodes);
  move(stage, $("input", compare).value);
  $("input", stage).focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (event.target.matches(".enlarge")) open(event.target.closest(".compare"));
  if (event.target.matches(".close")) viewer.close();
});
viewer.addEventListener("keydown", (event) => {
  const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (turn) present(place + turn);
  else if (event.key === " ") move(stage, Number($("input", stage).value) > 50 ? 0 : 100);
  else return;
  event.preventDefault();
});
viewer.addEventListener("input", () => {
  const value = $("input", stage).value;
  moveAll(shown[place].closest(".case"), value);
});
