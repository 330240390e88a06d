// How the labelling goes, asked for again every few seconds.
import { make } from "./reading.js";
import * as server from "./server.js";
import * as words from "./words.js";

const EVERY = 5000;
const by = (id) => document.getElementById(id);
let told = null;

function row(cells) {
  const line = make("tr");
  cells.forEach((cell, place) => {
    const node = make(place ? "td" : "th", cell);
    if (!place) node.scope = "row";
    line.append(node);
  });
  return line;
}

const digits = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));

function show() {
  words.write();
  document.title = `${words.word("steer_title")} · hantei`;
  by("what").textContent = words.word("what", told);
  by("people").replaceChildren(...told.people.map((one) => row([
    one.name,
    words.word("progress", one),
    one.per_hour ? words.word("an_hour", { rate: one.per_hour }) : "–",
  ])));
  by("agreement").replaceChildren(...told.agreement.map(({ head, estimate, n }) => row([
    words.table("fields")[head],
    estimate.value === null ? words.word("too_few") : digits(estimate.value),
    estimate.low === null ? "–" : `${digits(estimate.low)} – ${digits(estimate.high)}`,
    String(n),
  ])));
  by("divided").textContent = words.word("divided", told);
}

function tell(error) {
  by("alert").hidden = !error;
  if (error && told) by("alert").textContent = words.word("cannot_load");
}

async function ask() {
  const first = !told;
  told = await server.askUntilAnswered("overview", undefined, tell);
  if (first) begin();
  show();
}

function begin() {
  words.learn(told.words);
  for (const [code, name] of words.languages()) {
    const option = make("option", name);
    Object.assign(option, { value: code, lang: code });
    by("language").append(option);
  }
  by("language").value = words.current();
  by("language").addEventListener("change", (event) => { words.choose(event.target.value); show(); });
  history.replaceState(null, "", server.base);
}

async function forever() {
  for (;;) {
    if (!document.hidden || !told) await ask();
    await new Promise((done) => setTimeout(done, EVERY));
  }
}

forever().catch((error) => {
  by("alert").hidden = false;
  by("alert").textContent = told ? words.word(error.kind === "link" ? "link" : "wrong", { why: error.kind }) : `hantei: ${error.kind || error}`;
});
