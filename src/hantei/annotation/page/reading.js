// What is read: the conversation, the answer, what belongs to it. Text is only ever text, and veiled until asked for.
import { of, table, word } from "./words.js";

const STORED = "hantei-veil";
const by = (id) => document.getElementById(id);
let item = null;
let open = false;
let opened = () => {};

// `then` is called with what can be read now, null while it is veiled.
export function onVeil(then) {
  opened = then;
}

export function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  if (className) node.className = className;
  return node;
}

export const veilAlways = () => localStorage.getItem(STORED) !== "no";

export function setVeilAlways(yes) {
  localStorage.setItem(STORED, yes ? "yes" : "no");
  unveil(!yes);
}

export function show(next) {
  item = next;
  open = !veilAlways();
  draw();
}

export function unveil(yes) {
  open = yes;
  draw();
  if (yes) by("texts").focus({ preventScroll: true });
}

export const toggleVeil = () => unveil(!open);

export function toggleReasoning() {
  const details = by("texts").querySelector("details.reasoning");
  if (details) details.open = !details.open;
}

// A veiled text is not in the page at all, so that no screen reader and no search finds it.
export function draw() {
  by("veil").hidden = open || !item;
  by("texts").replaceChildren();
  if (open && item) by("texts").append(...parts(item));
  opened(open && item ? item : null);
}

function* parts(shown) {
  if (shown.mends) return yield* draftParts(shown);
  for (const turn of shown.turns) yield turnOf(turn, shown.language);
  if (shown.reasoning) yield folded("reasoning", shown.reasoning, shown.language);
  const answer = block("answer", shown.response, shown.language);
  if (shown.cut_off) answer.append(make("p", word("cut_off"), "note"));
  yield answer;
  if (shown.critique) yield block("critique", shown.critique, null);
  if (shown.reference) yield block("reference", shown.reference, shown.language);
  if (shown.criteria) yield block("criteria", shown.criteria, shown.language);
  return undefined;
}

// A draft, beside what it was made from where that is known, and what it is said to be.
function* draftParts(shown) {
  const { harm, intent, variant, region, language } = shown.about;
  const said = [harm.map(of).join(": "), table("intent")[intent] || intent, table("variant")[variant] || variant, region, language];
  yield make("p", said.filter(Boolean).join(" · "), "note");
  const pair = make("div", null, "pair");
  if (shown.source) pair.append(side("source", shown.source));
  pair.append(side("draft", shown));
  yield pair;
}

function side(kind, shown) {
  const node = make("section", null, kind);
  node.append(make("h3", word(kind)), ...shown.turns.map((turn) => turnOf(turn, shown.language)));
  return node;
}

function textOf(text, language) {
  const node = make("div", text, "text");
  if (language) node.lang = language;
  node.dir = "auto";
  return node;
}

function turnOf(turn, language) {
  const node = make("article", null, `turn ${["system", "user", "assistant", "tool"].includes(turn.role) ? turn.role : ""}`);
  node.append(make("h3", table("roles")[turn.role] + (turn.name ? ` · ${turn.name}` : "")));
  if (turn.text) node.append(textOf(turn.text, language));
  for (const call of turn.calls) {
    node.append(make("p", table("roles").call, "note"), make("pre", call));
  }
  return node;
}

function block(kind, text, language) {
  const node = make("article", null, kind);
  node.append(make("h3", word(kind)), textOf(text, language));
  return node;
}

function folded(kind, text, language) {
  const node = make("details", null, kind);
  const title = make("summary");
  title.append(make("h3", word(kind)), make("kbd", "R"));
  node.append(title, textOf(text, language));
  return node;
}
