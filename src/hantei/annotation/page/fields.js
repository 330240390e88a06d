// The questions: a group of radio buttons each, one of which is marked; digits choose in that one.
import { make } from "./reading.js";
import { of, table, word } from "./words.js";

const UNIT = ["wrong", "right", "unclear"];
const VALUES = {
  unsafe: [false, true], action: [0, 1, 2, 3, 4, 5], score: [1, 2, 3, 4, 5], refusal: ["none", "partial", "full"],
  decision: ["reject", "accept"], transfer: ["universal", "region", "none"],
};
const FIRST_DIGIT = { unsafe: 0, action: 0, score: 1, refusal: 0, decision: 0, transfer: 1 };
const TEXTS = ["text", "reference"];
const by = (id) => document.getElementById(id);
let asks = [];
let asked = []; // the questions as they stand on the page: one for each unit of a critique
let needs = [];
let units = [];
let item = {};
let readable = false; // whether texts may stand on the page
let texts = {}; // those of a draft as they are to stand, on the page or not
let harms = [];
let marked = 0;

const isUnit = (name) => name.startsWith("unit-");
const unitOf = (name) => units[Number(name.slice(5))];
const valuesOf = (name) => (isUnit(name) ? UNIT : VALUES[name]);
const firstDigit = (name) => (isUnit(name) ? 0 : FIRST_DIGIT[name]);
const kindOf = (name) => (isUnit(name) ? "unit" : name === "score" && asks.includes("units") ? "critique_score" : name);
const titleOf = (name) => (isUnit(name) ? unitOf(name) : table("fields")[kindOf(name)]);
const needed = (name) => name === "transfer" || needs.includes(isUnit(name) ? "units" : name);

export function learn(start) {
  ({ asks, needs, harms } = start);
}

// Ask of an item; of the units of a critique and the texts of a draft only while they can be read.
export function askOf(shown, canRead) {
  item = shown;
  readable = canRead;
  units = canRead ? shown.units : [];
  draw();
}

// Whether the questions that stand on the page are of this item.
export const about = (shown) => item.item === shown.item;

// Build the questions in the language at hand; what was chosen stays.
export function draw() {
  const said = asked.length ? read() : {};
  asked = asks.flatMap((name) => (name === "units" ? units.map((_, at) => `unit-${at}`) : stands(name) ? [name] : []));
  by("fields").replaceChildren(...asked.map((name, at) => fieldOf(name, at)));
  if (asks.includes("text") && !readable) by("fields").append(make("p", word("text_veiled"), "note"));
  fill(said);
  mark(marked);
}

const stands = (name) => (TEXTS.includes(name) ? readable : name !== "transfer" || Boolean(item.paired));

function fieldOf(name, at) {
  if (name === "harm") return harmField(at);
  return TEXTS.includes(name) ? textField(name, at) : choiceField(name, at);
}

function textField(name, at) {
  const node = fieldset(name, at);
  const area = make("textarea");
  Object.assign(area, { id: `text-${name}`, rows: 4, maxLength: 20000, lang: item.language || "", dir: "auto" });
  area.setAttribute("aria-label", titleOf(name));
  area.addEventListener("input", () => { texts[name] = area.value; });
  node.append(area);
  return node;
}

function fieldset(name, at) {
  const node = make("fieldset");
  node.id = `field-${name}`;
  node.append(make("legend", titleOf(name) + (needed(name) ? " *" : "")));
  node.addEventListener("focusin", () => mark(at));
  return node;
}

function choiceField(name, at) {
  const node = fieldset(name, at);
  const row = make("div", null, "choices");
  table("options")[kindOf(name)].forEach((text, number) => {
    const label = make("label");
    const input = make("input");
    Object.assign(input, { type: "radio", name, value: String(number) });
    label.append(input);
    if (name !== "score") label.append(keyOf(number + firstDigit(name))); // a score says its digit itself
    label.append(make("span", text));
    row.append(label);
  });
  node.append(row);
  return node;
}

function keyOf(digit) {
  const node = make("kbd", String(digit));
  node.setAttribute("aria-hidden", "true");
  return node;
}

function harmField(at) {
  const node = fieldset("harm", at);
  const select = make("select");
  select.id = "harm";
  select.setAttribute("aria-label", table("fields").harm);
  const none = make("option", word("none_chosen"));
  none.value = "";
  select.append(none);
  let group = select;
  for (const harm of harms) {
    const option = make("option", of(harm.title));
    option.value = harm.id;
    if (harm.group && group.label !== of(harm.group)) {
      group = make("optgroup");
      group.label = of(harm.group);
      select.append(group);
    }
    group.append(option);
  }
  node.append(select);
  return node;
}

export function mark(at) {
  marked = Math.max(0, Math.min(at, asked.length - 1));
  asked.forEach((name, number) => by(`field-${name}`).classList.toggle("marked", number === marked));
}

// Choose by digit in the marked question, and mark the next one.
export function digit(number) {
  const name = asked[marked];
  if (name === "harm") return chooseHarm(number);
  if (TEXTS.includes(name)) return undefined;
  return choose(name, number - firstDigit(name));
}

function chooseHarm(number) {
  if (number < by("harm").options.length) by("harm").selectedIndex = number;
}

// The first question: yes or no.
export const decide = (yes) => choose(asks.includes("decision") ? "decision" : "unsafe", yes ? 1 : 0);

export const mend = () => by("text-text")?.focus();

export function choose(name, number) {
  const input = document.querySelector(`#field-${name} input[value="${number}"]`);
  if (!input) return;
  input.checked = true;
  input.focus({ preventScroll: true });
  mark(asked.indexOf(name) + 1);
}

function chosen(name) {
  const input = document.querySelector(`#field-${name} input:checked`);
  return input ? valuesOf(name)[Number(input.value)] : null;
}

export function read() {
  const said = {};
  for (const name of asked) {
    if (name === "harm") said.harm = by("harm").value || null;
    else if (!isUnit(name) && !TEXTS.includes(name)) said[name] = chosen(name);
  }
  for (const name of TEXTS.filter((one) => asks.includes(one))) said[name] = texts[name] ?? null;
  if (asks.includes("units")) said.units = units.map((_, at) => chosen(`unit-${at}`));
  said.comment = by("comment").value.trim() || null;
  return said;
}

export function fill(said) {
  for (const name of TEXTS) if (name in said) texts[name] = said[name];
  for (const name of asked) {
    if (name === "harm") {
      by("harm").value = said.harm || "";
    } else if (TEXTS.includes(name)) {
      by(`text-${name}`).value = texts[name] ?? "";
    } else {
      const value = isUnit(name) ? (said.units || [])[Number(name.slice(5))] : said[name];
      const number = valuesOf(name).indexOf(value);
      document.querySelectorAll(`#field-${name} input`).forEach((input) => { input.checked = Number(input.value) === number; });
    }
  }
  if ("comment" in said || !Object.keys(said).length) by("comment").value = said.comment || "";
}

// The needed questions that have no answer, by the names that people see.
export function missing(said) {
  const open = (name) => (name === "units" ? !said.units.length || said.units.includes(null) : said[name] === null);
  return [...needs, ...(asked.includes("transfer") ? ["transfer"] : [])].filter(open).map((name) => table("fields")[name === "score" ? kindOf(name) : name]);
}

// What a label says, in one line.
export function told(said) {
  const parts = Object.keys(VALUES).filter((name) => said[name] !== undefined && said[name] !== null)
    .map((name) => table("options")[name][VALUES[name].indexOf(said[name])]);
  if (said.skip) parts.push(word("skip"));
  const harm = asks.includes("decision") && said.harm && harms.find((one) => one.id === said.harm);
  if (harm) parts.push(of(harm.title));
  for (const name of TEXTS.filter((one) => said[one])) parts.push(`${titleOf(name)}: ${said[name]}`);
  return [...parts, said.comment].filter(Boolean).join(" · ") || word("nothing_said");
}
