// layout.js: what a person would see go wrong in report.html, measured in a
// browser. check_page.sh puts it into a page of its own, after
//   const page = "...";       the report, base64 of UTF-8
//   const widths = [...];     px
//   const scheme = "light";   or "dark": what the browser was started with
// It loads the report into a frame of each width, and writes one line for each
// rule into <pre id="verdict">: "ok WIDTH SCHEME RULE" or "FAILED ...: why".
"use strict";

const lines = [];
const details_at_most = 5;

function report(width, rule, problems) {
  const where = `${width} ${scheme} ${rule}`;
  if (problems.length === 0) lines.push(`ok ${where}`);
  else lines.push(`FAILED ${where}: ${problems.length} times: ` +
    problems.slice(0, details_at_most).join("; "));
}

const short = (text) => JSON.stringify(text.trim().slice(0, 40));

// By how much two rectangles lie over each other, in the direction in which
// that is less.
const overlap = (a, b) =>
  Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

const has_size = (r) => r.width > 0 && r.height > 0;

// How far a rectangle reaches out of another.
const beyond = (inner, outer) =>
  Math.max(outer.left - inner.left, inner.right - outer.right,
    outer.top - inner.top, inner.bottom - outer.bottom);

// ---- charts ----

// What each shows is said below it, and in words for those who cannot see it.
function charts_told(doc) {
  const figures = [...doc.querySelectorAll("figure")];
  const untold = figures.filter((e) =>
    !/\.$/.test(e.querySelector("figcaption")?.textContent ?? "") ||
    !e.querySelector("svg[role=img][aria-label]"));
  return figures.length === 0 ? ["there is none"] :
    untold.map((e) => `${short(e.textContent)} says nothing`);
}

function each_drawing(doc, find) {
  const problems = [];
  doc.querySelectorAll("svg").forEach((svg) => problems.push(...find(svg)));
  return problems;
}

function inside_drawing(svg) {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("*")]
    .filter((e) => beyond(e.getBoundingClientRect(), frame) > 1)
    .map((e) => `${e.tagName} ${short(e.textContent || e.outerHTML)} ends ` +
      `outside its drawing`);
}

function texts_apart(svg) {
  const problems = [];
  const texts = [...svg.querySelectorAll("text")]
    .map((e) => [e, e.getBoundingClientRect()]);
  for (let i = 0; i < texts.length; i++)
    for (let j = 0; j < i; j++)
      if (overlap(texts[i][1], texts[j][1]) > 2)
        problems.push(`${short(texts[i][0].textContent)} lies over ` +
          short(texts[j][0].textContent));
  return problems;
}

function large_enough(svg) {
  const scale = svg.getScreenCTM().a;
  return [...svg.querySelectorAll("text")]
    .filter((e) => parseFloat(getComputedStyle(e).fontSize) * scale < 9)
    .map((e) => `${short(e.textContent)} is smaller than 9 px`);
}

function numbers_only(svg) {
  return [...svg.querySelectorAll("*")].filter((e) =>
    [...e.attributes].some((a) => /NaN|nan|inf/i.test(a.value) &&
      a.name !== "aria-label" && a.name !== "class"))
    .map((e) => e.outerHTML.slice(0, 60));
}

// ---- the page ----

// Everything with a text of its own; what scrolls sideways may be wider.
function blocks_of(doc) {
  return [...doc.querySelectorAll("h1,h2,p,li,dt,dd,summary,figure,figcaption,.wide")]
    .filter((e) => has_size(e.getBoundingClientRect()));
}

function within_page(doc, width) {
  const problems = [];
  if (doc.documentElement.scrollWidth > width)
    problems.push(`the page is ${doc.documentElement.scrollWidth} px wide`);
  for (const e of blocks_of(doc)) {
    const r = e.getBoundingClientRect();
    if (r.left < 0 || r.right > width + 0.5)
      problems.push(`${e.tagName} ${short(e.textContent)} ends at ${r.right}`);
    if (!e.matches(".wide") && e.scrollWidth > e.clientWidth + 1 &&
      e.clientWidth > 0)
      problems.push(`${e.tagName} ${short(e.textContent)} is cut off`);
  }
  return problems;
}

function blocks_apart(doc) {
  const problems = [];
  const blocks = blocks_of(doc);
  for (let i = 1; i < blocks.length; i++)
    for (let j = Math.max(0, i - 8); j < i; j++)
      if (!blocks[j].contains(blocks[i]) &&
        overlap(blocks[i].getBoundingClientRect(),
          blocks[j].getBoundingClientRect()) > 1)
        problems.push(`${short(blocks[i].textContent)} lies over ` +
          short(blocks[j].textContent));
  return problems;
}

function cells_whole(doc) {
  return [...doc.querySelectorAll("th,td")]
    .filter((e) => e.scrollWidth > e.clientWidth + 1)
    .map((e) => `${short(e.textContent)} is wider than its cell`);
}

function self_contained(doc) {
  const problems = [];
  for (const e of doc.querySelectorAll("script,link,img,iframe,object,embed"))
    problems.push(`there is a ${e.tagName}`);
  for (const e of doc.querySelectorAll("[src],[href]"))
    problems.push(`${e.tagName} refers to something`);
  for (const e of doc.querySelectorAll("style"))
    if (/url\(|@import/.test(e.textContent))
      problems.push("the style sheet refers to something");
  return problems;
}

// ---- contrast (WCAG 2) ----

function numbers_of(color) {
  return (color.match(/[\d.]+/g) || []).map(Number);
}

function luminance(color) {
  const [r, g, b] = numbers_of(color).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

// What lies behind: for a text in a bar that bar, else the nearest ground.
function ground_of(e) {
  if (e.matches(".inside")) {
    let bar = e.previousElementSibling;
    while (bar && bar.tagName !== "rect") bar = bar.previousElementSibling;
    if (bar) return getComputedStyle(bar).fill;
  }
  for (let at = e; at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    const parts = numbers_of(color);
    if (parts.length === 3 || parts[3] > 0) return color;
  }
  return "rgb(255, 255, 255)";
}

function readable(doc) {
  const problems = [];
  for (const e of doc.querySelectorAll("h1,h2,p,li,dt,dd,summary,figcaption,th,td,text")) {
    const style = getComputedStyle(e);
    const color = e.tagName === "text" ? style.fill : style.color;
    const ratio = contrast(color, ground_of(e));
    if (!(ratio >= 4.5))
      problems.push(`${short(e.textContent)} has a contrast of ` +
        ratio.toFixed(1));
  }
  return problems;
}

// Lines and marks: 3 to 1 is enough to see a shape.
function visible(doc) {
  return [...doc.querySelectorAll(".line,.mark:not(.hollow),.bar:not(.hollow)")]
    .map((e) => {
      const style = getComputedStyle(e);
      const color = e.matches(".line") ? style.stroke : style.fill;
      return [e, contrast(color, ground_of(e))];
    })
    .filter(([, ratio]) => !(ratio >= 3))
    .map(([e, ratio]) =>
      `${e.getAttribute("class")} has a contrast of ${ratio.toFixed(1)}`);
}

// ---- all of it ----

function examine(doc, width) {
  doc.querySelectorAll("details").forEach((e) => { e.open = true; });
  report(width, "has charts, each with a sentence", charts_told(doc));
  report(width, "is self-contained", self_contained(doc));
  report(width, "nothing reaches out of the page", within_page(doc, width));
  report(width, "nothing lies over anything", blocks_apart(doc));
  report(width, "cells are whole", cells_whole(doc));
  report(width, "nothing reaches out of a drawing",
    each_drawing(doc, inside_drawing));
  report(width, "no text lies over another", each_drawing(doc, texts_apart));
  report(width, "texts are large enough", each_drawing(doc, large_enough));
  report(width, "drawings hold numbers only", each_drawing(doc, numbers_only));
  report(width, "texts stand out", readable(doc));
  report(width, "lines and marks stand out", visible(doc));
}

function load(width) {
  return new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.style.cssText = `border:0;width:${width}px;height:900px`;
    frame.onload = () => done(frame);
    const bytes = Uint8Array.from(atob(page), (c) => c.charCodeAt(0));
    frame.srcdoc = new TextDecoder().decode(bytes);
    document.body.append(frame);
  });
}

async function main() {
  const is_dark = matchMedia("(prefers-color-scheme: dark)").matches;
  report(0, "the browser has this colour scheme",
    is_dark === (scheme === "dark") ? [] : ["it has the other one"]);
  for (const width of widths) {
    const frame = await load(width);
    examine(frame.contentDocument, width);
    frame.remove();
  }
}

main().catch((e) => lines.push(`FAILED 0 ${scheme} runs: ${e}`)).then(() => {
  document.getElementById("verdict").textContent =
    `\nBEGIN\n${lines.join("\n")}\nEND\n`;
});
