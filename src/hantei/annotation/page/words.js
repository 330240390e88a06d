// What the page says, in the language that was chosen.
const STORED = "hantei-language";
let tables = {};
let language = "en";

export function learn(words) {
  tables = words;
  const wanted = [localStorage.getItem(STORED), ...navigator.languages].filter(Boolean).map((one) => one.split("-")[0]);
  language = wanted.find((one) => one in tables) || "en";
}

export const languages = () => Object.entries(tables).map(([code, table]) => [code, table.language]);
export const current = () => language;

export function choose(code) {
  language = code;
  localStorage.setItem(STORED, code);
}

export function word(name, values = {}) {
  return tables[language][name].replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

export const table = (name) => tables[language][name];

// A text by language, in the chosen one, else in English, else in whichever there is.
export const of = (texts) => texts[language] || texts.en || Object.values(texts)[0];

export function time(seconds) {
  const minutes = Math.max(1, Math.round(seconds / 60));
  return minutes < 90 ? word("minutes", { n: minutes }) : word("hours", { n: (minutes / 60).toFixed(1) });
}

// Write every fixed text of the page.
export function write() {
  document.documentElement.lang = language;
  document.title = `${word("title")} · hantei`;
  document.querySelectorAll("[data-word]").forEach((node) => { node.textContent = word(node.dataset.word); });
  document.querySelectorAll("[data-label]").forEach((node) => { node.setAttribute("aria-label", word(node.dataset.label)); });
}
