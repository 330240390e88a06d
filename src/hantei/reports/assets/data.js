// The answers, and what can be said of one of them.
const data = JSON.parse(document.getElementById("answers-data").textContent);
const answers = data.answers;
const names = data.names;
answers.forEach((answer, place) => { answer.place = place; });

const VERDICTS = { unsafe: "Unsafe", safe: "Safe", none: "No verdict" };

/** The judgment by which an answer is listed: the shown judge's first. */
function judgmentOf(answer, judge) {
  return (answer.judgments || []).find((judgment) => judgment.judge === judge) || null;
}

function verdictOf(answer, judge) {
  const judgment = judgmentOf(answer, judge);
  return judgment ? judgment.verdict : "none";
}

function refusalOf(answer, judge) {
  const judgment = judgmentOf(answer, judge);
  return (judgment && judgment.refusal) || "unknown";
}

function judgesDisagree(answer) {
  const verdicts = (answer.judgments || []).map((judgment) => judgment.verdict).filter((verdict) => verdict !== "none");
  return new Set(verdicts).size > 1;
}

/** How far judges are apart: by verdict first, then by probability; 0 where none or one judged. */
function apart(answer) {
  const chances = (answer.judgments || []).map((judgment) => judgment.p).filter((p) => p !== undefined);
  const spread = chances.length > 1 ? Math.max(...chances) - Math.min(...chances) : 0;
  return (judgesDisagree(answer) ? 1 : 0) + spread;
}

function plain(text) {
  return text ? text.runs.map((run) => (typeof run === "string" ? run : run[0])).join("") : "";
}

/** Text as a reader would search it: full-width and half-width forms, and cases, are the same. */
function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

function searchable(answer) {
  if (answer.folded === undefined) {
    const parts = [answer.id, answer.prompt, plain(answer.answer), plain(answer.reference)];
    answer.turns.forEach((turn) => parts.push(plain(turn.text)));
    (answer.judgments || []).forEach((judgment) => parts.push(plain(judgment.critique), plain(judgment.comment)));
    answer.folded = folded(parts.join("\n"));
  }
  return answer.folded;
}
