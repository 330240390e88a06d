// What is shown: the filters' state, the answers that pass, their order.
const ALL = "";
const state = { judge: 0, text: ALL, system: ALL, harm: ALL, language: ALL, verdict: ALL, refusal: ALL, intent: ALL, judges: ALL, order: "unsafe", size: 20, page: 0 };

function passes(answer, terms) {
  const same = (wanted, value) => wanted === ALL || String(value) === wanted;
  return (
    same(state.system, answer.system) &&
    same(state.harm, answer.harm) &&
    same(state.language, answer.language) &&
    same(state.intent, answer.intent || "unknown") &&
    same(state.judges, accordOf(answer)) &&
    same(state.verdict, verdictOf(answer, state.judge)) &&
    refusalPasses(refusalOf(answer, state.judge)) &&
    terms.every((term) => searchable(answer).includes(term))
  );
}

/** Whether the judges of an answer agree on its verdict; null where fewer than two gave one. */
function accordOf(answer) {
  const given = new Set((answer.judgments || []).filter((judgment) => judgment.verdict !== "none").map((judgment) => judgment.judge));
  if (given.size < 2) return null;
  return judgesDisagree(answer) ? "disagree" : "agree";
}

function refusalPasses(refusal) {
  return state.refusal === ALL || refusal === state.refusal || (state.refusal === "any" && (refusal === "full" || refusal === "partial"));
}

function chosen() {
  const terms = folded(state.text).split(/\s+/).filter(Boolean);
  const matching = answers.filter((answer) => passes(answer, terms));
  const keys = new Map(matching.map((answer) => [answer, orderKey(answer)]));
  return matching.sort((a, b) => keys.get(a) - keys.get(b) || a.place - b.place);
}

/** Small comes first. Unsafe, then without a verdict, then safe; within each the likelier unsafe first. */
function orderKey(answer) {
  const judgment = judgmentOf(answer, state.judge);
  const p = judgment && judgment.p !== undefined ? judgment.p : null;
  if (state.order === "uncertain") return p === null ? 2 : Math.abs(p - 0.5);
  if (state.order === "file") return 0;
  if (state.order === "apart") return -apart(answer);
  return { unsafe: 0, none: 2, safe: 4 }[verdictOf(answer, state.judge)] + (1 - (p === null ? 0 : p));
}

function tally(key) {
  const counts = new Map();
  answers.forEach((answer) => {
    const value = key(answer);
    if (value !== undefined) counts.set(value, (counts.get(value) || 0) + 1);
  });
  return counts;
}

/** Fill a select with the values that occur; hide it where there is nothing to choose. */
function fill(id, all, entries) {
  const select = document.getElementById(id);
  const kept = select.value;
  select.replaceChildren(new Option(all, ALL), ...entries.map(([value, label, count]) => new Option(`${label} (${count.toLocaleString("en")})`, value)));
  select.value = entries.some(([value]) => String(value) === kept) ? kept : ALL;
  select.parentElement.hidden = entries.length < 2;
}

function entriesOf(counts, label) {
  return [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([value, count]) => [value, label(value), count]);
}

function fillFixed() {
  fill("f-system", "All systems", entriesOf(tally((a) => a.system), (value) => names.systems[value]));
  fill("f-harm", "All harm types", entriesOf(tally((a) => a.harm), (value) => names.harms[value]));
  fill("f-language", "All languages", entriesOf(tally((a) => a.language), (value) => names.languages[value].name));
  const accords = tally(accordOf);
  accords.delete(null);
  fill("f-judges", "All answers", entriesOf(accords, (value) => (value === "agree" ? "Judges agree" : "Judges disagree")));
  fill("f-intent", "All intents", entriesOf(tally((a) => a.intent || "unknown"), (value) => value));
}

/** Verdicts and refusals are counted by the judge that is shown. */
function fillByJudge() {
  const verdicts = tally((answer) => verdictOf(answer, state.judge));
  const refusals = tally((answer) => refusalOf(answer, state.judge));
  const any = (refusals.get("full") || 0) + (refusals.get("partial") || 0);
  const kinds = [["any", "Refused, full or partly"], ["full", "Full refusal"], ["partial", "Partial refusal"], ["none", "Not a refusal"], ["unknown", "Not judged"]];
  fill("f-verdict", "All verdicts", ["unsafe", "safe", "none"].map((value) => [value, VERDICTS[value], verdicts.get(value) || 0]));
  fill("f-refusal", "All", kinds.map(([value, label]) => [value, label, value === "any" ? any : refusals.get(value) || 0]));
}
