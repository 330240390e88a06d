// One answer at a time: load it, take what is said of it, save it, go on.
import * as fields from "./fields.js";
import { listen } from "./keys.js";
import * as reading from "./reading.js";
import * as server from "./server.js";
import * as words from "./words.js";

const by = (id) => document.getElementById(id);
const IDLE = 120000;
let start = null;
let item = null;
let state = null;
let busy = false;
const drafts = new Map(); // what was chosen of an answer and not saved, for when the person comes back to it
let watched = { seconds: 0, since: 0 };

// ---- telling

function alertOf(error) {
  if (!error) return null;
  if (!(error instanceof server.Refused)) return words.word(item ? "retrying" : "cannot_load");
  if (["full", "link"].includes(error.kind)) return words.word(error.kind);
  return words.word(error.kind === "disk" ? "disk" : "wrong", { why: error.told.why || error.kind });
}

function tell(error) {
  const text = alertOf(error);
  by("alert").hidden = !text;
  if (by("alert").textContent !== (text || "")) by("alert").textContent = text || "";
}

function say(name) {
  by("said").textContent = words.word(name);
}

// ---- showing

function showState(told) {
  state = told;
  by("undo").disabled = !told.last;
  const { done, total, per_hour: rate, seconds_left: left } = told.progress;
  Object.assign(by("bar"), { value: done, max: Math.max(total, 1) });
  const pace = rate && left ? ` · ${words.word("pace", { rate, left: words.time(left) })}` : "";
  by("progress").textContent = words.word("progress", { done, total }) + pace;
  by("progress").dataset.done = done;
}

function showItem(told) {
  if (item && unsaved(item)) drafts.set(item.item, fields.read());
  item = told.item ? told : null;
  by("finished").hidden = Boolean(item);
  by("reading").hidden = by("form").hidden = !item;
  showState(told);
  by("look-again").disabled = !start.first;
  if (!item) return by("look-again").focus();
  reading.show(item);
  refill();
  fields.mark(0);
  showAlready();
  showOthers();
  by("conflict").hidden = true;
  by("needed").textContent = "";
  by("place").textContent = `${item.number} / ${told.progress.total}`;
  by("before").disabled = !item.before;
  by("after").disabled = !item.after;
  watched = { seconds: 0, since: performance.now() };
  document.documentElement.dataset.item = item.item;
  window.scrollTo(0, 0);
  return undefined;
}

// What was said of this answer before, or chosen and not saved.
function refill() {
  fields.fill({ comment: null, ...item.said, ...drafts.get(item.item) });
}

// The units of a critique and the texts of a draft are veiled with it; what was chosen or mended stays.
function veilQuestions(readable) {
  if (!item || !(item.units.length || item.mends)) return;
  if (fields.about(item) && unsaved(item) && (item.mends || !readable)) drafts.set(item.item, fields.read());
  fields.askOf(item, Boolean(readable));
  refill();
}

function showAlready() {
  by("second").hidden = !item || item.look !== 2;
  by("already").hidden = !item || !item.label;
  by("already").textContent = words.word(item && item.said.skip ? "skipped_already" : "already");
}

// What the people said between whom this person decides, without their names.
function showOthers() {
  const others = (item && item.others) || [];
  by("others").hidden = !others.length;
  by("others-said").replaceChildren(...others.map((said) => reading.make("li", fields.told(said))));
}

function showGuideline() {
  const text = words.of(start.guideline.text);
  const parts = [reading.make("h3", text.title)];
  for (const clause of text.clauses) parts.push(reading.make("h4", clause.title), reading.make("p", clause.text));
  by("guideline-text").replaceChildren(...parts);
  by("provenance").textContent = `${start.guideline.name} · ${start.guideline.hash.slice(0, 12)}`;
}

function showKeys() {
  const shown = { question: "?", digits: "0-9", tab: "Tab", enter: "⏎" };
  const rows = Object.entries(words.table("keys")).map(([key, text]) => {
    const row = reading.make("div");
    const term = reading.make("dt");
    term.append(reading.make("kbd", shown[key] || key.toUpperCase()));
    row.append(term, reading.make("dd", text));
    return row;
  });
  by("key-list").replaceChildren(...rows);
}

function showWords() {
  words.write();
  fields.draw();
  showGuideline();
  showKeys();
  reading.draw();
  showAlready();
  showOthers();
  if (state) showState(state);
}

// ---- how long an answer was looked at: a hidden page and a long pause do not count

function watch() {
  const now = performance.now();
  if (!document.hidden && watched.since) watched.seconds += Math.min(now - watched.since, IDLE) / 1000;
  watched.since = document.hidden ? 0 : now;
}

// ---- doing: one thing at a time, so that an impatient key is not a second label

async function once(action) {
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  try {
    await action();
  } catch (error) {
    tell(error);
  } finally {
    busy = false;
    document.body.classList.remove("busy");
  }
}

function unsaved(shown) {
  const said = fields.read();
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other) || (!one?.length && !other?.length && !(one ?? other));
  return Object.keys(said).some((name) => !same(said[name] ?? null, shown.said[name] ?? null));
}

const stale = (error) => error instanceof server.Refused && error.kind === "stale";
const load = async (path) => showItem(await server.askUntilAnswered(path, undefined, tell));
const next = () => load(item ? `next?after=${item.item}` : "next");

async function put(said, basedOn) {
  watch();
  const body = { id: server.newId(), item: item.item, based_on: basedOn, look: item.look, ...(item.seen && { seen: item.seen }), said, seconds: Math.round(watched.seconds * 10) / 10 };
  try {
    await sent("label", body);
  } catch (error) {
    if (!stale(error)) throw error;
    return conflict(error.told, said);
  }
  return next();
}

async function sent(path, body) {
  const told = await server.send(path, body, tell);
  showState(told);
  say(path === "label" ? "saved" : "undone");
  if (item && item.item === (body.item || told.item)) {
    item.said = fields.read(); // nothing of it is unsaved
    drafts.delete(item.item);
  }
  return told;
}

function save() {
  const said = fields.read();
  const missing = fields.missing(said);
  by("needed").textContent = missing.length ? words.word("needed", { names: missing.join("、") }) : "";
  if (missing.length) return undefined;
  return once(() => put(said, item.label));
}

const skip = () => once(() => put({ skip: true, comment: by("comment").value.trim() || null }, item.label));

const undo = () => state.last && once(async () => {
  let key = item && item.item;
  try {
    key = (await sent("undo", { id: server.newId(), of: state.last })).item;
  } catch (error) {
    if (!stale(error)) throw error; // else it was changed or taken back in another tab: show what stands
  }
  await load(key ? `item/${key}` : "next");
});

// The answer has been labelled in another tab since it was shown here: the person says which label stands.
function conflict(told, said) {
  by("conflict-text").textContent = words.word("stale", { said: fields.told(told.said) });
  by("conflict").hidden = false;
  by("take-theirs").onclick = () => once(async () => {
    item.said = fields.read();
    await load(`item/${item.item}`);
  });
  by("take-mine").onclick = () => once(() => put(said, told.label));
  by("take-theirs").focus();
}

// What was not confirmed before a reload or a restart goes first, under the id that it had.
async function sendWaiting() {
  let refused = null;
  for (const { path, body } of server.waiting()) {
    try {
      await sent(path, body);
    } catch (error) {
      if (error.kind === "wrong") { // of an answer that is not asked for now, perhaps: kept for when it is
        server.keep(path, body);
        refused = error;
      } else if (!stale(error)) {
        throw error;
      } else if (path === "label") {
        await load(`item/${body.item}`);
        fields.fill({ comment: null, ...body.said });
        conflict(error.told, body.said);
        return;
      }
    }
  }
  await load("next");
  if (refused) tell(refused);
}

async function begin() {
  start = await server.askUntilAnswered("start", undefined, tell);
  server.settle(start.desk);
  words.learn(start.words);
  fields.learn(start);
  reading.onVeil(veilQuestions);
  for (const [code, name] of words.languages()) {
    const option = reading.make("option", name);
    Object.assign(option, { value: code, lang: code });
    by("language").append(option);
  }
  by("language").value = words.current();
  by("person").textContent = start.person;
  by("veil-always").checked = reading.veilAlways();
  history.replaceState(null, "", server.base);
  showWords();
  listen({
    save, skip, undo,
    go: (where) => item && item[where] && once(() => load(`item/${item[where]}`)),
    enabled: () => Boolean(item) && !by("keys").open && by("conflict").hidden,
  });
  wire();
  await sendWaiting();
}

function wire() {
  by("form").addEventListener("submit", (event) => { event.preventDefault(); save(); });
  by("skip").addEventListener("click", skip);
  by("undo").addEventListener("click", undo);
  by("before").addEventListener("click", () => once(() => load(`item/${item.before}`)));
  by("after").addEventListener("click", () => once(() => load(`item/${item.after}`)));
  by("look-again").addEventListener("click", () => once(() => load(`item/${start.first}`)));
  by("reveal").addEventListener("click", () => reading.unveil(true));
  by("veil-always").addEventListener("change", (event) => reading.setVeilAlways(event.target.checked));
  by("help").addEventListener("click", () => by("keys").showModal());
  by("language").addEventListener("change", (event) => {
    words.choose(event.target.value);
    event.target.blur(); // the keys are the page's again
    showWords();
  });
  document.addEventListener("visibilitychange", watch);
}

begin().catch((error) => (start ? tell(error) : document.body.replaceChildren(reading.make("p", `hantei: ${error.kind || error}`))));
