// layout.js: what a person would see go wrong in report.html, measured in a
// browser. check_page.sh puts it into a page of its own, behind the constants
// scheme ("light" or "dark") and page (the report, base64 of UTF-8). Each rule
// gives a list of what breaks it, and each width a line for each rule.
"use strict";

const short = (e) => `${e.tagName} "${e.textContent.trim().slice(0, 40)}"`;
const box = (e) => e.getBoundingClientRect();
const all = (doc, what) => [...doc.querySelectorAll(what)];
// By how much one box lies over another, in the direction in which it is less.
const overlap = (a, b) =>
  Math.min(a.right - b.left, b.right - a.left, a.bottom - b.top,
    b.bottom - a.top);
const is_beyond = (a, b) => a.left < b.left - 1 || a.right > b.right + 1 ||
  a.top < b.top - 1 || a.bottom > b.bottom + 1;
// Everything with a text of its own; a .wide scrolls to the side.
const blocks = (doc) =>
  all(doc, "h1,h2,h3,p,li,dt,dd,summary,figure>svg,figcaption,.wide")
    .filter((e) => box(e).width > 0);
const pairs = (list) => list.flatMap((a, i) =>
  list.slice(Math.max(0, i - 20), i).map((b) => [a, b]));

// Contrast as WCAG 2 has it.
const numbers = (color) => (color.match(/[\d.]+/g) || []).map(Number);
function luminance(color) {
  const [r, g, b] = numbers(color).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(e) {
  while (e && numbers(getComputedStyle(e).backgroundColor)[3] === 0)
    e = e.parentElement;
  return e ? getComputedStyle(e).backgroundColor : "rgb(255, 255, 255)";
}
function is_faint(e, property, at_least) {
  const behind = property === "backgroundColor" ? e.parentElement : e;
  const [low, high] = [getComputedStyle(e)[property], ground(behind)]
    .map(luminance).sort((a, b) => a - b);
  return !((high + 0.05) / (low + 0.05) >= at_least);
}

const rules = {
  "it needs nothing from the network": (doc) =>
    all(doc, "script,link,img,iframe,object,embed,[src],[href]").map(short)
      .concat(all(doc, "*").filter((e) =>
        /url\(|@import/.test(e.getAttribute("style") + (e.tagName === "STYLE" ?
          e.textContent : ""))).map(short)),
  "there are pictures, and each says what it shows": (doc) =>
    doc.querySelector("figure") === null ? ["there is none"] :
      all(doc, "figure").filter((e) =>
        !/\.$/.test(e.querySelector("figcaption").textContent)).map(short),
  "nothing is cut off": (doc, width) =>
    blocks(doc).filter((e) => box(e).left < 0 || box(e).right > width + 0.5 ||
      (!e.matches(".wide,svg") && e.scrollWidth > e.clientWidth + 1))
      .concat(all(doc, "th,td").filter((e) => e.scrollWidth > e.clientWidth + 1))
      .concat(all(doc, "svg *").filter((e) =>
        is_beyond(box(e), box(e.closest("svg"))))).map(short),
  "nothing lies over anything": (doc) =>
    pairs(blocks(doc)).filter(([a, b]) => overlap(box(a), box(b)) > 1)
      .concat(all(doc, "svg").flatMap((svg) => pairs(all(svg, "text"))
        .filter(([a, b]) => overlap(box(a), box(b)) > 2)))
      .map(([a, b]) => `${short(a)} over ${short(b)}`),
  "nothing is too small": (doc) =>
    all(doc, "body *").filter((e) => parseFloat(getComputedStyle(e).fontSize) *
      (e.tagName === "text" ? e.getScreenCTM().a : 1) < 9.5).map(short),
  "nothing is too faint": (doc) =>
    all(doc, "h1,h2,h3,p,li,dt,dd,summary,figcaption,th,td")
      .filter((e) => is_faint(e, "color", 4.5))
      .concat(all(doc, "text").filter((e) => is_faint(e, "fill", 4.5)))
      .concat(all(doc, ".mark").filter((e) => is_faint(e, "fill", 3)))
      .concat(all(doc, ".line").filter((e) => is_faint(e, "stroke", 3)))
      .concat(all(doc, ".range,.mean")
        .filter((e) => is_faint(e, "backgroundColor", 3))).map(short),
  "the colours are those asked for": (doc) =>
    (luminance(ground(doc.body)) < 0.2) === (scheme === "dark") ? [] : ["no"]
};

async function main() {
  const bytes = Uint8Array.from(atob(page), (c) => c.charCodeAt(0));
  const lines = [];
  for (const width of [400, 1024, 1600]) {
    const frame = document.createElement("iframe");
    frame.style.cssText = `border:0;width:${width}px;height:900px`;
    frame.srcdoc = new TextDecoder().decode(bytes);
    document.body.append(frame);
    await new Promise((done) => { frame.onload = done; });
    const doc = frame.contentDocument;
    all(doc, "details").forEach((e) => { e.open = true; });
    for (const [rule, find] of Object.entries(rules)) {
      const found = find(doc, width);
      lines.push(`${found.length > 0 ? "FAILED" : "ok"} ${width} ${scheme} ` +
        [rule, ...found.slice(0, 5)].join("; "));
    }
    frame.remove();
  }
  document.querySelector("pre").textContent = `\n${lines.join("\n")}\n`;
}

main().catch((e) => { document.querySelector("pre").textContent = e; });
