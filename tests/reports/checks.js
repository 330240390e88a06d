// Checks that a reader with a keyboard, a screen reader or weak eyes depends on. Returns what is wrong, in words.
const wrong = [];
const say = (node, what) => wrong.push(`${what}: <${node.tagName.toLowerCase()} class="${node.getAttribute("class") || ""}"> ${(node.textContent || "").trim().slice(0, 40)}`);
const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;

function nameOf(node) {
  const label = node.labels && node.labels[0];
  const by = node.getAttribute("aria-labelledby");
  return (node.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent) || (label && label.textContent) || (node.matches("button, summary, a") && node.textContent) || "").trim();
}

function checkNames() {
  document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']").forEach((node) => { if (shown(node) && !nameOf(node)) say(node, "no name"); });
  document.querySelectorAll("svg").forEach((node) => { if (!node.closest("[aria-hidden=true]") && !(node.getAttribute("role") === "img" && node.getAttribute("aria-label"))) say(node, "unnamed picture"); });
}

function checkHeadings() {
  let last = 0;
  [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown).forEach((node) => {
    const level = Number(node.tagName[1]);
    if (level > last + 1) say(node, `heading after level ${last}`);
    last = level;
  });
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
}

function checkStructure() {
  ["header", "nav", "main", "footer"].forEach((tag) => { if (!document.querySelector(tag)) wrong.push(`no ${tag}`); });
  document.querySelectorAll("table").forEach((node) => { if (!node.caption) say(node, "no caption"); });
  document.querySelectorAll("th").forEach((node) => { if (!node.scope) say(node, "no scope"); });
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  ids.filter((id, place) => ids.indexOf(id) !== place).forEach((id) => wrong.push(`id twice: ${id}`));
  document.querySelectorAll("[aria-labelledby]").forEach((node) => { if (!document.getElementById(node.getAttribute("aria-labelledby"))) say(node, "labelled by nothing"); });
  document.querySelectorAll("nav.sections a").forEach((node) => { if (shown(node) && !document.querySelector(node.getAttribute("href"))) say(node, "leads nowhere"); });
}

const parse = (colour) => { const n = colour.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), alpha: n.length > 3 ? n[3] : 1 }; };
const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
const light = (rgb) => 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);

function behind(node) {
  for (let at = node; at; at = at.parentElement) {
    const { rgb, alpha } = parse(getComputedStyle(at).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
}

function checkContrast() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || seen.has(node) || node.closest("script, svg, option, noscript") || node.disabled || !shown(node)) continue;
    seen.add(node);
    const style = getComputedStyle(node);
    const [a, b] = [light(parse(style.color).rgb), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) say(node, `contrast ${ratio.toFixed(2)}`);
  }
  if (seen.size < 20) wrong.push(`only ${seen.size} texts seen`);
}

checkNames();
checkHeadings();
checkStructure();
checkContrast();
return wrong;
